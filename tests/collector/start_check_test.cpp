// What a start looks for in the stores of the last run, and how long. Real backups go back in tests/e2e/restore_test.cpp.
#include "collector/backup/start_check.hpp"

#include "collector/backup/database_check.hpp"
#include "collector/migrations.hpp"
#include "tests/support/sim_vfs.hpp"
#include "tests/support/temp_dir.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <stop_token>

namespace muster::collector {
namespace {

class StartCheck : public testing::Test {
  protected:
    /// A segment of so many entries, a page each at least.
    std::string segment(int entries) {
        std::filesystem::create_directories(dir_ / "journal");
        const std::string path = dir_ / "journal/00000000000000000001.db";
        auto database = Database::open(path, {.page_bytes = 4096});
        EXPECT_TRUE(database && database->migrate(journal_migrations()));
        EXPECT_TRUE(database->execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " +
            std::to_string(entries) +
            ") INSERT INTO entry SELECT i, 13, 1, 0, 0, randomblob(6000) FROM n"
        ));
        return path;
    }

    /// In no time at all, and no backup is there.
    Result<std::optional<Restored>> check() {
        return check_at_start(
            files_,
            {.data_dir = dir_.path(), .folder = dir_ / "backups", .from = {}},
            Duration::zero(),
            WallTime{}
        );
    }

    test::SimVfs disk_;
    test::TempDir dir_;
    RealFiles files_;
};

TEST_F(StartCheck, ReadsAStoreThrough) {
    const std::string path = segment(500);
    const std::uint64_t before = disk_.reads();
    const Status whole = check_store(path, StoreDepth::whole, {});
    EXPECT_TRUE(whole) << whole.error().text();
    EXPECT_GT(disk_.reads() - before, 500U);
}

TEST_F(StartCheck, EndsInTheMiddleOfAFileWhenItsTimeIsOver) {
    const std::string path = segment(500);
    std::stop_source time;
    const std::uint64_t before = disk_.reads();
    disk_.before_read(100, [&time] { time.request_stop(); });
    const Status cut = check_store(path, StoreDepth::whole, time.get_token());
    ASSERT_FALSE(cut);
    EXPECT_EQ(cut.error().kind(), ErrorKind::timeout) << cut.error().text();
    EXPECT_LT(disk_.reads() - before, 200U);
    const Status late = check_store(path, StoreDepth::whole, time.get_token());
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().kind(), ErrorKind::timeout) << late.error().text();
}

// T-14: any page of it.
TEST_F(StartCheck, T14FindsABitThatFlippedInTheStructure) {
    const std::string path = segment(50);
    disk_.flip(path, 4096 + 3, 4);  // cells on a page
    const Status whole = check_store(path, StoreDepth::whole, {});
    ASSERT_FALSE(whole);
    EXPECT_EQ(whole.error().kind(), ErrorKind::corrupt) << whole.error().text();
}

// T-14: what the disk gives back no more is gone as well.
TEST_F(StartCheck, T14TakesAPageThatCannotBeReadForDamage) {
    const std::string path = segment(50);
    disk_.fail_at(test::DiskFault::read, 20, 1000);
    const Status whole = check_store(path, StoreDepth::whole, {});
    ASSERT_FALSE(whole);
    EXPECT_EQ(whole.error().kind(), ErrorKind::corrupt) << whole.error().text();
    disk_.heal();
}

TEST_F(StartCheck, TakesItsTimeAfterAStoreHasFailed) {
    const std::string path = segment(200);
    disk_.flip(path, 4096 + 3, 4);
    ASSERT_TRUE(note_running(files_, dir_.path()));
    ASSERT_TRUE(note_failed(files_, dir_.path()));
    const auto found = check();
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().kind(), ErrorKind::corrupt) << found.error().text();
    EXPECT_NE(found.error().text().find("quick_check"), std::string::npos) << found.error().text();
}

TEST_F(StartCheck, OnlyOpensWhatWasClosedInOrder) {
    segment(500);
    ASSERT_TRUE(note_running(files_, dir_.path()));
    ASSERT_TRUE(note_stopped(files_, dir_.path()));
    const std::uint64_t before = disk_.reads();
    const auto found = check();
    ASSERT_TRUE(found) << found.error().text();
    EXPECT_FALSE(*found);
    EXPECT_LT(disk_.reads() - before, 100U);
}

}  // namespace
}  // namespace muster::collector
