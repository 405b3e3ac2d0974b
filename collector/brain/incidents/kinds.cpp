#include "collector/brain/incidents/kinds.hpp"

#include <algorithm>

namespace muster::collector {

namespace {

using Maker = IncidentKind::Maker;

constexpr Duration week = std::chrono::hours(7 * 24);
constexpr Duration three_days = std::chrono::hours(3 * 24);

constexpr IncidentKind kinds[] = {
    {"fault", Maker::watching, "low", 3, week},
    {"degradation", Maker::watching, "low", 3, week},
    {"storm", Maker::watching, "high", 3, week},
    {"redundancy_lost", Maker::watching, "low", 4, week},
    {"forecast", Maker::watching, "low", 4, week},
    {"unauthorised_change", Maker::watching, "low", 4, week},
    {"agent_silent", Maker::watching, "low", 3, week},
    {"agent_copied", Maker::watching, "low", 3, week},
    {"vantage_isolated", Maker::watching, "medium", 3, week},
    {"site_cut_off", Maker::watching, "high", 3, week},
    {"channel_dead", Maker::watching, "medium", 3, week},
    {"store_restored", Maker::watching, "medium", 3, week},
    {"storage_full", Maker::watching, "medium", 3, week},
    {"imported", Maker::import, "low", 3, week},
    {"reported", Maker::person, "low", 3, three_days},
    {"request", Maker::person, "low", 4, three_days},
    {"complaint", Maker::person, "low", 4, three_days},
};

}  // namespace

std::span<const IncidentKind> incident_kinds() {
    return kinds;
}

const IncidentKind* find_incident_kind(std::string_view name) {
    const auto* const found = std::ranges::find(kinds, name, &IncidentKind::name);
    return found == std::end(kinds) ? nullptr : found;
}

bool is_reported_kind(std::string_view name) {
    const IncidentKind* kind = find_incident_kind(name);
    return kind != nullptr && kind->maker == Maker::person;
}

}  // namespace muster::collector
