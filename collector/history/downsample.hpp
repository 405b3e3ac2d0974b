// Owns: results or stretches of one series → the points of an answer. Leaves to history.hpp: finding the results.
#pragma once

#include "collector/history/history_series.hpp"
#include "collector/history/stretch.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace muster::collector {

struct HistorySample {
    std::int64_t time_ms = 0;
    std::int64_t value = 0;  ///< wire::absent_value: none
    std::uint8_t state = 0;
};

/// Whole milliseconds since 1970.
struct HistoryWindow {
    std::int64_t from_ms = 0;
    std::int64_t to_ms = 0;    ///< not included
    std::int64_t step_ms = 0;  ///< 0: every result
};

/// How long, in ms, a state holds without a further result; `samples` by rising time.
std::int64_t longest_hold(const std::vector<HistorySample>& samples);

/// Every sample of the window, at most `most` of them.
void list_samples(
    const std::vector<HistorySample>& samples,
    const HistoryWindow& window,
    std::size_t most,
    HistorySeries& out
);

/// One point a step, on whole multiples of the step. A state holds from its result to the next, but at most for 2.5 times the
/// median distance of the samples: beyond that nobody watched. Samples before the window tell what held when it began.
/// `samples` by rising time.
void summarise_samples(
    const std::vector<HistorySample>& samples, const HistoryWindow& window, HistorySeries& out
);

/// The same of stretches, by rising first result. None of those within the window reaches over the end of its step.
void summarise_stretches(
    const std::vector<HistoryStretch>& stretches, const HistoryWindow& window, HistorySeries& out
);

}  // namespace muster::collector
