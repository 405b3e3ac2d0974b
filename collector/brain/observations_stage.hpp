// Owns: what agents have seen of their machines, into statements; what they no longer see. Leaves to cmdb/observed: how
// an item becomes a statement; to cmdb_work: rows.
#pragma once

#include "collector/brain/fold.hpp"

#include <string>

namespace muster::collector {

/// The source of what an agent sees: bound to its connection, never taken from what it sends.
std::string source_of(const Agent& agent);

/// One run of an agent.
void fold_observations(Fold& fold, AgentIndex agent, const wire::Observations& seen);

/// Nobody looks at the agent's machine any more: it is missing from now on.
void forget_observations(Fold& fold, AgentIndex agent);

}  // namespace muster::collector
