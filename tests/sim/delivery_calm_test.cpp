// What loses nothing and is over before anybody counts as silent changes nothing of what is told: the same incidents and messages as
// in a run in which nothing happens; and what is remembered is what the journal folded anew gives.
#include "tests/sim/delivery_world.hpp"
#include "tests/sim/quiet_log.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iostream>

namespace muster::test {
namespace {

constexpr std::uint64_t shards = 2;
constexpr SeedRange usual{.first = 1, .count = 40 / fewer_by};

class GentleSeeds : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(GentleSeeds, HaveTheSameIncidentsAndMessagesAsAnUndisturbedRun) {
    const QuietLog quiet;
    const SeedRange seeds = seeds_of(usual, GetParam(), shards);
    std::uint64_t disturbances = 0;
    std::size_t messages = 0;
    for (std::uint64_t seed = seeds.first; seed < seeds.first + seeds.count; ++seed) {
        SCOPED_TRACE(replay_command("GentleSeeds", seed));
        const auto detail = is_traced() ? Trace::Detail::all : Trace::Detail::none;
        const DeliveryVerdict calm = live_through(plan_calm(seed), Trace::Detail::none);
        const DeliveryVerdict rough = live_through(plan_gentle(seed), detail);
        if (is_traced()) {
            std::cout << fmt::format("{}\n", fmt::join(rough.trace, "\n"));
        }
        EXPECT_EQ(calm.problem, "");
        EXPECT_EQ(rough.problem, "");
        EXPECT_EQ(rough.incidents, calm.incidents);
        EXPECT_EQ(rough.told, calm.told);
        disturbances += rough.disturbances;
        messages += rough.told.size();
    }
    std::cout << fmt::format(
        "{} seeds, {} disturbances, {} messages\n", seeds.count, disturbances, messages
    );
    if (seeds.count > 1) {
        EXPECT_GT(messages, seeds.count) << "something was told";
    }
}

INSTANTIATE_TEST_SUITE_P(Shards, GentleSeeds, ::testing::Range<std::uint64_t>(0, shards));

}  // namespace
}  // namespace muster::test
