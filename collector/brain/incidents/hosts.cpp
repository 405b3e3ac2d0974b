#include "collector/brain/incidents/hosts.hpp"

#include "collector/brain/observations_stage.hpp"
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

CiIndex machine_of(const State& state, AgentIndex index) {
    const Agent& agent = state.agents[index];
    const std::string source = source_of(agent);
    if (state.identity.is_removed(source, machine_object)) {
        return agent.ci;
    }
    const auto found = state.ci_by_id.find(state.identity.ci_of(source, machine_object));
    const bool is_there = found != state.ci_by_id.end() && !state.cis[found->second].retired;
    return is_there ? found->second : agent.ci;
}

AgentIndex agent_on(const State& state, CiIndex ci) {
    const CiState& item = state.cis[ci];
    if (item.agent != nothing) {
        return item.agent;
    }
    for (const cmdb::Statement* each : state.identity.members(item.id)) {
        const AgentIndex agent = agent_of_machine(state, *each);
        if (agent != nothing && state.agents[agent].state != AgentState::revoked) {
            return agent;
        }
    }
    return nothing;
}

AgentIndex host_agent(const State& state, CiIndex ci) {
    const CiState& item = state.cis[ci];
    if (const AgentIndex agent = agent_on(state, ci); agent != nothing) {
        return agent;
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
    const auto found = state.slot_by_id.find(state.agents[agent].watch);
    return found == state.slot_by_id.end() ? nothing : found->second;
}

AgentIndex watched_by(const State& state, Slot host_watch) {
    const ProbeId id = state.cold[host_watch].id;
    const AgentIndex likely = agent_on(state, state.cold[host_watch].ci);
    if (likely != nothing && state.agents[likely].watch == id) {
        return likely;
    }
    for (AgentIndex index = 0; index < state.agents.size(); ++index) {
        if (state.agents[index].watch == id) {
            return index;
        }
    }
    return nothing;
}

CiIndex watched_ci(const State& state, AgentIndex agent) {
    const Slot slot = host_watch_of(state, agent);
    return slot == nothing ? machine_of(state, agent) : state.cold[slot].ci;
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
