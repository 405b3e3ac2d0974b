// Owns: the brake that needs no topology: many incidents that would open together are one storm with
// members. Leaves to correlation: faults with a known cause, which come first.
#pragma once

#include "collector/brain/fold.hpp"

#include <cstdint>

namespace muster::collector {

/// The storm that takes what is about to open on the CI, a new one where that is called for; 0: it
/// opens for itself, and counts from now on.
std::uint64_t storm_for(Fold& fold, CiIndex ci);

/// The CI is well again, or its fault has gone: it leaves its storms, the last one ends them.
void leave_storms(Fold& fold, CiIndex ci);

/// Timer `storm`: the few that are left get incidents of their own.
void storm_is_over(Fold& fold, std::uint64_t incident, std::uint64_t timer);

}  // namespace muster::collector
