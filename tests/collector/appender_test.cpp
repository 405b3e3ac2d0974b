#include "collector/journal/appender.hpp"

#include "tests/support/small_disk.hpp"

#include <gtest/gtest.h>

#include <optional>

namespace muster::collector {
namespace {

using namespace std::chrono_literals;

class AppendingToAFullDisk : public ::testing::Test {
  protected:
    void SetUp() override {
        if (const auto why = disk_.problem(); !why.empty()) {
            GTEST_SKIP() << "no disk of one's own to fill: " << why;
        }
        JournalWriterOptions options;
        options.journal.directory = disk_ / "journal";
        auto writer = JournalWriter::open(options, clock_);
        ASSERT_TRUE(writer) << writer.error().text();
        thread_.emplace(std::move(*writer), clock_, loop_, std::vector<FoldFeed*>{}, [](Error why) {
            ADD_FAILURE() << why.text();
        });
        appender_.emplace(*thread_, clock_);
    }

    template <class Condition>
    bool run_until(Condition condition) {
        const auto end = std::chrono::steady_clock::now() + 20s;
        while (!condition() && std::chrono::steady_clock::now() < end) {
            loop_.restart();
            loop_.run_one_for(20ms);
            appender_->retry();
        }
        return condition();
    }

    test::SmallDisk disk_{2U << 20U};
    SystemClock clock_;
    asio::io_context loop_;
    std::optional<JournalThread> thread_;
    std::optional<Appender> appender_;
};

TEST_F(AppendingToAFullDisk, StoresWhenThereIsRoomAgain) {
    disk_.fill();
    bool is_stored = false;
    const std::string large(256U << 10U, 'x');
    appender_->append(EntryKind::config_loaded, large, [&is_stored] { is_stored = true; });
    EXPECT_TRUE(run_until([this] { return appender_->waiting() > 0; }));
    EXPECT_FALSE(is_stored);
    disk_.make_room();
    EXPECT_TRUE(run_until([&is_stored] { return is_stored; }));
    EXPECT_EQ(appender_->waiting(), 0U);
    thread_->stop();
    auto reader = JournalReader::open(disk_ / "journal");
    ASSERT_TRUE(reader) << reader.error().text();
    const auto entries = reader->read(1, 1000, 64U << 20U);
    ASSERT_TRUE(entries) << entries.error().text();
    EXPECT_EQ(std::ranges::count(*entries, EntryKind::config_loaded, &Entry::kind), 1)
        << "once, and whole";
}

}  // namespace
}  // namespace muster::collector
