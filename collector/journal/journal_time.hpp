// Owns: journal time: the monotonic clock carried over restarts. Leaves to journal_writer.hpp: stamping entries.
#pragma once

#include "base/time.hpp"

#include <optional>
#include <utility>

namespace muster::collector {

/// The last moment the journal knows of; both zero for a new journal.
struct JournalMoment {
    Elapsed elapsed{};
    WallTime wall{};
};

/// Never goes back. While the process runs it grows by the monotonic clock; across a restart by the difference of the
/// calendar, clamped to [0, 1 h], since nothing better is known of that time. Time in which the collector stood still, as a stopped
/// process does or a machine that sleeps, is evidence of nothing: it counts `most_at_once` between two questions.
class JournalTime {
  public:
    JournalTime(
        JournalMoment last, MonoTime mono, WallTime wall, Duration most_at_once = Duration::max()
    );

    Elapsed at(MonoTime mono);

    /// What of standing still did not count since this was asked last.
    Duration take_standstill() { return std::exchange(standstill_, Duration{}); }

    /// How far the calendar has stepped against the monotonic clock since the last call that told so; nothing up to 2 s.
    std::optional<Duration> wall_step(MonoTime mono, WallTime wall);

    /// Telling of that step failed: the next call tells of it again.
    void wall_step_is_untold(Duration by) { wall_offset_ -= by; }

  private:
    Elapsed start_;
    MonoTime started_;
    Elapsed latest_;
    MonoTime asked_;
    Duration most_at_once_;
    Duration standstill_{};
    Duration wall_offset_;
};

}  // namespace muster::collector
