#include "base/log.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace muster {
namespace {

TEST(Log, QuotesOnlyWhatNeedsIt) {
    EXPECT_EQ(
        text_line(
            LogLevel::info,
            "link.connected",
            {{"peer", "127.0.0.1:8444"},
             {"why", "no answer"},
             {"tries", 3},
             {"rtt_ms", 0.5},
             {"resumed", true},
             {"empty", ""},
             {"quote", R"(a"b)"}}
        ),
        R"(info link.connected peer=127.0.0.1:8444 why="no answer" tries=3 rtt_ms=0.5 resumed=true empty="" quote="a\"b")"
    );
}

TEST(Log, CannotBeForgedByAValue) {
    EXPECT_EQ(
        text_line(LogLevel::warning, "x", {{"name", "a\nerror fake"}}),
        "warning x name=\"a error fake\""
    );
}

TEST(Log, WritesJsonWithTypes) {
    EXPECT_EQ(
        json_line(
            LogLevel::error,
            "2026-11-22T09:26:00.000Z",
            "x",
            {{"text", "a\"\\\n"},
             {"n", 7U},
             {"part", 0.25},
             {"flag", false},
             {"nan", std::numeric_limits<double>::quiet_NaN()}}
        ),
        "{\"time\":\"2026-11-22T09:26:00.000Z\",\"level\":\"error\",\"event\":\"x\","
        "\"text\":\"a\\\"\\\\ \",\"n\":7,\"part\":0.25,\"flag\":false,\"nan\":null}"
    );
}

TEST(Log, LeavesOutWhatIsBelowTheLeastLevel) {
    testing::internal::CaptureStderr();
    configure_log(LogFormat::text, LogLevel::warning);
    log(LogLevel::info, "quiet");
    log(LogLevel::warning, "loud", {{"n", 1}});
    configure_log(LogFormat::json, LogLevel::info);
    log(LogLevel::notice, "last");
    configure_log(LogFormat::text, LogLevel::info);
    const std::string written = testing::internal::GetCapturedStderr();
    EXPECT_EQ(written.find("quiet"), std::string::npos);
    EXPECT_NE(written.find("Z warning loud n=1\n{\"time\":\"20"), std::string::npos) << written;
    EXPECT_NE(written.find("\"event\":\"last\"}\n"), std::string::npos) << written;
}

}  // namespace
}  // namespace muster
