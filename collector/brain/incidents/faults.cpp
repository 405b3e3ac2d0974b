#include "collector/brain/incidents/faults.hpp"

#include "collector/brain/incidents/correlation.hpp"
#include "collector/brain/incidents/description.hpp"
#include "collector/brain/incidents/flapping.hpp"
#include "collector/brain/incidents/isolation.hpp"
#include "collector/brain/incidents/priority.hpp"
#include "collector/brain/incidents/quorum.hpp"
#include "collector/brain/incidents/reasons.hpp"
#include "collector/brain/incidents/record.hpp"
#include "collector/brain/incidents/silences.hpp"
#include "collector/brain/incidents/symptoms.hpp"
#include "collector/brain/incidents/undecided.hpp"
#include "collector/brain/incidents/why.hpp"
#include "collector/brain/outbox.hpp"
#include "collector/brain/presence.hpp"
#include "collector/brain/windows/windows.hpp"

#include <algorithm>
#include <utility>

namespace muster::collector {

namespace {

using Kind = AvailabilityEvent::Kind;
using Phase = Fault::Phase;

/// Whether a fault is decided when its hold is over, or when an agent has caught up.
enum class Lateness { in_time, late };

void open_fault(Fold& fold, CiIndex ci, Fault& fault, Lateness lateness, const Course& course) {
    std::erase_if(fault.members, [](const Fault::Member& each) {
        return each.recovered_at != WallTime{};
    });
    Incident incident = describe_fault(fold.state, ci, fault);
    incident.detected_late = lateness == Lateness::late;
    if (course.host_down != nothing) {
        describe_host(fold.state, incident, course.host_down);
    }
    const std::string why =
        fault_why(fold.state, incident, spec_of(fold.state, fault), fold.wall, course.host_down);
    Incident& opened = open_incident(fold, std::move(incident), why, Telling::told);
    fault.phase = Phase::open;
    fault.incident = opened.number;
    list_other_members(fold, fault, opened);
    if (is_restless(fold, ci, spec_of(fold.state, fault).rule.flapping)) {
        begin_flapping(fold, ci, opened);
    }
    fold.touched_cis.push_back(ci);
    fault_opened(fold, ci, fault, course);
}

bool is_undecided(const Fault& fault) {
    return fault.phase == Phase::pending || fault.phase == Phase::held;
}

void end_fault(Fold& fold, CiIndex ci, Fault& fault, std::string_view why_over) {
    if (is_undecided(fault)) {
        note_undecided(fold, ci, fault);
    }
    if (Incident* incident =
            fault.has_incident() ? open_incident_of(fold.state, fault.incident) : nullptr) {
        resolve_incident(fold, *incident, "system", why_over, last_recovery(fault), Telling::told);
    }
    fold.state.faults.erase(ci);
    fault_ended(fold, ci);
}

void begin_hold(Fold& fold, CiIndex ci, Fault& fault, Duration hold) {
    fault.phase = Phase::pending;
    fault.timer = fold.state.arm(fold.elapsed + hold, Timer::Kind::hold, ci);
}

/// Nothing is decided before the hold is over, and what its agent still has to tell is heard.
void wait_for_hold(Fold& fold, CiIndex ci, Fault& fault, Slot probe) {
    const AgentIndex agent = fold.state.cold[probe].agent;
    if (agent != nothing && !fold.state.agents[agent].backlog.empty()) {
        fault.phase = Phase::held;
        return;
    }
    // Who comes and goes all the time is not waited for.
    const config::Rule& rule = spec_of(fold.state, probe).rule;
    begin_hold(fold, ci, fault, is_restless(fold, ci, rule.flapping) ? Duration{} : rule.hold);
}

/// What was slow has failed: the same incident, graver. Who was told of it hears that, who asked for faults alone that
/// it is open.
void worsen(Fold& fold, CiIndex ci, Fault& fault, Incident& incident, const Course& course) {
    Incident seen = describe_fault(fold.state, ci, fault);
    if (course.host_down != nothing) {
        describe_host(fold.state, seen, course.host_down);
    }
    seen.urgency = more_urgent(incident.urgency, seen.urgency);
    const Spec& spec = spec_of(fold.state, fault);
    const std::string why = describe_anew(
        fold,
        incident,
        seen,
        fault_why(fold.state, seen, spec, fold.wall, course.host_down),
        "worsened"
    );
    save_incident(fold, incident);
    add_timeline(
        fold,
        incident,
        "worsened",
        "system",
        "no degradation any more, but a fault: " + incident.title,
        why
    );
    tell_worse(fold, incident);
    fault.phase = Phase::open;
    fold.touched_cis.push_back(ci);
    fault_opened(fold, ci, fault, course);
}

/// The hold is over and somebody watches: an incident, or the one there is graver, unless something else explains it.
void decide(Fold& fold, CiIndex ci, Fault& fault, Lateness lateness) {
    Incident* incident =
        fault.has_incident() ? open_incident_of(fold.state, fault.incident) : nullptr;
    if (incident != nullptr &&
        (incident->kind != "degradation" || !is_any_failing(fold.state, fault))) {
        fault.phase = Phase::open;  // nothing more is to tell
        return;
    }
    const Course course = correlate(fold, ci, fault);
    switch (course.kind) {
        case Course::Kind::open:
            if (incident != nullptr) {
                worsen(fold, ci, fault, *incident, course);
            } else {
                open_fault(fold, ci, fault, lateness, course);
            }
            break;
        case Course::Kind::wait:
            begin_hold(fold, ci, fault, course.wait);
            break;
        case Course::Kind::withheld:
            fault.phase = Phase::withheld;
            break;
    }
}

/// It is as slow as before, and fails no more: what its incident says is true again.
void ease(Fold& fold, CiIndex ci, Fault& fault) {
    if (!fault.has_incident() || fault.phase == Phase::open || is_any_failing(fold.state, fault)) {
        return;
    }
    if (is_undecided(fault)) {
        note_undecided(fold, ci, fault);
    }
    fault.phase = Phase::open;
    leave_cause(fold, ci);
}

/// One more probe of a CI whose fault is withheld: what was true of the others may not be any more.
void reconsider(Fold& fold, CiIndex ci, Fault& fault, Duration hold) {
    const auto withheld = fold.state.causes.withheld.find(ci);
    if (withheld == fold.state.causes.withheld.end() || withheld->second.cause != 0 ||
        withheld->second.why == Withholding::window) {
        return;
    }
    fold.state.causes.withheld.erase(withheld);
    begin_hold(fold, ci, fault, hold);
}

/// Fewer vantages see it fail than make a fault: told as over, though some still do.
void fall_below_quorum(Fold& fold, CiIndex ci, Fault& fault) {
    Incident* incident = open_incident_of(fold.state, fault.incident);
    if (incident == nullptr || reaches_quorum(fold.state, ci, fault, Counted::exceeding)) {
        return;
    }
    end_flapping(fold, ci);
    leave_cause(fold, ci);
    resolve_incident(
        fold, *incident, "system", "enough vantages see it well again", fold.wall, Telling::told
    );
    fault.incident = 0;
    begin_hold(fold, ci, fault, Duration{});
}

void fold_exceeded(Fold& fold, const AvailabilityEvent& event) {
    const ColdProbe& cold = fold.state.cold[event.probe];
    const auto [place, is_new] = fold.state.faults.try_emplace(cold.ci);
    Fault& fault = place->second;
    const config::Rule& rule = spec_of(fold.state, event.probe).rule;
    if (fault.active() == 0) {
        note_transition(fold, cold.ci, event.at, rule.flapping);
    }
    const auto former = std::ranges::find(fault.members, event.probe, &Fault::Member::probe);
    const Fault::Member member{
        .probe = event.probe,
        .id = cold.id,
        .first_failed = event.first_failed,
        .exceeded_at = event.at,
        .recovered_at = {},
        .reason = event.reason,
        .expected = event.expected,
        .seen = event.seen
    };
    if (former == fault.members.end()) {
        fault.members.push_back(member);
    } else if (former->recovered_at ==
               WallTime{}) {  // one more condition of a probe that has exceeded already
        if (former->reason == "threshold" && event.reason != "threshold") {
            former->first_failed = event.first_failed;  // it was slow until then
            former->exceeded_at = event.at;
        }
        former->reason = event.reason;
        former->expected = event.expected;
        former->seen = event.seen;
    } else {
        *former = member;
    }
    if (is_new) {
        wait_for_hold(fold, cold.ci, fault, event.probe);
        return;
    }
    if (fault.has_incident()) {
        const Incident* incident = open_incident_of(fold.state, fault.incident);
        if (incident != nullptr && !is_flapping(fold.state, cold.ci)) {
            add_timeline(fold, *incident, "symptom", "system", symptom_text(fold.state, member));
        }
        ask_if_worse(fold, cold.ci, fault);
        ease(fold, cold.ci, fault);
    }
    if (fault.phase == Phase::withheld) {
        reconsider(fold, cold.ci, fault, rule.hold);
    }
}

/// A probe fails no more, and is beyond a limit still.
void fold_eased(Fold& fold, const AvailabilityEvent& event) {
    const CiIndex ci = fold.state.cold[event.probe].ci;
    const auto found = fold.state.faults.find(ci);
    if (found == fold.state.faults.end()) {
        return;
    }
    Fault& fault = found->second;
    ease(fold, ci, fault);
    const auto member = std::ranges::find(fault.members, event.probe, &Fault::Member::probe);
    if (member != fault.members.end() && member->recovered_at == WallTime{}) {
        member->reason = event.reason;
        member->expected = event.expected;
        member->seen = event.seen;
    }
}

void fold_recovered(Fold& fold, const AvailabilityEvent& event) {
    const ColdProbe& cold = fold.state.cold[event.probe];
    const auto found = fold.state.faults.find(cold.ci);
    if (found == fold.state.faults.end()) {
        return;
    }
    Fault& fault = found->second;
    const auto member = std::ranges::find(fault.members, event.probe, &Fault::Member::probe);
    if (member == fault.members.end() || member->recovered_at != WallTime{}) {
        return;
    }
    member->recovered_at = std::max(event.at, member->exceeded_at);
    const bool removed = event.kind == Kind::removed;
    if (removed) {
        stop_flapping(fold, cold.ci);
    } else if (fault.active() == 0) {
        note_transition(fold, cold.ci, event.at, spec_of(fold.state, event.probe).rule.flapping);
    }
    const bool flaps = fault.has_incident() && is_flapping(fold.state, cold.ci);
    if (fault.has_incident() && !flaps) {
        const auto incident = fold.state.incidents.find(fault.incident);
        if (incident != fold.state.incidents.end()) {
            const std::string text =
                fold.state.names[cold.name] + (removed ? " is no longer probed" : " answers again");
            add_timeline(fold, incident->second, "recovered", "system", text);
        }
    }
    if (fault.active() == 0 && flaps) {
        ease(fold, cold.ci, fault);
        return;  // its incident stays open until that has stopped
    }
    if (fault.active() == 0) {
        end_fault(
            fold,
            cold.ci,
            fault,
            removed ? "what failed is no longer probed" : "everything that failed answers again"
        );
    } else if (fault.has_incident()) {
        ease(fold, cold.ci, fault);
        fall_below_quorum(fold, cold.ci, fault);
    }
}

bool has_active_probe_of(const Fold& fold, const Fault& fault, AgentIndex agent) {
    return std::ranges::any_of(fault.members, [&](const Fault::Member& each) {
        return each.recovered_at == WallTime{} &&
               (agent == nothing || fold.state.cold[each.probe].agent == agent);
    });
}

}  // namespace

void ask_if_worse(Fold& fold, CiIndex ci, Fault& fault) {
    const Incident* incident = open_incident_of(fold.state, fault.incident);
    if (fault.phase == Phase::open && incident != nullptr && incident->kind == "degradation" &&
        is_any_failing(fold.state, fault)) {
        wait_for_hold(fold, ci, fault, spokesman(fold.state, fault).probe);
    }
}

bool is_observed(const Fold& fold, const Fault& fault) {
    return std::ranges::any_of(fault.members, [&](const Fault::Member& each) {
        const AgentIndex agent = fold.state.cold[each.probe].agent;
        return each.recovered_at == WallTime{} && agent != nothing &&
               is_observing(fold.state.agents[agent]);
    });
}

void fold_events(Fold& fold) {
    for (const AvailabilityEvent& event : fold.events) {
        switch (event.kind) {
            case Kind::exceeded:
                fold_exceeded(fold, event);
                break;
            case Kind::eased:
                fold_eased(fold, event);
                break;
            case Kind::reason_changed:
                fold_reason(fold, event);
                break;
            case Kind::recovered:
            case Kind::removed:
                fold_recovered(fold, event);
                break;
        }
    }
    fold.events.clear();
}

void forget_member(Fold& fold, Slot probe) {
    const CiIndex ci = fold.state.cold[probe].ci;
    const auto found = fold.state.faults.find(ci);
    if (found != fold.state.faults.end() && found->second.active() == 0) {
        stop_flapping(fold, ci);
        end_fault(fold, ci, found->second, "what failed is no longer probed");
    } else if (found != fold.state.faults.end()) {
        std::erase_if(found->second.members, [probe](const Fault::Member& each) {
            return each.probe == probe;
        });
    }
}

void hold_is_over(Fold& fold, CiIndex ci, std::uint64_t timer) {
    const auto found = fold.state.faults.find(ci);
    if (found == fold.state.faults.end() || found->second.phase != Phase::pending ||
        found->second.timer != timer) {
        return;
    }
    if (is_observed(fold, found->second)) {
        decide(fold, ci, found->second, Lateness::in_time);
    } else {
        found->second.phase = Phase::held;
    }
}

void decide_held(Fold& fold, AgentIndex agent) {
    for (auto& [ci, fault] : fold.state.faults) {
        if (fault.phase != Phase::held || !has_active_probe_of(fold, fault, agent) ||
            !is_observed(fold, fault)) {
            continue;
        }
        const Fault::Member& member = spokesman(fold.state, fault);
        const Duration hold = spec_of(fold.state, member.probe).rule.hold;
        const Duration left = member.exceeded_at + hold - fold.wall;
        if (left > Duration{}) {
            begin_hold(fold, ci, fault, std::min(left, hold));
        } else {
            decide(fold, ci, fault, Lateness::late);
        }
    }
}

void hold_for_backlog(Fold& fold, AgentIndex agent) {
    for (auto& [ci, fault] : fold.state.faults) {
        if (fault.phase == Phase::pending && has_active_probe_of(fold, fault, agent) &&
            !is_observed(fold, fault)) {
            fault.phase = Phase::held;
        }
    }
}

void restart_holds(Fold& fold) {
    for (auto& [ci, fault] : fold.state.faults) {
        if (fault.phase == Phase::pending) {
            begin_hold(fold, ci, fault, spec_of(fold.state, fault).rule.hold);
        }
    }
}

Duration wait_of(const State& state, const Fault& fault, Patience patience) {
    Duration wait{};
    for (const Fault::Member& each : fault.members) {
        if (patience != Patience::none && each.recovered_at == WallTime{}) {
            const Spec& spec = spec_of(state, each.probe);
            const Duration recovery = spec.probe->interval * (spec.rule.successes + 1);
            const Duration more = patience == Patience::recovery ? recovery : Duration{};
            wait = std::max(wait, spec.rule.hold + more);
        }
    }
    return wait;
}

void decide_again(Fold& fold, CiIndex ci, Patience patience) {
    const auto found = fold.state.faults.find(ci);
    if (found != fold.state.faults.end()) {
        begin_hold(fold, ci, found->second, wait_of(fold.state, found->second, patience));
    }
}

void flapping_is_over(Fold& fold, CiIndex ci, std::uint64_t timer) {
    if (!calm_is_long(fold, ci, timer)) {
        return;
    }
    const auto found = fold.state.faults.find(ci);
    if (found == fold.state.faults.end() || !found->second.has_incident()) {
        return;
    }
    if (found->second.active() == 0) {
        end_fault(fold, ci, found->second, "flapping no more: everything answers");
    } else if (Incident* incident = open_incident_of(fold.state, found->second.incident)) {
        tell(fold, *incident, "calmed");
    }
}

}  // namespace muster::collector
