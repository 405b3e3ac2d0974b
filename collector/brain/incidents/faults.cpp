#include "collector/brain/incidents/faults.hpp"

#include "collector/brain/incidents/correlation.hpp"
#include "collector/brain/incidents/flapping.hpp"
#include "collector/brain/incidents/isolation.hpp"
#include "collector/brain/incidents/priority.hpp"
#include "collector/brain/incidents/quorum.hpp"
#include "collector/brain/incidents/record.hpp"
#include "collector/brain/incidents/silences.hpp"
#include "collector/brain/incidents/symptoms.hpp"
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

const Spec& spec_of(const State& state, Slot probe) {
    return state.specs[state.cold[probe].spec];
}

/// Everything that speaks for it answers, and is beyond a limit of a metric only.
bool is_degradation(const State& state, const Fault& fault) {
    const bool is_over = fault.active() == 0;
    return std::ranges::all_of(fault.members, [&](const Fault::Member& each) {
        const bool is_active = each.recovered_at == WallTime{};
        const bool fails = is_active && (state.hot[each.probe].flags & HotProbe::exceeded) != 0;
        return (!is_active && !is_over) || (each.reason == "threshold" && !fails);
    });
}

Incident describe(const State& state, CiIndex ci, const Fault& fault) {
    const Fault::Member& member = spokesman(fault);
    const ColdProbe& cold = state.cold[member.probe];
    const Spec& spec = spec_of(state, member.probe);
    static constexpr std::string_view urgencies[] = {"high", "medium", "low"};
    Incident incident;
    incident.kind = is_degradation(state, fault) ? "degradation" : "fault";
    incident.key = "fault/" + state.cis[ci].id.text();
    incident.ci = ci;
    incident.agent = cold.agent;
    incident.probe = cold.id;
    incident.probe_type = spec.probe->type;
    incident.probe_name = state.names[cold.name];
    incident.host = state.names[cold.host];
    incident.title = state.cis[ci].name + ": " + symptom_text(state, member);
    incident.urgency = urgencies[static_cast<std::size_t>(spec.urgency)];
    incident.expected = member.expected;
    incident.seen = member.seen.empty() ? "critical" : member.seen;
    incident.reason = member.reason;
    incident.started = member.first_failed;
    incident.detected = member.exceeded_at;
    for (const Fault::Member& each : fault.members) {
        incident.started = std::min(incident.started, each.first_failed);
        incident.detected = std::min(incident.detected, each.exceeded_at);
    }
    return incident;
}

/// Rows for everything beside the spokesman.
void add_symptoms(Fold& fold, const Fault& fault, const Incident& incident) {
    const Slot first = spokesman(fault).probe;
    for (const Fault::Member& member : fault.members) {
        if (member.probe != first) {
            add_timeline(fold, incident, "symptom", "system", symptom_text(fold.state, member));
        }
    }
}

/// Whether a fault is decided when its hold is over, or when an agent has caught up.
enum class Lateness { in_time, late };

/// It is not one probe that fails: the whole host does not answer, and its agent is silent.
void describe_host(const State& state, Incident& incident, AgentIndex host) {
    const Agent& agent = state.agents[host];
    incident.title = "host " + state.cis[incident.ci].name + " is down: " + incident.seen +
                     ", and its agent is silent";
    incident.expected = "an answer, or a word from its agent";
    incident.seen +=
        "; nothing from agent " + agent.name + " since " + format_rfc3339(agent.heard_wall);
    incident.reason = "host down";
    incident.urgency = "high";
}

void open_fault(Fold& fold, CiIndex ci, Fault& fault, Lateness lateness, const Course& course) {
    std::erase_if(fault.members, [](const Fault::Member& each) {
        return each.recovered_at != WallTime{};
    });
    Incident incident = describe(fold.state, ci, fault);
    incident.detected_late = lateness == Lateness::late;
    if (course.host_down != nothing) {
        describe_host(fold.state, incident, course.host_down);
    }
    const std::string why =
        fault_why(fold.state, incident, spec_of(fold.state, spokesman(fault).probe), fold.wall);
    Incident& opened = open_incident(fold, std::move(incident), why, Telling::told);
    fault.phase = Phase::open;
    fault.incident = opened.number;
    add_symptoms(fold, fault, opened);
    if (is_restless(fold, ci, spec_of(fold.state, spokesman(fault).probe).rule.flapping)) {
        begin_flapping(fold, ci, opened);
    }
    fold.touched_cis.push_back(ci);
    fault_opened(fold, ci, fault, course);
}

