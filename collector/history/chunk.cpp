#include "collector/history/chunk.hpp"

#include <algorithm>
#include <numeric>
#include <span>

namespace muster::collector {

namespace {

template <class T>
void reorder(std::vector<T>& column, std::size_t first, std::span<const std::uint32_t> order) {
    std::vector<T> sorted(order.size());
    std::ranges::transform(order, sorted.begin(), [&](std::uint32_t at) {
        return column[first + at];
    });
    std::ranges::copy(sorted, column.begin() + static_cast<std::ptrdiff_t>(first));
}

template <class T>
void append_range(std::vector<T>& to, const std::vector<T>& from, const ChunkSeries& series) {
    const auto begin = from.begin() + static_cast<std::ptrdiff_t>(series.first);
    to.insert(to.end(), begin, begin + static_cast<std::ptrdiff_t>(series.count));
}

}  // namespace

void Chunk::clear() {
    series.clear();
    resize(0, 0);
}

void Chunk::resize(std::size_t count, std::size_t metrics) {
    time_ms.resize(count);
    state.resize(count);
    values.resize(std::max(metrics, values.size()));
    for (std::size_t metric = 0; metric < values.size(); ++metric) {
        values[metric].assign(metric < metrics ? count : 0, wire::absent_value);
    }
}

void Chunk::extend(const ChunkSeries& added) {
    series.push_back(added);
    const std::size_t count = std::size_t{added.first} + added.count;
    time_ms.resize(count);
    state.resize(count);
    values.resize(std::max<std::size_t>(values.size(), added.metrics));
    for (std::vector<std::int64_t>& column : values) {
        column.resize(count, wire::absent_value);
    }
}

void Chunk::append(const Chunk& from, const ChunkSeries& other) {
    if (series.empty() || series.back().id != other.id) {
        series.push_back({.id = other.id, .first = static_cast<std::uint32_t>(samples())});
    }
    ChunkSeries& own = series.back();
    own.count += other.count;
    own.metrics = std::max(own.metrics, other.metrics);
    const std::size_t before = samples();
    append_range(time_ms, from.time_ms, other);
    append_range(state, from.state, other);
    values.resize(std::max<std::size_t>(values.size(), other.metrics));
    for (std::size_t metric = 0; metric < values.size(); ++metric) {
        values[metric].resize(before, wire::absent_value);
        if (metric < other.metrics) {
            append_range(values[metric], from.values[metric], other);
        } else {
            values[metric].resize(samples(), wire::absent_value);
        }
    }
}

void Chunk::sort(const ChunkSeries& one) {
    const std::span<const std::int64_t> times(time_ms.data() + one.first, one.count);
    if (std::ranges::is_sorted(times)) {
        return;
    }
    std::vector<std::uint32_t> order(one.count);
    std::iota(order.begin(), order.end(), 0U);
    std::ranges::stable_sort(order, {}, [&](std::uint32_t at) { return times[at]; });
    reorder(time_ms, one.first, order);
    reorder(state, one.first, order);
    for (std::size_t metric = 0; metric < one.metrics; ++metric) {
        reorder(values[metric], one.first, order);
    }
}

}  // namespace muster::collector
