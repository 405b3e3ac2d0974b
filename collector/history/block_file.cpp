#include "collector/history/block_file.hpp"

#include "base/bytes.hpp"
#include "base/compression.hpp"
#include "base/expect.hpp"
#include "base/failpoint.hpp"
#include "collector/history/block_codec.hpp"
#include "collector/history/column.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace muster::collector {

namespace {

constexpr std::string_view header = "MUSTERH1";
constexpr std::string_view trailer_mark = "MUSTERHE";
constexpr std::size_t trailer_numbers = 8 + 4 + 4 + 4;  // under the checksum
constexpr std::size_t trailer_size = trailer_numbers + 4 + 8;
constexpr std::uint32_t parts_before_values = 2;
constexpr std::uint32_t most_metrics = 1024;
constexpr std::uint32_t most_raw = 1U << 30U;  // of a part: memory that a damaged index may ask for
constexpr int compression_level = 1;

Failure damaged(const char* what) {
    return failure(ErrorKind::corrupt, what);
}

std::int64_t wrapping_sum(std::int64_t a, std::int64_t b) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

std::uint32_t narrow(std::size_t size) {
    expect(size <= most_raw, "a part of a block is beyond its bound");
    return static_cast<std::uint32_t>(size);
}

}  // namespace

Result<BlockWriter> BlockWriter::create(
    Files& files, std::string path, std::size_t samples_a_chunk
) {
    auto file = files.open(path, OpenMode::create_new);
    if (!file) {
        return failure(file.error());
    }
    BlockWriter writer(std::move(*file), samples_a_chunk);
    if (Status begun = writer.write(header); !begun) {
        return failure(begun.error());
    }
    return writer;
}

Status BlockWriter::write(std::string_view bytes) {
    Status written = file_->append(bytes);
    if (written) {
        offset_ += bytes.size();
    }
    return written;
}

BlockWriter::Part BlockWriter::put(const std::string& raw, std::string& out) const {
    const std::string packed = zstd_compress(raw, compression_level);
    const std::string& stored = packed.size() < raw.size() ? packed : raw;
    out += stored;
    return {.stored = narrow(stored.size()), .raw = narrow(raw.size()), .crc = crc32c(stored)};
}

Status BlockWriter::add(const Chunk& chunk) {
    // Even pieces: a small rest would cost a chunk's overhead.
    const std::size_t pieces = (chunk.samples() + samples_a_chunk_ - 1) / samples_a_chunk_;
    std::size_t first = 0;
    std::size_t samples = 0;
    for (std::size_t at = 0; at < chunk.series.size(); ++at) {
        samples += chunk.series[at].count;
        if (at + 1 == chunk.series.size() || samples >= chunk.samples() / pieces) {
            if (Status added = add_chunk(chunk, first, at + 1); !added) {
                return added;
            }
            first = at + 1;
            samples = 0;
        }
    }
    return {};
}

Status BlockWriter::add_chunk(const Chunk& chunk, std::size_t first, std::size_t last) {
    const ChunkSlice slice{.chunk = &chunk, .first = first, .last = last};
    std::uint32_t metrics = 0;
    std::uint64_t samples = 0;
    std::int64_t from = std::numeric_limits<std::int64_t>::max();
    std::int64_t to = std::numeric_limits<std::int64_t>::min();
    for (std::size_t at = first; at < last; ++at) {
        const ChunkSeries& series = chunk.series[at];
        metrics = std::max(metrics, series.metrics);
        samples += series.count;
        from = std::min(from, chunk.time_ms[series.first]);
        to = std::max(to, chunk.time_ms[series.first + series.count - 1]);
    }
    std::string out;
    std::vector<Part> parts{put(encode_times(slice), out), put(encode_states(slice), out)};
    for (std::uint32_t metric = 0; metric < metrics; ++metric) {
        parts.push_back(put(encode_values(slice, metric), out));
    }
    const SeriesId first_series = chunk.series[first].id;
    const SeriesId last_series = chunk.series[last - 1].id;
    expect(first_series > extent_.last_series, "series of a block are added in rising order");
    put_varint(index_, first_series - extent_.last_series);
    put_varint(index_, last_series - first_series);
    put_varint(index_, samples);
    put_varint(index_, metrics);
    put_varint(index_, zigzag(from - last_from_ms_));
    put_varint(index_, zigzag(to - from));
    for (const Part& part : parts) {
        put_varint(index_, part.stored);
        put_varint(index_, part.raw);
        put_varint(index_, part.crc);
    }
    ++chunks_;
    last_from_ms_ = from;
    extent_.first_series = extent_.first_series == no_series ? first_series : extent_.first_series;
    extent_.last_series = last_series;
    extent_.from_ms = std::min(extent_.from_ms, from);
    extent_.to_ms = std::max(extent_.to_ms, to);
    extent_.samples += samples;
    const Status written = write(out);
    failpoint("history.mid_block");
    return written;
}

Result<BlockExtent> BlockWriter::finish() {
    const std::string packed = zstd_compress(index_, compression_level);
    std::string out = packed;
    std::string numbers;
    put_u64(numbers, offset_);
    put_u32(numbers, narrow(packed.size()));
    put_u32(numbers, narrow(index_.size()));
    put_u32(numbers, chunks_);
    out += numbers;
    put_u32(out, crc32c(numbers, crc32c(packed)));
    out += trailer_mark;
    if (Status written = write(out); !written) {
        return failure(written.error());
    }
    if (Status synced = file_->sync(); !synced) {
        return failure(synced.error());
    }
    extent_.bytes = offset_;
    return extent_;
}

