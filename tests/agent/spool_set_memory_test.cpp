// Several spools while the disk takes nothing: nothing that was refused stays untold, and no spool stays for ever.
#include "agent/spool_upkeep.hpp"
#include "tests/agent/spool_set_fixture.hpp"
#include "wire/gap.hpp"

#include <gmock/gmock.h>

namespace muster::agent {
namespace {

using ::testing::SizeIs;

class SpoolSetInMemory : public SpoolSetTest {
  protected:
    SpoolSetInMemory() {
        options.unsynced_bytes = 4'000;
        options.limits.retain_acked = 0s;
    }

    /// As many as are taken of so many.
    static int put(SpoolSet& set, int count) {
        int taken = 0;
        for (int at = 0; at < count; ++at) {
            taken += set.append(record(std::string(1000, 'x'))) ? 1 : 0;
        }
        return taken;
    }

    /// The disk takes nothing, memory is full and some are refused; then the collector is back, and the stream is renewed. Gives
    /// where the old one stands.
    wire::SpoolPosition renewed(SpoolSet& set) {
        files.disk.is_dead = true;
        EXPECT_EQ(put(set, 10), 3);
        EXPECT_FALSE(set.sync());
        set.trust_memory();
        EXPECT_TRUE(set.renew());
        expect_set_balance(set);
        return set.positions().back();
    }
};

TEST_F(SpoolSetInMemory, WhatWasRefusedIsToldThoughTheStreamIsRenewedBeforeTheDiskIsBack) {
    SpoolSet set = open_set();
    fill_set(set, 3);
    ack_all(set, set.positions().front());
    const wire::SpoolPosition old = renewed(set);
    ack_all(set, old);
    ASSERT_EQ(put(set, 1), 1);
    const SpoolId fresh = set.positions().front().spool;
    const auto expect_told = [&] {
        const auto told = growing(set).read(1, 10'000);
        ASSERT_THAT(*told, SizeIs(2));
        EXPECT_EQ(wire::read_gap(told->front().record)->reason, wire::GapReason::refused);
        EXPECT_EQ(told->front().record.count, 7U);
        EXPECT_EQ(told->back().results_before, 7U);
        expect_set_balance(set);
    };
    set.trust_memory();
    expect_told();
    files.disk.is_dead = false;
    ASSERT_TRUE(set.sync());
    set.trim(now, wall);
    expect_told();
    EXPECT_THAT(set.positions(), SizeIs(1)) << "the old one is drained, whatever the disk did";
    EXPECT_FALSE(set.is_in_memory());
    ack_all(set, set.positions().front());
    EXPECT_EQ(set.positions().front().spool, fresh);
    EXPECT_EQ(set.counters().refused_results, 7U);
    EXPECT_EQ(set.counters().gaps(wire::GapReason::refused), 7U);
    EXPECT_EQ(set.waiting_results(), 0U);
    expect_set_balance(set);
}

TEST_F(SpoolSetInMemory, ASpoolThatWasDrainedFromMemoryIsNotInMemoryForAsLongAsItsReserveIsKept) {
    options.limits.retain_acked = 30min;
    SpoolSet set = open_set();
    fill_set(set, 3);
    ack_all(set, set.positions().front());
    const wire::SpoolPosition old = renewed(set);
    ack_all(set, old);
    files.disk.is_dead = false;
    set.trim(now, wall);
    EXPECT_FALSE(set.is_in_memory());
    expect_set_balance(set);
}

TEST_F(SpoolSetInMemory, AllSpoolsTogetherTakeNoMoreMemoryThanOne) {
    SpoolSet set = open_set();
    const wire::SpoolPosition old = renewed(set);
    EXPECT_EQ(put(set, 3), 0) << "the old one has it";
    wire::Record change = record(std::string(1000, 'x'));
    change.drop_class = wire::DropClass::state;
    EXPECT_TRUE(set.append(std::move(change))) << "the last sixteenth is for changes of state";
    EXPECT_EQ(put(set, 1), 0);
    expect_set_balance(set);
    ack_all(set, old);
    EXPECT_EQ(put(set, 5), 2) << "what is delivered makes room";
    expect_set_balance(set);
}

TEST_F(SpoolSetInMemory, ASpoolThatGaveWayAfterItWasDrainedFromMemoryIsGone) {
    options.limits.max_bytes = 8'000;
    options.limits.retain_acked = 30min;
    options.segment_bytes = 4096;
    SpoolSet set = open_set();
    EXPECT_EQ(put(set, 4), 3);
    const SpoolId old = set.positions().front().spool;
    ASSERT_TRUE(set.renew()) << "with a gap that is not synced yet";
    set.trust_memory();
    ASSERT_TRUE(set.find(old)->is_in_memory());
    ack_all(set, set.positions().back());
    fill_set(set, 3, 1000);
    fill_set(set, 3, 1000);
    set.trim(now, wall);
    EXPECT_EQ(set.find(old), nullptr);
    expect_set_balance(set);
}

TEST_F(SpoolSetInMemory, TheEndOfTheProcessLeavesNothingInMemoryOfAnySpool) {
    {
        SpoolUpkeep upkeep(open_set(), {}, now);
        const wire::SpoolPosition old = renewed(upkeep.spools());
        EXPECT_EQ(old.next_seq, 4U);
        files.disk.is_dead = false;
        upkeep.finish();
    }
    SpoolSet set = open_set();
    ASSERT_THAT(set.positions(), SizeIs(2));
    EXPECT_EQ(set.waiting_results(), 3U);
    EXPECT_EQ(growing(set).read(1, 1)->front().record.count, 7U) << "a gap tells what was refused";
    expect_set_balance(set);
}

}  // namespace
}  // namespace muster::agent
