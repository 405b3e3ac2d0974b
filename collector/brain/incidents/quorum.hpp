// Owns: whether enough vantages see a fault. Leaves to planning: which vantages there are.
#pragma once

#include "collector/brain/fold.hpp"

#include <cstdint>

namespace muster::collector {

/// Which vantages count: those that see it beyond its threshold in any way, or those alone that see it fail.
enum class Counted : std::uint8_t { exceeding, failing };

/// Enough of its vantages see it so. True for a fault of which one probe that counts has no others.
bool reaches_quorum(const State& state, CiIndex ci, const Fault& fault, Counted counted);

}  // namespace muster::collector
