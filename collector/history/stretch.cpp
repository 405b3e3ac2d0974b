#include "collector/history/stretch.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

namespace muster::collector {

namespace {

using wire::ResultState;

// Distances of 64-bit values, and sums of them, do not fit in 64 bits.
__extension__ using Wide = __int128;

constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();

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

std::int64_t bounded(Wide sum) {
    return sum > most ? most : static_cast<std::int64_t>(sum);
}

}  // namespace

ResultState worse(ResultState a, ResultState b) {
    return severity(a) < severity(b) ? b : a;
}

std::int64_t Watched::observed_ms() const {
    return std::accumulate(held_ms.begin(), held_ms.end(), std::int64_t{0});
}

void limit_held(std::array<std::int64_t, 4>& held_ms, std::int64_t most_ms) {
    const std::int64_t sum = std::accumulate(held_ms.begin(), held_ms.end(), std::int64_t{0});
    if (sum <= most_ms) {
        return;
    }
    for (std::int64_t& held : held_ms) {
        held = static_cast<std::int64_t>(static_cast<Wide>(held) * most_ms / sum);
    }
}

void Watched::add(const Watched& next, std::int64_t longest_ms) {
    if (results == 0) {
        *this = next;
        return;
    }
    const std::int64_t gap = next.first_ms - last_ms;
    if (gap > 0) {
        held_ms[static_cast<std::size_t>(last)] += std::min(gap, longest_ms);
    }
    for (std::size_t state = 0; state < held_ms.size(); ++state) {
        held_ms[state] += next.held_ms[state];
    }
    results += next.results;
    worst = worse(worst, next.worst);
    if (next.last_ms >= last_ms) {
        last = next.last;
        last_ms = next.last_ms;
    }
    if (gap < 0) {
        limit_held(held_ms, last_ms - first_ms);
    }
}

void Measured::add(std::int64_t value) {
    if (value != wire::absent_value) {
        add(Measured{.count = 1, .min = value, .max = value});
    }
}

void Measured::add(const Measured& other) {
    if (count == 0 || other.count == 0) {
        *this = count == 0 ? other : *this;
        return;
    }
    const std::int64_t least = std::min(min, other.min);
    const auto raised = [least](const Measured& one) {
        return Wide{one.excess} + (Wide{one.min} - least) * one.count;
    };
    excess = bounded(raised(*this) + raised(other));
    min = least;
    max = std::max(max, other.max);
    count += other.count;
}

void Measured::add(std::span<const std::int64_t> values) {
    Measured sum{.min = most, .max = std::numeric_limits<std::int64_t>::min()};
    for (const std::int64_t value : values) {
        const bool is_there = value != wire::absent_value;
        sum.count += is_there ? 1 : 0;
        sum.min = std::min(sum.min, is_there ? value : most);
        sum.max = std::max(sum.max, value);  // what is absent is below all others
    }
    Wide distance = 0;
    for (const std::int64_t value : values) {
        distance += value == wire::absent_value ? Wide{0} : Wide{value} - sum.min;
    }
    sum.excess = bounded(distance);
    add(sum);
}

double Measured::mean() const {
    return count == 0 ? 0 : static_cast<double>(min) + static_cast<double>(excess) / count;
}

void Distances::add(std::int64_t ms, std::uint32_t count) {
    if (ms <= 0 || count == 0) {
        return;
    }
    if (count == 1) {
        single_.push_back(ms);
    } else {
        repeated_.emplace_back(ms, count);
    }
}

void Distances::add(const Watched& stretch) {
    if (stretch.results > 1) {
        add((stretch.last_ms - stretch.first_ms) / (stretch.results - 1), stretch.results - 1);
    }
}

std::int64_t Distances::take_longest_hold() {
    std::int64_t median = 0;
    if (repeated_.empty() && !single_.empty()) {
        const auto middle = single_.begin() + static_cast<std::ptrdiff_t>(single_.size() / 2);
        std::ranges::nth_element(single_, middle);
        median = *middle;
    } else if (!repeated_.empty()) {
        for (const std::int64_t ms : single_) {
            repeated_.emplace_back(ms, 1);
        }
        std::ranges::sort(repeated_);
        std::uint64_t all = 0;
        for (const auto& [ms, count] : repeated_) {
            all += count;
        }
        std::uint64_t before = 0;
        for (const auto& [ms, count] : repeated_) {
            median = ms;
            before += count;
            if (before > all / 2) {
                break;
            }
        }
    }
    single_.clear();
    repeated_.clear();
    return median * 5 / 2;
}

}  // namespace muster::collector
