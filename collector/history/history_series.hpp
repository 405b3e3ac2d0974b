// Owns: what is asked of history and what it answers. Leaves to history.hpp: finding it.
#pragma once

#include "base/time.hpp"
#include "base/uuid.hpp"
#include "wire/results.hpp"

#include <array>
#include <cstdint>
#include <vector>

namespace muster::collector {

/// A stretch of one probe: `from` ≤ start of the result < `to`.
struct HistoryQuery {
    ProbeId probe;
    WallTime from{};
    WallTime to{};
    Duration step{};           ///< zero: every result; else a whole number of milliseconds
    std::uint32_t metric = 0;  ///< index in ProbeType::metrics
};

/// One result, or all results of one step.
struct HistoryPoint {
    WallTime at{};  ///< start of the result, or of the step
    wire::ResultState state =
        wire::ResultState::unknown;  ///< of a step: the worst (unknown, ok, warning, critical)
    std::uint32_t results = 0;       ///< 0: a step in which only an earlier result's state is known
    std::uint32_t measured =
        0;                 ///< of them with a value of the metric; 0: the next three mean nothing
    std::int64_t min = 0;  ///< scaled as in MetricSpec
    std::int64_t max = 0;
    double mean = 0;
    /// How long each ResultState held within the step; what is missing was unobserved. Zero for single results.
    std::array<Duration, 4> held{};
};

struct HistorySeries {
    Duration step{
    };  ///< as asked; longer where only roll-ups are kept of a part of the window: a multiple of theirs
    std::vector<HistoryPoint>
        points;  ///< by rising time; steps about which nothing is known are left out
    bool is_cut =
        false;  ///< there are more results than are given at once: go on after the last point
    std::uint32_t unreadable_blocks = 0;  ///< damaged parts of the store that should have had a say
};

}  // namespace muster::collector