Result<BlockReader> BlockReader::open(Files& files, const std::string& path) {
    auto file = files.open(path, OpenMode::read);
    if (!file) {
        return failure(file.error());
    }
    const auto size = (*file)->size();
    if (!size) {
        return failure(size.error());
    }
    BlockReader reader(std::move(*file));
    if (Status read = reader.read_index(*size); !read) {
        return failure(read.error(), path);
    }
    return reader;
}

Status BlockReader::read_index(std::uint64_t file_size) {
    if (file_size < header.size() + trailer_size) {
        return damaged("the block is too short");
    }
    const auto start = file_->read(0, header.size());
    const auto trailer = file_->read(file_size - trailer_size, trailer_size);
    if (!start || !trailer) {
        return failure(start ? trailer.error() : start.error());
    }
    if (*start != header || trailer->size() != trailer_size || !trailer->ends_with(trailer_mark)) {
        return damaged("the block has no beginning or no end");
    }
    const std::uint64_t offset = load_u64(trailer->data());
    const std::uint32_t stored = load_u32(trailer->data() + 8);
    const std::uint32_t raw_size = load_u32(trailer->data() + 12);
    const std::uint32_t chunks = load_u32(trailer->data() + 16);
    if (offset < header.size() || offset > file_size || raw_size > most_raw ||
        file_size - offset != stored + trailer_size) {
        return damaged("the block's index is not where it should be");
    }
    const auto packed = file_->read(offset, stored);
    if (!packed) {
        return failure(packed.error());
    }
    const std::string_view numbers = std::string_view(*trailer).substr(0, trailer_numbers);
    if (crc32c(numbers, crc32c(*packed)) != load_u32(trailer->data() + trailer_numbers)) {
        return damaged("the block's index fails its checksum");
    }
    if (Status opened = zstd_decompress(*packed, raw_size, raw_); !opened) {
        return opened;
    }
    return parse_index(raw_, chunks, offset);
}

Status BlockReader::parse_index(std::string_view raw, std::uint32_t chunks, std::uint64_t end) {
    VarintReader reader(raw);
    std::uint64_t offset = header.size();
    std::uint64_t series = 0;
    std::int64_t from = 0;
    for (std::uint32_t i = 0; i < chunks && reader.good(); ++i) {
        ChunkInfo chunk;
        const std::uint64_t first = series + reader.next();
        series = first + reader.next();
        const std::uint64_t samples = reader.next();
        const std::uint64_t metrics = reader.next();
        from = wrapping_sum(from, unzigzag(reader.next()));
        if (series > std::numeric_limits<SeriesId>::max() || samples > most_raw ||
            metrics > most_metrics) {
            return damaged("the block's index makes no sense");
        }
        chunk.first_series = static_cast<SeriesId>(first);
        chunk.last_series = static_cast<SeriesId>(series);
        chunk.samples = static_cast<std::uint32_t>(samples);
        chunk.metrics = static_cast<std::uint32_t>(metrics);
        chunk.from_ms = from;
        chunk.to_ms = wrapping_sum(from, unzigzag(reader.next()));
        chunk.first_part = static_cast<std::uint32_t>(parts_.size());
        chunks_.push_back(chunk);
        for (std::uint64_t part = 0; part < metrics + parts_before_values; ++part) {
            const std::uint64_t stored = reader.next();
            const std::uint64_t raw_size = reader.next();
            const std::uint64_t crc = reader.next();
            if (stored > end - offset || raw_size > most_raw) {
                return damaged("the block's index points outside");
            }
            parts_.push_back({
                .offset = offset,
                .stored = static_cast<std::uint32_t>(stored),
                .raw = static_cast<std::uint32_t>(raw_size),
                .crc = static_cast<std::uint32_t>(crc),
            });
            offset += stored;
        }
    }
    if (!reader.finished() || offset != end) {
        return damaged("the block's index does not add up");
    }
    return {};
}

Status BlockReader::read_part(const Part& part, std::string& raw) {
    auto stored = file_->read(part.offset, part.stored);
    if (!stored) {
        return failure(stored.error());
    }
    if (stored->size() != part.stored || crc32c(*stored) != part.crc) {
        return damaged("a part of the block fails its checksum");
    }
    if (part.stored == part.raw) {
        raw = std::move(*stored);
        return {};
    }
    return zstd_decompress(*stored, part.raw, raw);
}

Status BlockReader::read(std::size_t chunk, std::optional<std::uint32_t> only_metric, Chunk& out) {
    if (only_metric) {
        return read_columns(chunk, std::span(&*only_metric, 1), out);
    }
    std::vector<std::uint32_t> all(chunks_[chunk].metrics);
    std::iota(all.begin(), all.end(), 0U);
    return read_columns(chunk, all, out);
}

Status BlockReader::read_columns(
    std::size_t chunk, std::span<const std::uint32_t> columns, Chunk& out
) {
    const ChunkInfo& info = chunks_[chunk];
    Status good = read_part(parts_[info.first_part], raw_);
    if (good) {
        good = decode_times(raw_, info.samples, info.metrics, out);
    }
    if (good) {
        good = read_part(parts_[info.first_part + 1], raw_);
    }
    if (good) {
        good = decode_states(raw_, out);
    }
    for (const std::uint32_t column : columns) {
        if (!good || column >= info.metrics) {
            continue;
        }
        good = read_part(parts_[info.first_part + parts_before_values + column], raw_);
        if (good) {
            good = decode_values(raw_, column, out);
        }
    }
    return good;
}

}  // namespace muster::collector
