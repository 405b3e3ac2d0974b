// The power goes while a collector goes back to a backup: at its next start there is all of what was there, or all of the backup.
#include "collector/backup/backup_folder.hpp"
#include "collector/backup/database_check.hpp"
#include "collector/backup/restore.hpp"
#include "collector/journal/segments.hpp"
#include "tests/collector/restored_stores.hpp"
#include "tests/support/forgetful_folders.hpp"

#include <filesystem>

namespace muster::collector::test {
namespace {

class PowerCutInARestore : public RestoredStores {
  protected:
    /// What a collector that starts here finds: the last entry of a journal without holes, beside everything else.
    static Lsn found_in(const std::string& data) {
        const auto segments = list_segments(data + "/journal");
        EXPECT_TRUE(segments);
        Lsn last = 0;
        for (const Lsn first : segments.value_or(std::vector<Lsn>{})) {
            EXPECT_EQ(first, last + 1) << "the journal has a hole";
            last = last_entry_of(data + "/journal/" + segment_name(first)).value_or(0);
        }
        EXPECT_TRUE(position_of(data + "/state.db"));
        EXPECT_TRUE(sealed_of(data + "/history/catalog.db"));
        EXPECT_TRUE(check_database(data + "/access.db"));
        EXPECT_TRUE(std::filesystem::exists(data + "/ca/ca.key"));
        return last;
    }
};

TEST_F(PowerCutInARestore, AnywhereLeavesAllThatWasThereOrAllOfTheBackup) {
    journal(3);
    journal(3);
    back_up();
    const Lsn in_backup = journal_->next_lsn() - 1;
    journal(5);
    const Lsn before = journal_->next_lsn() - 1;
    close();
    ASSERT_GT(list_segments(data_ + "/journal").value().size(), 3U);
    ASSERT_EQ(found_in(data_), before);

    bool is_done = false;
    std::uint64_t at = 1;
    int restored = 0;
    for (; !is_done && !HasFailure(); ++at) {
        const muster::test::TempDir copy("/dev/shm");
        const std::string data = copy / "data";
        std::filesystem::copy(dir_.path(), copy.path(), std::filesystem::copy_options::recursive);
        muster::test::ForgetfulFolders disk(copy.path());
        disk.cut_before(at);
        is_done = restore(disk, {.data_dir = data, .folder = copy / "backups", .from = ""}, now_)
                      .has_value();
        disk.power_on();
        const Status finished = finish_restore(files_, data);
        ASSERT_TRUE(finished) << finished.error().text();
        const Lsn last = found_in(data);
        // The entry that tells of the restore comes after those of the backup.
        EXPECT_TRUE(last == before || last == in_backup + 1) << "cut " << at << ": " << last;
        restored += last == before ? 0 : 1;
        EXPECT_FALSE(std::filesystem::exists(data + "/restoring"));
    }
    RecordProperty("cuts", std::to_string(at - 1));
    EXPECT_GT(at, 30U) << "so many changes does it take";
    EXPECT_GT(restored, 10);
    EXPECT_LT(restored, static_cast<int>(at) - 10);
}

}  // namespace
}  // namespace muster::collector::test
