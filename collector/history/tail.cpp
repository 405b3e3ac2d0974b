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

/// visit(series, index in the batch, its values, their number) for the results of a batch within `range`.
template <class Visit>
void Tail::each_result(Cursor& cursor, Range range, Visit visit) {
    const Item& item = *cursor.item;
    const wire::ResultBatch& results = item.batch->results;
    const SeriesId* const series = item.table->series.data();
    const std::uint32_t* const probes = results.probe.data();
    // The first result from `at` on that belongs to `id` or a later series: nearly always close by.
    const auto advance = [&](std::size_t at, SeriesId id) {
        std::size_t step = 1;
        while (at + step <= item.known && series[probes[at + step - 1]] < id) {
            at += step;
            step *= 2;
        }
        const auto end = std::min(at + step, item.known);
        const auto is_before = [&](std::uint32_t probe) { return series[probe] < id; };
        return static_cast<std::size_t>(
            std::partition_point(probes + at, probes + end, is_before) - probes
        );
    };
    std::size_t first = 0;
    std::size_t end = item.known;
    if (item.table->is_rising) {
        first = advance(cursor.at, range.first);
        end = cursor.at = advance(first, range.end);
    }
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
            if (!batch.observations) {
                bytes += bytes_a_batch + batch.results.values.size() * sizeof(std::int64_t);
            }
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
        if (batch.observations) {
            continue;
        }
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

Tail::Counts Tail::count(Range range, std::span<Cursor> batches) {
    Counts counts;
    counts.samples.resize(range.end - range.first);
    counts.metrics.resize(range.end - range.first);
    for (Cursor& batch : batches) {
        each_result(
            batch,
            range,
            [&](SeriesId id, std::size_t, const std::int64_t*, std::uint32_t width) {
                std::uint8_t& metrics = counts.metrics[id - range.first];
                ++counts.samples[id - range.first];
                metrics =
                    std::max(metrics, static_cast<std::uint8_t>(std::min(width, most_metrics)));
            }
        );
    }
    return counts;
}

/// `counts` begins at range.first.
void Tail::gather(const Counts& counts, Range range, std::span<Cursor> batches, Chunk& out) {
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
    for (Cursor& batch : batches) {
        const DecodedBatch& given = *batch.item->batch;
        const std::int64_t base = ms_of(given.wall);
        const std::int32_t* const offsets = given.results.time_ms.data();
        const std::uint8_t* const own_states = given.results.state.data();
        each_result(
            batch,
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

/// The batches that have results in a range, for ranges that follow one another: many small batches are looked at once.
class Tail::Sweep {
  public:
    explicit Sweep(const std::vector<Item>& items) {
        waiting_.reserve(items.size());
        for (const Item& item : items) {
            waiting_.push_back(&item);
        }
        std::ranges::sort(waiting_, {}, &Item::least);
    }

    /// In the order in which they came, which is nearly that of time.
    std::span<Cursor> next(Range range) {
        std::erase_if(active_, [range](const Cursor& one) { return one.item->most < range.first; });
        const auto middle = static_cast<std::ptrdiff_t>(active_.size());
        for (; next_ < waiting_.size() && waiting_[next_]->least < range.end; ++next_) {
            active_.push_back({.item = waiting_[next_]});
        }
        // They lie in one array: the order of their addresses is that of their coming.
        const auto came_before = [](const Cursor& a, const Cursor& b) { return a.item < b.item; };
        std::sort(active_.begin() + middle, active_.end(), came_before);
        std::inplace_merge(active_.begin(), active_.begin() + middle, active_.end(), came_before);
        return active_;
    }

  private:
    std::vector<const Item*> waiting_;
    std::size_t next_ = 0;
    std::vector<Cursor> active_;
};

namespace {

/// While results are scattered over a piece, what they touch should stay in the processor's second cache: so many samples,
/// or the ends of so many series.
constexpr std::size_t cached_samples = 1U << 16U;
constexpr std::size_t cached_series = 1U << 12U;

}  // namespace

Status Tail::transpose(const std::function<Status(const Chunk&)>& take) const {
    Range all{.first = std::numeric_limits<SeriesId>::max(), .end = 1};
    std::vector<Cursor> cursors;
    cursors.reserve(items_.size());
    for (const Item& item : items_) {
        all.first = std::min(all.first, std::max<SeriesId>(item.least, 1));
        all.end = std::max(all.end, item.most + 1);
        cursors.push_back({.item = &item});
    }
    if (all.first >= all.end) {
        return {};
    }
    const Counts counts = count(all, cursors);
    Sweep sweep(items_);
    Counts own;
    Chunk piece;
    Range range{.first = all.first, .end = all.first};
    for (; range.first < all.end; range.first = range.end) {
        std::size_t samples = 0;
        std::size_t most = range_samples;
        own.samples.clear();
        own.metrics.clear();
        do {
            const std::size_t at = range.end - all.first;
            own.samples.push_back(counts.samples[at]);
            own.metrics.push_back(counts.metrics[at]);
            samples += counts.samples[at];
            ++range.end;
            most = own.samples.size() < cached_series ? range_samples : cached_samples;
        } while (range.end < all.end && samples + counts.samples[range.end - all.first] <= most);
        const std::span<Cursor> batches = sweep.next(range);
        if (samples == 0) {
            continue;
        }
        gather(own, range, batches, piece);
        if (Status taken = take(piece); !taken) {
            return taken;
        }
    }
    return {};
}

Chunk Tail::series(SeriesId id) const {
    const Range range{.first = id, .end = id + 1};
    std::vector<Cursor> batches;
    for (const Item& item : items_) {
        if (item.least <= id && item.most >= id) {
            batches.push_back({.item = &item});
        }
    }
    const Counts counts = count(range, batches);
    for (Cursor& batch : batches) {
        batch.at = 0;
    }
    Chunk out;
    gather(counts, range, batches, out);
    return out;
}

}  // namespace muster::collector
