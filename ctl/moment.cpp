#include "ctl/moment.hpp"

#include <cstdint>
#include <cstdio>
#include <ctime>

namespace muster::ctl {

std::string moment(const std::string& text, WallTime now) {
    int hour = 0;
    int minute = 0;
    int read = 0;
    const bool is_clock = std::sscanf(text.c_str(), "%2d:%2d%n", &hour, &minute, &read) == 2 &&
                          static_cast<std::size_t>(read) == text.size() && hour >= 0 && hour < 24 &&
                          minute >= 0 && minute < 60;
    if (!is_clock) {
        return text;
    }
    constexpr std::int64_t ns_per_s = 1'000'000'000;
    const auto today = static_cast<std::time_t>(to_ns(now) / ns_per_s);
    std::tm parts{};
    ::localtime_r(&today, &parts);
    parts.tm_hour = hour;
    parts.tm_min = minute;
    parts.tm_sec = 0;
    parts.tm_isdst = -1;
    if (std::tm copy = parts; std::mktime(&copy) > today) {
        parts.tm_mday -= 1;
        parts.tm_isdst = -1;
    }
    return format_rfc3339(wall_from_ns(static_cast<std::int64_t>(std::mktime(&parts)) * ns_per_s));
}

}  // namespace muster::ctl
