// Owns: which CI another one is by now. Leaves to cmdb_work: merging them.
#pragma once

#include "collector/brain/state.hpp"

namespace muster::collector {

/// The CI that it was merged into, directly or by way of others; itself where it was not.
CiIndex survivor_of(const State& state, CiIndex ci);

}  // namespace muster::collector
