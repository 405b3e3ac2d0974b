#include "collector/history/roll_up.hpp"

#include <algorithm>
#include <numeric>
#include <span>

namespace muster::collector {

namespace {

using wire::ResultState;

enum Column : std::uint32_t { results, length, worst, warning, critical, unknown, unobserved };

enum MetricColumn : std::uint32_t { missing, least, greatest, excess };

std::uint32_t column_of(std::uint32_t metric, MetricColumn column) {
    return roll_up_columns + roll_up_columns_a_metric * metric + column;
}

std::uint32_t metrics_of(const ChunkSeries& series, HistoryKind kind) {
    return kind == HistoryKind::raw ? series.metrics
                                    : (series.metrics - roll_up_columns) / roll_up_columns_a_metric;
}

/// The ends of the buckets of a series, as positions in the chunk.
std::vector<std::size_t> bucket_ends(
    const Chunk& from, const ChunkSeries& series, std::int64_t bucket_ms
) {
    std::vector<std::size_t> ends;
    const std::size_t end = std::size_t{series.first} + series.count;
    std::int64_t bucket = floor_to(from.time_ms[series.first], bucket_ms);
    for (std::size_t at = series.first + 1; at < end; ++at) {
        if (from.time_ms[at] - bucket >= bucket_ms) {
            bucket = floor_to(from.time_ms[at], bucket_ms);
            ends.push_back(at);
        }
    }
    ends.push_back(end);
    return ends;
}

std::int64_t longest_hold(const Chunk& from, HistoryKind kind, const ChunkSeries& series) {
    Distances distances(series.count);
    std::int64_t before = from.time_ms[series.first];
    for (std::size_t at = series.first; at < std::size_t{series.first} + series.count; ++at) {
        distances.add(from.time_ms[at] - before);
        before = from.time_ms[at];
        if (kind != HistoryKind::raw) {
            const Watched row = watched_at(from, kind, at);
            distances.add(row);
            before = row.last_ms;
        }
    }
    return distances.take_longest_hold();
}

/// Results first … end − 1: what adding them one by one would give.
Watched watched_of_results(
    const Chunk& from, std::size_t first, std::size_t end, std::int64_t longest
) {
    Watched sum = watched_at(from, HistoryKind::raw, first);
    for (std::size_t at = first + 1; at < end; ++at) {
        const std::int64_t gap = from.time_ms[at] - from.time_ms[at - 1];
        sum.held_ms[from.state[at - 1]] += std::min(gap, longest);
        if (from.state[at] != from.state[at - 1]) {
            sum.worst = worse(sum.worst, static_cast<ResultState>(from.state[at]));
        }
    }
    sum.last_ms = from.time_ms[end - 1];
    sum.last = static_cast<ResultState>(from.state[end - 1]);
    sum.results = static_cast<std::uint32_t>(end - first);
    return sum;
}

/// Rows first … end − 1, which are not none.
Watched watched_of(
    const Chunk& from, HistoryKind kind, std::size_t first, std::size_t end, std::int64_t longest
) {
    if (kind == HistoryKind::raw) {
        return watched_of_results(from, first, end, longest);
    }
    Watched sum;
    for (std::size_t at = first; at < end; ++at) {
        sum.add(watched_at(from, kind, at), longest);
    }
    return sum;
}

Measured measured_of(
    const Chunk& from, HistoryKind kind, std::size_t first, std::size_t end, std::uint32_t metric
) {
    Measured sum;
    if (kind == HistoryKind::raw) {
        sum.add(std::span(from.values[metric]).subspan(first, end - first));
        return sum;
    }
    for (std::size_t at = first; at < end; ++at) {
        sum.add(measured_at(from, kind, at, metric));
    }
    return sum;
}

void put(Chunk& out, std::size_t at, const Watched& row) {
    const auto held = [&row](ResultState state) {
        return row.held_ms[static_cast<std::size_t>(state)];
    };
    out.time_ms[at] = row.first_ms;
    out.state[at] = static_cast<std::uint8_t>(row.last);
    out.values[results][at] = row.results;
    out.values[length][at] = row.last_ms - row.first_ms;
    out.values[worst][at] = static_cast<std::int64_t>(row.worst);
    out.values[warning][at] = held(ResultState::warning);
    out.values[critical][at] = held(ResultState::critical);
    out.values[unknown][at] = held(ResultState::unknown);
    out.values[unobserved][at] = row.last_ms - row.first_ms - row.observed_ms();
}

void put(Chunk& out, std::size_t at, std::uint32_t metric, const Measured& row) {
    out.values[column_of(metric, missing)][at] = out.values[results][at] - row.count;
    if (row.count > 0) {
        out.values[column_of(metric, least)][at] = row.min;
        out.values[column_of(metric, greatest)][at] = row.max;
        out.values[column_of(metric, excess)][at] = row.excess;
    }
}

}  // namespace

std::vector<std::uint32_t> roll_up_columns_of(std::uint32_t metric) {
    std::vector<std::uint32_t> columns(roll_up_columns);
    std::iota(columns.begin(), columns.end(), 0U);
    for (const MetricColumn column : {missing, least, greatest, excess}) {
        columns.push_back(column_of(metric, column));
    }
    return columns;
}

Watched watched_at(const Chunk& chunk, HistoryKind kind, std::size_t at) {
    const std::int64_t time = chunk.time_ms[at];
    const auto state = static_cast<ResultState>(chunk.state[at]);
    if (kind == HistoryKind::raw) {
        return {.first_ms = time, .last_ms = time, .results = 1, .last = state, .worst = state};
    }
    const auto value = [&chunk, at](Column column) { return chunk.values[column][at]; };
    const std::int64_t others = value(warning) + value(critical) + value(unknown);
    return {
        .first_ms = time,
        .last_ms = time + value(length),
        .results = static_cast<std::uint32_t>(value(results)),
        .last = state,
        .worst = static_cast<ResultState>(value(worst) & 3),
        .held_ms =
            {value(length) - value(unobserved) - others,
             value(warning),
             value(critical),
             value(unknown)}
    };
}

Measured measured_at(const Chunk& chunk, HistoryKind kind, std::size_t at, std::uint32_t metric) {
    Measured row;
    if (kind == HistoryKind::raw) {
        row.add(chunk.values[metric][at]);
        return row;
    }
    const auto value = [&](MetricColumn column) {
        return chunk.values[column_of(metric, column)][at];
    };
    const std::int64_t count = chunk.values[results][at] - value(missing);
    if (count > 0) {
        row = {
            .count = static_cast<std::uint32_t>(count),
            .min = value(least),
            .max = value(greatest),
            .excess = value(excess)
        };
    }
    return row;
}

void roll_up(
    const Chunk& from,
    HistoryKind from_kind,
    const ChunkSeries& series,
    HistoryKind kind,
    Chunk& out
) {
    const std::vector<std::size_t> ends = bucket_ends(from, series, resolution_ms(kind));
    const std::int64_t longest = longest_hold(from, from_kind, series);
    const std::uint32_t metrics = metrics_of(series, from_kind);
    const std::size_t first = out.samples();
    out.extend({
        .id = series.id,
        .first = static_cast<std::uint32_t>(first),
        .count = static_cast<std::uint32_t>(ends.size()),
        .metrics = roll_up_columns + roll_up_columns_a_metric * metrics,
    });
    std::size_t begin = series.first;
    for (std::size_t row = 0; row < ends.size(); begin = ends[row++]) {
        put(out, first + row, watched_of(from, from_kind, begin, ends[row], longest));
        for (std::uint32_t metric = 0; metric < metrics; ++metric) {
            const Measured measured = measured_of(from, from_kind, begin, ends[row], metric);
            put(out, first + row, metric, measured);
        }
    }
}

void roll_up(
    const std::vector<HistorySample>& samples,
    std::int64_t bucket_ms,
    std::vector<HistoryStretch>& out
) {
    const std::int64_t longest = longest_hold(samples);
    std::int64_t end = 0;
    bool is_open = false;
    for (const HistorySample& sample : samples) {
        if (!is_open || sample.time_ms >= end) {
            end = floor_to(sample.time_ms, bucket_ms) + bucket_ms;
            is_open = true;
            out.emplace_back();
        }
        const auto state = static_cast<ResultState>(sample.state);
        const Watched one{
            .first_ms = sample.time_ms,
            .last_ms = sample.time_ms,
            .results = 1,
            .last = state,
            .worst = state
        };
        out.back().watched.add(one, longest);
        out.back().measured.add(sample.value);
    }
}

}  // namespace muster::collector
