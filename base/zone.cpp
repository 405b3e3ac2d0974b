#include "base/zone.hpp"

#include <date/tz.h>
#include <stdexcept>

namespace muster {

bool zone_exists(const std::string& zone) {
    try {
        return date::locate_zone(zone) != nullptr;
    } catch (const std::exception&) {
        return false;
    }
}

Result<LocalTime> local_time(WallTime at, const std::string& zone) {
    try {
        const auto seconds = std::chrono::floor<std::chrono::seconds>(at);
        const date::sys_info info = date::locate_zone(zone)->get_info(seconds);
        const auto shown = seconds + info.offset;
        const auto midnight = std::chrono::floor<date::days>(shown);
        const date::year_month_day day{midnight};
        const date::hh_mm_ss time{shown - midnight};
        LocalTime local;
        local.year = int{day.year()};
        local.month = unsigned{day.month()};
        local.day = unsigned{day.day()};
        local.weekday = date::weekday{midnight}.c_encoding();
        local.hour = static_cast<int>(time.hours().count());
        local.minute = static_cast<int>(time.minutes().count());
        local.second = static_cast<int>(time.seconds().count());
        local.offset = std::chrono::duration_cast<std::chrono::minutes>(info.offset);
        local.abbreviation = info.abbrev;
        return local;
    } catch (const std::exception&) {
        return failure(
            ErrorKind::invalid,
            "no such time zone, expected one of tzdata such as Asia/Shanghai",
            zone
        );
    }
}

}  // namespace muster
