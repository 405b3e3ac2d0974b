#include "collector/history/downsample.hpp"

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

/// What is told of a step in which several states were seen.
int severity(ResultState state) {
    switch (state) {
        case ResultState::ok:
            return 0;
        case ResultState::unknown:
            return 1;
        case ResultState::warning:
            return 2;
        case ResultState::critical:
            break;
    }
    return 3;
}

ResultState worse(ResultState a, ResultState b) {
    return severity(a) < severity(b) ? b : a;
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

/// How long a state holds without a further result.
std::int64_t longest_hold(const std::vector<HistorySample>& samples) {
    std::vector<std::int64_t> gaps;
    for (std::size_t at = 1; at < samples.size(); ++at) {
        const std::int64_t gap = samples[at].time_ms - samples[at - 1].time_ms;
        if (gap > 0) {
            gaps.push_back(gap);
        }
    }
    if (gaps.empty()) {
        return 0;
    }
    const auto middle = gaps.begin() + static_cast<std::ptrdiff_t>(gaps.size() / 2);
    std::ranges::nth_element(gaps, middle);
    return *middle * 5 / 2;
}

class Steps {
  public:
    explicit Steps(const HistoryWindow& window)
        : window_(window), start_(floor_of(window.from_ms)), points_(index(window.to_ms - 1) + 1) {
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
    std::int64_t floor_of(std::int64_t ms) const {
        const std::int64_t rest = ms % window_.step_ms;
        return ms - (rest < 0 ? rest + window_.step_ms : rest);
    }

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

bool is_within(const HistorySample& sample, const HistoryWindow& window) {
    return sample.time_ms >= window.from_ms && sample.time_ms < window.to_ms;
}

}  // namespace

void list_samples(
    const std::vector<HistorySample>& samples,
    const HistoryWindow& window,
    std::size_t most,
    HistorySeries& out
) {
    for (const HistorySample& sample : samples) {
        if (!is_within(sample, window)) {
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
        if (is_within(sample, window)) {
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

}  // namespace muster::collector
