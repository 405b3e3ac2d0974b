#include "agent/scheduler.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace muster::agent {
namespace {

using namespace std::chrono_literals;

ScheduledProbe probe(
    std::uint32_t dense, const std::string& name, Duration interval, const std::string& host = ""
) {
    ScheduledProbe out;
    out.dense = dense;
    out.id = ProbeId(Uuid::named(name));
    out.type = "icmp";
    out.host = host.empty() ? name : host;
    out.lane = out.host;
    out.interval = interval;
    return out;
}

std::vector<ScheduledProbe> many(std::uint32_t count, Duration interval) {
    std::vector<ScheduledProbe> out;
    for (std::uint32_t dense = 0; dense < count; ++dense) {
        out.push_back(probe(dense, "probe " + std::to_string(dense), interval));
    }
    return out;
}

MonoTime at(Duration since) {
    return MonoTime(1h) + since;
}

/// Runs everything that falls due until `until`, each run taking no time; gives the start times by dense id.
std::map<std::uint32_t, std::vector<MonoTime>> run_until(Scheduler& scheduler, MonoTime until) {
    std::map<std::uint32_t, std::vector<MonoTime>> starts;
    while (scheduler.next_due() <= until) {
        const MonoTime now = scheduler.next_due();
        for (const auto& run : scheduler.take_due(now)) {
            starts[run.probe->dense].push_back(now);
            scheduler.finished(run.number);
        }
    }
    return starts;
}

TEST(Scheduler, RunsEveryProbeSoonAndThenOnItsInterval) {
    Scheduler scheduler;
    scheduler.assign(1, many(100, 60s), at(0s));
    const auto starts = run_until(scheduler, at(10min));
    ASSERT_EQ(starts.size(), 100U);
    for (const auto& [dense, times] : starts) {
        EXPECT_LT(times.front() - at(0s), 10s);
        EXPECT_GE(times[1] - times[0], 30s);
        EXPECT_LE(times[1] - times[0], 90s);
        for (std::size_t run = 2; run < times.size(); ++run) {
            EXPECT_EQ(times[run] - times[run - 1], 60s);
        }
    }
    EXPECT_EQ(scheduler.skipped(), 0U);
}

TEST(Scheduler, SpreadsProbesOfOneIntervalOverIt) {
    Scheduler scheduler;
    scheduler.assign(1, many(1000, 10s), at(0s));
    run_until(scheduler, at(30s));
    const auto starts = run_until(scheduler, at(40s));
    std::map<std::int64_t, int> by_second;
    for (const auto& [dense, times] : starts) {
        ASSERT_EQ(times.size(), 1U);
        ++by_second[(times[0] - at(30s)) / 1s];
    }
    EXPECT_EQ(by_second.size(), 10U);
    for (const auto& [second, count] : by_second) {
        EXPECT_GT(count, 50);
        EXPECT_LT(count, 150);
    }
}

TEST(Scheduler, HasTheSamePhaseAfterARestart) {
    Scheduler first;
    Scheduler second;
    first.assign(1, many(10, 10s), at(0s));
    second.assign(1, many(10, 10s), at(27s));
    run_until(first, at(60s));
    run_until(second, at(60s));
    EXPECT_EQ(run_until(first, at(100s)), run_until(second, at(100s)));
}

TEST(Scheduler, SkipsARunWhileTheOneBeforeIsStillGoingOn) {
    Scheduler scheduler;
    scheduler.assign(1, {probe(0, "slow", 10s)}, at(0s));
    const MonoTime first = scheduler.next_due();
    const auto runs = scheduler.take_due(first);
    ASSERT_EQ(runs.size(), 1U);
    for (int missed = 1; missed <= 3; ++missed) {
        EXPECT_TRUE(scheduler.take_due(scheduler.next_due()).empty());
        EXPECT_EQ(scheduler.skipped(), static_cast<std::uint64_t>(missed));
    }
    EXPECT_EQ(scheduler.finished(runs[0].number), 0U);
    // It does not catch up: the next run is the next on the grid.
    EXPECT_GT(scheduler.next_due(), first + 30s);
    EXPECT_EQ(scheduler.take_due(scheduler.next_due()).size(), 1U);
}

TEST(Scheduler, CountsIntervalsSleptThroughAsSkippedAndRunsOnce) {
    Scheduler scheduler;
    scheduler.assign(1, {probe(0, "host", 10s)}, at(0s));
    run_until(scheduler, at(60s));
    const auto runs = scheduler.take_due(scheduler.next_due() + 45s);
    EXPECT_EQ(runs.size(), 1U);
    EXPECT_EQ(scheduler.skipped(), 4U);
}

TEST(Scheduler, RunsOneProbeAtATimeAgainstOneTarget) {
    Scheduler scheduler;
    scheduler.assign(
        1,
        {probe(0, "a", 10s, "192.0.2.1"),
         probe(1, "b", 10s, "192.0.2.1"),
         probe(2, "c", 10s, "192.0.2.2")},
        at(0s)
    );
    auto runs = scheduler.take_due(at(10s));
    ASSERT_EQ(runs.size(), 2U);
    const auto of_first_target =
        std::ranges::find_if(runs, [](const auto& run) { return run.probe->host == "192.0.2.1"; });
    ASSERT_NE(of_first_target, runs.end());
    const std::uint32_t first = of_first_target->probe->dense;
    scheduler.finished(of_first_target->number);
    // The other is due at once, not an interval later.
    EXPECT_LE(scheduler.next_due(), at(10s));
    runs = scheduler.take_due(at(10s));
    ASSERT_EQ(runs.size(), 1U);
    EXPECT_EQ(runs[0].probe->dense, 1 - first);
}

TEST(Scheduler, SkipsAProbeWhoseTargetStaysBusy) {
    Scheduler scheduler;
    scheduler.assign(1, {probe(0, "a", 10s, "192.0.2.1"), probe(1, "b", 10s, "192.0.2.1")}, at(0s));
    EXPECT_EQ(scheduler.take_due(at(10s)).size(), 1U);
    EXPECT_TRUE(scheduler.take_due(at(30s)).empty());
    EXPECT_GE(scheduler.skipped(), 2U) << "the one that runs and the one that waits";
}

TEST(Scheduler, StartsNoMoreThanItMay) {
    Scheduler scheduler({.first_within = 10s, .most_running = 3});
    scheduler.assign(1, many(10, 10s), at(0s));
    const auto runs = scheduler.take_due(at(10s));
    ASSERT_EQ(runs.size(), 3U);
    EXPECT_GT(scheduler.next_due(), at(10s));
    scheduler.finished(runs[0].number);
    EXPECT_EQ(scheduler.take_due(at(10s)).size(), 1U);
}

TEST(Scheduler, KeepsPhaseAndRunningStateOverANewEpoch) {
    Scheduler scheduler;
    scheduler.assign(1, {probe(0, "a", 10s), probe(1, "b", 10s)}, at(0s));
    run_until(scheduler, at(60s));
    Scheduler undisturbed = scheduler;
    auto runs = scheduler.take_due(at(75s));
    ASSERT_EQ(runs.size(), 2U);
    scheduler.assign(2, {probe(0, "new", 10s), probe(1, "b", 10s), probe(2, "a", 10s)}, at(75s));
    EXPECT_EQ(scheduler.epoch(), 2U);
    std::set<std::uint32_t> ended;
    for (const auto& run : runs) {
        const auto dense = scheduler.finished(run.number);
        ASSERT_TRUE(dense);
        EXPECT_EQ(*dense, run.probe->id == ProbeId(Uuid::named("a")) ? 2U : 1U);
        ended.insert(*dense);
    }
    EXPECT_EQ(ended.size(), 2U);
    auto after = run_until(scheduler, at(120s));
    run_until(undisturbed, at(75s));
    auto before = run_until(undisturbed, at(120s));
    EXPECT_EQ(after[2], before[0]);
    EXPECT_EQ(after[1], before[1]);
}

TEST(Scheduler, GivesNoResultForAProbeThatIsGone) {
    Scheduler scheduler;
    scheduler.assign(1, {probe(0, "a", 10s)}, at(0s));
    const auto runs = scheduler.take_due(at(10s));
    ASSERT_EQ(runs.size(), 1U);
    scheduler.assign(2, {probe(0, "b", 10s, "a")}, at(11s));
    // The run in flight still keeps its target to itself.
    EXPECT_TRUE(scheduler.take_due(at(30s)).empty());
    EXPECT_EQ(scheduler.finished(runs[0].number), std::nullopt);
    EXPECT_EQ(scheduler.take_due(at(30s)).size(), 1U);
}

TEST(Scheduler, DoesNotForgetARunThatWaitedWhenTheEpochChanged) {
    Scheduler scheduler;
    const std::vector<ScheduledProbe> both{probe(0, "a", 10s, "host"), probe(1, "b", 10s, "host")};
    scheduler.assign(1, both, at(0s));
    const auto runs = scheduler.take_due(at(10s));
    ASSERT_EQ(runs.size(), 1U);
    scheduler.assign(2, both, at(10s));
    scheduler.finished(runs[0].number);
    const auto rest = scheduler.take_due(at(10s));
    ASSERT_EQ(rest.size(), 1U);
    EXPECT_NE(rest[0].probe->dense, runs[0].probe->dense);
}

}  // namespace
}  // namespace muster::agent
