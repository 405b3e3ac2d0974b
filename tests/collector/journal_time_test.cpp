#include "collector/journal/journal_time.hpp"

#include "collector/journal/journal_reader.hpp"
#include "collector/journal/journal_writer.hpp"
#include "tests/collector/journal_entries.hpp"
#include "tests/support/temp_dir.hpp"

#include <gtest/gtest.h>

namespace muster::collector {
namespace {

using namespace std::chrono_literals;

constexpr WallTime noon = wall_from_ns(1'700'000'000'000'000'000);

TEST(JournalTime, GrowsWithTheMonotonicClockAndNeverGoesBack) {
    JournalTime time({}, MonoTime(100s), noon);
    EXPECT_EQ(time.at(MonoTime(100s)), Elapsed(0s));
    EXPECT_EQ(time.at(MonoTime(107s)), Elapsed(7s));
    EXPECT_EQ(time.at(MonoTime(103s)), Elapsed(7s));
}

TEST(JournalTime, T04CountsLittleOfATimeInWhichNobodyAsked) {
    JournalTime time({}, MonoTime(100s), noon, 10s);
    EXPECT_EQ(time.at(MonoTime(110s)), Elapsed(10s));
    EXPECT_EQ(time.take_standstill(), Duration{});
    EXPECT_EQ(time.at(MonoTime(230s)), Elapsed(20s));
    EXPECT_EQ(time.take_standstill(), 110s);
    EXPECT_EQ(time.take_standstill(), Duration{});
    EXPECT_EQ(time.at(MonoTime(235s)), Elapsed(25s));
}

TEST(JournalTime, GrowsByTheCalendarOverARestartBetweenNothingAndAnHour) {
    const JournalMoment last{.elapsed = Elapsed(50s), .wall = noon};
    EXPECT_EQ(JournalTime(last, MonoTime(3s), noon + 20s).at(MonoTime(3s)), Elapsed(70s));
    EXPECT_EQ(JournalTime(last, MonoTime(3s), noon - 20s).at(MonoTime(3s)), Elapsed(50s));
    EXPECT_EQ(JournalTime(last, MonoTime(3s), noon + 48h).at(MonoTime(3s)), Elapsed(50s + 1h));
}

TEST(JournalTime, TellsAStepOfTheCalendarOnce) {
    JournalTime time({}, MonoTime(0s), noon);
    EXPECT_FALSE(time.wall_step(MonoTime(10s), noon + 11s));
    EXPECT_EQ(time.wall_step(MonoTime(20s), noon + 80s), 60s);
    EXPECT_FALSE(time.wall_step(MonoTime(30s), noon + 90s));
    EXPECT_EQ(time.wall_step(MonoTime(40s), noon + 40s), -60s);
}

TEST(JournalTime, TellsAStepAgainThatCouldNotBeStored) {
    JournalTime time({}, MonoTime(0s), noon);
    ASSERT_EQ(time.wall_step(MonoTime(20s), noon + 80s), 60s);
    time.wall_step_is_untold(60s);
    EXPECT_EQ(time.wall_step(MonoTime(21s), noon + 81s), 60s);
    EXPECT_FALSE(time.wall_step(MonoTime(22s), noon + 82s));
}

class Writing : public ::testing::Test {
  protected:
    JournalWriter opened() {
        JournalWriterOptions options;
        options.journal.directory = dir_ / "journal";
        options.journal.durability = Durability::normal;
        options.tick = 1s;
        options.version = "1.2";
        auto writer = JournalWriter::open(options, clock_);
        EXPECT_TRUE(writer) << writer.error().text();
        return std::move(*writer);
    }

    std::vector<Entry> all() {
        auto reader = JournalReader::open(dir_ / "journal");
        return *reader->read(1, 1000, 1U << 20U);
    }

    test::TempDir dir_;
    ManualClock clock_{noon};
};

TEST_F(Writing, BeginsWithTheStartOfTheCollector) {
    {
        JournalWriter first = opened();
        clock_.advance(5s);
        ASSERT_TRUE(first.append(together(some_entry(EntryKind::command, "x"))));
    }
    clock_.advance(1min);
    JournalWriter second = opened();
    const auto entries = all();
    ASSERT_EQ(entries.size(), 3U);
    EXPECT_EQ(entries[0].kind, EntryKind::collector_started);
    EXPECT_EQ(entries[2].kind, EntryKind::collector_started);
    EXPECT_EQ(entries[2].elapsed, Elapsed(65s));
    proto::CollectorStarted started;
    ASSERT_TRUE(started.ParseFromString(entries[2].body));
    EXPECT_EQ(started.version(), "1.2");
    EXPECT_EQ(started.last_elapsed_ns(), Duration(5s).count());
}

TEST_F(Writing, TicksWhenNothingElseHappens) {
    JournalWriter writer = opened();
    clock_.advance(900ms);
    EXPECT_TRUE(writer.tick_if_due()->entries.empty());
    clock_.advance(100ms);
    ASSERT_EQ(writer.tick_if_due()->entries.size(), 1U);
    clock_.advance(500ms);
    ASSERT_TRUE(writer.append(together(some_entry(EntryKind::command, "x"))));
    clock_.advance(600ms);
    EXPECT_TRUE(writer.tick_if_due()->entries.empty());
}

TEST_F(Writing, PutsAStepOfTheCalendarBeforeWhatCameWithIt) {
    JournalWriter writer = opened();
    clock_.step_wall(-1h);
    const auto appended = writer.append(together(some_entry(EntryKind::command, "x")));
    ASSERT_TRUE(appended);
    ASSERT_EQ(appended->entries.size(), 2U);
    EXPECT_EQ(appended->entries[0].kind, EntryKind::clock_stepped);
    EXPECT_EQ(appended->entries[1].kind, EntryKind::command);
    EXPECT_EQ(appended->lsns, std::vector<Lsn>{appended->entries[1].lsn});
    proto::ClockStepped stepped;
    ASSERT_TRUE(stepped.ParseFromString(appended->entries[0].body));
    EXPECT_EQ(stepped.by_ns(), -Duration(1h).count());
}

}  // namespace
}  // namespace muster::collector
