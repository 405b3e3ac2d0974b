#include "collector/brain/replanning.hpp"

#include "collector/brain/availability/limits.hpp"
#include "collector/brain/incidents/hosts.hpp"
#include "collector/brain/plan_changes.hpp"
#include "collector/brain/planning.hpp"
#include "collector/brain/probe_moves.hpp"
#include "collector/brain/survivor.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace muster::collector {

namespace {

std::vector<Slot> slots_of(const State& state, const std::vector<CiIndex>& cis) {
    std::vector<bool> is_changed(state.cis.size());
    for (const CiIndex ci : cis) {
        is_changed[ci] = true;
    }
    std::vector<Slot> out;
    for (Slot slot = 0; slot < state.cold.size(); ++slot) {
        const ColdProbe& cold = state.cold[slot];
        if (!cold.id.is_nil() && is_changed[cold.ci] && !is_host_watch(state, slot)) {
            out.push_back(slot);
        }
    }
    return out;
}

void change_probe(Fold& fold, Slot slot, const DesiredProbe& wanted, Changes& changes) {
    State& state = fold.state;
    ColdProbe& cold = state.cold[slot];
    const Difference found = difference(state, cold, wanted, state.specs[wanted.spec], state.names);
    if (found == Difference::none) {
        return;
    }
    if (found == Difference::measuring) {
        changes.of_agent(cold.agent);
    }
    cold.spec = wanted.spec;
    cold.name = wanted.name;
    cold.origin = wanted.origin;
    cold.host = wanted.host;
    mark_slot(state, slot);
    adopt_rule(state, slot);
    changes.updated.push_back(slot);
}

/// Whoever probes them may be another: their site changed.
void assign(Fold& fold, const std::vector<Slot>& slots, Changes& changes) {
    AgentChooser chooser(fold.state);
    for (const Slot slot : slots) {
        const bool is_new = std::ranges::find(changes.added, slot) != changes.added.end();
        if (assign_probe(fold, chooser, slot, changes) && !is_new &&
            std::ranges::find(changes.updated, slot) == changes.updated.end()) {
            changes.updated.push_back(slot);
        }
    }
}

}  // namespace

void plan_changed_cis(Fold& fold) {
    State& state = fold.state;
    std::vector<CiIndex> cis = std::exchange(fold.changed_cis, {});
    for (std::size_t at = cis.size(); at-- > 0;) {
        cis.push_back(survivor_of(state, cis[at]));
    }
    std::ranges::sort(cis);
    const auto repeated = std::ranges::unique(cis);
    cis.erase(repeated.begin(), repeated.end());
    follow_machines(fold, cis);
    Planner planner(state, fold.model, state.specs, state.names);
    planner.want(cis);
    std::vector<DesiredProbe> desired = planner.take();
    const bool has_probes =
        std::ranges::any_of(cis, [&](CiIndex ci) { return state.cis[ci].probes > 0; });
    if (desired.empty() && !has_probes) {
        return;
    }
    state.plan_pages.mark(0);
    bool is_moved = follow_merges(fold);
    const std::vector<Slot> present = slots_of(state, cis);
    keep_ids(state, state.specs, state.names, desired);
    is_moved = follow_wanted(fold, desired) || is_moved;
    std::map<ProbeId, const DesiredProbe*> wanted;
    for (const DesiredProbe& each : desired) {
        wanted.emplace(each.id, &each);
    }
    Changes changes;
    std::vector<Slot> gone;
    std::vector<Slot> kept;
    for (const Slot slot : present) {
        const auto found = wanted.find(state.cold[slot].id);
        if (found == wanted.end()) {
            gone.push_back(slot);
        } else {
            change_probe(fold, slot, *found->second, changes);
            kept.push_back(slot);
        }
    }
    remove_probes(fold, gone);
    for (const DesiredProbe& each : desired) {
        if (!state.slot_by_id.contains(each.id)) {
            add_probe(fold, each, changes);
        }
    }
    kept.insert(kept.end(), changes.added.begin(), changes.added.end());
    assign(fold, kept, changes);
    if (is_moved || !gone.empty() || !changes.added.empty() || !changes.updated.empty()) {
        finish_changes(fold, changes);
    }
}

}  // namespace muster::collector
