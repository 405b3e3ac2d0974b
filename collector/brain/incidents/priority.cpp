#include "collector/brain/incidents/priority.hpp"

#include "collector/brain/cmdb_stage.hpp"
#include "collector/brain/incidents/dependants.hpp"
#include "collector/brain/incidents/kinds.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace muster::collector {

namespace {

constexpr std::array<std::string_view, 3> levels = {"high", "medium", "low"};

/// 0 is the highest; what is no level counts as "medium".
std::size_t row_of(std::string_view level) {
    const auto at = static_cast<std::size_t>(std::ranges::find(levels, level) - levels.begin());
    return at < levels.size() ? at : 1;
}

Impact criticality_of(const cmdb::Model& model, const CiState& ci) {
    const auto own = ci_field(ci, "criticality");
    if (own && std::ranges::find(levels, *own) != levels.end()) {
        return {levels[row_of(*own)], ci.name + " is of " + *own + " criticality"};
    }
    const std::string_view level = model.criticality(ci.ci_class);
    return {
        levels[row_of(level)],
        "class " + ci.ci_class + " is of " + std::string(level) + " criticality"
    };
}

bool is_service(const cmdb::Model& model, const CiState& ci) {
    return model.is_a(ci.ci_class, "service") || model.is_a(ci.ci_class, "business_service") ||
           model.is_a(ci.ci_class, "business_application");
}

const CiState* service_named(
    const State& state, const cmdb::Model& model, const std::string& name
) {
    const auto found = std::ranges::find_if(state.cis, [&](const CiState& each) {
        return each.name == name && !each.retired && is_service(model, each);
    });
    return found == state.cis.end() ? nullptr : &*found;
}

void raise(Impact& impact, Impact other) {
    if (row_of(other.level) < row_of(impact.level)) {
        impact = std::move(other);
    }
}

/// What hangs on the CI by relations: services as their class has it, other things only where somebody said so. No basis:
/// nothing of that kind.
Impact impact_on_dependants(const State& state, const cmdb::Model& model, CiIndex ci) {
    const std::vector<CiIndex> all = dependants_of(state, model, ci);
    const std::string count =
        std::to_string(all.size()) + (all.size() == most_dependants ? " or more" : "");
    Impact out{"low", {}};
    for (const CiIndex each : all) {
        const CiState& item = state.cis[each];
        if (!is_service(model, item) && !ci_field(item, "criticality")) {
            continue;
        }
        const std::string_view level = criticality_of(model, item).level;
        if (out.basis.empty() || row_of(level) < row_of(out.level)) {
            out = {
                level,
                item.ci_class + " " + item.name + " depends on it and is of " + std::string(level) +
                    " criticality (" + count + " depend on it in all)"
            };
        }
    }
    return out;
}

std::string joined(const std::vector<std::string>& parts) {
    std::string text;
    for (const std::string& part : parts) {
        if (!part.empty()) {
            text += (text.empty() ? "" : ", ") + part;
        }
    }
    return text;
}

/// "rack R12" from the attribute or the label of that name; empty where there is neither.
std::string worded(const CiState& ci, const std::string& field) {
    auto value = ci_field(ci, field);
    if (!value) {
        value = ci_field(ci, "label." + field);
    }
    return value ? field + " " + *value : std::string();
}

/// Likewise, else the place of that class that relations lead to.
std::string placed(
    const State& state, const cmdb::Model& model, CiIndex ci, const std::string& place_class
) {
    std::string said = worded(state.cis[ci], place_class);
    if (!said.empty()) {
        return said;
    }
    const CiIndex place = place_above(state, model, ci, place_class);
    return place == nothing ? std::string() : place_class + " " + state.cis[place].name;
}

std::string place_of(
    const State& state, const cmdb::Model& model, const std::string& site, CiIndex index
) {
    const CiState& ci = state.cis[index];
    // The port number of an endpoint is no place.
    const std::string port =
        model.is_a(ci.ci_class, "interface") ? "port " + ci.name : worded(ci, "switch_port");
    return joined(
        {site,
         placed(state, model, index, "building"),
         placed(state, model, index, "room"),
         placed(state, model, index, "rack"),
         port}
    );
}

}  // namespace

Impact impact_of(const State& state, const cmdb::Model& model, const Incident& incident) {
    const IncidentKind* kind = find_incident_kind(incident.kind);
    Impact impact{"medium", "impact estimated: no configuration item"};
    if (incident.ci != nothing) {
        const CiState& ci = state.cis[incident.ci];
        impact = criticality_of(model, ci);
        Impact dependants = impact_on_dependants(state, model, incident.ci);
        if (!dependants.basis.empty()) {
            raise(impact, std::move(dependants));
        } else if (incident.service.empty()) {
            impact.basis += "; impact estimated: no service mapped";
        } else if (const CiState* service = service_named(state, model, incident.service)) {
            raise(impact, criticality_of(model, *service));
        } else {
            impact.basis += "; service " + incident.service + " is no item of its own";
        }
    }
    if (kind != nullptr) {
        raise(
            impact, {kind->least_impact, std::string(kind->name) + " is of that impact at least"}
        );
    }
    return impact;
}

std::uint32_t priority_of(
    const config::IncidentRules& rules,
    std::string_view kind,
    std::string_view impact,
    std::string_view urgency
) {
    const std::uint32_t ranked = rules.priority[row_of(impact)][row_of(urgency)];
    const IncidentKind* known = find_incident_kind(kind);
    return std::min(ranked, known == nullptr ? 4U : known->lowest_priority);
}

void rank_incident(const Fold& fold, Incident& incident) {
    if (!incident.impact_basis.starts_with(set_by_person)) {
        Impact impact = impact_of(fold.state, fold.model, incident);
        incident.impact = impact.level;
        incident.impact_basis = std::move(impact.basis);
    }
    incident.priority =
        priority_of(fold.state.incident_rules, incident.kind, incident.impact, incident.urgency);
}

void locate_incident(const Fold& fold, Incident& incident) {
    const State& state = fold.state;
    if (incident.ci == nothing) {
        if (incident.site.empty() && incident.agent != nothing) {
            incident.site = state.agents[incident.agent].site;
        }
        incident.place = incident.site;
        return;
    }
    const CiState& ci = state.cis[incident.ci];
    if (incident.site.empty()) {
        incident.site = fold.model.is_a(ci.ci_class, "site") ? ci.name : ci.site;
    }
    if (incident.site.empty() && incident.agent != nothing && ci.agent == incident.agent) {
        incident.site = state.agents[incident.agent].site;
    }
    if (incident.site.empty()) {
        const CiIndex site = place_above(state, fold.model, incident.ci, "site");
        incident.site = site == nothing ? std::string() : state.cis[site].name;
    }
    incident.place = place_of(state, fold.model, incident.site, incident.ci);
    if (incident.service.empty()) {
        incident.service = ci.service;
    }
    if (incident.team.empty()) {
        incident.team = ci_field(ci, "owner_team").value_or("");
    }
}

}  // namespace muster::collector
