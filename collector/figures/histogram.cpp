#include "collector/figures/histogram.hpp"

#include <algorithm>
#include <chrono>

namespace muster::collector {

void Histogram::observe(Duration took) {
    const double seconds =
        std::max(0.0, std::chrono::duration_cast<std::chrono::duration<double>>(took).count());
    const auto bound = std::ranges::lower_bound(histogram_bounds, seconds);
    if (bound != histogram_bounds.end()) {
        ++within_[static_cast<std::size_t>(bound - histogram_bounds.begin())];
    }
    ++count_;
    sum_ += seconds;
}

std::array<std::uint64_t, histogram_bounds.size()> Histogram::cumulative() const {
    auto sums = within_;
    for (std::size_t i = 1; i < sums.size(); ++i) {
        sums[i] += sums[i - 1];
    }
    return sums;
}

}  // namespace muster::collector
