// Owns: whether enough vantages see a fault. Leaves to planning: which vantages there are.
#pragma once

#include "collector/brain/fold.hpp"

namespace muster::collector {

/// Enough of its vantages see it fail. True for a fault of which one probe has no others.
bool reaches_quorum(const State& state, CiIndex ci, const Fault& fault);

}  // namespace muster::collector
