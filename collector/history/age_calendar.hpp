// Owns: the calendar by which results grow old. Leaves to block_list.hpp: what is too old by it.
#pragma once

#include "base/time.hpp"

#include <optional>

namespace muster::collector {

/// The collector's calendar, but for one that leaps ahead of the time that has passed: by more than two days it is believed only
/// when it has stood for a day. So a date that was set wrong deletes nothing before somebody can set it right, and after a long
/// pause results stay a day longer.
class AgeCalendar {
  public:
    /// `last`: what it showed when the collector ended; nothing where that is not known.
    explicit AgeCalendar(std::optional<WallTime> last = std::nullopt) : shows_(last) {}

    /// Journal time and calendar of an entry.
    void follow(Elapsed elapsed, WallTime wall);

    WallTime shows() const { return shows_.value_or(WallTime{}); }

  private:
    std::optional<WallTime> shows_;
    std::optional<Elapsed> at_;
    std::optional<Elapsed> doubted_since_;
};

}  // namespace muster::collector
