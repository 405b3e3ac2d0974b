// Owns: the time types, durations as people write them, and RFC 3339. Leaves to clock.hpp: asking what time it is.
#pragma once

#include "base/result.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace muster {

using Duration = std::chrono::nanoseconds;
/// Calendar time, for records only; it may step.
using WallTime = std::chrono::time_point<std::chrono::system_clock, std::chrono::nanoseconds>;
/// Monotonic time of this boot, for waiting only; never compared between machines or boots.
using MonoTime = std::chrono::time_point<std::chrono::steady_clock, std::chrono::nanoseconds>;

struct JournalClock {
    using rep = std::chrono::nanoseconds::rep;
    using period = std::chrono::nanoseconds::period;
    using duration = std::chrono::nanoseconds;
    using time_point = std::chrono::time_point<JournalClock>;
    static constexpr bool is_steady = true;
};

/// Journal time: non-decreasing over the whole life of a collector, restarts included (docs/journal.md).
using Elapsed = JournalClock::time_point;

/// "250ms", "30s", "5m", "2h", "7d" and sums of them in falling order ("1h30m"). No bare numbers, no sign.
Result<Duration> parse_duration(std::string_view text);
/// The shortest text that parse_duration reads back to the same value; "0s" for zero.
std::string format_duration(Duration duration);

/// RFC 3339 in UTC with milliseconds: "2026-11-22T09:26:00.000Z".
std::string format_rfc3339(WallTime time);
/// Any RFC 3339 time, with zone offset; fractions beyond nanoseconds are cut.
Result<WallTime> parse_rfc3339(std::string_view text);

constexpr std::int64_t to_ms(Duration duration) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

constexpr std::int64_t to_ns(WallTime time) {
    return time.time_since_epoch().count();
}

constexpr std::int64_t to_ns(MonoTime time) {
    return time.time_since_epoch().count();
}

constexpr std::int64_t to_ns(Elapsed time) {
    return time.time_since_epoch().count();
}

constexpr WallTime wall_from_ns(std::int64_t ns) {
    return WallTime{Duration{ns}};
}

constexpr MonoTime mono_from_ns(std::int64_t ns) {
    return MonoTime{Duration{ns}};
}

constexpr Elapsed elapsed_from_ns(std::int64_t ns) {
    return Elapsed{Duration{ns}};
}

}  // namespace muster
