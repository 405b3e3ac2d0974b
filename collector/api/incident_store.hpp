// Owns: the SQL that reads incidents, and how one looks in JSON. Leaves to the brain: writing them.
#pragma once

#include "collector/api/page.hpp"
#include "collector/api/read_scope.hpp"
#include "collector/api/state_reader.hpp"

#include <boost/json.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace muster::collector {

/// Which incidents. `state`: one state, "open" (not over yet), or empty for all. `ci`: 16 raw bytes, or empty for all.
/// `now`: what the age of incidents is counted to.
struct IncidentFilter {
    std::string state;
    std::string ci;
    WallTime now{};
};

/// "31" or "INC-31"; 0 for anything else.
std::int64_t incident_number(std::string_view text);

/// Newest first.
Result<Page> read_incidents(
    StateConnection& connection,
    const ReadScope& scope,
    const IncidentFilter& filter,
    const PageRequest& page
);

/// Nothing where there is no such number. The object has every member of docs/api.md; `version` is the ETag.
Result<std::optional<json::object>> read_incident(
    StateConnection& connection, const ReadScope& scope, std::int64_t number
);

/// Whether there is such an incident for this caller: asked before a command about it is given to the brain.
Result<bool> is_incident_there(
    StateConnection& connection, const ReadScope& scope, std::int64_t number
);

/// Services it touches, by name: those of its CI and of the symptoms that the caller sees.
Result<json::array> read_services(
    StateConnection& connection, const ReadScope& scope, std::int64_t number
);

/// Incidents it is linked to, either way, as far as the caller sees them.
Result<json::array> read_links(
    StateConnection& connection, const ReadScope& scope, std::int64_t number
);

/// What happened, oldest first: at most 10,000 lines. Nothing where there is no such number.
Result<std::optional<json::array>> read_timeline(
    StateConnection& connection, const ReadScope& scope, std::int64_t number
);

/// {"why": the brain's reasons, "told": the messages about it and what came of them}. Nothing where there is no such number.
Result<std::optional<json::object>> read_why(
    StateConnection& connection, const ReadScope& scope, std::int64_t number
);

std::span<const NamedQuery> incident_queries();

}  // namespace muster::collector
