#include "collector/brain/probe_moves.hpp"

#include "collector/brain/availability/judgement.hpp"
#include "collector/brain/incidents/hosts.hpp"
#include "collector/brain/incidents/moving.hpp"
#include "collector/brain/observations_stage.hpp"
#include "collector/brain/plan_changes.hpp"
#include "collector/brain/survivor.hpp"

#include <map>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

namespace muster::collector {

namespace {

struct Move {
    Slot slot = nothing;
    CiIndex to = nothing;
};

bool move_probes(Fold& fold, const std::vector<Move>& moves) {
    State& state = fold.state;
    std::set<std::pair<CiIndex, CiIndex>> between;
    for (const auto& [slot, to] : moves) {
        ColdProbe& cold = state.cold[slot];
        const CiIndex from = std::exchange(cold.ci, to);
        count_for(state, slot, from, to);
        mark_slot(state, slot);
        fold.store.update_probe_definition(state, slot);
        fold.touched_cis.push_back(from);
        fold.touched_cis.push_back(to);
        between.emplace(from, to);
    }
    for (const auto& [from, to] : between) {
        move_fault(fold, from, to);
    }
    return !moves.empty();
}

}  // namespace

bool follow_merges(Fold& fold) {
    const State& state = fold.state;
    std::vector<Move> moves;
    for (Slot slot = 0; slot < state.cold.size(); ++slot) {
        const ColdProbe& cold = state.cold[slot];
        if (!cold.id.is_nil() && !state.cis[cold.ci].merged_into.is_nil()) {
            if (const CiIndex to = survivor_of(state, cold.ci); to != cold.ci) {
                moves.push_back({slot, to});
            }
        }
    }
    return move_probes(fold, moves);
}

void follow_machines(Fold& fold, const std::vector<CiIndex>& changed) {
    const State& state = fold.state;
    std::set<AgentIndex> agents;
    for (const CiIndex ci : changed) {
        agents.insert(state.cis[ci].agent);
        for (const cmdb::Statement* each : state.identity.all_members(state.cis[ci].id)) {
            agents.insert(agent_of_machine(state, *each));
        }
    }
    agents.erase(nothing);
    std::vector<Move> moves;
    for (const AgentIndex agent : agents) {
        const Slot slot = host_watch_of(state, agent);
        const CiIndex machine = machine_of(state, agent);
        if (slot != nothing && state.cold[slot].ci != machine) {
            moves.push_back({slot, machine});
        }
    }
    move_probes(fold, moves);
}

void keep_ids(
    const State& state,
    const std::vector<Spec>& specs,
    const Names& names,
    std::vector<DesiredProbe>& desired
) {
    std::vector<bool> is_wanted(state.cold.size());
    std::vector<bool> is_asked(state.cis.size());
    std::vector<DesiredProbe*> unknown;
    for (DesiredProbe& each : desired) {
        const auto known = state.slot_by_id.find(each.id);
        if (known == state.slot_by_id.end()) {
            unknown.push_back(&each);
            is_asked[each.ci] = true;
        } else {
            is_wanted[known->second] = true;
        }
    }
    if (unknown.empty()) {
        return;
    }
    std::map<std::tuple<CiIndex, std::string_view, std::string_view, std::uint32_t>, Slot> left;
    for (Slot slot = 0; slot < state.cold.size(); ++slot) {
        const ColdProbe& cold = state.cold[slot];
        // The watch of a host is found by its id.
        if (!cold.id.is_nil() && is_asked[cold.ci] && !is_wanted[slot] &&
            !is_host_watch(state, slot)) {
            left.try_emplace(
                {cold.ci,
                 state.names[cold.origin],
                 state.names[cold.name],
                 state.specs[cold.spec].from.place},
                slot
            );
        }
    }
    for (DesiredProbe* each : unknown) {
        const auto found = left.find(
            {each->ci, names[each->origin], names[each->name], specs[each->spec].from.place}
        );
        if (found != left.end()) {
            each->id = state.cold[found->second].id;
            left.erase(found);
        }
    }
}

bool follow_wanted(Fold& fold, const std::vector<DesiredProbe>& desired) {
    const State& state = fold.state;
    std::vector<Move> moves;
    for (const DesiredProbe& each : desired) {
        const auto known = state.slot_by_id.find(each.id);
        if (known != state.slot_by_id.end() && state.cold[known->second].ci != each.ci) {
            moves.push_back({known->second, each.ci});
        }
    }
    return move_probes(fold, moves);
}

}  // namespace muster::collector
