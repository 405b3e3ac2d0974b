// Owns: the SQL that reads agents, and how one looks in JSON. Leaves to enrolment: which may connect.
#pragma once

#include "collector/api/page.hpp"
#include "collector/api/read_scope.hpp"
#include "collector/api/state_reader.hpp"

#include <boost/json.hpp>

#include <optional>
#include <span>
#include <string>

namespace muster::collector {

/// By name, then id. `state`: one state, or empty for all.
Result<Page> read_agents(
    StateConnection& connection,
    const ReadScope& scope,
    const std::string& state,
    const PageRequest& page
);

/// By UUID text or name. With the last 50 intervals in which it was not observed.
Result<std::optional<json::object>> read_agent(
    StateConnection& connection, const ReadScope& scope, const std::string& id_or_name
);

/// Of an agent by its 16 bytes; null where it is not in the record.
Result<json::value> read_agent_name(StateConnection& connection, const std::string& agent);

std::span<const NamedQuery> agent_queries();

}  // namespace muster::collector
