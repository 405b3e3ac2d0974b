// Owns: IANA time zones, by the system's tzdata. Leaves to time.hpp: everything without a zone.
#pragma once

#include "base/time.hpp"

#include <string>
#include <string_view>

namespace muster {

/// Whether the machine knows the zone ("Asia/Shanghai"). Reads files: never while folding. Any thread.
bool zone_exists(const std::string& zone);

/// A moment as a clock on the wall of that zone shows it.
struct LocalTime {
    int year = 1970;
    unsigned month = 1;
    unsigned day = 1;
    unsigned weekday = 4;  ///< 0: Sunday
    int hour = 0;
    int minute = 0;
    int second = 0;
    std::chrono::minutes offset{};  ///< of the zone, east of UTC
    std::string abbreviation;       ///< "CST", "+04"
};

/// `invalid` when there is no such zone. Any thread.
Result<LocalTime> local_time(WallTime at, const std::string& zone);

}  // namespace muster
