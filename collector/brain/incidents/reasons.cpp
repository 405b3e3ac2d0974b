#include "collector/brain/incidents/reasons.hpp"

#include "collector/brain/incidents/record.hpp"
#include "collector/brain/incidents/symptoms.hpp"

#include <algorithm>

namespace muster::collector {

namespace {

/// What fails in two ways by turns has a line of each now and then, and stays one version for a while: people change it.
constexpr Duration reason_stays = std::chrono::minutes(1);

bool is_limit(std::string_view reason) {
    return reason == "threshold" || reason == "availability";
}

/// Whether it says how its probe fails: a limit, or a host that is down by two words, is something else.
bool tells_failure(const Incident& incident) {
    return incident.kind == "fault" && incident.reason != "host down" && !is_limit(incident.reason);
}

void follow(Fold& fold, Incident& incident, const Fault::Member& member) {
    if (incident.probe != member.id || !tells_failure(incident) || is_limit(member.reason) ||
        incident.reason == member.reason || incident.reason_timer != 0) {
        return;
    }
    incident.reason = member.reason;
    incident.expected = member.expected;
    incident.seen = member.seen.empty() ? "critical" : member.seen;
    incident.reason_timer =
        fold.state.arm(fold.elapsed + reason_stays, Timer::Kind::reason, incident.number);
    save_incident(fold, incident);
    add_timeline(fold, incident, "reason_changed", "system", "now: " + incident.seen);
}

}  // namespace

void fold_reason(Fold& fold, const AvailabilityEvent& event) {
    const auto found = fold.state.faults.find(fold.state.cold[event.probe].ci);
    if (found == fold.state.faults.end()) {
        return;
    }
    Fault& fault = found->second;
    const auto member = std::ranges::find(fault.members, event.probe, &Fault::Member::probe);
    if (member == fault.members.end() || member->recovered_at != WallTime{} ||
        is_limit(member->reason)) {
        return;
    }
    member->reason = event.reason;
    member->expected = event.expected;
    member->seen = event.seen;
    Incident* incident =
        fault.has_incident() ? open_incident_of(fold.state, fault.incident) : nullptr;
    if (incident != nullptr) {
        follow(fold, *incident, *member);
    }
}

void reason_is_old(Fold& fold, std::uint64_t number, std::uint64_t timer) {
    const auto found = fold.state.incidents.find(number);
    if (found == fold.state.incidents.end() || found->second.reason_timer != timer) {
        return;
    }
    Incident& incident = found->second;
    incident.reason_timer = 0;
    const auto fault = fold.state.faults.find(incident.ci);
    if (incident.is_over() || fault == fold.state.faults.end() ||
        fault->second.incident != number || !fault->second.has_incident()) {
        return;
    }
    for (const Fault::Member& member : fault->second.members) {
        if (member.recovered_at == WallTime{}) {
            follow(fold, incident, member);
        }
    }
}

}  // namespace muster::collector
