#include "collector/brain/plan_changes.hpp"

#include "collector/brain/availability/batch.hpp"
#include "collector/brain/availability/judgement.hpp"
#include "collector/brain/availability/limits.hpp"
#include "collector/brain/host_watch.hpp"
#include "collector/brain/incidents/faults.hpp"
#include "collector/brain/incidents/hosts.hpp"
#include "collector/brain/incidents/isolation.hpp"

#include <functional>
#include <utility>

namespace muster::collector {

namespace {

Slot take_slot(State& state) {
    if (!state.free_slots.empty()) {
        const Slot slot = state.free_slots.back();
        state.free_slots.pop_back();
        return slot;
    }
    state.hot.emplace_back();
    state.cold.emplace_back();
    return static_cast<Slot>(state.hot.size() - 1);
}

/// Late results of probes that are gone find nothing.
void purge_epochs(State& state, const std::vector<bool>& gone) {
    for (AgentIndex index = 0; index < state.agents.size(); ++index) {
        for (Agent::Epoch& epoch : state.agents[index].epochs) {
            const auto is_gone = [&gone](Slot slot) { return slot != nothing && gone[slot]; };
            if (std::ranges::any_of(epoch.slots, is_gone)) {
                std::ranges::replace_if(epoch.slots, is_gone, nothing);
                state.epoch_pages.mark(index);
            }
        }
    }
}

void write_rows(Fold& fold, const Changes& changes) {
    const State& state = fold.state;
    for (const Slot slot : changes.added) {
        fold.store.insert_probe(state, slot, fold.wall);
    }
    for (const Slot slot : changes.updated) {
        fold.store.update_probe_definition(state, slot);
    }
}

/// Sets that differ from what was wanted before get the next epoch.
void want_assignments(Fold& fold, const Changes& changes) {
    State& state = fold.state;
    std::vector<std::vector<Slot>> sets(state.agents.size());
    for (Slot slot = 0; slot < state.cold.size(); ++slot) {
        if (state.cold[slot].agent != nothing) {
            sets[state.cold[slot].agent].push_back(slot);
        }
    }
    for (AgentIndex index = 0; index < state.agents.size(); ++index) {
        Agent& agent = state.agents[index];
        const bool redefined = index < changes.agents.size() && changes.agents[index];
        if (sets[index] == agent.wanted && !redefined) {
            continue;
        }
        agent.wanted = std::move(sets[index]);
        agent.wanted_epoch = std::max(agent.wanted_epoch, agent.issued_epoch) + 1;
        state.assignments_wanted = true;
        state.epoch_pages.mark(index);
    }
}

}  // namespace

void Changes::of_agent(AgentIndex agent) {
    if (agent != nothing) {
        agents.resize(std::max<std::size_t>(agents.size(), agent + 1U));
        agents[agent] = true;
    }
}

void mark_slot(State& state, Slot slot) {
    const std::size_t page = slot / hot_page_slots;
    state.hot_pages.grow(page + 1);
    state.cold_pages.grow(page + 1);
    state.hot_pages.mark(page);
    state.cold_pages.mark(page);
}

void add_probe(Fold& fold, const DesiredProbe& wanted, Changes& changes) {
    State& state = fold.state;
    const Slot slot = take_slot(state);
    state.hot[slot] = HotProbe{};
    state.cold[slot] = {
        .id = wanted.id,
        .ci = wanted.ci,
        .agent = nothing,
        .spec = wanted.spec,
        .name = wanted.name,
        .origin = wanted.origin,
        .host = wanted.host,
        .row = ++state.last_row,
        .proven = 0
    };
    adopt_rule(state, slot);
    state.slot_by_id.emplace(wanted.id, slot);
    state.cis[wanted.ci].probes += 1;
    fold.touched_cis.push_back(wanted.ci);
    mark_slot(state, slot);
    changes.added.push_back(slot);
}

void remove_probes(Fold& fold, const std::vector<Slot>& slots) {
    if (slots.empty()) {
        return;
    }
    State& state = fold.state;
    std::vector<bool> gone(state.cold.size());
    for (const Slot slot : slots) {
        withdraw(fold, slot);
        fold_events(fold);
        forget_member(fold, slot);
        gone[slot] = true;
        state.cis[state.cold[slot].ci].probes -= 1;
        fold.store.remove_probe(state.cold[slot], fold.lsn);
        state.slot_by_id.erase(state.cold[slot].id);
        state.cold[slot] = ColdProbe{};
        mark_slot(state, slot);
    }
    // Highest first, so that the next ones are given in rising order.
    state.free_slots.insert(state.free_slots.end(), slots.rbegin(), slots.rend());
    std::ranges::sort(state.free_slots, std::greater<>{});
    purge_epochs(state, gone);
}

bool assign_probe(Fold& fold, AgentChooser& chooser, Slot slot, Changes& changes) {
    const State& state = fold.state;
    const ColdProbe& cold = state.cold[slot];
    if (is_host_watch(state, slot)) {
        const AgentIndex watched = watched_by(state, slot);
        const AgentIndex watcher =
            watched == nothing ? nothing : choose_watcher(state, watched, cold.agent);
        return give_probe(fold, slot, watcher, changes);
    }
    const AgentIndex agent = chooser.choose(state.specs[cold.spec].from, state.cis[cold.ci].site);
    return give_probe(fold, slot, agent, changes);
}

bool give_probe(Fold& fold, Slot slot, AgentIndex agent, Changes& changes) {
    State& state = fold.state;
    ColdProbe& cold = state.cold[slot];
    if (agent == cold.agent) {
        return false;
    }
    changes.of_agent(cold.agent);
    changes.of_agent(agent);
    cold.agent = agent;
    state.hot[slot].boot =
        0;  // what the former agent still delivers is not compared with the new one's
    mark_slot(state, slot);
    return true;
}

void finish_changes(Fold& fold, const Changes& changes) {
    write_rows(fold, changes);
    want_assignments(fold, changes);
    forget_targets(fold);
    refresh_cis(fold);
    decide_held(fold, nothing);
}

}  // namespace muster::collector
