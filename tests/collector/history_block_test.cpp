#include "base/memory_files.hpp"
#include "collector/history/block_file.hpp"
#include "collector/history/merge.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <span>

namespace muster::collector {
namespace {

/// `count` samples of each series first, first + step, …; every third has two metrics, some values are absent.
Chunk chunk_of(
    SeriesId first,
    SeriesId step,
    std::size_t series,
    std::uint32_t count,
    std::int64_t from_ms,
    unsigned seed
) {
    std::minstd_rand random(seed);
    Chunk chunk;
    chunk.resize(series * count, 2);
    for (std::uint32_t i = 0; i < series; ++i) {
        const std::uint32_t metrics = i % 3 == 0 ? 2 : 1;
        chunk.series.push_back(
            {.id = first + i * step, .first = i * count, .count = count, .metrics = metrics}
        );
        for (std::uint32_t n = 0; n < count; ++n) {
            const std::size_t at = i * count + n;
            chunk.time_ms[at] = from_ms + n * 1000 + static_cast<std::int64_t>(random() % 2);
            chunk.state[at] = random() % 50 == 0 ? 2 : 0;
            chunk.values[0][at] = chunk.state[at] == 2
                                      ? wire::absent_value
                                      : 5'000 + static_cast<std::int64_t>(random() % 99);
            chunk.values[1][at] = metrics > 1 ? n : wire::absent_value;
        }
    }
    return chunk;
}

class HistoryBlock : public testing::Test {
  protected:
    BlockExtent write(const std::string& path, const Chunk& chunk) {
        auto writer = BlockWriter::create(files, path);
        EXPECT_TRUE(writer && writer->add(chunk));
        auto extent = writer->finish();
        EXPECT_TRUE(extent);
        return *extent;
    }

    /// All of a block as one chunk.
    Result<Chunk> read(
        const std::string& path, std::optional<std::uint32_t> metric = std::nullopt
    ) {
        auto reader = BlockReader::open(files, path);
        if (!reader) {
            return failure(reader.error());
        }
        Chunk all;
        Chunk one;
        for (std::size_t at = 0; at < reader->chunks().size(); ++at) {
            if (Status good = reader->read(at, metric, one); !good) {
                return failure(good.error());
            }
            for (const ChunkSeries& series : one.series) {
                all.append(one, series);
            }
        }
        return all;
    }

    std::string bytes(const std::string& path) { return *read_file(files, path, 1 << 30); }

    void replace(const std::string& path, const std::string& content) {
        ASSERT_TRUE(files.remove(path));
        ASSERT_TRUE((*files.open(path, OpenMode::create_new))->append(content));
    }

    MemoryFiles files;
};

TEST_F(HistoryBlock, GivesBackWhatWasWritten) {
    const Chunk chunk = chunk_of(5, 2, 9'000, 8, 1'000'000, 1);
    const BlockExtent extent = write("b", chunk);
    EXPECT_EQ(extent.samples, 72'000U);
    EXPECT_EQ(extent.first_series, 5U);
    EXPECT_EQ(extent.last_series, 5U + 8'999U * 2);
    EXPECT_GE(extent.from_ms, 1'000'000);
    EXPECT_EQ(extent.bytes, bytes("b").size());
    const auto again = read("b");
    ASSERT_TRUE(again);
    EXPECT_EQ(*again, chunk);
}

TEST_F(HistoryBlock, IsReadByChunksOfBoundedSize) {
    write("b", chunk_of(1, 1, 9'000, 8, 0, 2));
    const auto reader = BlockReader::open(files, "b");
    ASSERT_TRUE(reader);
    EXPECT_EQ(reader->chunks().size(), 3U);
    for (const BlockReader::ChunkInfo& chunk : reader->chunks()) {
        EXPECT_EQ(chunk.samples, 24'000U);
    }
}

TEST_F(HistoryBlock, ReadsOneMetricWithoutTheOthers) {
    const Chunk chunk = chunk_of(1, 1, 30, 8, 0, 3);
    write("b", chunk);
    const auto second = read("b", 1);
    ASSERT_TRUE(second);
    EXPECT_EQ(second->time_ms, chunk.time_ms);
    EXPECT_EQ(second->state, chunk.state);
    EXPECT_EQ(second->values[1], chunk.values[1]);
    EXPECT_NE(second->values[0], chunk.values[0]);
}

TEST_F(HistoryBlock, HalfWrittenIsRefused) {
    write("b", chunk_of(1, 1, 100, 8, 0, 4));
    const std::string whole = bytes("b");
    for (std::size_t size = 0; size < whole.size(); size += 97) {
        replace("b", whole.substr(0, size));
        EXPECT_FALSE(read("b")) << size;
    }
}

TEST_F(HistoryBlock, EveryFlippedByteIsNoticed) {
    write("b", chunk_of(1, 1, 20, 8, 0, 5));
    const std::string whole = bytes("b");
    for (std::size_t at = 0; at < whole.size(); ++at) {
        std::string damaged = whole;
        damaged[at] = static_cast<char>(damaged[at] ^ 0x40);
        replace("b", damaged);
        const auto again = read("b");
        ASSERT_FALSE(again) << at;
        EXPECT_EQ(again.error().kind(), ErrorKind::corrupt);
    }
}

TEST_F(HistoryBlock, MergedHoldsAllSamplesInOrderOfTime) {
    // Late results: the second block has some from before and between those of the first, and series of its own.
    const Chunk first = chunk_of(1, 2, 400, 8, 10'000, 6);
    const Chunk second = chunk_of(1, 3, 400, 5, 12'500, 7);
    write("a", first);
    write("b", second);
    std::vector<BlockReader> inputs;
    inputs.push_back(*BlockReader::open(files, "a"));
    inputs.push_back(*BlockReader::open(files, "b"));
    auto merger = Merger::create(files, std::move(inputs), {.path = "m"});
    ASSERT_TRUE(merger);
    std::size_t steps = 1;
    auto extent = merger->step(100);
    for (; extent && !*extent; extent = merger->step(100)) {
        ++steps;
    }
    ASSERT_TRUE(extent);
    EXPECT_GT(steps, 10U);
    EXPECT_EQ((*extent)->merged.samples, first.samples() + second.samples());
    const auto merged = read("m");
    ASSERT_TRUE(merged);
    for (const ChunkSeries& series : merged->series) {
        const auto times = std::span(merged->time_ms).subspan(series.first, series.count);
        EXPECT_TRUE(std::ranges::is_sorted(times));
        EXPECT_EQ(
            series.count,
            (series.id % 2 == 1 && series.id < 800 ? 8U : 0U) + (series.id % 3 == 1 ? 5U : 0U)
        );
    }
}

TEST_F(HistoryBlock, MergeNamesTheDamagedInput) {
    write("a", chunk_of(1, 1, 20, 8, 0, 8));
    write("b", chunk_of(1, 1, 20, 8, 9'000, 9));
    std::string damaged = bytes("b");
    damaged[20] = static_cast<char>(damaged[20] ^ 1);
    replace("b", damaged);
    std::vector<BlockReader> inputs;
    inputs.push_back(*BlockReader::open(files, "a"));
    inputs.push_back(*BlockReader::open(files, "b"));
    auto merger = Merger::create(files, std::move(inputs), {.path = "m"});
    ASSERT_TRUE(merger);
    EXPECT_FALSE(merger->step(1'000'000));
    EXPECT_EQ(merger->culprit(), 1U);
}

}  // namespace
}  // namespace muster::collector
