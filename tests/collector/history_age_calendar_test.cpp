#include "collector/history/age_calendar.hpp"

#include <gtest/gtest.h>

namespace muster::collector {
namespace {

using namespace std::chrono_literals;

const WallTime noon = parse_rfc3339("2026-12-01T12:00:00Z").value();

constexpr Elapsed after(Duration time) {
    return Elapsed{1000h + time};
}

TEST(AgeCalendars, ShowWhatTheCalendarShows) {
    AgeCalendar age;
    age.follow(after(0s), noon);
    EXPECT_EQ(age.shows(), noon);
    age.follow(after(30 * 24h), noon + 30 * 24h);
    EXPECT_EQ(age.shows(), noon + 30 * 24h);
    age.follow(after(30 * 24h + 1s), noon);
    EXPECT_EQ(age.shows(), noon) << "set back";
    age.follow(after(30 * 24h + 2s), noon + 47h);
    EXPECT_EQ(age.shows(), noon + 47h) << "two days too early delete little";
}

TEST(AgeCalendars, T18DoubtALeapForADay) {
    AgeCalendar age;
    age.follow(after(0s), noon);
    age.follow(after(1min), noon + 87600h);
    EXPECT_EQ(age.shows(), noon + 1min);
    age.follow(after(24h), noon + 87600h + 24h);
    EXPECT_EQ(age.shows(), noon + 24h);
    age.follow(after(24h + 1min), noon + 87600h + 24h);
    EXPECT_EQ(age.shows(), noon + 87600h + 24h);
}

TEST(AgeCalendars, T18ForgetALeapThatIsTakenBack) {
    AgeCalendar age(noon);
    age.follow(after(0s), noon + 87600h);
    EXPECT_EQ(age.shows(), noon) << "started by a wrong calendar";
    age.follow(after(20h), noon + 20h);
    age.follow(after(20h + 1min), noon + 87600h);
    age.follow(after(40h), noon + 87600h + 20h);
    EXPECT_EQ(age.shows(), noon + 40h) << "the day begins anew";
}

}  // namespace
}  // namespace muster::collector
