// Several spools of one agent: what is new goes on beside what has piled up, whatever the disk does.
#include "tests/agent/spool_set_fixture.hpp"
#include "wire/gap.hpp"

#include <gmock/gmock.h>

namespace muster::agent {
namespace {

using ::testing::SizeIs;

TEST_F(SpoolSetTest, WhatIsNewGoesIntoANewSpoolAndTheOldOneIsDrainedAndRemoved) {
    options.limits.retain_acked = 0s;
    SpoolSet set = open_set();
    fill_set(set, 5);
    const SpoolId old = set.positions().front().spool;
    ASSERT_TRUE(set.renew());
    fill_set(set, 3);
    const auto positions = set.positions();
    ASSERT_THAT(positions, SizeIs(2));
    EXPECT_NE(positions[0].spool, old);
    EXPECT_EQ(positions[0].next_seq, 4U);
    EXPECT_EQ(positions[1].spool, old);
    EXPECT_EQ(positions[1].next_seq, 6U);
    EXPECT_EQ(seqs(*set.find(old)->read(1, 10'000)), range(1, 5)) << "from disk";
    EXPECT_EQ(set.waiting_results(), 8U);
    EXPECT_THAT(folders(), SizeIs(2));
    ack_all(set, positions[1]);
    set.trim(now, wall);
    EXPECT_THAT(set.positions(), SizeIs(1));
    EXPECT_THAT(folders(), SizeIs(1)) << "nothing is left of it";
    EXPECT_EQ(set.find(old), nullptr);
    ack_all(set, positions[0]);
    set.trim(now, wall);
    EXPECT_THAT(set.positions(), SizeIs(1)) << "one always grows";
    EXPECT_EQ(set.counters().acked_results, 8U);
    expect_set_balance(set);
}

TEST_F(SpoolSetTest, WhatWasAcknowledgedStaysAsLongAsInAnyOther) {
    options.limits.retain_acked = 30min;
    SpoolSet set = open_set();
    fill_set(set, 5);
    const wire::SpoolPosition old = set.positions().front();
    ASSERT_TRUE(set.renew());
    ack_all(set, old);
    set.trim(now, wall);
    ASSERT_NE(set.find(old.spool), nullptr);
    set.find(old.spool)->rewind(2);
    EXPECT_EQ(seqs(*set.find(old.spool)->read(3, 10'000)), range(3, 5));
    ack_all(set, old);
    set.trim(now + 1h, wall);
    set.trim(now + 1h + 29min, wall);
    EXPECT_NE(set.find(old.spool), nullptr) << "since it was confirmed for the second time";
    set.trim(now + 1h + 31min, wall);
    EXPECT_EQ(set.find(old.spool), nullptr);
}

TEST_F(SpoolSetTest, AfterARestartTheNewestGrowsAndTheOthersAreThereInOrder) {
    std::vector<SpoolId> begun;
    {
        SpoolSet set = open_set();
        for (int at = 0; at < 3; ++at) {
            begun.push_back(set.positions().front().spool);
            fill_set(set, 2 + at);
            if (at < 2) {
                ASSERT_TRUE(set.renew());
            }
        }
    }
    SpoolSet set = open_set();
    const auto positions = set.positions();
    ASSERT_THAT(positions, SizeIs(3));
    EXPECT_EQ(positions[0].spool, begun[2]);
    EXPECT_EQ(positions[0].next_seq, 5U);
    EXPECT_EQ(positions[1].spool, begun[0]);
    EXPECT_EQ(positions[2].spool, begun[1]);
    EXPECT_EQ(set.waiting_results(), 2U + 3U + 4U);
    expect_set_balance(set);
}

TEST_F(SpoolSetTest, ThereAreAsManyAsALinkServes) {
    SpoolSet set = open_set();
    for (int at = 0; at < 7; ++at) {
        fill_set(set, 1);
        ASSERT_TRUE(set.renew());
    }
    EXPECT_FALSE(set.renew());
    EXPECT_THAT(set.positions(), SizeIs(8));
}

TEST_F(SpoolSetTest, AtTheLimitTheOldOneGivesWayFirst) {
    options.limits.max_bytes = 64'000;
    options.limits.keep_free = 0;
    options.segment_bytes = 4096;
    SpoolSet set = open_set();
    fill_set(set, 50, 1000);
    const SpoolId old = set.positions().front().spool;
    ASSERT_TRUE(set.renew());
    fill_set(set, 40, 1000);
    EXPECT_LE(set.disk_bytes(), options.limits.max_bytes);
    EXPECT_GT(set.find(old)->counters().gaps(wire::GapReason::full), 0U);
    EXPECT_EQ(growing(set).counters().all_gaps(), 0U);
    expect_set_balance(set);
    fill_set(set, 60, 1000);
    EXPECT_LE(set.disk_bytes(), options.limits.max_bytes);
    EXPECT_GT(growing(set).counters().gaps(wire::GapReason::full), 0U)
        << "then what is oldest in it";
    expect_set_balance(set);
}

TEST_F(SpoolSetTest, WhereTheFileSystemIsNearlyFullTheOldOneMakesRoomForWhatIsNew) {
    options.segment_bytes = 4096;
    SpoolSet set = open_set();
    fill_set(set, 50, 1000);
    const SpoolId old = set.positions().front().spool;
    ASSERT_TRUE(set.renew());
    files.disk.free = 1000;
    const std::uint64_t before = set.disk_bytes();
    set.trim(now, wall);
    EXPECT_EQ(set.counters().all_gaps(), 0U) << "nothing has to give way while nothing comes";
    for (int round = 0; round < 20; ++round) {
        ASSERT_TRUE(set.append(record(std::string(1000, 'y'))));
        static_cast<void>(set.sync());
        set.trim(now, wall);
    }
    ASSERT_TRUE(set.sync());
    EXPECT_LE(set.disk_bytes(), before + 4096) << "it does not grow";
    EXPECT_GT(set.find(old)->counters().gaps(wire::GapReason::full), 0U);
    EXPECT_EQ(growing(set).counters().all_gaps(), 0U);
    expect_set_balance(set);
    const std::uint64_t given_up = set.counters().all_gaps();
    set.trim(now + 1s, wall);
    set.trim(now + 2s, wall);
    EXPECT_EQ(set.counters().all_gaps(), given_up) << "and no more than that";
}

TEST_F(SpoolSetTest, OldChangesOfStateOutliveNewSamples) {
    options.limits.max_bytes = 32'000;
    options.limits.keep_free = 0;
    options.segment_bytes = 4096;
    SpoolSet set = open_set();
    fill_set(set, 10, 1000, wire::DropClass::state);
    const SpoolId old = set.positions().front().spool;
    ASSERT_TRUE(set.renew());
    fill_set(set, 60, 1000, wire::DropClass::samples);
    EXPECT_EQ(set.find(old)->counters().all_gaps(), 0U);
    EXPECT_LE(set.disk_bytes(), options.limits.max_bytes);
    expect_set_balance(set);
}

TEST_F(SpoolSetTest, ADiskThatTakesNothingAtTheStartIsDoneWithoutUntilItTakesSomething) {
    files.disk.is_dead = true;
    SpoolSet set = open_set();
    ASSERT_TRUE(set.append(record("one")));
    EXPECT_FALSE(set.sync());
    EXPECT_EQ(set.positions().front().synced, 0U) << "not yet";
    set.trust_memory();
    EXPECT_TRUE(set.is_in_memory());
    EXPECT_EQ(set.positions().front().synced, 1U);
    EXPECT_EQ(growing(set).read(1, 100)->front().record.payload, "one");
    growing(set).ack(1);
    ASSERT_TRUE(set.append(record("two")));
    EXPECT_EQ(set.positions().front().synced, 2U) << "sent without a disk";
    EXPECT_THAT(growing(set).read(2, 100)->front().record.payload, "two");
    files.disk.is_dead = false;
    ASSERT_TRUE(set.sync());
    EXPECT_FALSE(set.is_in_memory());
    EXPECT_EQ(set.positions().front().first_kept, 2U) << "what was acknowledged never got there";
    expect_set_balance(set);
    SpoolSet again = open_set();
    const auto read = growing(again).read(1, 100);
    ASSERT_THAT(*read, SizeIs(1));
    EXPECT_EQ(read->front().seq, 2U);
    EXPECT_EQ(read->front().record.payload, "two");
    EXPECT_EQ(again.waiting_results(), 1U);
}

TEST_F(SpoolSetTest, AStartOnADiskThatTakesNothingKnowsWhatTheCollectorMayHave) {
    std::uint64_t sent = 0;
    {
        SpoolSet set = open_set();
        fill_set(set, 4);
        ASSERT_EQ(growing(set).read(1, 10'000)->size(), 4U);
        growing(set).sent(4);
        fill_set(set, 2);
        sent = growing(set).fingerprint_at(4);
    }
    files.disk.is_dead = true;
    SpoolSet set = open_set();
    EXPECT_LT(set.positions().front().synced, 6U) << "whether it ever got to the disk nobody knows";
    EXPECT_EQ(set.positions().front().next_seq, 7U) << "but it is no copy from before";
    set.trust_memory();
    EXPECT_EQ(set.positions().front().synced, 6U);
    EXPECT_EQ(growing(set).fingerprint_at(4), sent);
    growing(set).ack(4);
    EXPECT_EQ(set.waiting_results(), 2U);
    EXPECT_EQ(seqs(*growing(set).read(5, 10'000)), range(5, 6));
    files.disk.is_dead = false;
    ASSERT_TRUE(set.sync());
    EXPECT_EQ(seqs(*growing(set).read(1, 10'000)), range(5, 6));
    expect_set_balance(set);
}

TEST_F(SpoolSetTest, MemoryIsBoundedAndWhatItRefusesIsTold) {
    options.unsynced_bytes = 4'000;
    SpoolSet set = open_set();
    fill_set(set, 3);
    growing(set).ack(3);
    files.disk.is_dead = true;
    int taken = 0;
    for (int at = 0; at < 10; ++at) {
        taken += set.append(record(std::string(1000, 'x'))) ? 1 : 0;
    }
    EXPECT_EQ(taken, 3);
    EXPECT_FALSE(set.sync());
    set.trust_memory();
    growing(set).ack(6);
    ASSERT_TRUE(set.append(record(std::string(1000, 'x')))) << "what is sent makes room";
    const auto told = growing(set).read(7, 10'000);
    ASSERT_THAT(*told, SizeIs(2));
    EXPECT_EQ(wire::read_gap(told->front().record)->reason, wire::GapReason::refused);
    EXPECT_EQ(told->front().record.count, 7U);
    EXPECT_EQ(told->front().results_before, 6U);
    EXPECT_EQ(told->back().results_before, 13U);
    expect_set_balance(set);
    files.disk.is_dead = false;
    ASSERT_TRUE(set.sync());
    EXPECT_EQ(seqs(*growing(set).read(1, 10'000)), range(7, 8));
    expect_set_balance(set);
}

TEST_F(SpoolSetTest, WhatCannotBeReadIsTriedAgain) {
    {
        SpoolSet set = open_set();
        fill_set(set, 4);
    }
    files.disk.unreadable_folder = spool_dir();
    SpoolSet set = open_set();
    EXPECT_THAT(set.positions(), SizeIs(1));
    fill_set(set, 2);
    files.disk.unreadable_folder.clear();
    set.trim(now + 1s, wall);
    EXPECT_THAT(set.positions(), SizeIs(1)) << "from time to time";
    set.trim(now + 11s, wall);
    const auto positions = set.positions();
    ASSERT_THAT(positions, SizeIs(2));
    EXPECT_EQ(positions[0].next_seq, 3U) << "what grows goes on growing";
    EXPECT_EQ(positions[1].next_seq, 5U);
    expect_set_balance(set);
}

TEST_F(SpoolSetTest, SetsASpoolAsideThatMakesNoSenseAndSaysSo) {
    const test::TempDir dir;
    RealFiles real;
    const auto open_real = [&] {
        return SpoolSet::open(real, dir / "spool", random, options, now, wall);
    };
    {
        SpoolSet set = open_real();
        fill_set(set, 4);
        growing(set).ack(1);
        ASSERT_TRUE(set.save_acked());
    }
    // As a later version may leave it.
    const std::string own = dir / ("spool/" + real.list(dir / "spool")->front());
    const std::string segment = own + "/00000000000000000001.seg";
    ASSERT_TRUE(real.remove(segment));
    ASSERT_TRUE(
        (*real.open(segment, OpenMode::create_new))->append("MUSP\x03" + std::string(99, '\0'))
    );
    SpoolId name;
    const auto expect_gap = [&](SpoolSet set) {
        ASSERT_TRUE(set.sync());
        name = set.positions().front().spool;
        EXPECT_EQ(set.positions().front().next_seq, 2U);
        const auto gap = growing(set).read(1, 1)->front();
        EXPECT_EQ(gap.record.kind, wire::RecordKind::gap);
        EXPECT_EQ(gap.record.count, 3U) << "what was not acknowledged";
        expect_set_balance(set);
    };
    expect_gap(open_real());
    const SpoolId first = name;
    expect_gap(open_real());
    EXPECT_EQ(name, first);
    EXPECT_TRUE(real.exists(own + ".damaged"));
}

}  // namespace
}  // namespace muster::agent
