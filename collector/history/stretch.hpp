// Owns: what is known of one series over a stretch of time, and how two stretches become one. Leaves to roll_up.hpp: storing
// them; to downsample.hpp: showing them.
#pragma once

#include "wire/results.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace muster::collector {

/// The worse of two as a person is told: unknown, then ok, warning, critical by rising weight; ok where nothing else was seen.
wire::ResultState worse(wire::ResultState a, wire::ResultState b);

/// The states from one result to another. A single result is a stretch without length.
struct Watched {
    std::int64_t first_ms = 0;  ///< of the first result
    std::int64_t last_ms = 0;   ///< of the last
    std::uint32_t results = 0;
    wire::ResultState last =
        wire::ResultState::unknown;  ///< of the last result: what holds from there on
    wire::ResultState worst = wire::ResultState::unknown;
    /// How long each ResultState held between first and last; what is missing was unobserved.
    std::array<std::int64_t, 4> held_ms{};

    /// Takes in what begins at or after `first_ms`. In between the last state holds, but no longer than `longest_ms`.
    /// Where the two overlap nobody can tell how they lay: each has its share.
    void add(const Watched& next, std::int64_t longest_ms);

    std::int64_t observed_ms() const;
};

/// Shortens all of `held_ms` in proportion when together they are more than `most_ms`.
void limit_held(std::array<std::int64_t, 4>& held_ms, std::int64_t most_ms);

/// The values of one metric. Exact as long as the sum of all distances from the smallest stays below 2^63; there it stops.
struct Measured {
    std::uint32_t count = 0;  ///< 0: the rest means nothing
    std::int64_t min = 0;
    std::int64_t max = 0;
    std::int64_t excess = 0;  ///< sum of value − min

    /// wire::absent_value adds nothing.
    void add(std::int64_t value);
    void add(const Measured& other);
    /// Each of them.
    void add(std::span<const std::int64_t> values);

    double mean() const;
};

/// Both, of one series and one metric.
struct HistoryStretch {
    Watched watched;
    Measured measured;
};

/// How far results lie apart, which tells how long a state holds without a further one: 2.5 times the median distance.
class Distances {
  public:
    /// Of about so many.
    explicit Distances(std::size_t expected = 0) { single_.reserve(expected); }

    void add(std::int64_t ms) { add(ms, 1); }

    /// `count` times. Distances that are not positive do not count.
    void add(std::int64_t ms, std::uint32_t count);
    /// Those inside a stretch, taken for even.
    void add(const Watched& stretch);
    /// 0 when there is none. Empty afterwards.
    std::int64_t take_longest_hold();

  private:
    std::vector<std::int64_t> single_;
    std::vector<std::pair<std::int64_t, std::uint32_t>> repeated_;
};

}  // namespace muster::collector
