#include "base/time.hpp"

#include "base/clock.hpp"

#include <gtest/gtest.h>

namespace muster {
namespace {

using namespace std::chrono_literals;

TEST(Durations, ReadWhatPeopleWrite) {
    EXPECT_EQ(parse_duration("250ms"), Duration(250ms));
    EXPECT_EQ(parse_duration("30s"), Duration(30s));
    EXPECT_EQ(parse_duration("1h30m"), Duration(90min));
    EXPECT_EQ(parse_duration("7d"), Duration(168h));
    EXPECT_EQ(parse_duration("0s"), Duration(0));
    EXPECT_EQ(parse_duration("1m500ms"), Duration(60500ms));
}

TEST(Durations, RefuseWhatCouldBeMisread) {
    for (const auto* text :
         {"",
          "30",
          "s",
          "-1s",
          "1 s",
          "1.5s",
          "30m1h",
          "1s1s",
          "1w",
          "1S",
          "9999999999999d",
          "106752d",
          "1h-5m",
          "99999999999999999999s"}) {
        const auto parsed = parse_duration(text);
        ASSERT_FALSE(parsed) << text;
        EXPECT_EQ(parsed.error().kind(), ErrorKind::invalid);
        EXPECT_NE(parsed.error().what().find("30s"), std::string::npos) << "says how to write it";
    }
}

TEST(Durations, AreWrittenShort) {
    EXPECT_EQ(format_duration(0s), "0s");
    EXPECT_EQ(format_duration(90s), "90s");
    EXPECT_EQ(format_duration(1500ms), "1500ms");
    EXPECT_EQ(format_duration(24h), "1d");
    EXPECT_EQ(format_duration(-5s), "-5s");
}

TEST(Durations, ReadBackAsWritten) {
    for (const Duration duration :
         {Duration(1),
          Duration(999),
          Duration(1us),
          Duration(3661s),
          Duration(86400s + 1ns),
          Duration::max()}) {
        EXPECT_EQ(parse_duration(format_duration(duration)), duration);
    }
}

TEST(Rfc3339, IsWrittenInUtcWithMilliseconds) {
    EXPECT_EQ(format_rfc3339(wall_from_ns(0)), "1970-01-01T00:00:00.000Z");
    EXPECT_EQ(format_rfc3339(wall_from_ns(1'795'339'560'123'999'999)), "2026-11-22T09:26:00.123Z");
    EXPECT_EQ(format_rfc3339(wall_from_ns(-1)), "1969-12-31T23:59:59.999Z");
}

TEST(Rfc3339, IsReadWithAnyOffset) {
    const auto utc = parse_rfc3339("2026-11-22T09:26:00Z");
    ASSERT_TRUE(utc);
    EXPECT_EQ(to_ns(*utc), 1'795'339'560'000'000'000);
    EXPECT_EQ(parse_rfc3339("2026-11-22T10:26:00+01:00"), utc);
    EXPECT_EQ(parse_rfc3339("2026-11-21t23:56:00.000-09:30"), utc);
    EXPECT_EQ(parse_rfc3339("2026-11-22 09:26:00z"), utc);
}

TEST(Rfc3339, CutsFractionsBeyondNanoseconds) {
    EXPECT_EQ(parse_rfc3339("1970-01-01T00:00:00.1234567899Z"), wall_from_ns(123'456'789));
    EXPECT_EQ(parse_rfc3339("1970-01-01T00:00:00.5Z"), wall_from_ns(500'000'000));
}

TEST(Rfc3339, TakesALeapSecondForTheNextMinute) {
    EXPECT_EQ(parse_rfc3339("2016-12-31T23:59:60Z"), parse_rfc3339("2017-01-01T00:00:00Z"));
}

TEST(Rfc3339, RefusesWhatIsNoTime) {
    for (const auto* text :
         {"",
          "2026-11-22",
          "2026-11-22T09:26Z",
          "2026-11-22T09:26:00",
          "2026-02-30T00:00:00Z",
          "2026-11-22T24:00:00Z",
          "2026-11-22T09:26:00.Z",
          "2026-11-22T09:26:00Zx",
          "2026-11-22T09:26:00+1:00",
          "9999-01-01T00:00:00Z",
          "0000-01-01T00:00:00Z"}) {
        EXPECT_FALSE(parse_rfc3339(text)) << text;
    }
}

TEST(ManualClock, StandsStillUntilTold) {
    ManualClock clock(wall_from_ns(1000));
    clock.advance(5ns);
    EXPECT_EQ(clock.wall(), wall_from_ns(1005));
    EXPECT_EQ(clock.mono(), mono_from_ns(5));
    clock.step_wall(-1000ns);
    EXPECT_EQ(clock.wall(), wall_from_ns(5));
    EXPECT_EQ(clock.mono(), mono_from_ns(5));
}

TEST(SystemClock, DoesNotGoBack) {
    const SystemClock clock;
    const MonoTime before = clock.mono();
    EXPECT_GE(clock.mono(), before);
    EXPECT_GT(to_ns(clock.wall()), 1'700'000'000'000'000'000);
}

}  // namespace
}  // namespace muster
