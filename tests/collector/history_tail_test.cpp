#include "collector/history/tail.hpp"
#include "tests/collector/history_entries.hpp"

#include <gtest/gtest.h>

namespace muster::collector::test {
namespace {

using wire::absent_value;

Chunk all_of(const Tail& tail) {
    Chunk all;
    EXPECT_TRUE(tail.transpose([&all](const Chunk& piece) -> Status {
        for (const ChunkSeries& series : piece.series) {
            all.append(piece, series);
        }
        return {};
    }));
    return all;
}

class HistoryTail : public testing::Test {
  protected:
    void knows(AgentId agent, std::uint32_t epoch, std::vector<SeriesId> series) {
        map.add(agent, epoch, std::make_shared<const DenseSeries>(std::move(series)));
    }

    void add(std::vector<DecodedBatch> batches) { tail.add(line.batches(std::move(batches)), map); }

    const AgentId one = agent_named("one");
    const AgentId two = agent_named("two");
    EntryLine line;
    SeriesMap map;
    Tail tail;
};

TEST_F(HistoryTail, TurnsBatchesIntoSeries) {
    knows(one, 1, {1, 2, 3});
    knows(two, 7, {10, 11});
    add(
        {batch_of(one, 1, 1000, {{0, 1000, {5}}, {2, 1010, {7}}}),
         batch_of(two, 7, 900, {{1, 905, {9}}})}
    );
    add({batch_of(one, 1, 2000, {{0, 2000, {6}}, {0, 2500, {4}}, {1, 2100, {8}}})});
    const Chunk all = all_of(tail);
    const std::vector<ChunkSeries> series{{1, 0, 3, 1}, {2, 3, 1, 1}, {3, 4, 1, 1}, {11, 5, 1, 1}};
    EXPECT_EQ(all.series, series);
    EXPECT_EQ(all.time_ms, (std::vector<std::int64_t>{1000, 2000, 2500, 2100, 1010, 905}));
    EXPECT_EQ(all.values[0], (std::vector<std::int64_t>{5, 6, 4, 8, 7, 9}));
}

TEST_F(HistoryTail, HoldsNothingOfWhatAnAgentHasSeenOfItsMachine) {
    knows(one, 1, {1});
    DecodedBatch seen = batch_of(one, 1, 1000, {});
    seen.observations = std::make_shared<const wire::Observations>();
    add({seen});
    EXPECT_TRUE(all_of(tail).series.empty());
    EXPECT_EQ(tail.bytes(), 0U);
    EXPECT_EQ(tail.strangers(), 0U);
}

TEST_F(HistoryTail, KeepsAllMetricsAndTheirAbsence) {
    knows(one, 1, {1, 2});
    add({batch_of(
        one, 1, 0, {{0, 1, {5, 50, 500}}, {0, 2, {}}, {1, 1, {6}}, {1, 2, {7, absent_value}}}
    )});
    const Chunk all = all_of(tail);
    EXPECT_EQ(all.series[0].metrics, 3U);
    EXPECT_EQ(all.series[1].metrics, 2U);
    EXPECT_EQ(all.values[0], (std::vector<std::int64_t>{5, absent_value, 6, 7}));
    EXPECT_EQ(
        all.values[1], (std::vector<std::int64_t>{50, absent_value, absent_value, absent_value})
    );
    EXPECT_EQ(
        all.values[2], (std::vector<std::int64_t>{500, absent_value, absent_value, absent_value})
    );
}

TEST_F(HistoryTail, SortsWhatCameLate) {
    knows(one, 1, {4});
    add({batch_of(one, 1, 0, {{0, 500, {5}}})});
    add({batch_of(one, 1, 0, {{0, 100, {1}}, {0, 900, {9}}})});
    EXPECT_EQ(all_of(tail).time_ms, (std::vector<std::int64_t>{100, 500, 900}));
    EXPECT_EQ(all_of(tail).values[0], (std::vector<std::int64_t>{1, 5, 9}));
}

TEST_F(HistoryTail, DoesNotNeedRisingSeries) {
    knows(one, 1, {9, 3, no_series, 5});
    add({batch_of(one, 1, 0, {{0, 1, {90}}, {1, 2, {30}}, {2, 3, {0}}, {3, 4, {50}}})});
    EXPECT_EQ(all_of(tail).values[0], (std::vector<std::int64_t>{30, 50, 90}));
    EXPECT_EQ(tail.series(5).values[0], (std::vector<std::int64_t>{50}));
    EXPECT_TRUE(tail.series(4).series.empty());
}

TEST_F(HistoryTail, LeavesStrangersOut) {
    knows(one, 1, {1, 2});
    add({batch_of(one, 2, 0, {{0, 1, {5}}}), batch_of(two, 1, 0, {{0, 1, {5}}, {1, 1, {5}}})});
    EXPECT_TRUE(tail.empty());
    add({batch_of(one, 1, 0, {{1, 1, {5}}, {2, 1, {6}}, {3, 1, {7}}})});
    EXPECT_EQ(tail.strangers(), 5U);
    EXPECT_EQ(all_of(tail).samples(), 1U);
}

TEST_F(HistoryTail, GivesLargeTailsInPieces) {
    constexpr std::uint32_t probes = 300'000;
    std::vector<SeriesId> series(probes);
    std::vector<Given> results;
    for (std::uint32_t dense = 0; dense < probes; ++dense) {
        series[dense] = dense + 1;
        results.push_back({dense, dense % 1000, {dense}});
    }
    knows(one, 1, series);
    for (int round = 0; round < 4; ++round) {
        add({batch_of(one, 1, 0, results)});
    }
    std::size_t pieces = 0;
    std::uint64_t samples = 0;
    SeriesId before = 0;
    ASSERT_TRUE(tail.transpose([&](const Chunk& piece) -> Status {
        ++pieces;
        samples += piece.samples();
        EXPECT_LE(piece.samples(), Tail::range_samples);
        EXPECT_GT(piece.series.front().id, before);
        before = piece.series.back().id;
        return {};
    }));
    EXPECT_GT(pieces, 2U);
    EXPECT_EQ(samples, 4U * probes);
}

}  // namespace
}  // namespace muster::collector::test
