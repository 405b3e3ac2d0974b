// Calls on the disk that fail, each in its turn: what was confirmed is never lost, nothing crashes, and it goes on afterwards.
#include "collector/backup/backup_maker.hpp"
#include "tests/collector/store_run.hpp"
#include "tests/support/sanitized.hpp"
#include "tests/support/temp_dir.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <map>

namespace muster::collector::test {
namespace {

constexpr int steps = 11;  // a segment ends, a snapshot is saved, blocks are written and merged

/// How runs went on after the call that failed.
struct Outcomes {
    int calls = 0;       ///< that failed, one a run
    int lived_with = 0;  ///< refused, and tried again
    std::map<std::string, int>
        ended;  ///< the process, with a clear error, by the part that said so
};

class FailingDisk : public testing::TestWithParam<muster::test::DiskFault> {
  protected:
    /// The calls fail one after the other; `arm` says where.
    template <class Arm, class HasFailed>
    Outcomes run_all(std::uint64_t stride, Arm arm, HasFailed has_failed) {
        Outcomes outcomes;
        for (std::uint64_t nth = 1; !HasFailure(); nth += stride) {
            const muster::test::TempDir folder("/dev/shm");
            muster::test::SimFiles files(disk_);
            StoreRun store(folder.path(), files, Durability::full);
            store.begin_prepared(disk_);
            arm(files, nth);
            int done = 0;
            std::optional<Ended> ended = store.open();
            while (done < steps && !ended) {
                ended = store.step();
                ++done;
            }
            const bool is_over = !has_failed(files);
            if (!is_over) {
                ++outcomes.calls;
                outcomes.lived_with += ended ? 0 : 1;
            }
            if (ended) {
                ++outcomes.ended[ended->part];
                EXPECT_FALSE(ended->why.text().empty());
            }
            // The disk is sound again: where the process ended, another one starts; else this one goes on.
            disk_.heal();
            files.heal();
            if (ended) {
                store.close();
                ended = store.open();
            }
            for (int more = 0; more < 3 && !ended; ++more) {
                ended = store.step();
            }
            EXPECT_FALSE(ended) << ended->part << ": " << ended->why.text();
            if (!ended) {
                store.expect_whole();
                store.close();
                // And what it said is on the disk: the power goes.
                disk_.cut();
                files.power_on();
                disk_.power_on();
                ended = store.open();
                EXPECT_FALSE(ended) << ended->part << ": " << ended->why.text();
                store.expect_whole();
            }
            store.close();
            if (HasFailure()) {
                ADD_FAILURE() << "call " << nth;
            }
            if (is_over) {
                break;
            }
        }
        tell(outcomes);
        return outcomes;
    }

    static void tell(const Outcomes& outcomes) {
        RecordProperty("calls", outcomes.calls);
        RecordProperty("lived_with", outcomes.lived_with);
        for (const auto& [part, count] : outcomes.ended) {
            RecordProperty("ended_by_" + part, count);
        }
    }

    muster::test::SimVfs disk_;
};

std::string name_of(const testing::TestParamInfo<muster::test::DiskFault>& info) {
    switch (info.param) {
        case muster::test::DiskFault::io:
            return "Eio";
        case muster::test::DiskFault::full:
            return "Enospc";
        case muster::test::DiskFault::short_write:
            return "ShortWrite";
        case muster::test::DiskFault::sync:
            return "SyncThatClaimsSuccessNextTime";
        case muster::test::DiskFault::read:
            return "ReadError";
    }
    return "";
}

INSTANTIATE_TEST_SUITE_P(
    Faults,
    FailingDisk,
    testing::Values(
        muster::test::DiskFault::io,
        muster::test::DiskFault::full,
        muster::test::DiskFault::short_write,
        muster::test::DiskFault::sync
    ),
    name_of
);

// T-09, the store's half, and T-10: every call of SQLite on the disk.
TEST_P(FailingDisk, T09LosesNothingWhicheverCallOfTheDatabasesFails) {
    const Outcomes outcomes = run_all(
        muster::test::fewer_by,
        [this](muster::test::SimFiles&, std::uint64_t nth) { disk_.fail_at(GetParam(), nth); },
        [this](muster::test::SimFiles&) { return disk_.has_failed(); }
    );
    EXPECT_GT(static_cast<std::uint64_t>(outcomes.calls) * muster::test::fewer_by, 20U);
}

// T-09, the store's half: every call for history's own files.
TEST_P(FailingDisk, T09LosesNothingWhicheverCallForBlocksFails) {
    const Outcomes outcomes = run_all(
        1,
        [](muster::test::SimFiles& files, std::uint64_t nth) { files.fail_at(GetParam(), nth); },
        [](muster::test::SimFiles& files) { return files.has_failed(); }
    );
    EXPECT_GT(outcomes.calls, 3);
    EXPECT_EQ(outcomes.lived_with, outcomes.calls) << "history waits, everything else goes on";
}

// T-09: every call while a backup is made.
TEST_P(FailingDisk, T09MakesNoBackupThatIsNotGood) {
    const muster::test::TempDir folder("/dev/shm");
    muster::test::SimFiles files(disk_);
    StoreRun store(folder / "data", files, Durability::full);
    std::filesystem::create_directories(folder / "data/ca");
    muster::test::write_text(folder / "data/ca/ca.key", "a key");
    ASSERT_FALSE(store.open());
    for (int step = 0; step < steps; ++step) {
        ASSERT_FALSE(store.step());
    }
    int failed = 0;
    for (std::uint64_t nth = 1; !HasFailure(); ++nth) {
        disk_.fail_at(GetParam(), nth);
        const Status made = store.back_up(folder / "backups");
        const bool is_over = !disk_.has_failed();
        disk_.heal();
        failed += made ? 0 : 1;
        EXPECT_TRUE(made || !is_over) << made.error().text();
        RealFiles real;
        const auto good = backups_in(real, folder / "backups");
        ASSERT_TRUE(good);
        EXPECT_EQ(good->size(), made ? 1U : 0U) << "call " << nth;
        for (const Backup& backup : *good) {
            const std::string path = folder / "backups/" + backup.name;
            EXPECT_TRUE(verify_backup(real, path, backup.manifest));
        }
        std::filesystem::remove_all(folder / "backups");
        ASSERT_FALSE(store.step()) << "the collector goes on";
        if (is_over) {
            break;
        }
    }
    RecordProperty("failed", failed);
    store.expect_whole();
    store.close();
}

}  // namespace
}  // namespace muster::collector::test
