// Owns: durations counted by how long they were. Leaves to its owner: which thread.
#pragma once

#include "base/time.hpp"

#include <array>
#include <cstdint>

namespace muster::collector {

/// Upper bounds in seconds, rising; what is longer than the last is counted by the total alone.
inline constexpr std::array histogram_bounds{
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0
};

/// A value; one thread at a time.
class Histogram {
  public:
    void observe(Duration took);

    /// How many were within each bound, those of smaller ones included.
    std::array<std::uint64_t, histogram_bounds.size()> cumulative() const;

    std::uint64_t count() const { return count_; }

    /// In seconds.
    double sum() const { return sum_; }

  private:
    std::array<std::uint64_t, histogram_bounds.size()> within_{};
    std::uint64_t count_ = 0;
    double sum_ = 0;
};

}  // namespace muster::collector
