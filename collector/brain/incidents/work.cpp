#include "base/human_duration.hpp"
#include "collector/brain/incidents/command_parts.hpp"
#include "collector/brain/incidents/commands.hpp"
#include "collector/brain/incidents/kinds.hpp"
#include "collector/brain/incidents/priority.hpp"
#include "collector/brain/incidents/record.hpp"

#include <boost/json.hpp>

#include <utility>

namespace muster::collector {

namespace json = boost::json;

namespace {

/// The time it waited, as a line of the timeline; what measures waiting reads `data`.
void end_waiting(Fold& fold, Incident& incident, std::string_view by, std::string_view text) {
    if (incident.pending_since == WallTime{}) {
        return;
    }
    const Duration waited =
        std::chrono::floor<std::chrono::seconds>(fold.wall - incident.pending_since);
    const json::object data{
        {"reason", incident.pending_reason},
        {"since", format_rfc3339(incident.pending_since)},
        {"seconds", std::chrono::duration_cast<std::chrono::seconds>(waited).count()}
    };
    std::string line =
        "after " + human_duration(waited) + " of waiting: " + incident.pending_reason;
    if (!text.empty()) {
        line += "; " + std::string(text);
    }
    add_timeline(fold, incident, "resumed", by, line, json::serialize(data));
    incident.pending_reason.clear();
    incident.pending_text.clear();
    incident.pending_since = WallTime{};
}

std::string whom(const Incident& incident) {
    if (incident.assignee.empty()) {
        return "team " + incident.team;
    }
    return incident.team.empty() ? incident.assignee
                                 : incident.assignee + " of team " + incident.team;
}

/// What changed, for the timeline: "urgency from medium to high".
void note_change(
    std::string& line, std::string_view name, std::string_view from, std::string_view to
) {
    if (from != to) {
        line += (line.empty() ? "" : "; ") + std::string(name) + " from " + std::string(from) +
                " to " + std::string(to);
    }
}

/// What an edit asks for; a verdict where it cannot be.
struct Edit {
    std::string title;
    std::string urgency;
    std::string impact;
    std::string kind;

