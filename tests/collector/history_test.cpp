#include "tests/collector/history_fixture.hpp"

#include <algorithm>

namespace muster::collector::test {
namespace {

using wire::ResultState;

std::vector<std::int64_t> rising(std::int64_t from, std::int64_t count) {
    std::vector<std::int64_t> numbers;
    for (std::int64_t i = 0; i < count; ++i) {
        numbers.push_back(from + i);
    }
    return numbers;
}

TEST_F(HistoryStore, AnswersFromTailAndBlocksAlike) {
    open();
    issue(1, {"a", "b"});
    measure(day_ms, 6);
    EXPECT_EQ(values("a"), rising(100, 6));
    EXPECT_TRUE(history->seal());
    EXPECT_EQ(history->stats().tail_samples, 0U);
    EXPECT_EQ(values("a"), rising(100, 6));
    EXPECT_EQ(values("a", 1), rising(0, 6));
    measure(day_ms + 60'000, 2);
    EXPECT_EQ(values("b"), (std::vector<std::int64_t>{200, 201, 202, 203, 204, 205, 200, 201}));
    const HistorySeries some = ask("b", day_ms + 10'005, day_ms + 20'005);
    ASSERT_EQ(some.points.size(), 1U);
    EXPECT_EQ(some.points[0].at, at_ms(day_ms + 10'005));
    EXPECT_EQ(some.points[0].state, ResultState::ok);
}

TEST_F(HistoryStore, ProbeWithoutResultsGivesNoPoints) {
    open();
    issue(1, {"a", "b"});
    EXPECT_TRUE(ask("a", 0, day_ms).points.empty());
    EXPECT_TRUE(ask("never heard of", 0, day_ms).points.empty());
    EXPECT_TRUE(ask("a", day_ms, day_ms).points.empty());
}

TEST_F(HistoryStore, SealsByJournalTime) {
    open();
    issue(1, {"a", "b"});
    measure(day_ms, 59);
    EXPECT_EQ(history->next_lsn(), 1U);
    fold(line.tick());
    EXPECT_EQ(history->next_lsn(), 61U);
    EXPECT_EQ(blocks().size(), 1U);
    // Nothing was measured since: only the position moves.
    for (int i = 0; i < 60; ++i) {
        fold(line.tick());
    }
    EXPECT_EQ(history->next_lsn(), 121U);
    EXPECT_EQ(blocks().size(), 1U);
}

TEST_F(HistoryStore, SealsBeforeTheTailIsTooLarge) {
    options.tail_samples = 10;
    open();
    issue(1, {"a", "b"});
    measure(day_ms, 12);
    EXPECT_LE(history->stats().tail_samples, 10U);
    EXPECT_EQ(blocks().size(), 2U);
    EXPECT_EQ(values("a"), rising(100, 12));
}

TEST_F(HistoryStore, FoldingAgainAfterACrashWritesTheSameBlocks) {
    options.tail_samples = 20;
    options.fan_in = {};
    open();
    issue(1, {"a", "b"});
    measure(day_ms, 35);
    issue(2, {"b", "c", "a"});
    fold(line.batch(agent, 2, {{1, day_ms + 900'000, {7}}, {2, day_ms + 900'000, {8}}}));
    measure(day_ms + 1'000'000, 20);
    const auto undisturbed = blocks();
    ASSERT_GE(undisturbed.size(), 5U);

    const std::vector<Entry> entries = journal;
    for (std::size_t crash = 1; crash < entries.size(); crash += 3) {
        history.reset();
        for (const std::string& name : files_there()) {
            ASSERT_TRUE(files.remove(folder / name));
        }
        open();
        journal.assign(entries.begin(), entries.begin() + static_cast<std::ptrdiff_t>(crash));
        for (const Entry& entry : journal) {
            ASSERT_TRUE(history->fold(entry));
        }
        journal = entries;
        restart();
        EXPECT_EQ(blocks(), undisturbed) << "crash after " << crash;
        EXPECT_EQ(values("a").size(), 56U);
    }
}

TEST_F(HistoryStore, HalfWrittenBlocksAreRemovedAndDoneAgain) {
    open();
    issue(1, {"a", "b"});
    measure(day_ms, 6);
    ASSERT_TRUE(write_file_atomically(
        files, folder / "00000000000000000001-00000000000000000007-0.block", "MUSTERH1 half"
    ));
    restart();
    EXPECT_TRUE(blocks().empty());
    ASSERT_TRUE(history->seal());
    EXPECT_EQ(blocks().size(), 1U);
    EXPECT_EQ(values("a"), rising(100, 6));
}

TEST_F(HistoryStore, KnowsItsSeriesAfterARestart) {
    open();
    issue(1, {"a", "b"});
    issue(2, {"c", "a"});
    ASSERT_TRUE(history->seal());
    restart();
    fold(line.batch(agent, 2, {{0, day_ms, {3}}, {1, day_ms, {1}}}));
    fold(line.batch(agent, 1, {{1, day_ms, {2}}}));
    EXPECT_EQ(values("a"), std::vector<std::int64_t>{1});
    EXPECT_EQ(values("b"), std::vector<std::int64_t>{2});
    EXPECT_EQ(values("c"), std::vector<std::int64_t>{3});
}

TEST_F(HistoryStore, MergesNeighboursLevelByLevel) {
    open();
    issue(1, {"a", "b"});
    for (int block = 0; block < 13; ++block) {
        measure(day_ms + block * 60'000, 6);
        ASSERT_TRUE(history->seal());
    }
    const auto before = values("a");
    merge_all();
    // Twelve of them make three of level 1, and those one of level 2; so do their roll-ups, of which hourly ones are made.
    EXPECT_EQ(history->stats().blocks, 2U);
    EXPECT_EQ(blocks().size(), 4U);
    EXPECT_EQ(history->stats().merges, 5U);
    EXPECT_EQ(values("a"), before);
    restart();
    EXPECT_EQ(values("a"), before);
    EXPECT_EQ(history->stats().blocks, 2U);
}

TEST_F(HistoryStore, MergesNothingBeyondItsBound) {
    options.merged_samples = 40;
    open();
    issue(1, {"a", "b"});
    for (int block = 0; block < 4; ++block) {
        measure(day_ms + block * 60'000, 6);
        ASSERT_TRUE(history->seal());
    }
    merge_all();
    EXPECT_EQ(blocks().size(), 4U);
}

TEST_F(HistoryStore, LateResultsStandWhereTheyBelong) {
    open();
    issue(1, {"a", "b"});
    for (int block = 3; block >= 0; --block) {
        measure(day_ms + block * 60'000, 6);
        ASSERT_TRUE(history->seal());
    }
    for (int pass = 0; pass < 2; ++pass) {
        const HistorySeries all = ask("a", 0, day_ms * 2);
        ASSERT_EQ(all.points.size(), 24U);
        EXPECT_TRUE(std::ranges::is_sorted(all.points, {}, &HistoryPoint::at));
        merge_all();
    }
    EXPECT_EQ(history->stats().blocks, 1U);
}

TEST_F(HistoryStore, DamagedBlockIsReportedAndTheRestIsGiven) {
    open();
    issue(1, {"a", "b"});
    for (int block = 0; block < 5; ++block) {
        measure(day_ms + block * 60'000, 6);
        ASSERT_TRUE(history->seal());
    }
    damage(std::next(blocks().begin())->first);
    const HistorySeries some = ask("a", 0, day_ms * 2);
    EXPECT_EQ(some.points.size(), 24U);
    EXPECT_EQ(some.unreadable_blocks, 1U);
    EXPECT_EQ(history->stats().damaged, 1U);
    merge_all();
    EXPECT_EQ(blocks().size(), 5U) << "what cannot be read is not merged, and not thrown away";
    EXPECT_EQ(ask("a", 0, day_ms * 2).points.size(), 24U);
}

TEST_F(HistoryStore, MissingBlockIsReported) {
    open();
    issue(1, {"a", "b"});
    measure(day_ms, 6);
    ASSERT_TRUE(history->seal());
    ASSERT_TRUE(files.remove(folder / blocks().begin()->first));
    restart();
    EXPECT_EQ(history->stats().damaged, 1U);
    EXPECT_EQ(ask("a", 0, day_ms * 2).unreadable_blocks, 1U);
}

TEST_F(HistoryStore, DropsTheOldestBlocksBeyondItsBound) {
    options.keep_bytes = 1000;
    options.fan_in = {};
    open();
    issue(1, {"a", "b"});
    for (int block = 0; block < 20; ++block) {
        measure(day_ms + block * 60'000, 6);
        ASSERT_TRUE(history->seal());
    }
    EXPECT_LE(history->stats().block_bytes, 1000U);
    EXPECT_GE(blocks().size(), 1U);
    EXPECT_EQ(blocks().size(), history->stats().blocks);
    const HistorySeries left = ask("a", 0, day_ms * 2);
    EXPECT_EQ(left.points.back().at, at_ms(day_ms + 19 * 60'000 + 50'000));
    EXPECT_EQ(left.unreadable_blocks, 0U);
}

TEST_F(HistoryStore, GoesOnBehindWhatTheJournalHasDropped) {
    open();
    ASSERT_TRUE(history->skip_to(1)) << "nothing is missing";
    EXPECT_EQ(history->next_lsn(), 1U);
    ASSERT_TRUE(history->skip_to(41));
    EXPECT_EQ(history->next_lsn(), 41U);
    open();
    EXPECT_EQ(history->next_lsn(), 41U) << "remembered";
}

TEST_F(HistoryStore, SummarisesBySteps) {
    open();
    issue(1, {"a"});
    const auto critical = ResultState::critical;
    fold(line.batch(
        agent,
        1,
        {{0, day_ms, {10}}, {0, day_ms + 10'000, {20}}, {0, day_ms + 20'000, {}, critical}}
    ));
    ASSERT_TRUE(history->seal());
    fold(line.batch(agent, 1, {{0, day_ms + 30'000, {30}}, {0, day_ms + 40'000, {40}}}));
    const HistorySeries steps = ask("a", day_ms, day_ms + 120'000, 30s);
    ASSERT_EQ(steps.points.size(), 3U);
    const HistoryPoint& first = steps.points[0];
    EXPECT_EQ(first.at, at_ms(day_ms));
    EXPECT_EQ(first.state, critical);
    EXPECT_EQ(first.results, 3U);
    EXPECT_EQ(first.measured, 2U);
    EXPECT_EQ(first.min, 10);
    EXPECT_EQ(first.max, 20);
    EXPECT_DOUBLE_EQ(first.mean, 15);
    EXPECT_EQ(first.held[0], 20s);
    EXPECT_EQ(first.held[2], 10s);
    EXPECT_EQ(steps.points[1].results, 2U);
    EXPECT_EQ(steps.points[1].held[0], 30s);
    // The last result holds for 2.5 intervals, until day + 65 s; then nobody watched.
    EXPECT_EQ(steps.points[2].results, 0U);
    EXPECT_EQ(steps.points[2].state, ResultState::ok);
    EXPECT_EQ(steps.points[2].held[0], 5s);
}

TEST_F(HistoryStore, ResultsBeforeTheWindowTellWhatHeldAtItsBegin) {
    open();
    issue(1, {"a", "b"});
    measure(day_ms, 12);
    const HistorySeries steps = ask("a", day_ms + 35'000, day_ms + 55'000, 10s);
    ASSERT_EQ(steps.points.size(), 3U);
    EXPECT_EQ(steps.points[0].at, at_ms(day_ms + 30'000));
    EXPECT_EQ(steps.points[0].results, 0U);
    EXPECT_EQ(steps.points[0].held[0], 5s);
    EXPECT_EQ(steps.points[2].held[0], 5s);
}

TEST_F(HistoryStore, GivesABoundedNumberOfPoints) {
    options.query_points = 5;
    open();
    issue(1, {"a", "b"});
    measure(day_ms, 8);
    const HistorySeries cut = ask("a", 0, day_ms * 2);
    EXPECT_EQ(cut.points.size(), 5U);
    EXPECT_TRUE(cut.is_cut);
    const HistoryQuery fine{
        .probe = probe_named("a"), .from = at_ms(day_ms), .to = at_ms(day_ms + 60'000), .step = 1s
    };
    EXPECT_EQ(history->query(fine).error().kind(), ErrorKind::invalid);
    const HistoryQuery crooked{
        .probe = probe_named("a"), .from = at_ms(day_ms), .to = at_ms(day_ms + 1), .step = 1us
    };
    EXPECT_EQ(history->query(crooked).error().kind(), ErrorKind::invalid);
}

TEST_F(HistoryStore, ResultsOfUnknownEpochsAreCountedAndLeftOut) {
    open();
    fold(line.batch(agent, 1, {{0, day_ms, {1}}}));
    ASSERT_TRUE(history->seal());
    EXPECT_EQ(history->next_lsn(), 2U);
    EXPECT_EQ(history->stats().strangers, 1U);
    EXPECT_TRUE(blocks().empty());
}

}  // namespace
}  // namespace muster::collector::test
