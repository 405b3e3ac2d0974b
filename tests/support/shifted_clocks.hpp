// Owns: the clocks of a daemon under test, set while it runs. Leaves to programs/shifted_clock.cpp: being asked for the time.
#pragma once

#include "base/time.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <string>

namespace muster::test {

/// Clocks that are right until something is done to them.
class ShiftedClocks {
  public:
    /// `file`: made, and to be kept while the daemon runs.
    explicit ShiftedClocks(std::string file);

    /// What a daemon is started with to go by these clocks.
    std::map<std::string, std::string> environment() const;

    /// Somebody sets the date: the monotonic clocks stay.
    void step_calendar(Duration by);
    /// So that it shows this.
    void set_calendar(WallTime to);
    /// The date is right again.
    void right_calendar();
    /// The machine slept: the calendar and CLOCK_BOOTTIME are further, CLOCK_MONOTONIC stood still.
    void suspend(Duration for_so_long);

    /// What the calendar shows.
    WallTime calendar() const;

  private:
    void write() const;

    std::string file_;
    std::array<std::int64_t, 2> shifts_{};
};

}  // namespace muster::test
