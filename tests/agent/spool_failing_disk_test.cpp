// A disk that fails at any moment (T-08, T-09, T-10).
#include "tests/agent/spool_fixture.hpp"
#include "tests/support/ledger.hpp"

#include <gtest/gtest.h>

namespace muster::agent {
namespace {

using wire::DropClass;
using wire::GapReason;

class FailingDisk : public SpoolTest {
  protected:
    FailingDisk() {
        options.segment_bytes = 900;
        options.limits.max_bytes = 6'000;
        options.limits.retain_acked = 0s;
        options.memory_bytes = 500;
        options.unsynced_bytes = 3'000;
    }

    static void deliver(Spool& spool, test::Ledger& book) {
        for (;;) {
            const auto part = spool.read(book.committed() + 1, 600);
            if (!part || part->empty()) {
                return;
            }
            book.take(*part);
            spool.sent(book.committed());
        }
    }

    /// All that a spool does in its life: appending beyond its limit, sending, acknowledging, trimming, renaming.
    void live(Spool& spool, test::Ledger& book) {
        for (int group = 0; group < 12; ++group) {
            for (int at = 0; at < 4; ++at) {
                static_cast<void>(spool.append(book.make(2, static_cast<DropClass>(at % 3), 60)));
            }
            if (spool.sync() && spool.unsynced_bytes() == 0 && spool.untold().records == 0) {
                book.promise();
                EXPECT_TRUE(files.disk.unsynced_folders.empty()) << "gone with a power cut";
            }
            if (group % 4 == 3) {
                deliver(spool, book);
                spool.ack(book.committed());
                static_cast<void>(spool.save_acked());
            }
            spool.trim(now);
            expect_balance(spool);
        }
    }

    /// Whether an operation of this life has failed.
    bool live_and_fail(ErrorKind error, int fail_at, int failures, bool is_killed) {
        files = FaultyFiles();
        files.disk.error = error;
        test::Ledger book;
        auto spool = open();
        EXPECT_TRUE(spool);
        files.disk.good_operations = fail_at;
        files.disk.failures = failures;
        live(*spool, book);
        const bool has_failed = files.disk.good_operations < 0;
        files.disk = Disk();
        if (is_killed) {
            // What was promised is there.
            spool = open();
            EXPECT_TRUE(spool);
            book.crash(*spool->results_before(spool->position().next_seq));
        }
        settle(*spool, book);
        return has_failed;
    }

