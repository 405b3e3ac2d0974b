// Moments as people type them, and as the command line printed them.
#include "ctl/moment.hpp"

#include "ctl/output.hpp"
#include "tests/ctl/command_line.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>

namespace muster::ctl {
namespace {

using testing::HasSubstr;

/// In Berlin, where it is 10:26 on a Sunday of November.
class Moments : public testing::Test {
  protected:
    void SetUp() override { live_in("Europe/Berlin"); }

    void TearDown() override { live_in("UTC"); }

    static void live_in(const char* zone) {
        ::setenv("TZ", zone, 1);
        ::tzset();
    }

    std::string past(const std::string& text) const {
        return moment(text, now, Sought::past).value_or("none");
    }

    std::string coming(const std::string& text) const {
        return moment(text, now, Sought::coming).value_or("none");
    }

    WallTime now = *parse_rfc3339("2026-11-22T09:26:00Z");
};

TEST_F(Moments, AClockIsTheLastTimeItWasThatOrTheNextTimeItIs) {
    EXPECT_EQ(past("02:14"), "2026-11-22T01:14:00.000Z");
    EXPECT_EQ(past("2:14"), "2026-11-22T01:14:00.000Z");
    EXPECT_EQ(past("22:00"), "2026-11-21T21:00:00.000Z");
    EXPECT_EQ(past("10:26"), "2026-11-22T09:26:00.000Z");
    EXPECT_EQ(coming("22:00"), "2026-11-22T21:00:00.000Z");
    EXPECT_EQ(coming("02:14:30"), "2026-11-23T01:14:30.000Z");
    EXPECT_EQ(coming("10:26"), "2026-11-23T09:26:00.000Z");
}

TEST_F(Moments, ADayMaySayMore) {
    EXPECT_EQ(past("yesterday 09:00"), "2026-11-21T08:00:00.000Z");
    EXPECT_EQ(past("yesterday"), "2026-11-20T23:00:00.000Z");
    EXPECT_EQ(past("today 12:00"), "2026-11-22T11:00:00.000Z");
    EXPECT_EQ(coming("tomorrow 09:00"), "2026-11-23T08:00:00.000Z");
    for (const Sought sought : {Sought::past, Sought::coming}) {
        EXPECT_EQ(moment("2026-11-24 02:14", now, sought), "2026-11-24T01:14:00.000Z");
        EXPECT_EQ(moment("2026-07-24T02:14", now, sought), "2026-07-24T00:14:00.000Z");
        EXPECT_EQ(moment("2026-11-24", now, sought), "2026-11-23T23:00:00.000Z");
        EXPECT_EQ(moment("2026-11-24T02:14:00+02:00", now, sought), "2026-11-24T02:14:00+02:00");
    }
}

TEST_F(Moments, WhatIsCountedBackIsLeftToTheClockOfTheCollector) {
    EXPECT_EQ(past("-2h"), "-2h");
    EXPECT_EQ(past("2h ago"), "-2h");
    EXPECT_EQ(past("-7d"), "-7d");
    EXPECT_EQ(past("now"), "-0s");
    EXPECT_EQ(coming("now"), "2026-11-22T09:26:00.000Z") << "a window has moments alone";
    EXPECT_EQ(coming("-1h"), "2026-11-22T08:26:00.000Z");
}

TEST_F(Moments, AZoneMayStandBehindThem) {
    EXPECT_EQ(past("09:00 CET"), "2026-11-22T08:00:00.000Z");
    EXPECT_EQ(past("09:00 UTC"), "2026-11-22T09:00:00.000Z");
    EXPECT_EQ(past("10:00 UTC"), "2026-11-21T10:00:00.000Z");
    EXPECT_EQ(past("yesterday 23:30 -0330"), "2026-11-22T03:00:00.000Z");
    EXPECT_EQ(past("2026-07-24 02:14 CEST"), "2026-07-24T00:14:00.000Z");
    EXPECT_EQ(past("2026-11-24 02:14 +05:45"), "2026-11-23T20:29:00.000Z");
    EXPECT_EQ(past("2026-10-25 02:30 CEST"), "2026-10-25T00:30:00.000Z");
    EXPECT_EQ(past("2026-10-25 02:30 CET"), "2026-10-25T01:30:00.000Z") << "an hour later";
}

TEST_F(Moments, WhatIsPrintedCanBeGivenBack) {
    for (const char* zone : {"Europe/Berlin", "Asia/Kolkata", "America/Sao_Paulo", "UTC"}) {
        live_in(zone);
        for (const char* text :
             {"2026-11-22T02:14:00Z",
              "2026-11-21T09:00:00Z",
              "2026-07-20T22:10:00Z",
              "2026-12-01T05:00:00Z"}) {
            const WallTime then = *parse_rfc3339(text);
            const std::string shown = human_time(then, now);
            EXPECT_EQ(moment(shown, now, Sought::past), format_rfc3339(then)) << shown;
        }
    }
    EXPECT_EQ(past(human_time(now - std::chrono::minutes(14), now)), "-14m");
    EXPECT_EQ(past(human_time(now, now)), "-0s");
}

TEST_F(Moments, EverythingElseIsToldTheForms) {
    for (const char* text :
         {"",
          "25:00",
          "02:60",
          "2026-02-31",
          "26-11-24",
          "last week",
          "yesterday 9",
          "-2",
          "2h",
          "02:14 02:14",
          "CET",
          "02:14 +1",
          "02:14 CET today"}) {
        const auto read = moment(text, now, Sought::past);
        ASSERT_FALSE(read) << text;
        EXPECT_THAT(read.error().text(), HasSubstr("expected 02:14, \"yesterday 09:00\"")) << text;
    }
    const auto foreign = moment("09:00 EST", now, Sought::past);
    ASSERT_FALSE(foreign);
    EXPECT_THAT(foreign.error().text(), HasSubstr("clocks here are not at EST then"));
}

class MomentOptions : public CommandLine {
  protected:
    void TearDown() override {
        ::setenv("TZ", "UTC", 1);
        ::tzset();
    }
};

TEST_F(MomentOptions, AllReadTheSameForms) {
    const std::string at = "at=2026-11-21T08%3A00%3A00.000Z";
    const std::string from = "from=2026-11-21T08%3A00%3A00.000Z";
    const std::vector<std::pair<std::vector<std::string>, std::string>> asked = {
        {{"ci", "list", "--at"}, "cis?" + at + "&limit=100"},
        {{"ci", "show", "web4", "--at"}, "cis/web4?" + at},
        {{"ci", "diff", "web4", "--from"}, "cis/web4?" + at},
        {{"find", "web4", "--at"}, "find?" + at + "&q=web4"},
        {{"relation", "list", "--at"}, "relations?" + at + "&limit=100"},
        {{"why", "web4", "--at"}, "cis/web4/why?" + at},
        {{"receipts", "--from"}, "receipts?" + from + "&limit=100"},
        {{"availability", "web4", "--from"}, "cis/web4/availability?" + from},
        {{"events", "--from"}, "events?follow=0&" + from},
        {{"audit", "list", "--from"}, "audit?" + from + "&limit=100"},
    };
    for (const auto& [words, line] : asked) {
        const CannedServer server({});
        std::vector<std::string> given = words;
        given.insert(given.end(), {"yesterday 09:00", "--tz", "Europe/Berlin"});
        run(server, given);
        ASSERT_FALSE(server.seen().empty()) << words[0];
        EXPECT_EQ(server.seen()[0].line, "GET /api/v1/" + line);
        given[words.size()] = "the other day";
        const Ran wrong = run(server, given);
        EXPECT_EQ(wrong.code, 2) << words[0];
        EXPECT_EQ(
            wrong.err,
            "muster: " + words.back() + ": the other day: expected " + std::string(moment_forms) +
                "\n"
        );
    }
}

TEST_F(MomentOptions, AWindowIsToCome) {
    const CannedServer server({});
    run(server,
        {"window",
         "create",
         "web4",
         "--from",
         "10:00",
         "--to",
         "2026-11-24 02:14",
         "--reason",
         "x",
         "--tz",
         "Europe/Berlin"});
    ASSERT_FALSE(server.seen().empty());
    EXPECT_EQ(
        server.seen()[0].body,
        R"({"reason":"x","ci":"web4","from":"2026-11-23T09:00:00.000Z","to":"2026-11-24T01:14:00.000Z"})"
    );
}

}  // namespace
}  // namespace muster::ctl
