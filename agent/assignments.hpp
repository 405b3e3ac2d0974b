// Owns: from what the collector sends to what the scheduler runs: checked once, here. Leaves to
// scheduler.hpp: running it.
#pragma once

#include "agent/scheduler.hpp"
#include "base/uuid.hpp"
#include "wire/link.pb.h"

#include <cstdint>
#include <string>
#include <vector>

namespace muster::agent {

struct AssignmentTable {
    std::uint32_t epoch = 0;
    std::vector<ProbeId> ids;            ///< by dense id; nil for an item that has none
    std::vector<ScheduledProbe> probes;  ///< what can be run
    std::vector<std::string> problems;   ///< one sentence for each item that cannot
};

/// Checks every item: a known type, its options, an interval and a timeout that can be. An item
/// that fails is a problem and is not run; the others are.
AssignmentTable read_assignments(std::uint32_t epoch, std::vector<wire::proto::Assignment> items);

}  // namespace muster::agent
