// Owns: whether the people and teams that a request gives work to are known. Leaves to the brain: what becomes of the work.
#pragma once

#include "collector/api/problem.hpp"
#include "collector/api/routes.hpp"
#include "collector/api/sql_text.hpp"

#include <boost/json.hpp>

#include <span>
#include <vector>

namespace muster::collector {

/// What is wrong with the members "assignee" and "team" of a body; nothing where they are absent or known. Known are users who
/// are not disabled, the caller, teams of the CMDB, and whatever an item names as its owner_team. The call outlives the task.
Task<Result<std::vector<Flaw>>> unknown_people(const Call& call, boost::json::object body);

std::span<const NamedQuery> known_people_queries();

}  // namespace muster::collector
