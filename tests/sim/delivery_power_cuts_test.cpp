// T-09, T-10, T-11, the collector's half, with agents that deliver meanwhile: power cuts before any call of the collector's databases
// on their disk, what was not synced torn and lost; EIO, ENOSPC, short writes, syncs that fail, a disk that is full. What was
// confirmed is there, once and in order, and what is remembered is what the journal folded anew gives.
#include "tests/sim/delivery_runs.hpp"

#include <gtest/gtest.h>

namespace muster::test {
namespace {

constexpr std::uint64_t shards = 4;
constexpr SeedRange usual{.first = 1, .count = 400 / fewer_by};

class DeliveryPowerCuts : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(DeliveryPowerCuts, LoseNothingThatWasConfirmed) {
    const SeedRange seeds = seeds_of(usual, GetParam(), shards);
    const DeliveryVerdict sum = live_through_all("DeliveryPowerCuts", seeds, plan_power_cuts);
    if (seeds.count >= 10) {
        EXPECT_GT(sum.power_cuts, seeds.count) << "the power goes";
        EXPECT_GT(sum.delivered, 10 * seeds.count) << "and the work is done";
    }
}

INSTANTIATE_TEST_SUITE_P(Shards, DeliveryPowerCuts, ::testing::Range<std::uint64_t>(0, shards));

}  // namespace
}  // namespace muster::test
