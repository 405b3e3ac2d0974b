#include "collector/brain/incidents/command_parts.hpp"

#include "collector/brain/incidents/lifecycle.hpp"
#include "collector/brain/incidents/record.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace muster::collector {

namespace json = boost::json;

namespace {

std::string etag_of(const Incident& incident) {
    return "\"" + std::to_string(incident.version) + "\"";
}

json::value text_or_null(const std::string& text) {
    return text.empty() ? json::value(nullptr) : json::value(text);
}

json::value time_or_null(WallTime time) {
    return time == WallTime{} ? json::value(nullptr) : json::value(format_rfc3339(time));
}

}  // namespace

FoundIncident find_incident(Fold& fold, const CommandCall& call, std::string_view action) {
    const std::uint64_t number = number_of(call.body, "number");
    const auto found = fold.state.incidents.find(number);
    if (found == fold.state.incidents.end()) {
        return {
            .verdict = number != 0 && number < fold.state.next_incident
                           ? problem(409, "Conflict", incident_name(number) + " is closed")
                           : problem(404, "Not Found", "there is no such incident")
        };
    }
    Incident& incident = found->second;
    if (!matches_etag(call.if_match, etag_of(incident))) {
        return {
            .verdict = problem(
                412,
                "Precondition Failed",
                incident_name(number) + " has changed since it was read; read it again"
            )
        };
    }
    if (!is_possible(action, incident.state)) {
        return {
            .verdict = problem(
                409,
                "Conflict",
                incident_name(number) + " is " + incident.state + ", which does not allow \"" +
                    std::string(action) + "\"; possible now: " + possible_commands(incident.state)
            )
        };
    }
    return {.incident = &incident};
}

Verdict incident_verdict(const Incident& incident, int status) {
    const bool is_acknowledged = incident.acknowledged != WallTime{};
    const bool is_resolved = incident.resolved != WallTime{};
    const std::string none;
    const json::object body{
        {"number", incident.number},
        {"id", incident_name(incident.number)},
        {"state", incident.state},
        {"title", incident.title},
        {"kind", incident.kind},
        {"priority", incident.priority},
        {"urgency", incident.urgency},
        {"impact", incident.impact},
        {"team", text_or_null(incident.team)},
        {"assignee", text_or_null(incident.assignee)},
        {"pending_reason", text_or_null(incident.pending_reason)},
        {"pending_since", time_or_null(incident.pending_since)},
        {"acknowledged", time_or_null(incident.acknowledged)},
        {"acknowledged_by", text_or_null(is_acknowledged ? incident.acknowledged_by : none)},
        {"resolved", time_or_null(incident.resolved)},
        {"resolved_by", text_or_null(is_resolved ? incident.resolved_by : none)},
        {"closed", time_or_null(incident.closed)}
    };
    return {.status = status, .body = json::serialize(body), .etag = etag_of(incident)};
}

std::string listed(std::span<const std::string_view> words) {
    std::string text;
    for (const std::string_view word : words) {
        text += (text.empty() ? "" : ", ") + std::string(word);
    }
    return text;
}

bool is_one_of(std::string_view value, std::span<const std::string_view> words) {
    return std::ranges::find(words, value) != words.end();
}

}  // namespace muster::collector