    /// The disk works again: everything that was made is delivered or told.
    static void settle(Spool& spool, test::Ledger& book) {
        for (int tries = 0; tries < 3; ++tries) {
            ASSERT_TRUE(spool.sync());
        }
        deliver(spool, book);
        spool.ack(book.committed());
        ASSERT_EQ(book.problem(), "");
        expect_balance(spool);
    }
};

/// Which operation fails, and how: a single one or some or all from then on; and then it is killed, or the disk works again.
TEST_F(FailingDisk, T09_EveryOperationMayFailOnce) {
    for (const ErrorKind error : {ErrorKind::io, ErrorKind::full}) {
        for (const int failures : {1, 3, 1000}) {
            for (const bool is_killed : {false, true}) {
                for (int fail_at = 0;; ++fail_at) {
                    SCOPED_TRACE(
                        std::to_string(fail_at) + " of " + std::to_string(failures) +
                        (is_killed ? ", killed" : "")
                    );
                    const bool has_failed = live_and_fail(error, fail_at, failures, is_killed);
                    if (HasFatalFailure() || HasNonfatalFailure()) {
                        return;
                    }
                    if (!has_failed) {
                        EXPECT_GT(fail_at, 50);
                        break;
                    }
                }
            }
        }
    }
}

TEST_F(FailingDisk, T09_EveryOperationOfAStartMayFail) {
    for (int fail_at = 0;; ++fail_at) {
        SCOPED_TRACE(fail_at);
        files = FaultyFiles();
        test::Ledger book;
        {
            auto spool = open();
            live(*spool, book);
            ASSERT_TRUE(spool->sync());
            ASSERT_TRUE(spool->sync());
            book.promise();
        }
        const std::string name = segments()[1];
        std::string bytes = content(name);
        bytes[bytes.size() / 2] ^= 1;
        overwrite(name, bytes);
        files.disk = Disk();
        files.disk.good_operations = fail_at;
        {
            const auto spool = open();
            ASSERT_TRUE(spool) << "it starts, whatever the disk takes";
            expect_balance(*spool);
        }
        const bool has_failed = files.disk.good_operations < 0;
        files.disk = Disk();
        auto spool = open();
        ASSERT_TRUE(spool);
        settle(*spool, book);
        if (HasFatalFailure() || HasNonfatalFailure()) {
            return;
        }
        if (!has_failed) {
            EXPECT_GT(fail_at, 4);
            return;
        }
    }
}

TEST_F(FailingDisk, T08_ADirectoryThatTakesNothingIsBorneInMemoryUpToABound) {
    auto spool = open();
    test::Ledger book;
    const auto put = [&](int count, DropClass drop_class) {
        for (int at = 0; at < count; ++at) {
            static_cast<void>(spool->append(book.make(1, drop_class, 60)));
        }
    };
    put(3, DropClass::results);
    ASSERT_TRUE(spool->sync());
    files.disk.is_dead = true;
    put(100, DropClass::results);
    EXPECT_FALSE(spool->sync());
    EXPECT_LE(spool->unsynced_bytes(), options.unsynced_bytes);
    EXPECT_GT(spool->counters().refused_results, 50U);
    EXPECT_EQ(spool->untold().results, spool->counters().refused_results);
    expect_balance(*spool);
    const std::uint64_t refused = spool->counters().refused_results;
    put(1, DropClass::state);
    EXPECT_EQ(spool->counters().refused_results, refused) << "a sixteenth is left for changes";
    files.disk.is_dead = false;
    settle(*spool, book);
    EXPECT_EQ(book.gap_results(GapReason::refused), spool->counters().refused_results);
    put(3, DropClass::results);
    settle(*spool, book);
}

TEST_F(FailingDisk, T08_ADirectoryThatIsGoneIsMadeAgain) {
    auto spool = open();
    test::Ledger book;
    for (int at = 0; at < 20; ++at) {
        static_cast<void>(spool->append(book.make(1, DropClass::results, 60)));
    }
    ASSERT_TRUE(spool->sync());
    const std::string dir = spool_dir();
    const auto names = files.list(dir);
    for (const std::string& name : *names) {
        ASSERT_TRUE(files.memory.remove(dir + "/" + name));
    }
    ASSERT_TRUE(files.memory.remove_directory(dir));
    for (int at = 0; at < 20; ++at) {
        static_cast<void>(spool->append(book.make(1, DropClass::results, 60)));
        static_cast<void>(spool->sync());
    }
    settle(*spool, book);
    EXPECT_GT(book.gap_results(GapReason::missing) + book.gap_results(GapReason::damaged), 0U);
}

TEST_F(FailingDisk, T10_ASegmentWhoseFsyncFailedIsNeverBelieved) {
    for (const bool drops : {false, true}) {
        for (const bool is_restarted : {false, true}) {
            files = FaultyFiles();
            files.disk.drop_on_failed_sync = drops;
            test::Ledger book;
            auto spool = open();
            for (int at = 0; at < 3; ++at) {
                static_cast<void>(spool->append(book.make(1)));
            }
            ASSERT_TRUE(spool->sync());
            book.promise();
            for (int at = 0; at < 4; ++at) {
                static_cast<void>(spool->append(book.make(1)));
            }
            const std::string segment = spool_dir() + "/" + segments().back();
            files.disk.good_syncs = 0;
            EXPECT_FALSE(spool->sync());
            EXPECT_EQ(spool->position().synced, 3U);
            // The next fsync would succeed, as on Linux: it says nothing of the pages before.
            files.disk.good_syncs = 1'000'000;
            if (is_restarted) {
                spool = open();
                ASSERT_TRUE(spool);
                book.crash(*spool->results_before(spool->position().next_seq));
            }
            ASSERT_TRUE(spool->sync());
            // Whatever of the old file never reached the disk: nothing of it is needed beyond what was synced.
            if (files.exists(segment) && segments().size() > 1) {
                const std::string name = segment.substr(segment.rfind('/') + 1);
                overwrite(name, content(name).substr(0, segment_head_bytes + 3 * 60));
            }
            spool = open();
            ASSERT_TRUE(spool);
            settle(*spool, book);
            EXPECT_EQ(book.gap_results(), 0U);
            EXPECT_EQ(book.delivered_results(), drops && is_restarted ? 3U : 7U);
        }
    }
}

TEST_F(FailingDisk, T10_WhatIsReadAgainAfterAKillIsWrittenAnewBeforeItIsSent) {
    {
        auto spool = open();
        fill(*spool, 4);
        ASSERT_TRUE(spool->sync());
    }
    files.disk = Disk();
    files.disk.good_syncs = 0;
    {
        auto spool = open();
        ASSERT_TRUE(spool);
        EXPECT_EQ(spool->position().next_seq, 5U);
        EXPECT_EQ(spool->position().synced, 0U) << "nobody knows whether an fsync of it failed";
        EXPECT_TRUE(spool->read(1, 1000)->empty());
        files.disk.good_syncs = 1000;
        ASSERT_TRUE(spool->sync());
        EXPECT_EQ(drain(*spool, 1), range(1, 4));
    }
}

TEST_F(FailingDisk, WhatIsConfirmedFromMemoryLeavesNothingBehindThatHidesWhatComesAfter) {
    auto spool = open();
    ASSERT_TRUE(spool);
    fill(*spool, 3);
    ASSERT_TRUE(spool->sync());
    fill(*spool, 2);
    // Killed; at the next start the disk takes nothing, so that all five are taken from memory.
    files.disk.is_dead = true;
    spool = open();
    ASSERT_TRUE(spool);
    spool->trust_memory();
    fill(*spool, 4);
    spool->ack(3);
    files.disk.is_dead = false;
    ASSERT_TRUE(spool->sync());
    ASSERT_EQ(spool->position().synced, 9U);
    spool = open();
    ASSERT_TRUE(spool);
    EXPECT_EQ(spool->position().next_seq, 10U);
    const auto records = spool->read(4, 10'000);
    ASSERT_TRUE(records);
    EXPECT_EQ(seqs(*records), range(4, 9));
    EXPECT_EQ(spool->position().first_kept, 4U) << "what lies before was written for nothing";
}

}  // namespace
}  // namespace muster::agent
