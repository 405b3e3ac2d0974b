// Owns: why a probe is there and which place judges it, as JSON, from the configuration that runs. Leaves to policy_store.hpp:
// what a CI's fields are; to config/threshold.hpp: the order.
#pragma once

#include "cmdb/model.hpp"
#include "collector/api/json.hpp"
#include "collector/api/read_scope.hpp"
#include "collector/api/state_reader.hpp"
#include "config/watch.hpp"

#include <span>
#include <string>

namespace muster::collector {

/// What is asked; `ci`: 16 raw bytes.
struct ExplainQuestion {
    std::string ci;
    std::string probe;   ///< name or id
    std::string metric;  ///< empty: every piece
};

/// {"items": […]}: one for each probe of that name (of several policies or vantages). Empty where there is none.
Result<json::object> explain_probes(
    StateConnection& connection,
    const ReadScope& scope,
    const cmdb::Model& model,
    const config::Watch& watch,
    const ExplainQuestion& question
);

std::span<const NamedQuery> explain_queries();

}  // namespace muster::collector
