// Owns: the seam through which everything asks what time it is. Leaves to task.hpp: waiting.
#pragma once

#include "base/time.hpp"

#include <atomic>

namespace muster {

/// What time it is. One instance is handed down from main() or a test; safe to call from any thread.
class Clock {
  public:
    virtual ~Clock() = default;
    /// CLOCK_REALTIME.
    virtual WallTime wall() const = 0;
    /// CLOCK_BOOTTIME: monotonic and counts suspended time.
    virtual MonoTime mono() const = 0;
};

class SystemClock final : public Clock {
  public:
    WallTime wall() const override;
    MonoTime mono() const override;
};

/// A clock that stands still until told otherwise: for tests and the simulator. One thread tells it, any thread asks.
class ManualClock final : public Clock {
  public:
    explicit ManualClock(WallTime wall, MonoTime mono = MonoTime{});

    WallTime wall() const override { return wall_.load(); }

    MonoTime mono() const override { return mono_.load(); }

    /// Both clocks go forward.
    void advance(Duration by);
    /// Only the calendar steps, as when somebody sets the date.
    void step_wall(Duration by);

  private:
    std::atomic<WallTime> wall_;
    std::atomic<MonoTime> mono_;
};

}  // namespace muster
