#include "collector/history/roll_up.hpp"
#include "tests/collector/history_fixture.hpp"
#include "tests/support/process.hpp"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <random>

namespace muster::collector::test {
namespace {

using wire::ResultState;

constexpr std::int64_t minute_ms = 60'000;
constexpr std::int64_t hour_ms = 60 * minute_ms;
constexpr std::int64_t day_length_ms = 24 * hour_ms;

/// Blocks of ten minutes; four make one of level 1 with its roll-up of five minutes, three of those one with its hours.
class HistoryRetention : public HistoryStore {
  protected:
    HistoryRetention() {
        options.seal_every = 3600s;
        options.month_fan_in = 2;
    }

    /// A result every 30 s from `from_ms` on for two probes, ten minutes a block.
    void watch(std::int64_t from_ms, std::int64_t to_ms) {
        for (std::int64_t at = from_ms; at < to_ms; at += 10 * minute_ms) {
            std::vector<Given> results;
            for (const std::uint32_t dense : {0U, 1U}) {
                for (std::int64_t time = at; time < at + 10 * minute_ms; time += 30'000) {
                    Given given{dense, time + dense, {static_cast<std::int64_t>(random() % 9'000)}};
                    const bool fails = random() % 12 == 0;
                    given.state = fails ? ResultState::critical : ResultState::ok;
                    given.values.resize(fails ? 0 : 1);
                    results.push_back(std::move(given));
                }
            }
            line.clock(at + 10 * minute_ms);
            fold(line.batch(agent, 1, results));
            ASSERT_TRUE(history->seal());
        }
    }

    /// Nothing happens but that the clock goes on.
    void wait_until(std::int64_t wall_ms) {
        line.clock(wall_ms);
        fold(line.tick());
        ASSERT_TRUE(history->seal());
    }

    static void expect_same(const HistorySeries& one, const HistorySeries& other) {
        ASSERT_EQ(one.points.size(), other.points.size());
        EXPECT_EQ(one.step, other.step);
        for (std::size_t at = 0; at < one.points.size(); ++at) {
            const HistoryPoint& a = one.points[at];
            const HistoryPoint& b = other.points[at];
            EXPECT_EQ(a.at, b.at);
            EXPECT_EQ(a.state, b.state);
            EXPECT_EQ(a.results, b.results);
            EXPECT_EQ(a.measured, b.measured);
            EXPECT_EQ(a.min, b.min);
            EXPECT_EQ(a.max, b.max);
            EXPECT_NEAR(a.mean, b.mean, 1e-6);
            EXPECT_EQ(a.held, b.held);
        }
    }

    std::minstd_rand random{11};
};

TEST_F(HistoryRetention, RollsUpWhatItMerges) {
    open();
    issue(1, {"a", "b"});
    watch(day_ms, day_ms + 2 * hour_ms - 10 * minute_ms);
    merge_all();
    EXPECT_EQ(count("-1.block"), 2U);
    EXPECT_EQ(count("-1-5m"), 2U);
    EXPECT_EQ(count("-1h"), 0U);
    watch(day_ms + 2 * hour_ms - 10 * minute_ms, day_ms + 2 * hour_ms);
    merge_all();
    EXPECT_EQ(count("-2.block"), 1U);
    EXPECT_EQ(count("-2-5m"), 1U);
    EXPECT_EQ(count("-2-1h"), 1U);
    const HistoryStats stats = history->stats();
    EXPECT_EQ(stats.kinds[0].samples, 480U);
    EXPECT_EQ(stats.kinds[1].samples, 48U);
    EXPECT_EQ(stats.kinds[2].samples, 4U);
    watch(day_ms + 2 * hour_ms, day_ms + 4 * hour_ms);
    merge_all();
    EXPECT_EQ(count("-3-1h"), 1U) << "months of hours";
    EXPECT_EQ(count("-2.block"), 2U);
}

TEST_F(HistoryRetention, AnswersAlikeFromRollUpsAndFromResults) {
    open();
    issue(1, {"a", "b"});
    watch(day_ms, day_ms + 6 * hour_ms);
    merge_all();
    std::vector<HistorySeries> before;
    const std::vector<Duration> steps{5min, 10min, 1h, 3h};
    for (const Duration step : steps) {
        before.push_back(ask("b", day_ms, day_ms + 6 * hour_ms, step));
    }
    wait_until(day_ms + 30 * day_length_ms);
    EXPECT_EQ(count(".block"), count("-5m") + count("-1h")) << "no results are left";
    for (std::size_t at = 0; at < steps.size(); ++at) {
        expect_same(ask("b", day_ms, day_ms + 6 * hour_ms, steps[at]), before[at]);
    }
    restart();
    expect_same(ask("b", day_ms, day_ms + 6 * hour_ms, 5min), before[0]);
    wait_until(day_ms + 100 * day_length_ms);
    EXPECT_EQ(count(".block"), count("-1h"));
    expect_same(ask("b", day_ms, day_ms + 6 * hour_ms, 1h), before[2]);
    expect_same(ask("b", day_ms, day_ms + 6 * hour_ms, 3h), before[3]);
    wait_until(day_ms + 731 * day_length_ms);
    EXPECT_EQ(count(".block"), 0U);
    EXPECT_TRUE(ask("b", day_ms, day_ms + 6 * hour_ms, 1h).points.empty());
}

TEST_F(HistoryRetention, T18ACalendarThatIsWrongForAWhileDropsNothing) {
    open();
    issue(1, {"a", "b"});
    watch(day_ms, day_ms + 2 * hour_ms);
    merge_all();
    const HistorySeries before = ask("b", day_ms, day_ms + 2 * hour_ms, 5min);
    const std::int64_t ten_years = 3650 * day_length_ms;
    line.set_clock(day_ms + ten_years);
    fold(line.tick());
    ASSERT_TRUE(history->seal());
    restart();
    watch(day_ms + ten_years, day_ms + ten_years + hour_ms);
    merge_all();
    expect_same(ask("b", day_ms, day_ms + 2 * hour_ms, 5min), before);
    line.set_clock(day_ms + 3 * hour_ms);
    fold(line.tick());
    ASSERT_TRUE(history->seal());
    expect_same(ask("b", day_ms, day_ms + 2 * hour_ms, 5min), before);
    wait_until(day_ms + 30 * day_length_ms);
    EXPECT_EQ(ask("b", day_ms, day_ms + 2 * hour_ms).step, 5min) << "they grow old as ever";
}

TEST_F(HistoryRetention, AnswersFromAllThreeKindsAtOnce) {
    options.keep_for = {4h, 8h, 1000h};
    open();
    issue(1, {"a", "b"});
    watch(day_ms, day_ms + 4 * hour_ms);
    const HistorySeries first = ask("a", day_ms, day_ms + 4 * hour_ms, 2h);
    for (std::int64_t from = day_ms + 4 * hour_ms; from < day_ms + 12 * hour_ms; from += hour_ms) {
        merge_all();
        watch(from, from + hour_ms);
    }
    // Some late results of the first hours: in the tail, next to their roll-ups.
    fold(line.batch(agent, 1, {{0, day_ms + 17, {77}}, {0, day_ms + 7 * hour_ms + 17, {78}}}));
    EXPECT_GT(count("-2.block"), 0U);
    EXPECT_LT(count("-2.block"), 4U);
    EXPECT_GT(count("-2-5m"), count("-2.block"));
    const HistorySeries all = ask("a", day_ms, day_ms + 12 * hour_ms, 2h);
    ASSERT_EQ(all.points.size(), 6U);
    EXPECT_EQ(all.step, 2h);
    for (std::size_t at = 0; at < all.points.size(); ++at) {
        const std::uint32_t late = at == 0 || at == 3 ? 1 : 0;
        EXPECT_EQ(all.points[at].results, 240U + late) << at;
    }
    EXPECT_EQ(all.points[1].min, first.points[1].min);
    EXPECT_EQ(all.points[1].max, first.points[1].max);
    EXPECT_NEAR(all.points[1].mean, first.points[1].mean, 1e-6);
}

TEST_F(HistoryRetention, TellsTheStepOfWhatIsKept) {
    options.keep_for = {4h, 8h, 1000h};
    open();
    issue(1, {"a", "b"});
    for (std::int64_t from = day_ms; from < day_ms + 12 * hour_ms; from += hour_ms) {
        watch(from, from + hour_ms);
        merge_all();
    }
    const std::int64_t end = day_ms + 12 * hour_ms;
    EXPECT_EQ(ask("a", end - 2 * hour_ms, end).step, 0s);
    EXPECT_EQ(ask("a", end - 2 * hour_ms, end).points.size(), 240U);
    const HistorySeries fives = ask("a", end - 7 * hour_ms + 60'000, end, 10s);
    EXPECT_EQ(fives.step, 5min);
    EXPECT_EQ(fives.points.size(), 84U);
    EXPECT_EQ(fives.points[0].at, at_ms(end - 7 * hour_ms));
    EXPECT_EQ(ask("a", end - 7 * hour_ms, end).step, 5min);
    EXPECT_EQ(ask("a", end - 7 * hour_ms, end, 7min).step, 10min);
    const HistorySeries hours = ask("a", day_ms, end, 1s);
    EXPECT_EQ(hours.step, 1h);
    EXPECT_EQ(hours.points.size(), 12U);
    EXPECT_EQ(ask("a", day_ms, end, 90min).step, 2h);
}

TEST_F(HistoryRetention, RollsUpBeforeItDrops) {
    open();
    issue(1, {"a", "b"});
    watch(day_ms, day_ms + 30 * minute_ms);
    const HistorySeries before = ask("a", day_ms, day_ms + hour_ms, 1h);
    // Three blocks are too few for a merge. They must not go before they have been rolled up.
    merge_all();
    wait_until(day_ms + 20 * day_length_ms);
    EXPECT_EQ(count("-0.block"), 3U);
    merge_all();
    EXPECT_EQ(count(".block"), 1U);
    EXPECT_EQ(count("-1-5m"), 1U);
    expect_same(ask("a", day_ms, day_ms + hour_ms, 1h), before);
    wait_until(day_ms + 200 * day_length_ms);
    EXPECT_EQ(count("-1-5m"), 1U);
    merge_all();
    EXPECT_EQ(count("-2-1h"), 1U);
    EXPECT_EQ(count(".block"), 1U);
    expect_same(ask("a", day_ms, day_ms + hour_ms, 1h), before);
}

TEST_F(HistoryRetention, AnAgentsClockThatIsAheadDoesNotKeepABlock) {
    open();
    issue(1, {"a", "b"});
    line.clock(day_ms);
    fold(line.batch(agent, 1, {{0, day_ms + 3650 * day_length_ms, {1}}, {1, day_ms, {1}}}));
    ASSERT_TRUE(history->seal());
    wait_until(day_ms + 15 * day_length_ms);
    merge_all();
    EXPECT_EQ(history->stats().blocks, 0U);
    EXPECT_EQ(count("-5m"), 1U);
    watch(day_ms + 15 * day_length_ms, day_ms + 15 * day_length_ms + hour_ms);
    const HistorySeries now =
        ask("a", day_ms + 15 * day_length_ms, day_ms + 15 * day_length_ms + hour_ms);
    EXPECT_EQ(now.step, 0s) << "results are not taken for dropped";
    EXPECT_EQ(now.points.size(), 120U);
}

TEST_F(HistoryRetention, ThinsResultsFirstThenMinutesThenHours) {
    open();
    issue(1, {"a", "b"});
    watch(day_ms, day_ms + 8 * hour_ms);
    merge_all();
    const HistoryStats full = history->stats();
    const auto bytes = [](const HistoryStats& stats) {
        return stats.kinds[0].bytes + stats.kinds[1].bytes + stats.kinds[2].bytes;
    };
    ASSERT_GE(full.kinds[0].blocks, 4U);
    const auto thinned_to = [&](std::uint64_t keep) {
        options.keep_bytes = keep;
        restart();
        wait_until(day_ms + 8 * hour_ms);
        merge_all();
        EXPECT_LE(bytes(history->stats()), keep);
        EXPECT_EQ(count(".block"), [&] {
            const auto& kinds = history->stats().kinds;
            return kinds[0].blocks + kinds[1].blocks + kinds[2].blocks;
        }());
        return history->stats().kinds;
    };
    const auto less = thinned_to(bytes(full) - 1);
    EXPECT_EQ(less[0].blocks, full.kinds[0].blocks - 1);
    EXPECT_EQ(less[1].blocks, full.kinds[1].blocks);
    const std::uint64_t one_raw = less[0].bytes / less[0].blocks;
    const auto minutes = thinned_to(full.kinds[2].bytes + full.kinds[1].bytes * 7 / 8 + one_raw);
    EXPECT_EQ(minutes[0].blocks, 1U) << "the newest stays";
    EXPECT_LT(minutes[1].blocks, full.kinds[1].blocks);
    EXPECT_EQ(minutes[2].blocks, full.kinds[2].blocks);
    const auto hours = thinned_to(full.kinds[2].bytes + minutes[0].bytes);
    EXPECT_EQ(hours[1].blocks, 0U);
    EXPECT_EQ(hours[2].blocks, full.kinds[2].blocks);
    const HistorySeries left = ask("a", day_ms, day_ms + 8 * hour_ms, 1h);
    EXPECT_EQ(left.points.size(), 8U);
    for (const HistoryPoint& point : left.points) {
        EXPECT_EQ(point.results, 120U);
    }
}

TEST_F(HistoryRetention, FoldingAgainWritesTheSameRollUps) {
    open();
    issue(1, {"a", "b"});
    watch(day_ms, day_ms + 2 * hour_ms);
    merge_all();
    const auto undisturbed = blocks();
    ASSERT_EQ(undisturbed.size(), 3U);
    const std::vector<Entry> entries = journal;
    for (std::size_t pause = 1; pause < entries.size(); pause += 2) {
        history.reset();
        for (const std::string& name : files_there()) {
            ASSERT_TRUE(files.remove(folder / name));
        }
        open();
        for (std::size_t at = 0; at < entries.size(); ++at) {
            ASSERT_TRUE(history->fold(entries[at]));
            if (at > 0) {
                ASSERT_TRUE(history->seal());
            }
            if (at == pause) {
                merge_all();
                open();
            }
        }
        merge_all();
        EXPECT_EQ(blocks(), undisturbed) << "merged and started anew after " << pause;
    }
}

/// Run by itself in another process, which a failpoint ends: eight blocks of 10 minutes, merged.
TEST_F(HistoryRetention, FoldsAndMergesInAFolderGiven) {
    const char* given = std::getenv("MUSTER_TEST_HISTORY");
    auto opened = History::open(files, given == nullptr ? folder.path() : given, options);
    ASSERT_TRUE(opened);
    history.emplace(std::move(*opened));
    issue(1, {"a", "b"});
    watch(day_ms, day_ms + 80 * minute_ms);
    merge_all();
}

TEST_F(HistoryRetention, DeathBetweenFilesAndCatalogLeavesNothingHalf) {
    for (const char* pass : {"history.after_merge:1", "history.after_merge:2"}) {
        SCOPED_TRACE(pass);
        const std::string directory = folder / pass;
        auto other = muster::test::Process::start(
            {std::filesystem::read_symlink("/proc/self/exe").string(),
             "--gtest_filter=HistoryRetention.FoldsAndMergesInAFolderGiven"},
            {.environment = {{"MUSTER_FAILPOINT", pass}, {"MUSTER_TEST_HISTORY", directory}},
             .output_path = {}}
        );
        ASSERT_EQ(other.wait(20s), 128 + SIGKILL);
        const auto left = files.list(directory).value();
        const auto has = [](const std::vector<std::string>& names, const std::string& mark) {
            return std::ranges::count_if(names, [&](const std::string& name) {
                return name.find(mark) != std::string::npos;
            });
        };
        const std::int64_t merged = pass[std::string(pass).size() - 1] - '0';
        EXPECT_EQ(has(left, "-1.block"), merged) << "the files of the last merge are there";
        EXPECT_EQ(has(left, "-1-5m"), merged);
        auto opened = History::open(files, directory, options);
        ASSERT_TRUE(opened);
        history.emplace(std::move(*opened));
        const auto swept = files.list(directory).value();
        EXPECT_EQ(has(swept, "-1.block"), merged - 1) << "but they do not count";
        EXPECT_EQ(has(swept, "-1-5m"), merged - 1);
        EXPECT_EQ(has(swept, "-0.block"), 8 - 4 * (merged - 1));
        EXPECT_EQ(ask("a", day_ms, day_ms + 2 * hour_ms).points.size(), 160U);
        merge_all();
        EXPECT_EQ(history->stats().kinds[1].samples, 32U);
        EXPECT_EQ(ask("a", day_ms, day_ms + 2 * hour_ms).points.size(), 160U);
        history.reset();
    }
}

}  // namespace
}  // namespace muster::collector::test
