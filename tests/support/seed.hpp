// Owns: where random tests begin, and saying so.
#pragma once

#include <cstdint>

namespace muster::test {

/// MUSTER_TEST_LONG is set: there are hours, so no run need be the one before again.
bool is_long_run();

/// From the system, printed: MUSTER_TEST_SEED gives the same one again.
std::uint64_t fresh_seed();

/// `usual`, so that one run is as the other; in a long run a fresh one.
std::uint64_t usual_seed(std::uint64_t usual);

}  // namespace muster::test
