// Owns: samples of some series as plain columns: what is encoded, decoded, merged and asked. Leaves to column.hpp: their bytes.
#pragma once

#include "wire/results.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace muster::collector {

/// A probe within history: dense, from 1, given in the order in which probes are first issued.
using SeriesId = std::uint32_t;
inline constexpr SeriesId no_series = 0;

/// Where one series lies in the columns of a chunk.
struct ChunkSeries {
    SeriesId id = no_series;
    std::uint32_t first = 0;    ///< its first sample
    std::uint32_t count = 0;    ///< at least 1
    std::uint32_t metrics = 0;  ///< values its results have at most

    bool operator==(const ChunkSeries&) const = default;
};

/// Series by rising id; a series' samples by rising time. All columns have one element a sample.
struct Chunk {
    std::vector<ChunkSeries> series;
    std::vector<std::int64_t> time_ms;  ///< wall time of the agent
    std::vector<std::uint8_t> state;    ///< wire::ResultState
    std::vector<std::vector<std::int64_t>>
        values;  ///< by metric; wire::absent_value beyond a series' `metrics`

    std::size_t samples() const { return time_ms.size(); }

    /// Empties all columns, keeps their memory.
    void clear();
    /// Makes room for `count` samples and `metrics` value columns, absent throughout.
    void resize(std::size_t count, std::size_t metrics);
    /// Makes room for one more series at the end, its values absent.
    void extend(const ChunkSeries& added);
    /// Adds `from`'s samples of one series at the end; continues the last series when it is the same.
    void append(const Chunk& from, const ChunkSeries& series);
    /// Sorts the samples of one series by time where they are not; equal times keep their order.
    void sort(const ChunkSeries& series);

    bool operator==(const Chunk&) const = default;
};

}  // namespace muster::collector