    std::optional<Verdict> flaw(const Incident& incident) const {
        if (title.empty() && urgency.empty() && impact.empty() && kind.empty()) {
            return problem(
                422,
                "Unprocessable Content",
                "nothing to change: expected \"title\", \"urgency\", \"impact\" or \"kind\""
            );
        }
        if (title.size() > longest_incident_title) {
            return unacceptable("title", "longer than 300 bytes");
        }
        if (!urgency.empty() && !is_one_of(urgency, incident_levels)) {
            return unacceptable("urgency", "expected one of " + listed(incident_levels));
        }
        if (!impact.empty() && !is_one_of(impact, incident_levels)) {
            return unacceptable("impact", "expected one of " + listed(incident_levels));
        }
        if (!kind.empty() && !(is_reported_kind(kind) && is_reported_kind(incident.kind))) {
            return unacceptable(
                "kind",
                "only what people report changes its kind, among reported, request and complaint"
            );
        }
        return std::nullopt;
    }
};

}  // namespace

Verdict assign_incident(Fold& fold, const CommandCall& call) {
    const FoundIncident found = find_incident(fold, call, "assign");
    if (found.incident == nullptr) {
        return found.verdict;
    }
    const std::string assignee = text_of(call.body, "assignee");
    const std::string team = text_of(call.body, "team");
    if (assignee.empty() && team.empty()) {
        return unacceptable("assignee", "it is missing, and so is \"team\": expected one of them");
    }
    if (assignee.size() > longest_incident_name || team.size() > longest_incident_name) {
        return unacceptable(
            assignee.size() > longest_incident_name ? "assignee" : "team", "longer than 64 bytes"
        );
    }
    Incident& incident = *found.incident;
    const bool changes_hands = !assignee.empty() && assignee != incident.assignee;
    if (!assignee.empty()) {
        incident.assignee = assignee;
    }
    if (!team.empty() && team != incident.team) {
        incident.team = team;
        if (assignee.empty()) {
            incident.assignee.clear();  // whoever had it may not be of that team
        }
    }
    if (incident.state == "new" || (incident.state == "in_progress" && changes_hands)) {
        incident.state = "assigned";
    }
    save_incident(fold, incident);
    add_timeline(fold, incident, "assigned", call.actor, "to " + whom(incident));
    return incident_verdict(incident);
}

Verdict take_incident(Fold& fold, const CommandCall& call) {
    const FoundIncident found = find_incident(fold, call, "take");
    if (found.incident == nullptr) {
        return found.verdict;
    }
    Incident& incident = *found.incident;
    end_waiting(fold, incident, call.actor, {});
    incident.assignee = call.actor;
    incident.state = "in_progress";
    if (incident.acknowledged == WallTime{}) {
        incident.acknowledged = fold.wall;
        incident.acknowledged_by = call.actor;
    }
    save_incident(fold, incident);
    add_timeline(fold, incident, "taken", call.actor, {});
    return incident_verdict(incident);
}

Verdict let_incident_wait(Fold& fold, const CommandCall& call) {
    const FoundIncident found = find_incident(fold, call, "pending");
    if (found.incident == nullptr) {
        return found.verdict;
    }
    const std::string reason = text_of(call.body, "reason");
    const std::string text = text_of(call.body, "text");
    if (!is_one_of(reason, pending_reasons)) {
        return unacceptable("reason", "expected one of " + listed(pending_reasons));
    }
    if (reason == "other" && text.empty()) {
        return unacceptable("text", "it is missing: say what it waits for");
    }
    Incident& incident = *found.incident;
    incident.state = "pending";
    incident.pending_reason = reason;
    incident.pending_text = text;
    incident.pending_since = fold.wall;
    save_incident(fold, incident);
    add_timeline(
        fold,
        incident,
        "pending",
        call.actor,
        text.empty() ? reason : reason + ": " + text,
        json::serialize(json::object{{"reason", reason}})
    );
    return incident_verdict(incident);
}

Verdict resume_incident(Fold& fold, const CommandCall& call) {
    const FoundIncident found = find_incident(fold, call, "resume");
    if (found.incident == nullptr) {
        return found.verdict;
    }
    Incident& incident = *found.incident;
    end_waiting(fold, incident, call.actor, text_of(call.body, "text"));
    incident.state = "in_progress";
    save_incident(fold, incident);
    return incident_verdict(incident);
}

Verdict edit_incident(Fold& fold, const CommandCall& call) {
    const FoundIncident found = find_incident(fold, call, "edit");
    if (found.incident == nullptr) {
        return found.verdict;
    }
    Incident& incident = *found.incident;
    const Edit edit{
        text_of(call.body, "title"),
        text_of(call.body, "urgency"),
        text_of(call.body, "impact"),
        text_of(call.body, "kind")
    };
    if (const auto flaw = edit.flaw(incident)) {
        return *flaw;
    }
    const Incident before = incident;
    const auto take = [](std::string& into, const std::string& from) {
        if (!from.empty()) {
            into = from;
        }
    };
    take(incident.title, edit.title);
    take(incident.urgency, edit.urgency);
    take(incident.kind, edit.kind);
    take(incident.impact, edit.impact);
    if (!edit.impact.empty()) {
        incident.impact_basis = std::string(set_by_person) + std::string(call.actor);
    }
    rank_incident(fold, incident);
    std::string line;
    note_change(line, "title", "\"" + before.title + "\"", "\"" + incident.title + "\"");
    note_change(line, "kind", before.kind, incident.kind);
    note_change(line, "urgency", before.urgency, incident.urgency);
    note_change(line, "impact", before.impact, incident.impact);
    note_change(
        line, "priority", std::to_string(before.priority), std::to_string(incident.priority)
    );
    if (!line.empty()) {
        save_incident(fold, incident);
        add_timeline(fold, incident, "edited", call.actor, line);
    }
    return incident_verdict(incident);
}

Verdict link_incident(Fold& fold, const CommandCall& call) {
    const FoundIncident found = find_incident(fold, call, "link");
    if (found.incident == nullptr) {
        return found.verdict;
    }
    Incident& incident = *found.incident;
    const std::string type = text_of(call.body, "type");
    const std::uint64_t to = number_of(call.body, "to");
    if (!is_one_of(type, link_types)) {
        return unacceptable("type", "expected one of " + listed(link_types));
    }
    if (to == 0 || to >= fold.state.next_incident) {
        return unacceptable("to", "there is no such incident");
    }
    if (to == incident.number) {
        return unacceptable("to", "an incident is not linked to itself");
    }
    const auto other = fold.state.incidents.find(to);
    if (other != fold.state.incidents.end() && type != "related" &&
        other->second.links.contains({type, incident.number})) {
        return problem(
            409,
            "Conflict",
            incident_name(to) + " is " + type + " " + incident_name(incident.number) + " already"
        );
    }
    if (incident.links.emplace(type, to).second) {
        fold.store.insert_link(
            {.incident = incident.number,
             .type = type,
             .other = to,
             .actor = call.actor,
             .wall = fold.wall,
             .lsn = fold.lsn}
        );
        save_incident(fold, incident);
        add_timeline(fold, incident, "linked", call.actor, type + " " + incident_name(to));
        if (other != fold.state.incidents.end()) {
            add_timeline(
                fold,
                other->second,
                "linked",
                call.actor,
                incident_name(incident.number) + " " + type + " " + incident_name(to)
            );
        }
    }
    return incident_verdict(incident);
}

}  // namespace muster::collector
