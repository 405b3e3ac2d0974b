#include "collector/brain/incidents/moving.hpp"

#include "collector/brain/incidents/faults.hpp"
#include "collector/brain/incidents/flapping.hpp"
#include "collector/brain/incidents/record.hpp"
#include "collector/brain/incidents/symptoms.hpp"

#include <algorithm>
#include <iterator>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace muster::collector {

namespace {

using Phase = Fault::Phase;

/// Of two faults that become one, the higher tells how it goes on.
int gravity(const Fault& fault) {
    if (fault.has_incident()) {
        return 3;
    }
    switch (fault.phase) {
        case Phase::put_aside:
            return 2;
        case Phase::withheld:
            return 1;
        case Phase::open:
        case Phase::pending:
        case Phase::held:
            break;
    }
    return 0;
}

/// The same moment, for the CI it is about now.
std::uint64_t armed_for(Fold& fold, std::uint64_t timer, Timer::Kind kind, CiIndex ci) {
    const auto waiting = std::ranges::find(fold.state.timers, timer, &Timer::id);
    const Elapsed due = waiting == fold.state.timers.end() ? fold.elapsed : waiting->due;
    return fold.state.arm(due, kind, ci);
}

void rename_in(std::set<std::uint32_t>& cis, CiIndex from, CiIndex to) {
    if (cis.erase(from) != 0) {
        cis.insert(to);
    }
}

/// Causes name the CI by its present name.
void move_mentions(Causes& causes, CiIndex from, CiIndex to) {
    for (auto& [agent, isolation] : causes.isolations) {
        rename_in(isolation.cis, from, to);
    }
    for (auto& [number, storm] : causes.storms) {
        rename_in(storm.left, from, to);
    }
    for (RecentOpening& each : causes.recent) {
        each.ci = each.ci == from ? to : each.ci;
    }
    if (auto left = causes.left_by_storm.extract(from)) {
        left.key() = to;
        causes.left_by_storm.insert(std::move(left));
    }
}

void forget_withheld(Fold& fold, CiIndex ci, std::string_view text) {
    const auto found = fold.state.causes.withheld.find(ci);
    if (found != fold.state.causes.withheld.end()) {
        const std::uint64_t cause = found->second.cause;
        fold.state.causes.withheld.erase(found);
        end_symptom_of(fold, cause, ci, text);
    }
}

void move_withheld(Fold& fold, CiIndex from, CiIndex to) {
    const auto found = fold.state.causes.withheld.find(from);
    if (found != fold.state.causes.withheld.end()) {
        const Withheld withheld = found->second;
        forget_withheld(fold, from, "is " + fold.state.cis[to].name);
        fold.state.causes.withheld[to] = withheld;
        add_symptom_of(fold, withheld.cause, to, "was " + fold.state.cis[from].name);
    }
}

void move_flap(Fold& fold, CiIndex from, CiIndex to) {
    if (auto flap = fold.state.flaps.extract(from)) {
        flap.key() = to;
        flap.mapped().timer = armed_for(fold, flap.mapped().timer, Timer::Kind::flapping, to);
        fold.state.flaps.erase(to);
        fold.state.flaps.insert(std::move(flap));
    }
}

void move_incident(Fold& fold, std::uint64_t number, CiIndex from, CiIndex to) {
    State& state = fold.state;
    const auto found = state.incidents.find(number);
    if (found == state.incidents.end()) {
        return;
    }
    Incident& incident = found->second;
    const std::string former = std::exchange(incident.key, "fault/" + state.cis[to].id.text());
    incident.ci = to;
    for (auto* by_key : {&state.open_by_key, &state.last_by_key}) {
        const auto known = by_key->find(former);
        if (known != by_key->end() && known->second == number) {
            by_key->erase(known);
            (*by_key)[incident.key] = number;
        }
    }
    fold.store.insert_incident(state, incident, "{}");
    save_incident(fold, incident);
    add_timeline(
        fold,
        incident,
        "comment",
        "system",
        state.cis[from].name + " is " + state.cis[to].name + ": it goes on there"
    );
}

/// What failed of `ci` is part of another fault from now on.
void give_up(Fold& fold, CiIndex ci, const Fault& fault, const Fault& other, CiIndex where) {
    forget_withheld(fold, ci, "is " + fold.state.cis[where].name);
    stop_flapping(fold, ci);
    if (Incident* incident = open_incident_of(fold.state, fault.incident)) {
        const std::string same =
            other.incident == 0 ? std::string() : ": the same as " + incident_name(other.incident);
        resolve_incident(
            fold,
            *incident,
            "system",
            "its configuration item is one with another" + same,
            fold.wall,
            Telling::told
        );
    }
}

void go_on_at(Fold& fold, CiIndex from, CiIndex to, Fault fault) {
    if (fault.phase == Phase::pending) {
        fault.timer = armed_for(fold, fault.timer, Timer::Kind::hold, to);
    }
    const std::uint64_t incident = fault.incident;
    move_withheld(fold, from, to);
    move_flap(fold, from, to);
    fold.state.faults.insert_or_assign(to, std::move(fault));
    move_incident(fold, incident, from, to);
}

void append(Fault& fault, const std::vector<Fault::Member>& members) {
    fault.members.insert(fault.members.end(), members.begin(), members.end());
}

void move_whole(Fold& fold, CiIndex from, CiIndex to, Fault fault) {
    move_mentions(fold.state.causes, from, to);
    const auto there = fold.state.faults.find(to);
    if (there == fold.state.faults.end()) {
        go_on_at(fold, from, to, std::move(fault));
    } else if (gravity(fault) > gravity(there->second)) {
        append(fault, there->second.members);
        give_up(fold, to, there->second, fault, to);
        go_on_at(fold, from, to, std::move(fault));
    } else {
        append(there->second, fault.members);
        give_up(fold, from, fault, there->second, to);
    }
}

/// Part of a fault that goes on where it was.
void split_off(Fold& fold, CiIndex to, const std::vector<Fault::Member>& members) {
    const auto [place, is_new] = fold.state.faults.try_emplace(to);
    append(place->second, members);
    if (is_new) {
        decide_again(fold, to, Patience::hold);
    }
}

}  // namespace

void move_fault(Fold& fold, CiIndex from, CiIndex to) {
    State& state = fold.state;
    const auto found = state.faults.find(from);
    if (found == state.faults.end()) {
        return;
    }
    Fault& fault = found->second;
    const auto is_moved = [&](const Fault::Member& each) {
        return state.cold[each.probe].ci == to;
    };
    Fault moved;
    std::ranges::copy_if(fault.members, std::back_inserter(moved.members), is_moved);
    std::erase_if(fault.members, is_moved);
    if (moved.members.empty()) {
        return;
    }
    const bool goes_on_here =
        fault.active() != 0 || (moved.active() == 0 && !fault.members.empty());
    if (!goes_on_here) {
        Fault whole = std::move(fault);
        whole.members = std::move(moved.members);
        state.faults.erase(found);
        move_whole(fold, from, to, std::move(whole));
    } else if (moved.active() != 0) {
        split_off(fold, to, moved.members);
    }
}

}  // namespace muster::collector
