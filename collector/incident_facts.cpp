#include "collector/incident_facts.hpp"

#include <algorithm>

namespace muster::collector {

namespace {

using Value = std::optional<std::string>;

template <std::string IncidentFacts::* Member>
Value text(const IncidentFacts& facts) {
    const std::string& value = facts.*Member;
    return value.empty() ? std::nullopt : Value(value);
}

template <auto Member>
Value number(const IncidentFacts& facts) {
    return std::to_string(facts.*Member);
}

template <bool IncidentFacts::* Member>
Value truth(const IncidentFacts& facts) {
    return facts.*Member ? "true" : "false";
}

Value id(const IncidentFacts& facts) {
    return "INC-" + std::to_string(facts.number);
}

Value open(const IncidentFacts& facts) {
    const bool is_over =
        facts.state == "resolved" || facts.state == "closed" || facts.state == "cancelled";
    return is_over ? "false" : "true";
}

constexpr IncidentField fields[] = {
    {"number", "31 of INC-31", number<&IncidentFacts::number>},
    {"state",
     "new, assigned, in_progress, pending, resolved, closed, cancelled",
     text<&IncidentFacts::state>},
    {"open", "true while it is neither resolved, closed nor cancelled", open},
    {"kind", "fault, storm, agent_silent, reported, …", text<&IncidentFacts::kind>},
    {"priority", "1 (highest) to 4", number<&IncidentFacts::priority>},
    {"urgency", "high, medium, low", text<&IncidentFacts::urgency>},
    {"impact", "high, medium, low", text<&IncidentFacts::impact>},
    {"title", "what is wrong, in one line", text<&IncidentFacts::title>},
    {"ci", "name of the configuration item it is about", text<&IncidentFacts::ci>},
    {"class", "class of that item, with what is below it", text<&IncidentFacts::ci_class>},
    {"site", "where it is", text<&IncidentFacts::site>},
    {"service", "the service of that item", text<&IncidentFacts::service>},
    {"team", "who owns it", text<&IncidentFacts::team>},
    {"assignee", "who works on it", text<&IncidentFacts::assignee>},
    {"reporter", "who reported it", text<&IncidentFacts::reporter>},
    {"acknowledged", "true, false", truth<&IncidentFacts::acknowledged>},
    {"acknowledged_by", "who did", text<&IncidentFacts::acknowledged_by>},
    {"pending_reason",
     "supplier, customer, change, spare_part, observation, other",
     text<&IncidentFacts::pending_reason>},
    {"agent", "the agent that probed, or that is silent", text<&IncidentFacts::agent>},
    {"probe", "name of the probe that found it", text<&IncidentFacts::probe>},
    {"probe.type", "icmp, http, …", text<&IncidentFacts::probe_type>},
    {"age_minutes", "minutes since it was opened", number<&IncidentFacts::age_minutes>},
    {"id", "INC-31", id},
    {"place", "site, room, rack, port, as far as known", text<&IncidentFacts::place>},
    {"ci.id", "id of the item", text<&IncidentFacts::ci_id>},
    {"ci.class", "its class, that one alone", text<&IncidentFacts::ci_class>},
    {"agent.id", "id of the agent", text<&IncidentFacts::agent_id>},
    {"probe.host", "what the probe talks to", text<&IncidentFacts::probe_host>},
    {"reason", "the reason the probe gave", text<&IncidentFacts::reason>},
    {"expected", "what was expected", text<&IncidentFacts::expected>},
    {"seen", "what was seen", text<&IncidentFacts::seen>},
    {"resolved_by", "system, or who said so", text<&IncidentFacts::resolved_by>},
    {"resolution", "how it ended", text<&IncidentFacts::resolution>},
    {"detected_late", "true, false", truth<&IncidentFacts::detected_late>},
    {"reopened", "how often it was reopened", number<&IncidentFacts::reopened>},
};

}  // namespace

std::span<const IncidentField> incident_fields() {
    return fields;
}

config::Vocabulary incident_words() {
    config::Vocabulary words;
    for (const IncidentField& field : fields) {
        words.fields.emplace_back(field.name);
    }
    return words;
}

std::optional<std::string> incident_field(const IncidentFacts& facts, std::string_view field) {
    const auto* const found = std::ranges::find(fields, field, &IncidentField::name);
    return found == std::end(fields) ? std::nullopt : found->value(facts);
}

}  // namespace muster::collector
