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

constexpr std::string_view target_origin = "target ";

/// Everything the policies want of these CIs.
std::vector<DesiredProbe> desired_of(const Fold& fold, const std::vector<CiIndex>& cis) {
    State& state = fold.state;
    Planner planner(state, fold.model, state.specs, state.names);
    for (const config::Policy& policy : state.policies) {
        for (const CiIndex ci : cis) {
            if (policy_matches(fold.model, policy, state.cis[ci])) {
                planner.add_policy(policy, state.cis[ci], ci);
            }
        }
    }
    return planner.take();
}

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

/// Probes of a target belong to whatever CI the target is now.
void follow_targets(
    const State& state, const std::vector<Slot>& present, std::vector<DesiredProbe>& desired
) {
    for (const Slot slot : present) {
        const ColdProbe& cold = state.cold[slot];
        const std::string& origin = state.names[cold.origin];
        if (!origin.starts_with(target_origin)) {
            continue;
        }
        const CiId id =
            state.identity.ci_of("configuration", "target/" + origin.substr(target_origin.size()));
        const auto ci = state.ci_by_id.find(id);
        if (ci != state.ci_by_id.end() && !state.cis[ci->second].retired) {
            desired.push_back({cold.id, ci->second, cold.spec, cold.name, cold.origin, cold.host});
        }
    }
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
    std::vector<DesiredProbe> desired = desired_of(fold, cis);
    const bool has_probes =
        std::ranges::any_of(cis, [&](CiIndex ci) { return state.cis[ci].probes > 0; });
    if (desired.empty() && !has_probes) {
        return;
    }
    state.plan_pages.mark(0);
    bool is_moved = follow_merges(fold);
    const std::vector<Slot> present = slots_of(state, cis);
    follow_targets(state, present, desired);
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
