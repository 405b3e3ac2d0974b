#include "base/clock.hpp"

#include <ctime>

namespace muster {

namespace {

Duration read_clock(clockid_t which) {
    timespec now{};
    clock_gettime(which, &now);
    return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

}  // namespace

WallTime SystemClock::wall() const {
    return WallTime{read_clock(CLOCK_REALTIME)};
}

MonoTime SystemClock::mono() const {
    return MonoTime{read_clock(CLOCK_BOOTTIME)};
}

ManualClock::ManualClock(WallTime wall, MonoTime mono) : wall_(wall), mono_(mono) {}

void ManualClock::advance(Duration by) {
    wall_ = wall_.load() + by;
    mono_ = mono_.load() + by;
}

void ManualClock::step_wall(Duration by) {
    wall_ = wall_.load() + by;
}

}  // namespace muster
