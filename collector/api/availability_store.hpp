// Owns: the SQL behind availability: what is known of the probes of a CI over a time. Leaves to partition.hpp: what follows.
#pragma once

#include "collector/api/json.hpp"
#include "collector/api/partition.hpp"
#include "collector/api/read_scope.hpp"
#include "collector/api/state_reader.hpp"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace muster::collector {

/// Of whom: one of the two, 16 raw bytes.
struct AvailabilityOf {
    std::string ci;
    std::string probe;
};

/// Everything that a partition takes, with names to show.
struct KnownTimes {
    struct Named {
        std::string id;  ///< UUID text
        std::string name;
        std::string type;
    };

    json::object subject;  ///< {"id", "name"} of the CI or probe
    std::vector<ProbeTimes> probes;
    std::vector<Named> names;  ///< by index of `probes`
    std::vector<KnownSpan> excluded;
};

/// Nothing where there is no such CI or probe. `invalid`: more than 50,000 intervals in that time. Probes that were taken
/// away are left out.
Result<std::optional<KnownTimes>> read_times(
    StateConnection& connection,
    const ReadScope& scope,
    const AvailabilityOf& of,
    WallTime from,
    WallTime to
);

std::span<const NamedQuery> availability_queries();

}  // namespace muster::collector
