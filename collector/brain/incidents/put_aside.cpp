#include "collector/brain/incidents/correlation.hpp"
#include "collector/brain/incidents/description.hpp"
#include "collector/brain/incidents/faults.hpp"
#include "collector/brain/incidents/flapping.hpp"
#include "collector/brain/incidents/record.hpp"
#include "collector/brain/incidents/silences.hpp"
#include "collector/brain/incidents/why.hpp"
#include "collector/brain/telling/channels.hpp"
#include "collector/brain/windows/windows.hpp"

#include <algorithm>

namespace muster::collector {

namespace {

using Phase = Fault::Phase;

/// Why an incident about something else than a fault is not over; empty: nothing says so.
std::string goes_on(const State& state, const Incident& incident) {
    if (incident.kind == "agent_silent") {
        return state.agents[incident.agent].state == AgentState::silent ? "still silent" : "";
    }
    if (incident.kind == "channel_dead") {
        return is_of_dead_channel(state, incident) ? "still dead" : "";
    }
    return cause_goes_on(state, incident.number) ? "still so" : "";
}

/// What it was about may be well by now, and only something else of its CI fails still.
void describe_what_still_fails(Fold& fold, Incident& incident, Fault& fault) {
    std::erase_if(fault.members, [](const Fault::Member& each) {
        return each.recovered_at != WallTime{};
    });
    if (std::ranges::find(fault.members, incident.probe, &Fault::Member::id) !=
        fault.members.end()) {
        return;
    }
    Incident seen = describe_fault(fold.state, incident.ci, fault);
    seen.kind = incident.kind;  // whether it is worse is decided as ever
    incident.started = seen.started;
    incident.detected = seen.detected;
    const Spec& spec = spec_of(fold.state, fault);
    describe_anew(
        fold, incident, seen, fault_why(fold.state, seen, spec, fold.wall, nothing), "reopened"
    );
}

}  // namespace

void put_aside(Fold& fold, const Incident& incident, Again again) {
    const auto found = fold.state.faults.find(incident.ci);
    if (found != fold.state.faults.end() && found->second.incident == incident.number) {
        stop_flapping(fold, incident.ci);
        if (found->second.phase == Phase::withheld) {
            leave_cause(fold, incident.ci);
        }
        found->second.phase = Phase::put_aside;
        if (found->second.active() == 0) {
            fold.state.faults.erase(found);
            fault_ended(fold, incident.ci);
        }
    }
    if (again == Again::if_failing) {
        fold.state.arm(
            fold.elapsed + fold.options.reopen_if_failing, Timer::Kind::reopen, incident.number
        );
    }
}

void take_up_again(Fold& fold, const Incident& incident) {
    const auto found = fold.state.faults.find(incident.ci);
    if (found != fold.state.faults.end() && found->second.incident == incident.number &&
        found->second.phase == Phase::put_aside) {
        found->second.phase = Phase::open;
        ask_if_worse(fold, incident.ci, found->second);
    }
}

void reopen_if_failing(Fold& fold, std::uint64_t number) {
    const auto found = fold.state.incidents.find(number);
    if (found == fold.state.incidents.end() || found->second.state != "resolved") {
        return;
    }
    Incident& incident = found->second;
    if (incident.ci != nothing && window_over(fold.state, incident.ci) != nullptr) {
        fold.state.arm(fold.elapsed + fold.state.silent_after, Timer::Kind::reopen, number);
        return;
    }
    const std::string after =
        " " + format_duration(fold.options.reopen_if_failing) + " after it was resolved";
    if (const std::string what = goes_on(fold.state, incident); !what.empty()) {
        reopen_incident(fold, incident, "system", what + after);
        return;
    }
    const auto fault = fold.state.faults.find(incident.ci);
    if (fault == fold.state.faults.end() || fault->second.incident != number ||
        fault->second.phase != Phase::put_aside) {
        return;
    }
    if (is_observed(fold, fault->second)) {
        fault->second.phase = Phase::open;
        describe_what_still_fails(fold, incident, fault->second);
        reopen_incident(fold, incident, "system", "still failing" + after);
        ask_if_worse(fold, incident.ci, fault->second);
    } else {
        fold.state.arm(fold.elapsed + fold.state.silent_after, Timer::Kind::reopen, number);
    }
}

}  // namespace muster::collector
