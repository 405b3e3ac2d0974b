// Owns: roll-ups: the columns in which a block keeps a stretch a bucket, making them of results or of finer ones, reading them.
// Leaves to stretch.hpp: joining; to merge.hpp: when; to block_codec.hpp: the bytes.
//
//   A row stands for the results of one series within one bucket, as far as one block knows them:
//   time = that of the first result | state = that of the last |
//   values 0 results | 1 ms from the first to the last | 2 the worst state | 3, 4, 5 ms warning, critical, unknown held
//   | 6 ms unobserved | and for each metric m, at 7 + 4 m: results without it | min | max | sum of value − min
#pragma once

#include "collector/history/chunk.hpp"
#include "collector/history/downsample.hpp"
#include "collector/history/history_kind.hpp"
#include "collector/history/stretch.hpp"

#include <cstdint>
#include <vector>

namespace muster::collector {

inline constexpr std::uint32_t roll_up_columns = 7;
inline constexpr std::uint32_t roll_up_columns_a_metric = 4;
/// Rows that one file chunk of roll-ups should hold: they are wide, and a question wants few of them.
inline constexpr std::size_t roll_up_chunk_rows = 8'192;

/// The value columns that tell of one metric.
std::vector<std::uint32_t> roll_up_columns_of(std::uint32_t metric);

/// Row or result `at` of a chunk of `kind`.
Watched watched_at(const Chunk& chunk, HistoryKind kind, std::size_t at);
/// Likewise, of a series with that metric.
Measured measured_at(const Chunk& chunk, HistoryKind kind, std::size_t at, std::uint32_t metric);

/// Adds a series of `from`, whose samples are sorted by time, to `out` as rows of `kind`; `from_kind` may be the same: then
/// rows of one bucket become one. `out` does not have the series yet.
void roll_up(
    const Chunk& from,
    HistoryKind from_kind,
    const ChunkSeries& series,
    HistoryKind kind,
    Chunk& out
);

/// The same of single results of one metric, sorted by time, at the end of `out`.
void roll_up(
    const std::vector<HistorySample>& samples,
    std::int64_t bucket_ms,
    std::vector<HistoryStretch>& out
);

}  // namespace muster::collector
