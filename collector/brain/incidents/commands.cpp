#include "collector/brain/incidents/commands.hpp"

#include "collector/brain/incidents/command_parts.hpp"
#include "collector/brain/incidents/faults.hpp"
#include "collector/brain/incidents/kinds.hpp"
#include "collector/brain/incidents/record.hpp"

#include <boost/json.hpp>

#include <utility>

namespace muster::collector {

Verdict acknowledge_incident(Fold& fold, const CommandCall& call) {
    const FoundIncident found = find_incident(fold, call, "acknowledge");
    if (found.incident == nullptr) {
        return found.verdict;
    }
    Incident& incident = *found.incident;
    if (incident.acknowledged == WallTime{}) {
        incident.acknowledged = fold.wall;
        incident.acknowledged_by = call.actor;
        save_incident(fold, incident);
        add_timeline(fold, incident, "acknowledged", call.actor, {});
    }
    return incident_verdict(incident);
}

Verdict comment_on_incident(Fold& fold, const CommandCall& call) {
    const FoundIncident found = find_incident(fold, call, "comment");
    if (found.incident == nullptr) {
        return found.verdict;
    }
    const std::string text = text_of(call.body, "text");
    if (text.empty()) {
        return unacceptable("text", "it is missing: a comment says something");
    }
    save_incident(fold, *found.incident);
    add_timeline(fold, *found.incident, "comment", call.actor, text);
    return incident_verdict(*found.incident);
}

Verdict resolve_incident_by_person(Fold& fold, const CommandCall& call) {
    const FoundIncident found = find_incident(fold, call, "resolve");
    if (found.incident == nullptr) {
        return found.verdict;
    }
    Incident& incident = *found.incident;
    std::string text = text_of(call.body, "text");
    const std::string code = text_of(call.body, "code");
    if (!code.empty()) {
        text = text.empty() ? code : code + ": " + text;
    }
    resolve_incident(fold, incident, call.actor, text, fold.wall, Telling::told);
    if (!is_reported_kind(incident.kind)) {
        put_aside(fold, incident, Again::if_failing);
    }
    return incident_verdict(incident);
}

Verdict reopen_incident_by_person(Fold& fold, const CommandCall& call) {
    const FoundIncident found = find_incident(fold, call, "reopen");
    if (found.incident == nullptr) {
        return found.verdict;
    }
    Incident& incident = *found.incident;
    const auto other = fold.state.open_by_key.find(incident.key);
    if (other != fold.state.open_by_key.end()) {
        return problem(
            409,
            "Conflict",
            incident_name(other->second) + " is open about the same; link the two instead"
        );
    }
    reopen_incident(fold, incident, call.actor, text_of(call.body, "text"));
    take_up_again(fold, incident);
    return incident_verdict(incident);
}

Verdict cancel_incident(Fold& fold, const CommandCall& call) {
    const FoundIncident found = find_incident(fold, call, "cancel");
    if (found.incident == nullptr) {
        return found.verdict;
    }
    const std::string text = text_of(call.body, "text");
    if (text.empty()) {
        return unacceptable("text", "it is missing: say why this is no incident");
    }
    end_incident(fold, *found.incident, "cancelled", call.actor, text);
    put_aside(fold, *found.incident, Again::never);
    return incident_verdict(*found.incident);
}

Verdict close_incident(Fold& fold, const CommandCall& call) {
    const FoundIncident found = find_incident(fold, call, "close");
    if (found.incident == nullptr) {
        return found.verdict;
    }
    Incident& incident = *found.incident;
    const std::string text = text_of(call.body, "text");
    if (is_reported_kind(incident.kind) && incident.reporter != call.actor && text.empty()) {
        return unacceptable(
            "text",
            incident_name(incident.number) + " closes on the word of " + incident.reporter +
                ", who reported it: say what they said, or leave it to close by itself"
        );
    }
    end_incident(fold, incident, "closed", call.actor, text);
    return incident_verdict(incident);
}

}  // namespace muster::collector
