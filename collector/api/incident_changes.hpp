// Owns: the SQL that reads what changed about an incident's configuration item and its neighbours before it opened. Leaves to
// graph_store: the whole history of one item.
#pragma once

#include "collector/api/page.hpp"
#include "collector/api/read_scope.hpp"
#include "collector/api/state_reader.hpp"

#include <boost/json.hpp>

#include <chrono>
#include <cstdint>
#include <span>

namespace muster::collector {

/// So many at most, of that time before the opening.
inline constexpr std::int64_t most_changes = 20;
inline constexpr Duration changes_within = std::chrono::hours(24);

/// Values, relations, and what became of the items themselves: newest first, as it was known when the incident opened, so that
/// the answer stays the same. Neighbours and other ends as far as the scope allows. Empty for an incident about no item.
Result<json::array> read_changes_before(
    StateConnection& connection, const ReadScope& scope, std::int64_t number
);

std::span<const NamedQuery> incident_change_queries();

}  // namespace muster::collector
