#include "collector/journal/journal_time.hpp"

#include <algorithm>

namespace muster::collector {

namespace {

constexpr Duration most_per_restart = std::chrono::hours(1);
constexpr Duration step_tolerance = std::chrono::seconds(2);

Duration across_restart(JournalMoment last, WallTime wall) {
    if (last.wall == WallTime{}) {
        return Duration::zero();
    }
    return std::clamp<Duration>(wall - last.wall, Duration::zero(), most_per_restart);
}

Duration offset(MonoTime mono, WallTime wall) {
    return wall.time_since_epoch() - mono.time_since_epoch();
}

}  // namespace

JournalTime::JournalTime(JournalMoment last, MonoTime mono, WallTime wall, Duration most_at_once)
    : start_(last.elapsed + across_restart(last, wall)),
      started_(mono),
      latest_(start_),
      asked_(mono),
      most_at_once_(most_at_once),
      wall_offset_(offset(mono, wall)) {}

Elapsed JournalTime::at(MonoTime mono) {
    const Duration passed = mono - asked_;
    asked_ = std::max(asked_, mono);
    if (passed > most_at_once_) {
        standstill_ += passed - most_at_once_;
        started_ += passed - most_at_once_;
    }
    latest_ = std::max(latest_, start_ + (mono - started_));
    return latest_;
}

std::optional<Duration> JournalTime::wall_step(MonoTime mono, WallTime wall) {
    const Duration now = offset(mono, wall);
    const Duration by = now - wall_offset_;
    if (by <= step_tolerance && by >= -step_tolerance) {
        return std::nullopt;
    }
    wall_offset_ = now;
    return by;
}

}  // namespace muster::collector
