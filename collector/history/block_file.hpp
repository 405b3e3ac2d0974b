// Owns: one immutable block in a file: chunks of series, each in parts with its own checksum, and an index behind them.
// Leaves to block_codec.hpp: what is in a part; to catalog_store.hpp: which files count.
//
//   "MUSTERH1" | parts of chunk 0 | parts of chunk 1 | … | index | trailer
//   index:   zstd of, per chunk: varint first series − last series before | last − first | samples | metrics
//            | zigzag from_ms − from_ms before | to_ms − from_ms | per part: stored size, raw size, CRC-32C of the stored bytes
//   part:    one zstd frame; plain where that is not smaller (stored size = raw size)
//   trailer: u64 offset of the index | u32 its stored size | u32 its raw size | u32 chunks | u32 CRC-32C of the index and
//            these | "MUSTERHE"
#pragma once

#include "base/files.hpp"
#include "collector/history/chunk.hpp"

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace muster::collector {

/// What a block holds: the row of the catalog, and the sum of its chunks.
struct BlockExtent {
    std::int64_t from_ms = std::numeric_limits<std::int64_t>::max();  ///< the earliest sample
    std::int64_t to_ms = std::numeric_limits<std::int64_t>::min();    ///< the latest
    SeriesId first_series = no_series;
    SeriesId last_series = no_series;
    std::uint64_t samples = 0;
    std::uint64_t bytes = 0;  ///< of the file

    bool operator==(const BlockExtent&) const = default;
};

/// Samples that one file chunk should hold; a series is never divided.
inline constexpr std::size_t chunk_samples = 32'768;

/// Writes a block front to back. A file without its trailer is no block.
class BlockWriter {
  public:
    /// `path` must not exist. `files` outlives the writer.
    static Result<BlockWriter> create(
        Files& files, std::string path, std::size_t samples_a_chunk = chunk_samples
    );

    /// Adds all series of `chunk`; they follow those before. Many small file chunks are made of a large one.
    Status add(const Chunk& chunk);
    /// Index, trailer, fdatasync.
    Result<BlockExtent> finish();

  private:
    struct Part {
        std::uint32_t stored = 0;
        std::uint32_t raw = 0;
        std::uint32_t crc = 0;
    };

    BlockWriter(std::unique_ptr<File> file, std::size_t samples_a_chunk)
        : file_(std::move(file)), samples_a_chunk_(samples_a_chunk) {}

    Status add_chunk(const Chunk& chunk, std::size_t first, std::size_t last);
    Part put(const std::string& raw, std::string& out) const;
    Status write(std::string_view bytes);

    std::unique_ptr<File> file_;
    std::size_t samples_a_chunk_;
    std::uint64_t offset_ = 0;
    std::uint32_t chunks_ = 0;
    std::string index_;
    std::int64_t last_from_ms_ = 0;
    BlockExtent extent_;
};

/// Reads a block, whose bytes may be damaged: then `corrupt` or `io`, and nothing worse.
class BlockReader {
  public:
    struct ChunkInfo {
        SeriesId first_series = no_series;
        SeriesId last_series = no_series;
        std::uint32_t samples = 0;
        std::uint32_t metrics = 0;
        std::int64_t from_ms = 0;
        std::int64_t to_ms = 0;
        std::uint64_t offset = 0;
        std::uint32_t first_part = 0;
    };

    static Result<BlockReader> open(Files& files, const std::string& path);

    const std::vector<ChunkInfo>& chunks() const { return chunks_; }

    /// Series, times and states of a chunk, and one value column or all of them.
    Status read(std::size_t chunk, std::optional<std::uint32_t> only_metric, Chunk& out);
    /// Likewise, and those of some value columns that the chunk has.
    Status read_columns(std::size_t chunk, std::span<const std::uint32_t> columns, Chunk& out);

  private:
    struct Part {
        std::uint64_t offset = 0;
        std::uint32_t stored = 0;
        std::uint32_t raw = 0;
        std::uint32_t crc = 0;
    };

    explicit BlockReader(std::unique_ptr<File> file) : file_(std::move(file)) {}

    Status read_index(std::uint64_t file_size);
    Status parse_index(std::string_view raw, std::uint32_t chunks, std::uint64_t end);
    Status read_part(const Part& part, std::string& raw);

    std::unique_ptr<File> file_;
    std::vector<ChunkInfo> chunks_;
    std::vector<Part> parts_;
    std::string raw_;
};

}  // namespace muster::collector
