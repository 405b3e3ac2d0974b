#include "collector/history/downsample.hpp"

#include "collector/history/history_kind.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace muster::collector {

namespace {

using wire::ResultState;

constexpr std::int64_t ns_a_ms = 1'000'000;

WallTime wall(std::int64_t ms) {
    return wall_from_ns(ms * ns_a_ms);
}

void add_value(HistoryPoint& point, std::int64_t value) {
    if (value == wire::absent_value) {
        return;
    }
    point.min = point.measured == 0 ? value : std::min(point.min, value);
    point.max = point.measured == 0 ? value : std::max(point.max, value);
    ++point.measured;
    // The running mean: a sum of large values would leave the range in which whole numbers are exact.
    point.mean += (static_cast<double>(value) - point.mean) / point.measured;
}

std::int64_t longest_hold(const std::vector<HistoryStretch>& stretches) {
    Distances distances;
    for (std::size_t at = 0; at < stretches.size(); ++at) {
        const Watched& watched = stretches[at].watched;
        distances.add(watched);
        if (at > 0) {
            distances.add(watched.first_ms - stretches[at - 1].watched.last_ms);
        }
    }
    return distances.take_longest_hold();
}

void add_measured(HistoryPoint& point, const Measured& measured) {
    if (measured.count == 0) {
        return;
    }
    point.min = point.measured == 0 ? measured.min : std::min(point.min, measured.min);
    point.max = point.measured == 0 ? measured.max : std::max(point.max, measured.max);
    point.measured += measured.count;
    point.mean += (measured.mean() - point.mean) * measured.count / point.measured;
}

class Steps {
  public:
    explicit Steps(const HistoryWindow& window)
        : window_(window),
          start_(floor_to(window.from_ms, window.step_ms)),
          points_(index(window.to_ms - 1) + 1) {
        for (std::size_t at = 0; at < points_.size(); ++at) {
            points_[at].at = wall(time(at));
        }
    }

    void add(const HistorySample& sample) {
        HistoryPoint& point = points_[index(sample.time_ms)];
        const auto state = static_cast<ResultState>(sample.state);
        point.state = point.results == 0 ? state : worse(point.state, state);
        ++point.results;
        add_value(point, sample.value);
    }

    void add(const HistoryStretch& stretch) {
        const Watched& watched = stretch.watched;
        HistoryPoint& point = points_[index(watched.first_ms)];
        point.state = point.results == 0 ? watched.worst : worse(point.state, watched.worst);
        point.results += watched.results;
        add_measured(point, stretch.measured);
        for (std::size_t state = 0; state < point.held.size(); ++state) {
            point.held[state] += std::chrono::milliseconds(watched.held_ms[state]);
        }
    }

    /// Stretches that overlap may together have held for longer than there was time.
    void limit() {
        for (HistoryPoint& point : points_) {
            std::array<std::int64_t, 4> held_ms{};
            std::ranges::transform(point.held, held_ms.begin(), to_ms);
            limit_held(held_ms, window_.step_ms);
            std::ranges::transform(held_ms, point.held.begin(), [](std::int64_t ms) {
                return std::chrono::milliseconds(ms);
            });
        }
    }

    void hold(ResultState state, std::int64_t from, std::int64_t to) {
        from = std::max(from, window_.from_ms);
        to = std::min(to, window_.to_ms);
        while (from < to) {
            const std::size_t at = index(from);
            const std::int64_t end = std::min(to, time(at + 1));
            points_[at].held[static_cast<std::size_t>(state)] +=
                std::chrono::milliseconds(end - from);
            from = end;
        }
    }

    std::vector<HistoryPoint> take() {
        std::erase_if(points_, [](HistoryPoint& point) {
            bool is_held = false;
            for (std::size_t at = 0; at < point.held.size(); ++at) {
                if (point.held[at] > Duration::zero() && point.results == 0) {
                    const auto state = static_cast<ResultState>(at);
                    point.state = is_held ? worse(point.state, state) : state;
                    is_held = true;
                }
            }
            return point.results == 0 && !is_held;
        });
        return std::move(points_);
    }

  private:
    std::size_t index(std::int64_t ms) const {
        return static_cast<std::size_t>((ms - start_) / window_.step_ms);
    }

    std::int64_t time(std::size_t at) const {
        return start_ + static_cast<std::int64_t>(at) * window_.step_ms;
    }

    HistoryWindow window_;
    std::int64_t start_;
    std::vector<HistoryPoint> points_;
};

bool is_within(std::int64_t time_ms, const HistoryWindow& window) {
    return time_ms >= window.from_ms && time_ms < window.to_ms;
}

}  // namespace

std::int64_t longest_hold(const std::vector<HistorySample>& samples) {
    Distances distances;
    for (std::size_t at = 1; at < samples.size(); ++at) {
        distances.add(samples[at].time_ms - samples[at - 1].time_ms);
    }
    return distances.take_longest_hold();
}

void list_samples(
    const std::vector<HistorySample>& samples,
    const HistoryWindow& window,
    std::size_t most,
    HistorySeries& out
) {
    for (const HistorySample& sample : samples) {
        if (!is_within(sample.time_ms, window)) {
            continue;
        }
        if (out.points.size() == most) {
            out.is_cut = true;
            return;
        }
        HistoryPoint point;
        point.at = wall(sample.time_ms);
        point.state = static_cast<ResultState>(sample.state);
        point.results = 1;
        add_value(point, sample.value);
        out.points.push_back(point);
    }
}

void summarise_samples(
    const std::vector<HistorySample>& samples, const HistoryWindow& window, HistorySeries& out
) {
    if (window.from_ms >= window.to_ms) {
        return;
    }
    Steps steps(window);
    const std::int64_t longest = longest_hold(samples);
    for (std::size_t at = 0; at < samples.size(); ++at) {
        const HistorySample& sample = samples[at];
        if (is_within(sample.time_ms, window)) {
            steps.add(sample);
        }
        const std::int64_t next = at + 1 < samples.size()
                                      ? samples[at + 1].time_ms
                                      : std::numeric_limits<std::int64_t>::max();
        steps.hold(
            static_cast<ResultState>(sample.state),
            sample.time_ms,
            std::min(next, sample.time_ms + longest)
        );
    }
    out.points = steps.take();
}

void summarise_stretches(
    const std::vector<HistoryStretch>& stretches, const HistoryWindow& window, HistorySeries& out
) {
    if (window.from_ms >= window.to_ms) {
        return;
    }
    Steps steps(window);
    const std::int64_t longest = longest_hold(stretches);
    for (std::size_t at = 0; at < stretches.size(); ++at) {
        const Watched& watched = stretches[at].watched;
        if (is_within(watched.first_ms, window)) {
            steps.add(stretches[at]);
        }
        const std::int64_t next = at + 1 < stretches.size()
                                      ? stretches[at + 1].watched.first_ms
                                      : std::numeric_limits<std::int64_t>::max();
        steps.hold(watched.last, watched.last_ms, std::min(next, watched.last_ms + longest));
    }
    steps.limit();
    out.points = steps.take();
}

}  // namespace muster::collector
