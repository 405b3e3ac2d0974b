// Owns: what `why` of a CI says beside its probes: its agents, and the maintenance it was in. Leaves to receipt_store: the answer.
#pragma once

#include "collector/api/read_scope.hpp"
#include "collector/api/state_reader.hpp"

#include <boost/json.hpp>

#include <span>
#include <string>
#include <string_view>

namespace muster::collector {

/// The agents that run on it, and the agent that it is itself ("of" is null), with what was heard of each at that moment:
/// "state" is "silent", "stopped", "isolated", "collector" (that was away), "revoked", "enrolled" (and never heard) or null
/// (connected), of which "since" is the beginning; "last_heard" is told of one that is revoked. Those that were revoked before
/// another came in their place are the last. `ci`: raw.
Result<boost::json::array> read_agents_of(
    StateConnection& connection, const ReadScope& scope, const std::string& ci, WallTime at
);

/// Maintenance windows it was in at that moment.
Result<boost::json::array> read_windows_of(
    StateConnection& connection, const std::string& ci, WallTime at
);

/// "its agent m2 has been silent for 28 s; an incident opens after 5 min"; empty: none of them is silent.
std::string silence_words(const boost::json::array& agents, WallTime at, Duration incident_after);

/// "it has been revoked", of the agent that the CI is itself; empty: it is none, or not heard for another reason.
std::string own_agent_words(const boost::json::array& agents);

/// Of a probe that no agent runs, by its origin.
std::string_view why_nobody_watches(std::string_view origin);

std::span<const NamedQuery> why_queries();

}  // namespace muster::collector
