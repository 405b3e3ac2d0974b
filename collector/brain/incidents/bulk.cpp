#include "collector/brain/caller_sites.hpp"
#include "collector/brain/incidents/command_parts.hpp"
#include "collector/brain/incidents/commands.hpp"
#include "collector/brain/incidents/lifecycle.hpp"
#include "collector/brain/incidents/record.hpp"
#include "collector/incident_facts.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace muster::collector {

namespace json = boost::json;

namespace {

constexpr std::size_t most_incidents = 500;

IncidentFacts facts_of(const Fold& fold, const Incident& incident) {
    const State& state = fold.state;
    IncidentFacts facts;
    facts.number = incident.number;
    facts.kind = incident.kind;
    facts.state = incident.state;
    facts.priority = incident.priority;
    facts.urgency = incident.urgency;
    facts.impact = incident.impact;
    facts.title = incident.title;
    facts.site = incident.site;
    facts.service = incident.service;
    facts.team = incident.team;
    facts.assignee = incident.assignee;
    facts.reporter = incident.reporter;
    facts.probe = incident.probe_name;
    facts.probe_type = incident.probe_type;
    facts.probe_host = incident.host;
    facts.place = incident.place;
    facts.reason = incident.reason;
    facts.expected = incident.expected;
    facts.seen = incident.seen;
    facts.acknowledged_by = incident.acknowledged_by;
    facts.resolved_by = incident.resolved_by;
    facts.resolution = incident.resolution;
    facts.detected_late = incident.detected_late;
    facts.pending_reason = incident.pending_reason;
    facts.acknowledged = incident.acknowledged != WallTime{};
    facts.reopened = incident.round - 1;
    facts.age_minutes =
        std::chrono::duration_cast<std::chrono::minutes>(fold.wall - incident.opened).count();
    if (incident.ci != nothing) {
        facts.ci = state.cis[incident.ci].name;
        facts.ci_class = state.cis[incident.ci].ci_class;
        facts.ci_id = state.cis[incident.ci].id.text();
    }
    if (incident.agent != nothing) {
        facts.agent = state.agents[incident.agent].name;
        facts.agent_id = state.agents[incident.agent].id.text();
    }
    return facts;
}

/// As the API shows it to whoever sees some sites alone: where its CI is, else its agent, else where it is said to be.
const std::string& site_of(const State& state, const Incident& incident) {
    if (incident.ci != nothing && !state.cis[incident.ci].site.empty()) {
        return state.cis[incident.ci].site;
    }
    if (incident.agent != nothing && !state.agents[incident.agent].site.empty()) {
        return state.agents[incident.agent].site;
    }
    return incident.site;
}

struct Chosen {
    std::vector<std::uint64_t> numbers;
    std::optional<Verdict> flaw{};
};

Chosen chosen_by_query(const Fold& fold, const std::string& text) {
    const auto query = config::Query::parse(text);
    if (!query) {
        return {.numbers = {}, .flaw = unacceptable("q", query.error().what())};
    }
    if (const Status known = query->check(incident_words()); !known) {
        return {.numbers = {}, .flaw = unacceptable("q", known.error().what())};
    }
    Chosen chosen;
    for (const auto& [number, incident] : fold.state.incidents) {
        const IncidentFacts facts = facts_of(fold, incident);
        const bool matches = query->matches(
            [&](std::string_view field) { return incident_field(facts, field); },
            [&](std::string_view name, std::string_view wanted) {
                return fold.model.is_a(name, wanted);
            }
        );
        if (matches) {
            chosen.numbers.push_back(number);
        }
    }
    return chosen;
}

Chosen chosen_by_number(const json::object& body) {
    const json::value* numbers = body.if_contains("numbers");
    if (numbers == nullptr || !numbers->is_array() || numbers->get_array().empty()) {
        return {.numbers = {}, .flaw = unacceptable("numbers", "expected incidents, or \"q\"")};
    }
    Chosen chosen;
    for (const json::value& each : numbers->get_array()) {
        if (each.is_int64() && each.get_int64() > 0) {
            chosen.numbers.push_back(static_cast<std::uint64_t>(each.get_int64()));
        }
    }
    std::ranges::sort(chosen.numbers);
    const auto repeated = std::ranges::unique(chosen.numbers);
    chosen.numbers.erase(repeated.begin(), repeated.end());
    return chosen;
}

json::object result_of(const Fold& fold, std::uint64_t number, const Verdict& verdict) {
    json::object result{
        {"number", number}, {"id", incident_name(number)}, {"status", verdict.status}
    };
    const auto incident = fold.state.incidents.find(number);
    if (incident != fold.state.incidents.end()) {
        result["title"] = incident->second.title;
    }
    const json::value body = json::parse(verdict.body);
    const std::string_view member = verdict.status < 300 ? "state" : "detail";
    result[member] = body.at(member);
    return result;
}

/// Whether the action is possible on it as it is; nothing is changed.
Verdict would_be(Fold& fold, const CommandCall& call, std::string_view action) {
    const FoundIncident found = find_incident(fold, call, action);
    return found.incident == nullptr ? found.verdict : incident_verdict(*found.incident, 200);
}

}  // namespace

Verdict change_incidents(Fold& fold, const CommandCall& call) {
    const std::string action = text_of(call.body, "action");
    const CommandHandler handler = find_command("incident." + action);
    const bool is_action = std::ranges::any_of(incident_transitions(), [&](const Transition& row) {
        return row.command == action;
    });
    if (handler == nullptr || !is_action) {
        std::string all;
        for (const Transition& row : incident_transitions()) {
            all += (all.empty() ? "" : ", ") + std::string(row.command);
        }
        return unacceptable("action", "expected one of " + all);
    }
    const std::string query = text_of(call.body, "q");
    Chosen chosen = query.empty() ? chosen_by_number(call.body) : chosen_by_query(fold, query);
    if (chosen.flaw) {
        return *chosen.flaw;
    }
    const auto sites = caller_sites(call.body);
    std::erase_if(chosen.numbers, [&](std::uint64_t number) {
        const auto found = fold.state.incidents.find(number);
        return sites && (found == fold.state.incidents.end() ||
                         !sites->contains(site_of(fold.state, found->second)));
    });
    if (chosen.numbers.size() > most_incidents) {
        return problem(
            422,
            "Unprocessable Content",
            std::to_string(chosen.numbers.size()) + " incidents match, more than the " +
                std::to_string(most_incidents) + " of one action; narrow it down"
        );
    }
    const bool is_dry = is_dry_run(call.body);
    json::array results;
    std::size_t done = 0;
    json::object body = call.body;
    for (const std::uint64_t number : chosen.numbers) {
        body["number"] = number;
        const CommandCall one{.name = call.name, .actor = call.actor, .if_match = {}, .body = body};
        const Verdict verdict = is_dry ? would_be(fold, one, action) : handler(fold, one);
        done += verdict.status < 300 ? 1 : 0;
        results.push_back(result_of(fold, number, verdict));
    }
    const json::object answer{
        {"action", action},
        {"dry_run", is_dry},
        {"matched", chosen.numbers.size()},
        {"done", done},
        {"results", std::move(results)}
    };
    return {.status = 200, .body = json::serialize(answer), .etag = {}};
}

}  // namespace muster::collector
