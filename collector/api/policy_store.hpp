// Owns: which CIs queries match, and what policies come to. Leaves to brain/policy_stage: assigning probes.
#pragma once

#include "cmdb/model.hpp"
#include "collector/api/read_scope.hpp"
#include "collector/api/state_reader.hpp"
#include "collector/configuration/keeper.hpp"
#include "config/query.hpp"

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace muster::collector {

struct PolicyCount {
    std::int64_t cis = 0;
    std::int64_t probes = 0;
};

/// By origin: "policy network gear answers", "target intranet". One pass over the probes.
Result<std::map<std::string, PolicyCount>> count_by_origin(
    StateConnection& connection, const ReadScope& scope
);

/// CIs by class, those that are retired or merged left out.
Result<ClassUse> count_by_class(StateConnection& connection);
/// The same, asked of a reader: what a change of the configuration must know. Nothing where it declares no classes. Both
/// outlive the task.
Task<Result<ClassUse>> declared_use(StateReader* state, const ConfigurationKeeper* running);

/// Names of the CIs that each query matches, in the order of the CIs. One pass over the CIs.
Result<std::vector<std::vector<std::string>>> matching_cis(
    StateConnection& connection,
    const ReadScope& scope,
    const cmdb::Model& model,
    std::span<const config::Query> queries
);

/// Which of the queries match one CI, 16 raw bytes; none where there is no such CI. Empty queries match nothing.
Result<std::vector<bool>> matching_queries(
    StateConnection& connection,
    const ReadScope& scope,
    const cmdb::Model& model,
    const std::string& ci,
    std::span<const config::Query> queries
);

std::span<const NamedQuery> policy_queries();

}  // namespace muster::collector
