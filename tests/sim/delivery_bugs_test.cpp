// T-72: the simulator notices a collector that acknowledges before it commits, a spool that skips its checksums, and folds that run
// ahead of what the journal has made durable, or of what they hold. (A collector that accepts a null certificate: the tests of TLS.)
// Each bug is in the adapter that the simulator owns, so the product is the same; without it the same seeds have nothing to complain
// of.
#include "tests/sim/delivery_world.hpp"
#include "tests/sim/quiet_log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <iostream>
#include <optional>

namespace muster::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

struct Caught {
    std::uint64_t seed = 0;
    std::string problem;
};

/// The first of so many seeds that complains with the bug; each must be clean without it.
std::optional<Caught> first_caught(
    std::uint64_t seeds,
    const std::function<DeliveryPlan(std::uint64_t)>& plan_of,
    const std::function<void(DeliveryPlan&)>& put_bug
) {
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        DeliveryPlan plan = plan_of(seed);
        const DeliveryVerdict sound = live_through(plan, Trace::Detail::none);
        EXPECT_EQ(sound.problem, "") << "seed " << seed << ", without a bug";
        put_bug(plan);
        const DeliveryVerdict buggy = live_through(plan, Trace::Detail::none);
        if (!buggy.problem.empty()) {
            std::cout << "caught with seed " << seed << ": " << buggy.problem << "\n";
            return Caught{seed, buggy.problem};
        }
    }
    return std::nullopt;
}

/// A short life of an agent that keeps nothing of what is confirmed, which is all that stands between this bug and a loss.
DeliveryPlan dying_collector(std::uint64_t seed) {
    SeededRandom random(seed);
    DeliveryPlan plan;
    plan.seed = seed;
    plan.lasts = 30s;
    plan.interval = 500ms;
    plan.agent.spool.segment_bytes = 600;
    plan.agent.spool.limits.retain_acked = 0s;
    plan.agent.link.backoff_most = 2s;
    for (Duration at = 3s; at < plan.lasts; at += 3s) {
        plan.disturbances.push_back(
            {.what = Disturbance::collector_dies_at_commit, .at = at, .draw = random.next_u64()}
        );
    }
    return plan;
}

DeliveryPlan spoilt_disk(std::uint64_t seed) {
    SeededRandom random(seed);
    DeliveryPlan plan;
    plan.seed = seed;
    plan.lasts = 30s;
    plan.interval = 500ms;
    plan.agent.spool.memory_bytes = 0;  // what is sent is read from the disk
    plan.agent.link.backoff_most = 2s;
    for (Duration at = 2s; at < plan.lasts; at += 6s) {
        plan.disturbances.push_back(
            {.what = Disturbance::path_cut, .at = at, .lasts = 5s, .draw = 2}
        );
        plan.disturbances.push_back(
            {.what = Disturbance::bit_flipped, .at = at + 4s, .draw = random.next_u64() | 1U}
        );
    }
    return plan;
}

/// Results come all the time, and the collector ends again and again.
DeliveryPlan ended_collector(std::uint64_t seed, Disturbance by) {
    SeededRandom random(seed);
    DeliveryPlan plan = plan_calm(seed);
    plan.lasts = 60s;
    for (Duration at = 20s; at < plan.lasts; at += 7s) {
        plan.disturbances.push_back({.what = by, .at = at, .lasts = 1s, .draw = random.next_u64()});
    }
    return plan;
}

DeliveryPlan killed_collector(std::uint64_t seed) {
    return ended_collector(seed, Disturbance::collector_killed);
}

DeliveryPlan dark_collector(std::uint64_t seed) {
    DeliveryPlan plan = ended_collector(seed, Disturbance::collector_power_cut);
    plan.collector_has_bad_disk = true;
    return plan;
}

TEST(SeededBugs, T72AnAcknowledgementBeforeTheCommitIsCaught) {
    const QuietLog quiet;
    const auto caught = first_caught(20, dying_collector, [](DeliveryPlan& plan) {
        plan.bug = SeededBug::ack_before_commit;
    });
    ASSERT_TRUE(caught);
    EXPECT_THAT(caught->problem, HasSubstr("restored")) << "lost, and nothing was restored";
}

TEST(SeededBugs, T72ASpoolThatSkipsItsChecksumsIsCaught) {
    const QuietLog quiet;
    const auto caught = first_caught(20, spoilt_disk, [](DeliveryPlan& plan) {
        plan.checksums_are_skipped = true;
    });
    ASSERT_TRUE(caught);
    EXPECT_THAT(caught->problem, HasSubstr("stored otherwise than any was made"));
}

TEST(SeededBugs, T72AStreamThatIsGoneAndOfWhichNothingIsToldIsCaught) {
    const QuietLog quiet;
    const auto caught = first_caught(30, plan_forgetful, [](DeliveryPlan& plan) {
        plan.agent.hides_finished = true;
    });
    ASSERT_TRUE(caught);
}

TEST(SeededBugs, T72ARecordThatSaysItIsAheadOfWhatItHoldsIsCaught) {
    const QuietLog quiet;
    const auto caught = first_caught(10, killed_collector, [](DeliveryPlan& plan) {
        plan.bug = SeededBug::fold_ahead;
    });
    ASSERT_TRUE(caught);
    EXPECT_THAT(caught->problem, HasSubstr("folded anew gives another"));
}

TEST(SeededBugs, T72ACommitThatIsNotSyncedIsCaught) {
    const QuietLog quiet;
    const auto caught = first_caught(10, dark_collector, [](DeliveryPlan& plan) {
        plan.bug = SeededBug::commit_without_sync;
    });
    ASSERT_TRUE(caught);
    EXPECT_THAT(
        caught->problem,
        testing::AnyOf(
            HasSubstr("restored"),                 // an agent that was told of more
            HasSubstr("but the journal ends at"),  // a record that knows more
            HasSubstr("folded anew gives another")
        )  // and has gone on
    );
}

}  // namespace
}  // namespace muster::test
