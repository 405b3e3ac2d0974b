// Owns: the kinds of incidents as a table: who makes them, how grave they are at least, when they close. Leaves to
// priority: the rest of the ranking.
#pragma once

#include "base/time.hpp"

#include <cstdint>
#include <span>
#include <string_view>

namespace muster::collector {

struct IncidentKind {
    /// watching: the collector opens them. person: somebody reports them. import: another system sends them.
    enum class Maker : std::uint8_t { watching, person, import };

    std::string_view name;
    Maker maker = Maker::watching;
    std::string_view least_impact = "low";
    std::uint32_t lowest_priority = 3;  ///< 4 for what is no fault
    Duration closed_after{};            ///< of being resolved
};

/// Every kind there is, in the order of the documentation.
std::span<const IncidentKind> incident_kinds();
/// Null where there is no such kind.
const IncidentKind* find_incident_kind(std::string_view name);
/// Whether a person reports incidents of that kind.
bool is_reported_kind(std::string_view name);

}  // namespace muster::collector
