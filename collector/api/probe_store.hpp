// Owns: the SQL that reads probes, and how one looks in JSON. Leaves to history: their results.
#pragma once

#include "collector/api/page.hpp"
#include "collector/api/read_scope.hpp"
#include "collector/api/state_reader.hpp"

#include <boost/json.hpp>

#include <optional>
#include <span>
#include <string>

namespace muster::collector {

/// Empty members filter nothing. `ci`: 16 raw bytes. `state`: as shown, "unobserved" where the agent is.
struct ProbeFilter {
    std::string ci;
    std::string state;
};

/// By the CI's name, then the probe's. Removed ones are left out.
Result<Page> read_probes(
    StateConnection& connection,
    const ReadScope& scope,
    const ProbeFilter& filter,
    const PageRequest& page
);

/// `id`: 16 raw bytes. With `params`, `rule` and the last 50 intervals in which it failed.
Result<std::optional<json::object>> read_probe(
    StateConnection& connection, const ReadScope& scope, const std::string& id
);

std::span<const NamedQuery> probe_queries();

}  // namespace muster::collector
