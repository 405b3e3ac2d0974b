#include "collector/history/age_calendar.hpp"

#include "base/log.hpp"

#include <chrono>

namespace muster::collector {

namespace {

constexpr Duration leap = std::chrono::hours(48);
constexpr Duration doubted_for = std::chrono::hours(24);

}  // namespace

void AgeCalendar::follow(Elapsed elapsed, WallTime wall) {
    const Duration passed = at_ ? elapsed - *at_ : Duration{};
    at_ = elapsed;
    const WallTime expected = shows_.value_or(wall) + passed;
    if (wall - expected <= leap) {
        shows_ = wall;
        doubted_since_.reset();
        return;
    }
    if (!doubted_since_) {
        doubted_since_ = elapsed;
        log(LogLevel::warning,
            "history.calendar_doubted",
            {{"shows", format_rfc3339(wall)},
             {"expected", format_rfc3339(expected)},
             {"effect",
              "no result is dropped by its age for a day, if the calendar is wrong set it right"}});
    }
    const bool is_believed = elapsed - *doubted_since_ >= doubted_for;
    shows_ = is_believed ? wall : expected;
    if (is_believed) {
        doubted_since_.reset();
    }
}

}  // namespace muster::collector