WallTime last_recovery(const Fault& fault) {
    return std::ranges::max_element(fault.members, {}, &Fault::Member::recovered_at)->recovered_at;
}

/// It was over before it was known: recorded, not told.
void record_late(Fold& fold, CiIndex ci, const Fault& fault) {
    Incident incident = describe(fold.state, ci, fault);
    incident.detected_late = true;
    const std::string why =
        fault_why(fold.state, incident, spec_of(fold.state, spokesman(fault).probe), fold.wall);
    Incident& recorded = open_incident(fold, std::move(incident), why, Telling::recorded);
    add_symptoms(fold, fault, recorded);
    resolve_incident(
        fold,
        recorded,
        "system",
        "it was over when it became known",
        last_recovery(fault),
        Telling::recorded
    );
    add_receipt(
        fold,
        ci,
        recorded.probe,
        "detected late",
        "it was over when it became known",
        recorded.number
    );
}

void end_fault(Fold& fold, CiIndex ci, Fault& fault, std::string_view why_over) {
    const Fault::Member& first = fault.members.front();
    const Duration hold = spec_of(fold.state, first.probe).rule.hold;
    switch (fault.phase) {
        case Phase::pending:
        case Phase::held:
            if (seen_while_blind(fold.state, fault)) {
                add_withheld_receipt(
                    fold,
                    ci,
                    first.id,
                    {.why = Withholding::isolated,
                     .rule = "what an isolated vantage saw opens nothing",
                     .text = "it was seen to fail only by an agent that saw nothing at all then",
                     .counterfactual = "had anything else answered that agent, it would have been "
                                       "recorded"}
                );
            } else if (const Window* window = window_during(
                           fold.state, ci, first.first_failed, last_recovery(fault)
                       )) {
                add_withheld_receipt(
                    fold,
                    ci,
                    first.id,
                    withheld_by_window(*window, fold.state.cis[ci].name + " failed")
                );
            } else if (fault.phase == Phase::held &&
                       last_recovery(fault) - first.exceeded_at >= hold) {
                record_late(fold, ci, fault);
            } else {
                add_receipt(
                    fold,
                    ci,
                    first.id,
                    "recovered within hold",
                    "it recovered within " + format_duration(hold) + " of exceeding its threshold",
                    0
                );
            }
            break;
        case Phase::open:
            if (const auto found = fold.state.incidents.find(fault.incident);
                found != fold.state.incidents.end()) {
                resolve_incident(
                    fold, found->second, "system", why_over, last_recovery(fault), Telling::told
                );
            }
            break;
        case Phase::put_aside:
        case Phase::withheld:
            break;
    }
    fold.state.faults.erase(ci);
    fault_ended(fold, ci);
}

void begin_hold(Fold& fold, CiIndex ci, Fault& fault, Duration hold) {
    fault.phase = Phase::pending;
    fault.timer = fold.state.arm(fold.elapsed + hold, Timer::Kind::hold, ci);
}

/// The hold is over and somebody watches: an incident, unless something else explains it.
void decide(Fold& fold, CiIndex ci, Fault& fault, Lateness lateness) {
    const Course course = correlate(fold, ci, fault);
    switch (course.kind) {
        case Course::Kind::open:
            open_fault(fold, ci, fault, lateness, course);
            break;
        case Course::Kind::wait:
            begin_hold(fold, ci, fault, course.wait);
            break;
        case Course::Kind::withheld:
            fault.phase = Phase::withheld;
            break;
    }
}

