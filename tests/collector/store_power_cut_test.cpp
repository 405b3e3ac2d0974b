// Power cuts under everything that the collector stores: what was confirmed is there, and what is there makes sense.
#include "tests/collector/store_run.hpp"
#include "tests/support/sanitized.hpp"
#include "tests/support/temp_dir.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>

namespace muster::collector::test {
namespace {

/// A collector's store on a disk that loses power.
class PowerCut : public testing::Test {
  protected:
    /// Starts, works until the power goes or `steps` are done, and finds everything after it came back; again `cuts` times.
    /// False: the power did not go.
    template <class Arm>
    bool run(std::uint64_t seed, int steps, int cuts, Arm arm, bool is_first_start = false) {
        const muster::test::TempDir folder("/dev/shm");
        disk_.reseed(seed);
        muster::test::SimFiles files(disk_, seed);
        StoreRun store(folder.path(), files, Durability::full);
        if (!is_first_start) {
            store.begin_prepared(disk_);
        }
        bool has_cut = false;
        for (int cut = 0; cut < cuts; ++cut) {
            arm(cut);
            std::optional<Ended> ended = store.open();
            for (int step = 0; step < steps && !ended && disk_.is_on(); ++step) {
                ended = store.step();
            }
            EXPECT_TRUE(!ended || !disk_.is_on()) << ended->part << ": " << ended->why.text();
            has_cut = !disk_.is_on();
            disk_.cut();  // at the latest now: no end in order
            store.close();
            files.power_on();
            disk_.power_on();
            const auto trouble = store.open();
            EXPECT_FALSE(trouble) << trouble->part << ": " << trouble->why.text();
            if (!trouble) {
                store.expect_whole();
            }
            store.close();
            if (HasFailure()) {
                ADD_FAILURE() << "seed " << seed << ", cut " << cut;
                return false;
            }
        }
        confirmed_ += store.confirmed();
        return has_cut;
    }

    muster::test::SimVfs disk_;
    std::uint64_t confirmed_ = 0;
};

// T-11, the store's half: while everything is made.
TEST_F(PowerCut, T11AtEverySyncOfAFirstStartLeavesWhatCanBeStarted) {
    std::uint64_t at = 1;
    while (run(at, 1, 1, [&](int) { disk_.cut_before_sync(at); }, true) && !HasFailure()) {
        ++at;
    }
    RecordProperty("syncs", std::to_string(at - 1));
    EXPECT_GT(at, 20U) << "so many syncs does it take";
}

// T-11, the store's half: at every sync of a time in which a segment ends, snapshots are saved and blocks are written and merged.
TEST_F(PowerCut, T11AtEverySyncLosesNothingThatWasConfirmed) {
    std::uint64_t at = 1;
    while (run(at, 20, 1, [&](int) { disk_.cut_before_sync(at); }) && !HasFailure()) {
        ++at;
    }
    RecordProperty("syncs", std::to_string(at - 1));
    EXPECT_GT(at, 40U) << "so many syncs does the work take";
}

// T-11, the store's half: anywhere, twice, what was unsynced torn and reordered.
TEST_F(PowerCut, T11AnywhereLosesNothingThatWasConfirmed) {
    const char* wanted = std::getenv("MUSTER_TEST_POWER_CUTS");
    const std::uint64_t cuts =
        wanted == nullptr ? 500 / muster::test::fewer_by : std::strtoull(wanted, nullptr, 10);
    for (std::uint64_t seed = 1; seed <= cuts / 2 && !HasFailure(); ++seed) {
        SeededRandom random(seed);
        run(seed, 28, 2, [&](int) { disk_.cut_before_operation(1 + random.below(180)); });
        if (wanted != nullptr) {
            std::cout << "seed " << seed << ": " << (HasFailure() ? "failed" : "adds up") << "\n";
        }
    }
    EXPECT_GT(confirmed_, cuts) << "the work is done between cuts";
}

// T-10, over a restart: a commit that could not be synced is in sight and not on the disk, and what the next process confirms stands
// behind it in the log.
TEST_F(PowerCut, T10LosesNothingThatWasConfirmedAfterAProcessThatCouldNotSync) {
    int refused = 0;
    for (std::uint64_t seed = 1; seed <= 40 && !HasFailure(); ++seed) {
        SCOPED_TRACE(seed);
        const muster::test::TempDir folder("/dev/shm");
        const JournalOptions options{.directory = folder / "journal"};
        const auto append = [](Journal& journal) {
            return journal.append(std::vector<Pending>(1), journal.last_moment()).has_value();
        };
        disk_.reseed(seed);
        {
            auto journal = Journal::open(options);
            ASSERT_TRUE(journal);
            ASSERT_TRUE(append(*journal));
            disk_.fail_at(muster::test::DiskFault::sync, 1, 1 + seed % 4);
            refused += append(*journal) ? 0 : 1;
        }  // what closing it would sync fails, too
        disk_.heal();
        Lsn confirmed = 0;
        {
            auto journal = Journal::open(options);
            ASSERT_TRUE(journal) << journal.error().text();
            ASSERT_TRUE(append(*journal));
            confirmed = journal->next_lsn() - 1;
            disk_.cut();
        }
        disk_.power_on();
        auto journal = Journal::open(options);
        ASSERT_TRUE(journal) << journal.error().text();
        EXPECT_GT(journal->next_lsn(), confirmed);
    }
    EXPECT_GT(refused, 30) << "commits that could not be synced";
}

// T-72: a journal that confirms before it syncs is found out.
TEST_F(PowerCut, T72TakesAwayWhatAJournalConfirmsBeforeItSyncs) {
    bool is_lost = false;
    for (std::uint64_t seed = 1; seed <= 20 && !is_lost; ++seed) {
        const muster::test::TempDir folder("/dev/shm");
        disk_.reseed(seed);
        const JournalOptions options{
            .directory = folder / "journal", .durability = Durability::normal
        };
        Lsn confirmed = 0;
        {
            auto journal = Journal::open(options);
            ASSERT_TRUE(journal);
            for (int entry = 0; entry < 5; ++entry) {
                ASSERT_TRUE(journal->append(std::vector<Pending>(1), journal->last_moment()));
            }
            confirmed = journal->next_lsn() - 1;
            disk_.cut();
        }
        disk_.power_on();
        auto journal = Journal::open(options);
        ASSERT_TRUE(journal) << journal.error().text();
        is_lost = journal->next_lsn() <= confirmed;
    }
    EXPECT_TRUE(is_lost);
}

}  // namespace
}  // namespace muster::collector::test
