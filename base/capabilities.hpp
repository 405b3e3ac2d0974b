// Owns: giving up the rights that a process no longer needs. Leaves to the programs: when.
#pragma once

#include "base/result.hpp"

namespace muster {

/// All capabilities, for good: of this thread and those it starts, ambient and bounding set included (capabilities(7)). What was
/// opened with them stays open. The error says what the kernel refused.
Status drop_capabilities();

}  // namespace muster
