#include "collector/brain/host_watch.hpp"

#include "collector/brain/incidents/hosts.hpp"
#include "collector/brain/observations_stage.hpp"
#include "collector/brain/plan_changes.hpp"
#include "collector/brain/probe_moves.hpp"

#include <algorithm>
#include <map>
#include <string>

namespace muster::collector {

namespace {

constexpr Duration longest_delay = std::chrono::seconds(1);

/// Agents whose host can be told from all others by its address, in order.
std::vector<AgentIndex> watchable(const State& state) {
    std::vector<AgentIndex> out;
    if (!state.causes.watch.enabled) {
        return out;
    }
    std::map<std::string_view, std::size_t> sharing;
    for (const Agent& agent : state.agents) {
        if (agent.state != AgentState::revoked) {
            ++sharing[host_part(agent.address)];
        }
    }
    for (AgentIndex index = 0; index < state.agents.size(); ++index) {
        const Agent& agent = state.agents[index];
        const std::string_view host = host_part(agent.address);
        const bool is_known = agent.state != AgentState::revoked && agent.ci != nothing;
        const bool is_address = !subnet_of(host).empty();  // else there is nothing to ping
        if (is_known && is_address && !is_loopback(host) && sharing.at(host) == 1) {
            out.push_back(index);
        }
    }
    return out;
}

bool is_heard(const Agent& agent) {
    return agent.state == AgentState::connected || agent.state == AgentState::disconnected;
}

bool may_watch(const State& state, AgentIndex watcher, AgentIndex watched) {
    return watcher != nothing && watcher != watched && is_heard(state.agents[watcher]);
}

/// Definitions that changed, and watches that are gone. True when any is.
bool apply(Fold& fold, const std::vector<DesiredProbe>& desired, Changes& changes) {
    State& state = fold.state;
    std::vector<bool> wanted(state.cold.size());
    for (const DesiredProbe& each : desired) {
        const auto known = state.slot_by_id.find(each.id);
        if (known == state.slot_by_id.end()) {
            add_probe(fold, each, changes);
            continue;
        }
        const Slot slot = known->second;
        wanted[slot] = true;
        ColdProbe& cold = state.cold[slot];
        if (state.names[cold.host] != state.names[each.host] ||
            !equal_specs(state.specs[cold.spec], state.specs[each.spec])) {
            if (state.names[cold.host] != state.names[each.host]) {
                state.hot[slot].boot = 0;  // what was seen of another address tells nothing
            }
            cold.spec = each.spec;
            cold.host = each.host;
            mark_slot(state, slot);
            changes.updated.push_back(slot);
            changes.of_agent(cold.agent);
        }
    }
    std::vector<Slot> gone;
    for (Slot slot = 0; slot < wanted.size(); ++slot) {
        if (!wanted[slot] && !state.cold[slot].id.is_nil() && is_host_watch(state, slot)) {
            gone.push_back(slot);
        }
    }
    remove_probes(fold, gone);
    return !gone.empty();
}

}  // namespace

void want_host_watch(Fold& fold) {
    if (fold.state.causes.watch_stale) {
        return;
    }
    fold.state.causes.watch_stale = true;
    const Duration delay = std::min<Duration>(longest_delay, fold.state.silent_after / 10);
    fold.state.arm(fold.elapsed + delay, Timer::Kind::host_watch, 0);
}

void plan_host_watch(Fold& fold) {
    State& state = fold.state;
    state.causes.watch_stale = false;
    state.plan_pages.mark(0);
    Planner planner(state, fold.model, state.specs, state.names);
    add_host_watches(state, planner);
    const std::vector<DesiredProbe> desired = planner.take();
    Changes changes;
    const bool some_are_gone = apply(fold, desired, changes);
    follow_wanted(fold, desired);
    for (const DesiredProbe& each : desired) {
        const Slot slot = state.slot_by_id.at(each.id);
        const AgentIndex watcher =
            choose_watcher(state, watched_by(state, slot), state.cold[slot].agent);
        const bool is_new = std::ranges::find(changes.added, slot) != changes.added.end();
        if (give_probe(fold, slot, watcher, changes) && !is_new &&
            std::ranges::find(changes.updated, slot) == changes.updated.end()) {
            changes.updated.push_back(slot);
        }
    }
    const bool anything = some_are_gone || !changes.added.empty() || !changes.updated.empty() ||
                          std::ranges::any_of(changes.agents, [](bool each) { return each; });
    if (anything) {
        finish_changes(fold, changes);
    }
}

void add_host_watches(const State& state, Planner& planner) {
    for (const AgentIndex index : watchable(state)) {
        const Agent& agent = state.agents[index];
        const config::HostWatch& watch = state.causes.watch;
        planner.add_host_watch(
            watch,
            agent,
            machine_of(state, index),
            host_part(agent.address),
            watch.port != 0 ? watch.port : listening_port(state, agent)
        );
    }
}

AgentIndex choose_watcher(const State& state, AgentIndex watched, AgentIndex present) {
    const std::string& site = state.agents[watched].site;
    const auto count = static_cast<AgentIndex>(state.agents.size());
    const auto is_near = [&](AgentIndex index) {
        return !site.empty() && state.agents[index].site == site;
    };
    AgentIndex far = nothing;
    for (AgentIndex step = 1; step < count; ++step) {
        const AgentIndex index = (watched + step) % count;
        if (!may_watch(state, index, watched)) {
            continue;
        }
        if (is_near(index)) {
            return may_watch(state, present, watched) && is_near(present) ? present : index;
        }
        far = far == nothing ? index : far;
    }
    if (may_watch(state, present, watched)) {
        return present;
    }
    // Nobody is heard: whoever watched keeps it, so that what it has spooled counts.
    return far == nothing && present != nothing && present != watched &&
                   state.agents[present].state != AgentState::revoked
               ? present
               : far;
}

}  // namespace muster::collector
