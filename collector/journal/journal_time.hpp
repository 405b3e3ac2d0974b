// Owns: journal time: the monotonic clock carried over restarts. Leaves to journal_writer.hpp: stamping entries.
#pragma once

#include "base/time.hpp"

#include <optional>

namespace muster::collector {

/// The last moment the journal knows of; both zero for a new journal.
struct JournalMoment {
    Elapsed elapsed{};
    WallTime wall{};
};

/// Never goes back. While the process runs it grows by the monotonic clock; across a restart by the difference of the
/// calendar, clamped to [0, 1 h], since nothing better is known of that time.
class JournalTime {
  public:
    JournalTime(JournalMoment last, MonoTime mono, WallTime wall);

    Elapsed at(MonoTime mono);
    /// How far the calendar has stepped against the monotonic clock since the last call that told so; nothing up to 2 s.
    std::optional<Duration> wall_step(MonoTime mono, WallTime wall);

  private:
    Elapsed start_;
    MonoTime started_;
    Elapsed latest_;
    Duration wall_offset_;
};

}  // namespace muster::collector
