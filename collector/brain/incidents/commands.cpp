#include "collector/brain/incidents/commands.hpp"

#include "collector/brain/incidents/faults.hpp"
#include "collector/brain/incidents/record.hpp"

#include <boost/json.hpp>

#include <utility>

namespace muster::collector {

namespace json = boost::json;

namespace {

std::string etag_of(const Incident& incident) {
    return "\"" + std::to_string(incident.version) + "\"";
}

Verdict success(const Incident& incident) {
    json::object body{
        {"number", incident_name(incident.number)},
        {"state", incident.state},
        {"title", incident.title},
        {"acknowledged", nullptr},
        {"acknowledged_by", nullptr},
        {"resolved", nullptr},
        {"resolved_by", nullptr}
    };
    if (incident.acknowledged != WallTime{}) {
        body["acknowledged"] = format_rfc3339(incident.acknowledged);
        body["acknowledged_by"] = incident.acknowledged_by;
    }
    if (incident.resolved != WallTime{}) {
        body["resolved"] = format_rfc3339(incident.resolved);
        body["resolved_by"] = incident.resolved_by;
    }
    return {.status = 200, .body = json::serialize(body), .etag = etag_of(incident)};
}

/// The incident a command is about, or the verdict that there is none to change.
struct Found {
    Incident* incident = nullptr;
    Verdict verdict{};
};

Found find_incident(Fold& fold, const CommandCall& call) {
    const std::uint64_t number = number_of(call.body, "number");
    const auto found = fold.state.incidents.find(number);
    if (found == fold.state.incidents.end()) {
        return {
            .verdict = number != 0 && number < fold.state.next_incident
                           ? problem(409, "Conflict", incident_name(number) + " is closed")
                           : problem(404, "Not Found", "there is no such incident")
        };
    }
    if (!matches_etag(call.if_match, etag_of(found->second))) {
        return {
            .verdict = problem(
                412,
                "Precondition Failed",
                incident_name(number) + " has changed since it was read; read it again"
            )
        };
    }
    return {.incident = &found->second};
}

}  // namespace

Verdict acknowledge_incident(Fold& fold, const CommandCall& call) {
    const Found found = find_incident(fold, call);
    if (found.incident == nullptr) {
        return found.verdict;
    }
    Incident& incident = *found.incident;
    if (incident.state == "resolved") {
        return problem(409, "Conflict", incident_name(incident.number) + " is resolved already");
    }
    if (incident.acknowledged == WallTime{}) {
        incident.acknowledged = fold.wall;
        incident.acknowledged_by = call.actor;
        incident.version = fold.lsn;
        fold.store.update_incident(incident);
        add_timeline(fold, incident, "acknowledged", call.actor, {});
    }
    return success(incident);
}

Verdict comment_on_incident(Fold& fold, const CommandCall& call) {
    const Found found = find_incident(fold, call);
    if (found.incident == nullptr) {
        return found.verdict;
    }
    Incident& incident = *found.incident;
    const std::string text = text_of(call.body, "text");
    if (text.empty()) {
        return problem(
            422, "Unprocessable Content", "\"text\" is missing: a comment says something"
        );
    }
    incident.version = fold.lsn;
    fold.store.update_incident(incident);
    add_timeline(fold, incident, "comment", call.actor, text);
    return success(incident);
}

Verdict resolve_incident_by_person(Fold& fold, const CommandCall& call) {
    const Found found = find_incident(fold, call);
    if (found.incident == nullptr) {
        return found.verdict;
    }
    Incident& incident = *found.incident;
    if (incident.state == "resolved") {
        return problem(409, "Conflict", incident_name(incident.number) + " is resolved already");
    }
    std::string text = text_of(call.body, "text");
    const std::string code = text_of(call.body, "code");
    if (!code.empty()) {
        text = text.empty() ? code : code + ": " + text;
    }
    resolve_incident(fold, incident, call.actor, text, fold.wall, Telling::told);
    put_aside(fold, incident);
    return success(incident);
}

}  // namespace muster::collector
