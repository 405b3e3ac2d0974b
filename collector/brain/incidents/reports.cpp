#include "base/uuid.hpp"
#include "collector/brain/incidents/command_parts.hpp"
#include "collector/brain/incidents/commands.hpp"
#include "collector/brain/incidents/kinds.hpp"
#include "collector/brain/incidents/record.hpp"
#include "collector/brain/survivor.hpp"

#include <boost/json.hpp>

#include <optional>
#include <utility>

namespace muster::collector {

namespace json = boost::json;

namespace {

std::optional<Verdict> flaw_of(const Incident& incident) {
    if (incident.title.empty() || incident.title.size() > longest_incident_title) {
        return unacceptable("title", "expected one line of at most 300 bytes");
    }
    if (!is_reported_kind(incident.kind)) {
        return unacceptable("kind", "expected one of reported, request, complaint");
    }
    if (!is_one_of(incident.urgency, incident_levels)) {
        return unacceptable("urgency", "expected one of " + listed(incident_levels));
    }
    for (const auto& [name, value] :
         {std::pair<std::string_view, const std::string*>{"site", &incident.site},
          {"team", &incident.team},
          {"assignee", &incident.assignee},
          {"reporter", &incident.reporter}}) {
        if (value->size() > longest_incident_name) {
            return unacceptable(name, "longer than 64 bytes");
        }
    }
    return std::nullopt;
}

std::string text_or(const json::object& body, std::string_view key, std::string_view absent) {
    std::string text = text_of(body, key);
    return text.empty() ? std::string(absent) : text;
}

}  // namespace

Verdict create_incident(Fold& fold, const CommandCall& call) {
    const json::object& body = call.body;
    Incident incident;
    incident.title = text_of(body, "title");
    incident.kind = text_or(body, "kind", "reported");
    incident.urgency = text_or(body, "urgency", "medium");
    incident.description = text_of(body, "description");
    incident.site = text_of(body, "site");
    incident.team = text_of(body, "team");
    incident.assignee = text_of(body, "assignee");
    incident.reporter = text_or(body, "reporter", call.actor);
    if (const auto flaw = flaw_of(incident)) {
        return *flaw;
    }
    if (const std::string ci = text_of(body, "ci"); !ci.empty()) {
        const auto id = Uuid::parse(ci);
        const auto found = id ? fold.state.ci_by_id.find(CiId{*id}) : fold.state.ci_by_id.end();
        if (found == fold.state.ci_by_id.end()) {
            return unacceptable("ci", "there is no such configuration item");
        }
        incident.ci = survivor_of(fold.state, found->second);
    }
    incident.key = incident.kind + "/" + std::to_string(fold.state.next_incident);
    incident.started = fold.wall;
    incident.detected = fold.wall;
    const std::string assignee = incident.assignee;
    const json::object why{
        {"rule", "somebody reported it"},
        {"reporter", incident.reporter},
        {"entered_by", call.actor},
        {"opened", format_rfc3339(fold.wall)}
    };
    Incident& opened =
        open_incident(fold, std::move(incident), json::serialize(why), Telling::told);
    if (!assignee.empty()) {
        opened.state = "assigned";
        save_incident(fold, opened);
        add_timeline(fold, opened, "assigned", call.actor, "to " + assignee);
    }
    return incident_verdict(opened, 201);
}

}  // namespace muster::collector