/// What was slow has failed: the same incident, graver. Who asked for faults alone hears of it now.
void worsen(Fold& fold, CiIndex ci, Incident& incident, const Fault::Member& failed) {
    incident.kind = "fault";
    incident.title = fold.state.cis[ci].name + ": " + symptom_text(fold.state, failed);
    incident.expected = failed.expected;
    incident.seen = failed.seen.empty() ? "critical" : failed.seen;
    incident.reason = failed.reason;
    rank_incident(fold, incident);
    save_incident(fold, incident);
    add_timeline(fold, incident, "comment", "system", "no degradation any more, but a fault");
    tell_newcomers(fold, incident);
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
    if (incident == nullptr || reaches_quorum(fold.state, ci, fault)) {
        return;
    }
    end_flapping(fold, ci);
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
        former->reason = event.reason;
        former->expected = event.expected;
        former->seen = event.seen;
    } else {
        *former = member;
    }
    if (is_new) {
        const bool is_catching_up =
            cold.agent != nothing && !fold.state.agents[cold.agent].backlog.empty();
        if (is_catching_up) {
            fault.phase = Phase::held;
        } else {
            // Who comes and goes all the time is not waited for.
            const bool restless = is_restless(fold, cold.ci, rule.flapping);
            begin_hold(fold, cold.ci, fault, restless ? Duration{} : rule.hold);
        }
    } else if (fault.phase == Phase::open) {
        if (Incident* incident = open_incident_of(fold.state, fault.incident)) {
            if (!is_flapping(fold.state, cold.ci)) {
                add_timeline(
                    fold, *incident, "symptom", "system", symptom_text(fold.state, member)
                );
            }
            if (incident->kind == "degradation" && !is_degradation(fold.state, fault)) {
                worsen(fold, cold.ci, *incident, member);
            }
        }
    } else if (fault.phase == Phase::withheld) {
        reconsider(fold, cold.ci, fault, rule.hold);
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
    const bool flaps = fault.phase == Phase::open && is_flapping(fold.state, cold.ci);
    if (fault.phase == Phase::open && !flaps) {
        const auto incident = fold.state.incidents.find(fault.incident);
        if (incident != fold.state.incidents.end()) {
            const std::string text =
                fold.state.names[cold.name] + (removed ? " is no longer probed" : " answers again");
            add_timeline(fold, incident->second, "recovered", "system", text);
        }
    }
    if (fault.active() == 0 && flaps) {
        return;  // its incident stays open until that has stopped
    }
    if (fault.active() == 0) {
        end_fault(
            fold,
            cold.ci,
            fault,
            removed ? "what failed is no longer probed" : "everything that failed answers again"
        );
    } else if (fault.phase == Phase::open) {
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

const Fault::Member& spokesman(const Fault& fault) {
    const auto active = std::ranges::find(fault.members, WallTime{}, &Fault::Member::recovered_at);
    return active == fault.members.end() ? fault.members.front() : *active;
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
        if (event.kind == Kind::exceeded) {
            fold_exceeded(fold, event);
        } else {
            fold_recovered(fold, event);
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
        const Fault::Member& member = spokesman(fault);
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
            begin_hold(fold, ci, fault, spec_of(fold.state, spokesman(fault).probe).rule.hold);
        }
    }
}

void decide_again(Fold& fold, CiIndex ci, Patience patience) {
    const auto found = fold.state.faults.find(ci);
    if (found == fold.state.faults.end()) {
        return;
    }
    Duration wait{};
    for (const Fault::Member& each : found->second.members) {
        if (patience != Patience::none && each.recovered_at == WallTime{}) {
            const Spec& spec = spec_of(fold.state, each.probe);
            const Duration recovery = spec.probe->interval * (spec.rule.successes + 1);
            const Duration more = patience == Patience::recovery ? recovery : Duration{};
            wait = std::max(wait, spec.rule.hold + more);
        }
    }
    begin_hold(fold, ci, found->second, wait);
}

void flapping_is_over(Fold& fold, CiIndex ci, std::uint64_t timer) {
    if (!calm_is_long(fold, ci, timer)) {
        return;
    }
    const auto found = fold.state.faults.find(ci);
    if (found == fold.state.faults.end() || found->second.phase != Phase::open) {
        return;
    }
    if (found->second.active() == 0) {
        end_fault(fold, ci, found->second, "flapping no more: everything answers");
    } else if (Incident* incident = open_incident_of(fold.state, found->second.incident)) {
        tell(fold, *incident, "calmed");
    }
}

}  // namespace muster::collector
