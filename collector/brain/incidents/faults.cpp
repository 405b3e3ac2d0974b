#include "collector/brain/incidents/faults.hpp"

#include "collector/brain/incidents/record.hpp"
#include "collector/brain/incidents/why.hpp"
#include "collector/brain/presence.hpp"

#include <algorithm>
#include <utility>

namespace muster::collector {

namespace {

using Kind = AvailabilityEvent::Kind;
using Phase = Fault::Phase;

const Spec& spec_of(const State& state, Slot probe) {
    return state.specs[state.cold[probe].spec];
}

/// The member that speaks for the fault: the first that still fails, else the first.
const Fault::Member& spokesman(const Fault& fault) {
    const auto active = std::ranges::find(fault.members, WallTime{}, &Fault::Member::recovered_at);
    return active == fault.members.end() ? fault.members.front() : *active;
}

std::string symptom_text(const State& state, const Fault::Member& member) {
    std::string text = state.names[state.cold[member.probe].name] + " failed";
    if (!member.seen.empty()) {
        text += ": " + member.seen;
    }
    return text;
}

Incident describe(const State& state, CiIndex ci, const Fault& fault) {
    const Fault::Member& member = spokesman(fault);
    const ColdProbe& cold = state.cold[member.probe];
    const Spec& spec = spec_of(state, member.probe);
    static constexpr std::string_view urgencies[] = {"high", "medium", "low"};
    Incident incident;
    incident.kind = "fault";
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

void open_fault(Fold& fold, CiIndex ci, Fault& fault, bool detected_late) {
    std::erase_if(fault.members, [](const Fault::Member& each) {
        return each.recovered_at != WallTime{};
    });
    Incident incident = describe(fold.state, ci, fault);
    incident.detected_late = detected_late;
    const std::string why =
        fault_why(fold.state, incident, spec_of(fold.state, spokesman(fault).probe), fold.wall);
    const Incident& opened = open_incident(fold, std::move(incident), why, Telling::told);
    fault.phase = Phase::open;
    fault.incident = opened.number;
    add_symptoms(fold, fault, opened);
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
            if (fault.phase == Phase::held && last_recovery(fault) - first.exceeded_at >= hold) {
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
            break;
    }
    fold.state.faults.erase(ci);
}

void begin_hold(Fold& fold, CiIndex ci, Fault& fault, Duration hold) {
    fault.phase = Phase::pending;
    fault.timer = fold.state.arm(fold.elapsed + hold, Timer::Kind::hold, ci);
}

void fold_exceeded(Fold& fold, const AvailabilityEvent& event) {
    const ColdProbe& cold = fold.state.cold[event.probe];
    const auto [place, is_new] = fold.state.faults.try_emplace(cold.ci);
    Fault& fault = place->second;
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
    } else {
        *former = member;
    }
    if (is_new) {
        const bool is_catching_up =
            cold.agent != nothing && !fold.state.agents[cold.agent].backlog.empty();
        if (is_catching_up) {
            fault.phase = Phase::held;
        } else {
            begin_hold(fold, cold.ci, fault, spec_of(fold.state, event.probe).rule.hold);
        }
    } else if (fault.phase == Phase::open) {
        const auto found = fold.state.incidents.find(fault.incident);
        if (found != fold.state.incidents.end()) {
            add_timeline(
                fold, found->second, "symptom", "system", symptom_text(fold.state, member)
            );
        }
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
    if (fault.phase == Phase::open) {
        const auto incident = fold.state.incidents.find(fault.incident);
        if (incident != fold.state.incidents.end()) {
            const std::string text =
                fold.state.names[cold.name] + (removed ? " is no longer probed" : " answers again");
            add_timeline(fold, incident->second, "recovered", "system", text);
        }
    }
    if (fault.active() == 0) {
        end_fault(
            fold,
            cold.ci,
            fault,
            removed ? "what failed is no longer probed" : "everything that failed answers again"
        );
    }
}

bool has_active_probe_of(const Fold& fold, const Fault& fault, AgentIndex agent) {
    return std::ranges::any_of(fault.members, [&](const Fault::Member& each) {
        return each.recovered_at == WallTime{} &&
               (agent == nothing || fold.state.cold[each.probe].agent == agent);
    });
}

/// Whether somebody watches and has told all he knew.
bool is_observed(const Fold& fold, const Fault& fault) {
    return std::ranges::any_of(fault.members, [&](const Fault::Member& each) {
        const AgentIndex agent = fold.state.cold[each.probe].agent;
        return each.recovered_at == WallTime{} && agent != nothing &&
               is_observing(fold.state.agents[agent]);
    });
}

}  // namespace

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
    const auto found = fold.state.faults.find(fold.state.cold[probe].ci);
    if (found != fold.state.faults.end()) {
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
        open_fault(fold, ci, found->second, false);
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
            open_fault(fold, ci, fault, true);
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

void put_aside(Fold& fold, const Incident& incident) {
    const auto found = fold.state.faults.find(incident.ci);
    if (found != fold.state.faults.end() && found->second.incident == incident.number) {
        found->second.phase = Phase::put_aside;
    }
    fold.state.arm(
        fold.elapsed + fold.options.reopen_if_failing, Timer::Kind::reopen, incident.number
    );
}

void reopen_if_failing(Fold& fold, std::uint64_t number) {
    const auto found = fold.state.incidents.find(number);
    if (found == fold.state.incidents.end() || found->second.state != "resolved") {
        return;
    }
    Incident& incident = found->second;
    const std::string after = format_duration(fold.options.reopen_if_failing);
    if (incident.kind == "agent_silent") {
        if (fold.state.agents[incident.agent].state == AgentState::silent) {
            reopen_incident(fold, incident, "still silent " + after + " after it was resolved");
        }
        return;
    }
    const auto fault = fold.state.faults.find(incident.ci);
    if (fault == fold.state.faults.end() || fault->second.incident != number ||
        fault->second.phase != Phase::put_aside) {
        return;
    }
    if (is_observed(fold, fault->second)) {
        fault->second.phase = Phase::open;
        reopen_incident(fold, incident, "still failing " + after + " after it was resolved");
    } else {
        fold.state.arm(fold.elapsed + fold.state.silent_after, Timer::Kind::reopen, number);
    }
}

}  // namespace muster::collector
