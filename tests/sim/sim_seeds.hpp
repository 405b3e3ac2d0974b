// Owns: which seeds a test lives through, and what it says of one that fails.
#pragma once

#include "tests/support/sanitized.hpp"

#include <cstdint>
#include <string>

namespace muster::test {

/// From `first` on, `count` of them.
struct SeedRange {
    std::uint64_t first = 0;
    std::uint64_t count = 0;
};

/// The part of shard `shard` of `shards` of all seeds: of `usual`, or of those that MUSTER_SIM_SEEDS ("FIRST COUNT") or
/// MUSTER_SIM_SEED ("NUMBER": one, traced) name.
SeedRange seeds_of(SeedRange usual, std::uint64_t shard, std::uint64_t shards);

/// MUSTER_SIM_SEED is set.
bool is_traced();

/// How to live through one seed of `test` again, with everything that happens.
std::string replay_command(const std::string& test, std::uint64_t seed);

}  // namespace muster::test
