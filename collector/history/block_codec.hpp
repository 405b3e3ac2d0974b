// Owns: what is in the parts of a chunk. Leaves to column.hpp: numbers; to block_file.hpp: compression, checksums, the file.
//
//   part 0: varint size of the table | table | column of times
//           table, per series: varint id − id before | samples | metrics
//   part 1: states as runs, per series: varint length × 4 + state, until all its samples are told
//   part 2 + m: column of the values of metric m, of the series that have more than m metrics
#pragma once

#include "base/result.hpp"
#include "collector/history/chunk.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace muster::collector {

/// Series `first` … `last` − 1 of a chunk; `encode` and `decode` work on such a stretch.
struct ChunkSlice {
    const Chunk* chunk;
    std::size_t first;
    std::size_t last;
};

std::string encode_times(const ChunkSlice& slice);
std::string encode_states(const ChunkSlice& slice);
std::string encode_values(const ChunkSlice& slice, std::uint32_t metric);

/// Fills `out.series`, `out.time_ms` and makes room for the other columns. `samples` and `metrics` as the index says.
/// `corrupt` when the bytes do not hold exactly that.
Status decode_times(
    std::string_view part, std::uint32_t samples, std::uint32_t metrics, Chunk& out
);
Status decode_states(std::string_view part, Chunk& out);
Status decode_values(std::string_view part, std::uint32_t metric, Chunk& out);

}  // namespace muster::collector
