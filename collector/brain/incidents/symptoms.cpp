#include "collector/brain/incidents/symptoms.hpp"

#include "collector/brain/incidents/description.hpp"
#include "collector/brain/incidents/faults.hpp"
#include "collector/brain/incidents/record.hpp"
#include "collector/brain/incidents/why.hpp"
#include "collector/brain/presence.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <iterator>
#include <set>
#include <string>
#include <vector>

namespace muster::collector {

namespace json = boost::json;

std::string_view to_string(Withholding why) {
    switch (why) {
        case Withholding::path:
            return "agent is heard";
        case Withholding::planned_stop:
            return "planned stop";
        case Withholding::quorum:
            return "quorum";
        case Withholding::isolated:
            return "vantage isolated";
        case Withholding::site_cut_off:
            return "site cut off";
        case Withholding::host_down:
            return "host down";
        case Withholding::storm:
            return "storm";
        case Withholding::window:
            return "maintenance window";
    }
    return "";
}

Withholding withholding_by(std::string_view kind) {
    if (kind == "vantage_isolated") {
        return Withholding::isolated;
    }
    if (kind == "site_cut_off") {
        return Withholding::site_cut_off;
    }
    return kind == "storm" ? Withholding::storm : Withholding::host_down;
}

void add_withheld_receipt(Fold& fold, CiIndex ci, ProbeId probe, const WithheldPage& page) {
    json::object data{
        {"text", page.text},
        {"rule", page.rule},
        {"inputs", page.inputs},
        {"counterfactual", page.counterfactual}
    };
    if (page.cause != 0) {
        data["incident"] = incident_name(page.cause);
        data["winner"] = incident_name(page.cause);
    }
    const std::string serialised = json::serialize(data);
    fold.store.insert_receipt(
        {.lsn = fold.lsn,
         .ordinal = fold.next_ordinal(),
         .wall = fold.wall,
         .ci = ci == nothing ? CiId{} : fold.state.cis[ci].id,
         .probe = probe,
         .reason = to_string(page.why),
         .data = serialised}
    );
}

void list_other_members(Fold& fold, const Fault& fault, const Incident& incident) {
    const Slot first = spokesman(fold.state, fault).probe;
    for (const Fault::Member& member : fault.members) {
        if (member.probe != first) {
            add_timeline(fold, incident, "symptom", "system", symptom_text(fold.state, member));
        }
    }
}

std::vector<std::string> services_affected(const State& state, const Incident& incident) {
    std::set<std::string> names{incident.service};
    const auto add = [&](CiIndex ci) {
        if (ci != nothing) {
            names.insert(state.cis[ci].service);
        }
    };
    add(incident.ci);
    std::ranges::for_each(incident.touched, add);
    if (const auto found = state.causes.symptoms.find(incident.number);
        found != state.causes.symptoms.end()) {
        std::ranges::for_each(found->second, add);
    }
    names.erase("");
    const auto count = static_cast<std::ptrdiff_t>(std::min(names.size(), most_services));
    return {names.begin(), std::next(names.begin(), count)};
}

Incident* open_incident_of(State& state, std::uint64_t number) {
    const auto found = state.incidents.find(number);
    if (found == state.incidents.end() || found->second.is_over()) {
        return nullptr;
    }
    return &found->second;
}

void add_symptom_of(Fold& fold, std::uint64_t incident, CiIndex ci, std::string_view text) {
    if (incident == 0 || ci == nothing || !fold.state.causes.symptoms[incident].insert(ci).second) {
        return;
    }
    const CiState& item = fold.state.cis[ci];
    fold.store.insert_symptom(
        {.incident = incident,
         .lsn = fold.lsn,
         .ordinal = fold.next_ordinal(),
         .ci = item.id,
         .name = item.name,
         .text = text,
         .since = fold.wall}
    );
    if (const auto found = fold.state.incidents.find(incident);
        found != fold.state.incidents.end()) {
        add_timeline(
            fold, found->second, "symptom", "system", item.name + ": " + std::string(text)
        );
    }
}

void end_symptom_of(Fold& fold, std::uint64_t incident, CiIndex ci, std::string_view text) {
    const auto of_incident = fold.state.causes.symptoms.find(incident);
    if (of_incident == fold.state.causes.symptoms.end() || of_incident->second.erase(ci) == 0) {
        return;
    }
    if (of_incident->second.empty()) {
        fold.state.causes.symptoms.erase(of_incident);
    }
    const CiState& item = fold.state.cis[ci];
    fold.store.end_symptom(incident, item.id, fold.wall);
    if (const auto found = fold.state.incidents.find(incident);
        found != fold.state.incidents.end()) {
        add_timeline(
            fold, found->second, "recovered", "system", item.name + ": " + std::string(text)
        );
    }
}

namespace {

/// Everything that names `cause` as its own, by CI and by agent.
struct Explained {
    std::vector<CiIndex> faults;
    std::vector<AgentIndex> silences;
};

Explained explained_by(const Causes& causes, std::uint64_t cause) {
    Explained out;
    for (const auto& [ci, withheld] : causes.withheld) {
        if (withheld.cause == cause) {
            out.faults.push_back(ci);
        }
    }
    for (const auto& [agent, of] : causes.silences) {
        if (of == cause) {
            out.silences.push_back(agent);
        }
    }
    return out;
}

/// Whatever is still listed under an incident that is over.
void close_symptoms(Fold& fold, std::uint64_t incident) {
    const auto listed = fold.state.causes.symptoms.find(incident);
    if (listed == fold.state.causes.symptoms.end()) {
        return;
    }
    for (const CiIndex ci : listed->second) {
        fold.store.end_symptom(incident, fold.state.cis[ci].id, fold.wall);
    }
    fold.state.causes.symptoms.erase(listed);
}

constexpr std::string_view set_free = "no symptom of this any more; judged on its own from now on";

}  // namespace

void end_cause(Fold& fold, std::uint64_t number, std::string_view text, WallTime at) {
    State& state = fold.state;
    if (Incident* incident = open_incident_of(state, number)) {
        resolve_incident(fold, *incident, "system", text, at, Telling::told);
    }
    const Explained free = explained_by(state.causes, number);
    for (const CiIndex ci : free.faults) {
        end_symptom_of(fold, number, ci, set_free);
        state.causes.withheld.erase(ci);
        decide_again(fold, ci, Patience::recovery);
        fold.touched_cis.push_back(ci);
    }
    for (const AgentIndex agent : free.silences) {
        end_symptom_of(fold, number, state.agents[agent].ci, set_free);
        state.causes.silences.erase(agent);
        await_silent_agent(fold, agent);
    }
    close_symptoms(fold, number);
}

void explain_silence(Fold& fold, AgentIndex agent, std::uint64_t cause) {
    State& state = fold.state;
    const auto [place, is_new] = state.causes.silences.emplace(agent, cause);
    if (!is_new) {
        if (place->second == cause) {
            return;
        }
        end_symptom_of(fold, place->second, state.agents[agent].ci, "has another cause");
        place->second = cause;
    }
    const std::string text = "agent " + state.agents[agent].name + " is silent since " +
                             format_rfc3339(state.agents[agent].heard_wall);
    add_symptom_of(fold, cause, state.agents[agent].ci, text);
    const auto own = state.open_by_key.find(silent_key(state.agents[agent]));
    if (own != state.open_by_key.end()) {
        absorb(fold, own->second, cause);
        return;
    }
    // Closed by a person, it may be forgotten while it goes on.
    const auto known = state.incidents.find(cause);
    add_withheld_receipt(
        fold,
        state.agents[agent].ci,
        {},
        {.why = withholding_by(known == state.incidents.end() ? "" : known->second.kind),
         .cause = cause,
         .rule = "a silence with a known cause opens nothing",
         .text = text + ": a symptom of " + incident_name(cause),
         .counterfactual = "without " + incident_name(cause) + " it would have paged after " +
                           format_duration(state.silent_incident_after)}
    );
}

void absorb(Fold& fold, std::uint64_t number, std::uint64_t cause) {
    State& state = fold.state;
    const auto found = state.incidents.find(number);
    const auto winner = state.incidents.find(cause);
    if (found == state.incidents.end() || winner == state.incidents.end()) {
        return;
    }
    Incident& incident = found->second;
    if (!incident.is_over()) {
        add_timeline(
            fold,
            winner->second,
            "symptom",
            "system",
            incident_name(number) + " belongs to it: " + incident.title
        );
        resolve_incident(
            fold,
            incident,
            "system",
            "a symptom of " + incident_name(cause) + ": " + winner->second.title,
            fold.wall,
            Telling::told
        );
    }
    const Explained moved = explained_by(state.causes, number);
    for (const CiIndex ci : moved.faults) {
        state.causes.withheld.at(ci).cause = cause;
        end_symptom_of(fold, number, ci, "belongs to " + incident_name(cause));
        add_symptom_of(fold, cause, ci, "was a symptom of " + incident_name(number));
    }
    for (const AgentIndex agent : moved.silences) {
        explain_silence(fold, agent, cause);
    }
    close_symptoms(fold, number);
}

std::string cause_why(std::string_view rule, std::string_view counterfactual, json::object inputs) {
    return json::serialize(json::object{
        {"rule", rule}, {"inputs", std::move(inputs)}, {"counterfactual", counterfactual}
    });
}

}  // namespace muster::collector
