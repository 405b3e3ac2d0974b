#include "collector/brain/incidents/hosts.hpp"

#include "collector/brain/planning.hpp"
#include "collector/brain/presence.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>

namespace muster::collector {

std::string_view host_part(std::string_view peer) {
    if (peer.starts_with('[')) {
        return peer.substr(1, peer.find(']') - 1);
    }
    const std::size_t colon = peer.find(':');
    const bool has_port =
        colon != std::string_view::npos && peer.find(':', colon + 1) == std::string_view::npos;
    return has_port ? peer.substr(0, colon) : peer;
}

bool is_loopback(std::string_view host) {
    return host.empty() || host.starts_with("127.") || host == "::1" || host == "localhost";
}

bool is_local(const Agent& agent) {
    return is_loopback(host_part(agent.address));
}

std::string subnet_of(std::string_view host) {
    const std::string text(host);
    std::array<unsigned char, 16> bytes{};
    std::array<char, INET6_ADDRSTRLEN> shown{};
    if (::inet_pton(AF_INET, text.c_str(), bytes.data()) == 1) {
        bytes[3] = 0;
        ::inet_ntop(AF_INET, bytes.data(), shown.data(), shown.size());
        return std::string(shown.data()) + "/24";
    }
    if (::inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1) {
        std::fill(bytes.begin() + 8, bytes.end(), 0);
        ::inet_ntop(AF_INET6, bytes.data(), shown.data(), shown.size());
        return std::string(shown.data()) + "/64";
    }
    return {};
}

AgentIndex host_agent(const State& state, CiIndex ci) {
    const CiState& item = state.cis[ci];
    if (item.agent != nothing) {
        return item.agent;
    }
    if (is_loopback(item.address)) {
        return nothing;
    }
    AgentIndex found = nothing;
    for (AgentIndex index = 0; index < state.agents.size(); ++index) {
        const Agent& agent = state.agents[index];
        if (agent.state != AgentState::revoked && host_part(agent.address) == item.address) {
            if (found != nothing) {
                return nothing;  // several behind one address: it tells nothing of any
            }
            found = index;
        }
    }
    return found;
}

bool is_host_watch(const State& state, Slot probe) {
    return state.names[state.cold[probe].origin] == host_watch_origin;
}

Slot host_watch_of(const State& state, AgentIndex agent) {
    const CiIndex ci = state.agents[agent].ci;
    if (ci == nothing) {
        return nothing;
    }
    const auto found = state.slot_by_id.find(host_watch_id(state.cis[ci]));
    return found == state.slot_by_id.end() ? nothing : found->second;
}

OutsideView outside_view(const State& state, AgentIndex agent) {
    const Slot slot = host_watch_of(state, agent);
    if (slot == nothing) {
        return OutsideView::nobody;
    }
    const AgentIndex watcher = state.cold[slot].agent;
    const HotProbe& probe = state.hot[slot];
    const bool is_proven = (probe.flags & HotProbe::proven) != 0;
    if (watcher == nothing || !is_proven || !is_observing(state.agents[watcher]) ||
        state.causes.isolations.contains(watcher)) {
        return OutsideView::nobody;
    }
    if (probe.boot == 0) {
        return OutsideView::unsure;  // moved, and the new watcher has said nothing yet
    }
    if ((probe.flags & HotProbe::exceeded) != 0) {
        return OutsideView::fails;
    }
    return probe.state == static_cast<std::uint8_t>(wire::ResultState::ok) ? OutsideView::answers
                                                                           : OutsideView::unsure;
}

std::string watcher_name(const State& state, AgentIndex agent) {
    const Slot slot = host_watch_of(state, agent);
    const AgentIndex watcher = slot == nothing ? nothing : state.cold[slot].agent;
    return watcher == nothing ? std::string{} : state.agents[watcher].name;
}

}  // namespace muster::collector
