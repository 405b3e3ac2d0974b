#include "tests/agent/spool_fixture.hpp"

#include <gtest/gtest.h>

namespace muster::agent {
namespace {

TEST_F(SpoolTest, NumbersRecordsFromOneWithoutHoles) {
    auto spool = open();
    ASSERT_TRUE(spool);
    EXPECT_EQ(spool->position().next_seq, 1U);
    fill(*spool, 3);
    EXPECT_EQ(spool->position().next_seq, 4U);
    EXPECT_EQ(spool->position().first_unacked, 1U);
}

TEST_F(SpoolTest, GivesOnlyWhatIsSynced) {
    auto spool = open();
    fill(*spool, 3);
    EXPECT_EQ(spool->position().synced, 0U);
    EXPECT_TRUE(spool->read(1, 1000)->empty());
    ASSERT_TRUE(spool->sync());
    fill(*spool, 2);
    EXPECT_EQ(spool->position().synced, 3U);
    EXPECT_EQ(seqs(*spool->read(1, 1000)), range(1, 3));
}

TEST_F(SpoolTest, GoesOnWithTheSameNumbersAndNameAfterARestart) {
    SpoolId id;
    {
        auto spool = open();
        fill(*spool, 5);
        ASSERT_TRUE(spool->sync());
        id = spool->position().spool;
    }
    for (int restart = 0; restart < 3; ++restart) {
        auto spool = open();
        ASSERT_TRUE(spool);
        EXPECT_EQ(spool->position().spool, id);
        const std::uint64_t next = 6 + static_cast<std::uint64_t>(restart);
        EXPECT_EQ(spool->position().next_seq, next);
        EXPECT_EQ(spool->position().synced, next - 1);
        EXPECT_EQ(drain(*spool, 1), range(1, next - 1));
        fill(*spool, 1);
        ASSERT_TRUE(spool->sync());
    }
    EXPECT_EQ(segments().size(), 1U);
}

TEST_F(SpoolTest, ReadsBackFromFilesWhatMemoryNoLongerHolds) {
    options.memory_bytes = 200;
    options.segment_bytes = 1000;
    auto spool = open();
    for (int group = 0; group < 20; ++group) {
        fill(*spool, 5);
        ASSERT_TRUE(spool->sync());
    }
    EXPECT_GT(segments().size(), 3U);
    for (const std::size_t piece : {1U, 50U, 333U, 100'000U}) {
        EXPECT_EQ(drain(*spool, 1, piece), range(1, 100));
    }
    EXPECT_EQ(drain(*spool, 57), range(57, 100));
}

TEST_F(SpoolTest, GivesNoMoreThanAskedForButAtLeastOne) {
    auto spool = open();
    ASSERT_TRUE(spool->append(record(std::string(1000, 'x'))));
    ASSERT_TRUE(spool->append(record(std::string(1000, 'y'))));
    ASSERT_TRUE(spool->append(record(std::string(1000, 'z'))));
    ASSERT_TRUE(spool->sync());
    EXPECT_EQ(spool->read(1, 10)->size(), 1U);
    EXPECT_EQ(spool->read(1, 2500)->size(), 2U);
    EXPECT_EQ(spool->read(2, 5000)->size(), 2U);
    EXPECT_TRUE(spool->read(4, 5000)->empty());
}

TEST_F(SpoolTest, KeepsWhatIsNotAcknowledged) {
    options.segment_bytes = 200;
    options.limits.retain_acked = 0s;
    auto spool = open();
    fill(*spool, 30);
    ASSERT_TRUE(spool->sync());
    const std::size_t all = segments().size();
    spool->trim(MonoTime(100h));
    EXPECT_EQ(segments().size(), all);
    spool->ack(15);
    spool->trim(MonoTime(100h));
    EXPECT_LT(segments().size(), all);
    EXPECT_EQ(spool->position().first_unacked, 16U);
    EXPECT_EQ(drain(*spool, 16), range(16, 30));
    EXPECT_EQ(spool->counters().acked_results, 15U);
}

TEST_F(SpoolTest, NeverTakesAnAcknowledgementOfWhatItHasNotSynced) {
    auto spool = open();
    fill(*spool, 2);
    ASSERT_TRUE(spool->sync());
    fill(*spool, 2);
    spool->ack(100);
    EXPECT_EQ(spool->position().first_unacked, 3U);
    spool->ack(1);
    EXPECT_EQ(spool->position().first_unacked, 3U);
}

TEST_F(SpoolTest, RetainsAcknowledgedSegmentsForAWhile) {
    options.segment_bytes = 200;
    options.limits.retain_acked = 30min;
    auto spool = open();
    fill(*spool, 30);
    ASSERT_TRUE(spool->sync());
    spool->ack(30);
    const std::size_t all = segments().size();
    spool->trim(MonoTime(3h));
    spool->trim(MonoTime(3h + 29min));
    EXPECT_EQ(segments().size(), all);
    EXPECT_EQ(drain(*spool, 1), range(1, 30)) << "a restored collector can have them again";
    spool->trim(MonoTime(3h + 30min));
    EXPECT_EQ(segments().size(), 1U) << "the last stays: its name carries the numbering on";
    EXPECT_EQ(open()->position().next_seq, 31U);
}

TEST_F(SpoolTest, RetainsNoMoreAcknowledgedBytesThanAllowed) {
    options.segment_bytes = 200;
    options.limits.retain_acked_bytes = 500;
    auto spool = open();
    fill(*spool, 50);
    ASSERT_TRUE(spool->sync());
    spool->ack(50);
    spool->trim(MonoTime(1h));
    EXPECT_LE(spool->disk_bytes(), 700U);
    EXPECT_GE(spool->disk_bytes(), 200U);
}

TEST_F(SpoolTest, RemembersWhatWasAcknowledged) {
    {
        auto spool = open();
        fill(*spool, 10);
        ASSERT_TRUE(spool->sync());
        spool->ack(7);
        ASSERT_TRUE(spool->save_acked());
        spool->ack(8);
    }
    EXPECT_EQ(open()->position().first_unacked, 8U) << "what was not saved is sent again";
}

TEST_F(SpoolTest, NeverUsesANumberAgainThatWasAcknowledged) {
    {
        auto spool = open();
        fill(*spool, 10);
        ASSERT_TRUE(spool->sync());
        spool->ack(10);
        ASSERT_TRUE(spool->save_acked());
    }
    const std::string name = segments()[0];
    overwrite(name, content(name).substr(0, 100));
    {
        auto spool = open();
        EXPECT_EQ(spool->position().next_seq, 11U);
        fill(*spool, 3);
        ASSERT_TRUE(spool->sync());
        EXPECT_EQ(drain(*spool, 11), range(11, 13));
    }
    auto again = open();
    EXPECT_EQ(again->position().next_seq, 14U);
    EXPECT_EQ(drain(*again, 11), range(11, 13));
    EXPECT_EQ(lost(*again), 0U) << "what is lost had been acknowledged";
}

TEST_F(SpoolTest, WritesAgainWhatAFailedSyncMayHaveLost) {
    auto spool = open();
    fill(*spool, 3);
    ASSERT_TRUE(spool->sync());
    fill(*spool, 4);
    files.disk.good_syncs = 0;
    EXPECT_FALSE(spool->sync());
    EXPECT_EQ(spool->position().synced, 3U);
    EXPECT_EQ(spool->counters().abandoned_segments, 1U);
    EXPECT_EQ(drain(*spool, 1), range(1, 3));
    fill(*spool, 1);
    EXPECT_FALSE(spool->sync()) << "the disk still fails";
    files.disk.good_syncs = 1000;
    ASSERT_TRUE(spool->sync());
    EXPECT_EQ(spool->position().synced, 8U);
    EXPECT_EQ(drain(*spool, 1), range(1, 8));
    fill(*spool, 1);
    ASSERT_TRUE(spool->sync());
    auto again = open();
    EXPECT_EQ(drain(*again, 1), range(1, 9));
    EXPECT_EQ(lost(*again), 0U);
}

TEST_F(SpoolTest, RecoversAlthoughTheAbandonedSegmentStillHoldsTheSameRecords) {
    files.disk.drop_on_failed_sync = false;
    auto spool = open();
    fill(*spool, 3);
    ASSERT_TRUE(spool->sync());
    fill(*spool, 4);
    files.disk.good_syncs = 0;
    EXPECT_FALSE(spool->sync());
    files.disk.good_syncs = 1000;
    ASSERT_TRUE(spool->sync());
    ASSERT_EQ(segments().size(), 2U);
    auto again = open();
    EXPECT_EQ(again->position().next_seq, 8U);
    EXPECT_EQ(drain(*again, 1), range(1, 7));
}

TEST_F(SpoolTest, SurvivesAFailureAtEveryWriteAndSync) {
    for (int fail_at = 0; fail_at < 40; ++fail_at) {
        for (const bool at_sync : {false, true}) {
            files = FaultyFiles();
            options.segment_bytes = 300;
            auto spool = open();
            (at_sync ? files.disk.good_syncs : files.disk.good_appends) = fail_at;
            for (int group = 0; group < 10; ++group) {
                fill(*spool, 3);
                if (!spool->sync()) {
                    files.disk.good_syncs = 1000;
                    files.disk.good_appends = 1000;
                }
                if (files.disk.good_appends < 0) {
                    files.disk.good_appends = 1000;
                }
            }
            files.disk = Disk();
            ASSERT_TRUE(spool->sync()) << fail_at;
            ASSERT_EQ(drain(*spool, 1), range(1, 30)) << fail_at;
            auto again = open();
            ASSERT_EQ(drain(*again, 1), range(1, 30)) << fail_at;
            ASSERT_EQ(lost(*again), 0U) << fail_at;
        }
    }
}

TEST_F(SpoolTest, HoldsRecordsInMemoryOnlyUpToABoundWhileTheDiskFails) {
    options.unsynced_bytes = 1000;
    auto spool = open();
    files.disk.good_appends = 0;
    files.disk.good_syncs = 0;
    std::uint64_t taken = 0;
    for (int at = 0; at < 100; ++at) {
        taken += spool->append(record(payload_of(taken + 1))) ? 1 : 0;
    }
    EXPECT_GT(taken, 10U);
    EXPECT_LT(taken, 25U);
    EXPECT_EQ(spool->counters().refused_results, 100 - taken);
    files.disk = Disk();
    ASSERT_TRUE(spool->sync());
    EXPECT_EQ(drain(*spool, 1), range(1, taken));
}

TEST_F(SpoolTest, LeavesSpaceOnTheFileSystemToOthers) {
    files.disk.free = 10U << 20U;
    auto spool = open();
    ASSERT_TRUE(spool) << "a full disk does not keep the agent from starting";
    fill(*spool, 1);
    const auto refused = spool->sync();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind(), ErrorKind::full);
    files.disk.free = 100U << 20U;
    EXPECT_TRUE(spool->sync());
}

TEST_F(SpoolTest, TellsTheAgeOfWhatWaits) {
    auto spool = open();
    EXPECT_EQ(spool->waits_since(), WallTime{});
    fill(*spool, 2);
    ASSERT_TRUE(spool->sync());
    EXPECT_EQ(spool->waits_since(), record("").wall);
    spool->ack(2);
    EXPECT_EQ(spool->waits_since(), WallTime{});
}

}  // namespace
}  // namespace muster::agent
