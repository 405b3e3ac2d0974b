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
/// "state" is "silent", "stopped", "isolated", "collector" (that was away) or null, of which "since" is the beginning. `ci`: raw.
Result<boost::json::array> read_agents_of(
    StateConnection& connection, const ReadScope& scope, const std::string& ci, WallTime at
);

/// Maintenance windows it was in at that moment.
Result<boost::json::array> read_windows_of(
    StateConnection& connection, const std::string& ci, WallTime at
);

/// "its agent m2 has been silent for 28 s; an incident opens after 5 min"; empty: none of them is silent.
std::string silence_words(const boost::json::array& agents, WallTime at, Duration incident_after);

/// Of a probe that no agent runs, by its origin.
std::string_view why_nobody_watches(std::string_view origin);

std::span<const NamedQuery> why_queries();

}  // namespace muster::collector
