// What people are told before they buy a disk: the question in their words, the sum under their configuration.
#include "collector/size_estimate.hpp"

#include "base/files.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temp_dir.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::collector {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

SizeQuestion question_of(std::string_view text) {
    const auto question = parse_size_question(text);
    EXPECT_TRUE(question) << question.error().text();
    return question.value_or(SizeQuestion{});
}

std::string refusal(std::string_view text) {
    const auto question = parse_size_question(text);
    return question ? "taken" : question.error().text();
}

TEST(SizeQuestion, IsReadAsPeopleSayIt) {
    const SizeQuestion plain = question_of("500 devices");
    EXPECT_EQ(plain.devices, 500U);
    EXPECT_FALSE(plain.probes || plain.values || plain.interval);
    for (const char* text :
         {"2000 devices, 20 probes each, every 30s",
          "2,000 hosts with 20 probes each every 30 seconds",
          "20 probes per device, 2k devices, every 30 s",
          "  2000 Targets,20 probes,every 30s "}) {
        const SizeQuestion question = question_of(text);
        EXPECT_EQ(question.devices, 2000U) << text;
        EXPECT_EQ(question.probes, 20U) << text;
        EXPECT_EQ(question.interval, Duration(30s)) << text;
    }
    const SizeQuestion all = question_of("40 hosts with 3 probes and 5 values every minute");
    EXPECT_EQ(all.values, 5U);
    EXPECT_EQ(all.interval, Duration(1min));
    EXPECT_EQ(question_of("7 devices every 1m30s").interval, Duration(90s));
}

TEST(SizeQuestion, NamesTheWordItDoesNotUnderstand) {
    EXPECT_THAT(refusal("12 cats"), HasSubstr("\"cats\" is not understood; say for example"));
    EXPECT_THAT(refusal("500 devices 3"), HasSubstr("\"3\""));
    EXPECT_THAT(refusal("500 devices every now"), HasSubstr("\"every now\""));
    EXPECT_THAT(refusal("500 devices every"), HasSubstr("expected a duration such as 30s"));
    EXPECT_THAT(refusal("-5 devices"), HasSubstr("\"-5\""));
    EXPECT_THAT(refusal("0 devices"), HasSubstr("\"0\""));
    EXPECT_THAT(refusal("99999999999999999999 devices"), HasSubstr("is not understood"));
    EXPECT_THAT(refusal("500 600 devices"), HasSubstr("\"600\""));
    for (const char* text : {"", "devices", "20 probes each"}) {
        EXPECT_THAT(refusal(text), HasSubstr("how many devices?")) << text;
    }
}

TEST(SizeEstimate, AddsUpWhatIsKept) {
    config::CollectorConfig process;
    process.history_raw = 24h * 9;
    process.history_five_minutes = 24h * 99;
    process.history_hourly = 24h * 370;
    const SizeEstimate size =
        estimate_size(question_of("100 devices, 10 probes, every 1m"), process);
    EXPECT_DOUBLE_EQ(size.results_a_day, 1000 * 1440);
    EXPECT_DOUBLE_EQ(size.raw.kept, size.raw.a_day * 10);
    EXPECT_DOUBLE_EQ(size.five_minutes.kept, size.five_minutes.a_day * 100);
    EXPECT_DOUBLE_EQ(size.hourly.kept, size.hourly.a_day * 400);
    EXPECT_DOUBLE_EQ(size.journal.kept, static_cast<double>(process.journal_keep_bytes));
    EXPECT_EQ(size.history_cut, 0);
    EXPECT_DOUBLE_EQ(
        size.all_kept(),
        size.journal.kept + size.raw.kept + size.five_minutes.kept + size.hourly.kept +
            size.state.kept
    );
}

TEST(SizeEstimate, KeepsTheJournalForAsLongAsItMust) {
    const config::CollectorConfig process;
    const SizeEstimate size = estimate_size(question_of("100k devices, 100 probes"), process);
    EXPECT_DOUBLE_EQ(size.journal.kept, size.journal.a_day);
    EXPECT_GT(size.journal.kept, static_cast<double>(process.journal_keep_bytes));
}

TEST(SizeEstimate, GrowsWithEverythingThatIsSaid) {
    const config::CollectorConfig process;
    const auto raw = [&](std::string_view text) {
        return estimate_size(question_of(text), process).raw.kept;
    };
    EXPECT_DOUBLE_EQ(raw("20 devices"), 2 * raw("10 devices"));
    EXPECT_DOUBLE_EQ(raw("10 devices, 8 probes"), 2 * raw("10 devices, 4 probes"));
    EXPECT_DOUBLE_EQ(raw("10 devices every 30s"), 2 * raw("10 devices every 1m"));
    EXPECT_GT(raw("10 devices, 2 values"), raw("10 devices, 1 value"));
    const auto minutes = [&](std::string_view text) {
        return estimate_size(question_of(text), process).five_minutes.kept;
    };
    EXPECT_DOUBLE_EQ(minutes("10 devices every 10s"), minutes("10 devices every 1m"));
    EXPECT_DOUBLE_EQ(minutes("10 devices every 10m"), 2 * minutes("10 devices every 20m"));
}

TEST(SizeEstimate, SaysWhatHistoryHasNoRoomFor) {
    config::CollectorConfig process;
    process.history_keep_bytes = 1U << 30U;
    const SizeQuestion question = question_of("5000 devices");
    const SizeEstimate size = estimate_size(question, process);
    EXPECT_NEAR(
        size.raw.kept + size.five_minutes.kept + size.hourly.kept - size.history_cut, 1U << 30U, 1
    );
    EXPECT_THAT(
        size_text(question, process), HasSubstr("history.keep is 1.0 GiB: there is no room")
    );
}

class SizeOption : public testing::Test {
  protected:
    static test::CommandResult run(std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), test::program("muster-collector"));
        return test::run_command(std::move(arguments));
    }

    test::TempDir folder;
};

TEST_F(SizeOption, TellsUnderTheConfigurationGiven) {
    test::write_text(
        folder / "collector.yaml",
        "history: {raw: 7d, five_minutes: 30d}\njournal: {keep: 3GiB}\ndata_dir: " +
            (folder / "data") + "\n"
    );
    const auto told =
        run({"--config", folder / "collector.yaml", "--size", "200 devices, 10 probes each"});
    EXPECT_EQ(told.exit_code, 0);
    for (const char* part :
         {"200 devices, 10 probes each, 4 values a probe (assumed), every 1m (assumed): 33 results",
          "journal.keep 3.0 GiB",
          "history.raw 7d",
          "history.five_minutes 30d",
          "history.hourly 730d",
          "in all"}) {
        EXPECT_THAT(told.output, HasSubstr(part));
    }
    EXPECT_FALSE(RealFiles().exists(folder / "data")) << "nothing is started";
    EXPECT_EQ(run({"--size", "200 devices"}).exit_code, 0) << "the defaults are a configuration";
}

TEST_F(SizeOption, RefusesWhatItCannotAnswer) {
    const auto wrong = run({"--size", "many"});
    EXPECT_EQ(wrong.exit_code, 2);
    EXPECT_THAT(wrong.output, HasSubstr("--size: \"many\" is not understood; say for example"));
    const auto nothing = run({"--size", ""});
    EXPECT_EQ(nothing.exit_code, 2);
    EXPECT_THAT(nothing.output, HasSubstr("how many devices?"));
    EXPECT_EQ(run({"--config", folder / "none.yaml", "--size", "5 devices"}).exit_code, 2);
}

}  // namespace
}  // namespace muster::collector
