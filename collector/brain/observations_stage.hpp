// Owns: what agents have seen of their machines, into statements; what they no longer see. Leaves to cmdb/observed: how
// an item becomes a statement; to cmdb_work: rows.
#pragma once

#include "collector/brain/fold.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace muster::collector {

/// The source of what an agent sees: bound to its connection, never taken from what it sends.
std::string source_of(const Agent& agent);

/// What an agent calls the machine it runs on.
inline constexpr std::string_view machine_object = "host";

/// The agent that said it, where it is said of the machine it runs on; `nothing` else.
AgentIndex agent_of_machine(const State& state, const cmdb::Statement& statement);

/// A TCP port of the agent's machine on which something is known to listen for everybody: SSH's, else the lowest; 0 where
/// none is known.
std::uint32_t listening_port(const State& state, const Agent& agent);

/// One run of an agent.
void fold_observations(Fold& fold, AgentIndex agent, const wire::Observations& seen);

/// Nobody looks at the agent's machine any more: it is missing from now on.
void forget_observations(Fold& fold, AgentIndex agent);

}  // namespace muster::collector
