#include "collector/history/tail.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

namespace muster::collector {

namespace {

constexpr std::uint64_t bytes_a_batch = 512;
constexpr std::uint64_t bytes_a_result = sizeof(std::uint32_t) + sizeof(std::int32_t) + 1;
constexpr std::int64_t ns_a_ms = 1'000'000;
constexpr std::uint32_t most_metrics = wire::ResultLimits{}.values_per_result;

/// Results first … end − 1 have `width` values each, one after another from `values` on.
struct Run {
    std::size_t first;
    std::size_t end;
    std::uint32_t width;
    const std::int64_t* values;
};

/// Calls `visit` for the part of each run of equal width that lies within first … end − 1.
template <class Visit>
void each_run(const wire::ResultBatch& results, std::size_t first, std::size_t end, Visit visit) {
    std::size_t at = 0;
    const std::int64_t* values = results.values.data();
    for (const wire::ValueRun& run : results.value_runs) {
        const std::size_t run_first = std::max(first, at);
        const std::size_t run_end = std::min<std::size_t>(end, at + run.results);
        if (run_first < run_end) {
            visit(Run{run_first, run_end, run.values, values + (run_first - at) * run.values});
        }
        at += run.results;
        values += std::size_t{run.results} * run.values;
        if (at >= end) {
            return;
        }
    }
    if (at < end) {
        visit(Run{std::max(first, at), end, 0, values});
    }
}

/// Floor of the time in milliseconds.
std::int64_t ms_of(WallTime time) {
    const std::int64_t ns = to_ns(time);
    return ns / ns_a_ms - (ns % ns_a_ms < 0 ? 1 : 0);
}

}  // namespace

/// By series id − range.first.
struct Tail::Counts {
    std::vector<std::uint32_t> samples;
    std::vector<std::uint8_t> metrics;
};

/// visit(series, index in the batch, its values, their number) for the results of `item` within `range`.
template <class Visit>
void Tail::each_result(const Item& item, Range range, Visit visit) {
    if (item.most < range.first || item.least >= range.end) {
        return;
    }
    const wire::ResultBatch& results = item.batch->results;
    const SeriesId* const series = item.table->series.data();
    std::size_t first = 0;
    std::size_t end = item.known;
    if (item.table->is_rising) {
        const auto from = results.probe.begin();
        const auto to = from + static_cast<std::ptrdiff_t>(item.known);
        const auto of_probe = [series](std::uint32_t probe) { return series[probe]; };
        first = static_cast<std::size_t>(
            std::ranges::lower_bound(from, to, range.first, {}, of_probe) - from
        );
        end = static_cast<std::size_t>(
            std::ranges::lower_bound(from, to, range.end, {}, of_probe) - from
        );
    }
    const std::uint32_t* const probes = results.probe.data();
    each_run(results, first, end, [&](const Run& run) {
        const std::int64_t* values = run.values;
        for (std::size_t at = run.first; at < run.end; ++at, values += run.width) {
            const SeriesId id = series[probes[at]];
            if (id >= range.first && id < range.end) {
                visit(id, at, values, run.width);
            }
        }
    });
}

std::uint64_t Tail::samples_of(const Entry& entry) {
    std::uint64_t samples = 0;
    if (entry.batches) {
        for (const DecodedBatch& batch : *entry.batches) {
            samples += batch.results.size();
        }
    }
    return samples;
}

std::uint64_t Tail::bytes_of(const Entry& entry) {
    std::uint64_t bytes = samples_of(entry) * bytes_a_result;
    if (entry.batches) {
        for (const DecodedBatch& batch : *entry.batches) {
            bytes += bytes_a_batch + batch.results.values.size() * sizeof(std::int64_t);
        }
    }
    return bytes;
}

void Tail::add(const Entry& entry, const SeriesMap& map) {
    if (!entry.batches) {
        return;
    }
    samples_ += samples_of(entry);
    bytes_ += bytes_of(entry);
    for (const DecodedBatch& batch : *entry.batches) {
        const std::vector<std::uint32_t>& probes = batch.results.probe;
        Item item{.owner = entry.batches, .batch = &batch};
        item.table = map.find(batch.agent, batch.results.epoch);
        if (item.table != nullptr) {
            const auto known = std::ranges::lower_bound(probes, item.table->series.size());
            item.known = static_cast<std::size_t>(known - probes.begin());
        }
        strangers_ += probes.size() - item.known;
        if (item.known == 0) {
            continue;
        }
        const std::vector<SeriesId>& series = item.table->series;
        item.least = series[probes[0]];
        item.most = series[probes[item.known - 1]];
        if (!item.table->is_rising) {
            for (std::size_t at = 0; at < item.known; ++at) {
                item.least = std::min(item.least, series[probes[at]]);
                item.most = std::max(item.most, series[probes[at]]);
            }
        }
        items_.push_back(std::move(item));
    }
}

void Tail::clear() {
    items_.clear();
    samples_ = bytes_ = 0;
}

Tail::Counts Tail::count(Range range) const {
    Counts counts;
    counts.samples.resize(range.end - range.first);
    counts.metrics.resize(range.end - range.first);
    for (const Item& item : items_) {
        each_result(
            item,
            range,
            [&](SeriesId id, std::size_t, const std::int64_t*, std::uint32_t width) {
                std::uint8_t& metrics = counts.metrics[id - range.first];
                ++counts.samples[id - range.first];
                metrics = std::max(metrics, static_cast<std::uint8_t>(std::min(width, most_metrics)));
            }
        );
    }
    return counts;
}

/// `counts` begins at range.first.
void Tail::gather(const Counts& counts, Range range, Chunk& out) const {
    out.clear();
    std::vector<std::uint32_t> next(range.end - range.first);
    std::uint32_t samples = 0;
    std::uint32_t metrics = 0;
    for (std::size_t at = 0; at < next.size(); ++at) {
        next[at] = samples;
        if (const std::uint32_t own = counts.samples[at]; own > 0) {
            const auto id = static_cast<SeriesId>(range.first + at);
            out.series.push_back(
                {.id = id, .first = samples, .count = own, .metrics = counts.metrics[at]}
            );
            samples += own;
            metrics = std::max<std::uint32_t>(metrics, counts.metrics[at]);
        }
    }
    out.resize(samples, metrics);
    std::array<std::int64_t*, most_metrics> columns{};
    for (std::uint32_t metric = 0; metric < metrics; ++metric) {
        columns[metric] = out.values[metric].data();
    }
    std::int64_t* const times = out.time_ms.data();
    std::uint8_t* const states = out.state.data();
    for (const Item& item : items_) {
        const std::int64_t base = ms_of(item.batch->wall);
        const std::int32_t* const offsets = item.batch->results.time_ms.data();
        const std::uint8_t* const own_states = item.batch->results.state.data();
        each_result(
            item,
            range,
            [&](SeriesId id, std::size_t at, const std::int64_t* values, std::uint32_t width) {
                const std::uint32_t to = next[id - range.first]++;
                times[to] = base + offsets[at];
                states[to] = own_states[at];
                for (std::uint32_t metric = 0; metric < std::min(width, most_metrics); ++metric) {
                    columns[metric][to] = values[metric];
                }
            }
        );
    }
    for (const ChunkSeries& series : out.series) {
        out.sort(series);
    }
}

Status Tail::transpose(const std::function<Status(const Chunk&)>& take) const {
    Range all{.first = std::numeric_limits<SeriesId>::max(), .end = 1};
    for (const Item& item : items_) {
        all.first = std::min(all.first, std::max<SeriesId>(item.least, 1));
        all.end = std::max(all.end, item.most + 1);
    }
    if (all.first >= all.end) {
        return {};
    }
    Counts counts = count(all);
    Counts own;
    Chunk piece;
    for (Range range{.first = all.first, .end = all.first}; range.first < all.end; range.first = range.end) {
        std::size_t samples = 0;
        own.samples.clear();
        own.metrics.clear();
        do {
            const std::size_t at = range.end - all.first;
            own.samples.push_back(counts.samples[at]);
            own.metrics.push_back(counts.metrics[at]);
            samples += counts.samples[at];
            ++range.end;
        } while (range.end < all.end
                 && samples + counts.samples[range.end - all.first] <= range_samples);
        gather(own, range, piece);
        if (piece.series.empty()) {
            continue;
        }
        if (Status taken = take(piece); !taken) {
            return taken;
        }
    }
    return {};
}

Chunk Tail::series(SeriesId id) const {
    const Range range{.first = id, .end = id + 1};
    Chunk out;
    gather(count(range), range, out);
    return out;
}

}  // namespace muster::collector
