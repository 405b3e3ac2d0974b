#include "collector/history/block_codec.hpp"

#include "collector/history/column.hpp"

#include <algorithm>
#include <limits>
#include <span>

namespace muster::collector {

namespace {

constexpr unsigned state_bits = 2;

Failure damaged(const char* what) {
    return failure(ErrorKind::corrupt, what);
}

template <class T>
auto numbers_of(std::vector<T>& column, const ChunkSeries& series) {
    return std::span(column).subspan(series.first, series.count);
}

template <class T>
auto numbers_of(const std::vector<T>& column, const ChunkSeries& series) {
    return std::span(column).subspan(series.first, series.count);
}

std::span<const ChunkSeries> series_of(const ChunkSlice& slice) {
    return std::span(slice.chunk->series).subspan(slice.first, slice.last - slice.first);
}

/// False when the table does not list exactly `samples` samples of rising series with at most `metrics` metrics.
bool read_table(std::string_view table, std::uint32_t samples, std::uint32_t metrics, Chunk& out) {
    VarintReader reader(table);
    std::uint64_t id = 0;
    std::uint32_t first = 0;
    while (first < samples) {
        const std::uint64_t step = reader.next();
        const std::uint64_t count = reader.next();
        const std::uint64_t own = reader.next();
        if (step == 0 || step > std::numeric_limits<SeriesId>::max() - id || count == 0 ||
            count > samples - first || own > metrics) {
            return false;
        }
        id += step;
        out.series.push_back({
            .id = static_cast<SeriesId>(id),
            .first = first,
            .count = static_cast<std::uint32_t>(count),
            .metrics = static_cast<std::uint32_t>(own),
        });
        first += static_cast<std::uint32_t>(count);
    }
    return reader.finished();
}

}  // namespace

std::string encode_times(const ChunkSlice& slice) {
    std::string table;
    ColumnWriter times(ColumnKind::times);
    SeriesId before = no_series;
    for (const ChunkSeries& series : series_of(slice)) {
        put_varint(table, series.id - before);
        put_varint(table, series.count);
        put_varint(table, series.metrics);
        before = series.id;
        times.add(numbers_of(slice.chunk->time_ms, series));
    }
    std::string part;
    put_varint(part, table.size());
    return part + table + times.take();
}

std::string encode_states(const ChunkSlice& slice) {
    std::string part;
    for (const ChunkSeries& series : series_of(slice)) {
        const auto states = numbers_of(slice.chunk->state, series);
        for (auto at = states.begin(); at != states.end();) {
            const std::uint8_t state = *at;
            const auto other =
                std::find_if(at, states.end(), [state](std::uint8_t one) { return one != state; });
            put_varint(part, static_cast<std::uint64_t>(other - at) << state_bits | state);
            at = other;
        }
    }
    return part;
}

std::string encode_values(const ChunkSlice& slice, std::uint32_t metric) {
    ColumnWriter values(ColumnKind::values);
    for (const ChunkSeries& series : series_of(slice)) {
        if (series.metrics > metric) {
            values.add(numbers_of(slice.chunk->values[metric], series));
        }
    }
    return values.take();
}

Status decode_times(
    std::string_view part, std::uint32_t samples, std::uint32_t metrics, Chunk& out
) {
    out.clear();
    VarintReader sizes(part);
    const std::uint64_t table_size = sizes.next();
    if (!sizes.good() || table_size > sizes.rest().size()) {
        return damaged("the series of a chunk cannot be read");
    }
    if (!read_table(sizes.rest().substr(0, table_size), samples, metrics, out)) {
        return damaged("the series of a chunk do not add up");
    }
    out.resize(samples, metrics);
    auto times = ColumnReader::open(sizes.rest().substr(table_size));
    if (!times) {
        return failure(times.error());
    }
    for (const ChunkSeries& series : out.series) {
        if (Status read = times->read(numbers_of(out.time_ms, series)); !read) {
            return read;
        }
    }
    return {};
}

Status decode_states(std::string_view part, Chunk& out) {
    VarintReader runs(part);
    for (const ChunkSeries& series : out.series) {
        const auto states = numbers_of(out.state, series);
        for (std::size_t at = 0; at < states.size();) {
            const std::uint64_t run = runs.next();
            const std::uint64_t length = run >> state_bits;
            if (length == 0 || length > states.size() - at) {
                return damaged("the states of a chunk cannot be read");
            }
            std::ranges::fill(
                states.subspan(at, length),
                static_cast<std::uint8_t>(run & ((1U << state_bits) - 1))
            );
            at += length;
        }
    }
    if (!runs.finished()) {
        return damaged("the states of a chunk do not add up");
    }
    return {};
}

Status decode_values(std::string_view part, std::uint32_t metric, Chunk& out) {
    auto values = ColumnReader::open(part);
    if (!values) {
        return failure(values.error());
    }
    for (const ChunkSeries& series : out.series) {
        if (series.metrics > metric) {
            if (Status read = values->read(numbers_of(out.values[metric], series)); !read) {
                return read;
            }
        }
    }
    return {};
}

}  // namespace muster::collector
