// Owns: how grave an incident is and where it is: impact, priority, place. Leaves to kinds: what a kind is at least; to the
// configuration: the table.
#pragma once

#include "collector/brain/fold.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace muster::collector {

/// How much hangs on it: "high", "medium", "low", and why, in words.
struct Impact {
    std::string_view level = "medium";
    std::string basis;
};

/// The highest of: the CI's own criticality, else its class's; that of the service it belongs to; what its kind has at least.
Impact impact_of(const State& state, const cmdb::Model& model, const Incident& incident);

/// 1 (highest) … 4, by the table and no lower than the kind allows. Unknown words count as "medium".
std::uint32_t priority_of(
    const config::IncidentRules& rules,
    std::string_view kind,
    std::string_view impact,
    std::string_view urgency
);

/// Ranks it anew; an impact that a person set stays.
void rank_incident(const Fold& fold, Incident& incident);

/// Fills in site, place, service and team, as far as known and not said already.
void locate_incident(const Fold& fold, Incident& incident);

/// What `impact_basis` begins with where a person set it.
inline constexpr std::string_view set_by_person = "set by ";

}  // namespace muster::collector
