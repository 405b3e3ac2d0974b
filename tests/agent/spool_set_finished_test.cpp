// T-15: what a spool held is remembered before it is gone, or has another name.
#include "tests/agent/spool_set_fixture.hpp"

#include <gmock/gmock.h>

namespace muster::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST_F(SpoolSetTest, T15WhatADrainedSpoolHeldIsRememberedBeforeItIsGone) {
    options.limits.retain_acked = 0s;
    SpoolSet set = open_set();
    fill_set(set, 5);
    const wire::SpoolPosition old = set.positions().front();
    ASSERT_TRUE(set.renew());
    fill_set(set, 3);
    ack_all(set, old);
    EXPECT_THAT(set.finished(), IsEmpty()) << "it is there, and speaks for itself";
    files.disk.is_dead = true;
    set.trim(now, wall);
    EXPECT_NE(set.find(old.spool), nullptr) << "as long as the list cannot be written";
    EXPECT_THAT(set.finished(), IsEmpty());
    files.disk.is_dead = false;
    set.trim(now, wall);
    EXPECT_EQ(set.find(old.spool), nullptr);
    const wire::FinishedStream expected{
        .spool = old.spool,
        .begins_at = 1,
        .results_at_begin = 0,
        .last_seq = 5,
        .results = 5,
        .from = record("").wall,
        .to = record("").wall
    };
    EXPECT_THAT(set.finished(), ElementsAre(expected));
    EXPECT_THAT(open_set().finished(), ElementsAre(expected)) << "after a restart as well";
}

TEST_F(SpoolSetTest, T15ASpoolThatHeldNothingIsNotRemembered) {
    SpoolSet set = open_set();
    ASSERT_TRUE(set.renew());
    set.trim(now, wall);
    EXPECT_THAT(set.positions(), SizeIs(1));
    EXPECT_THAT(set.finished(), IsEmpty());
}

TEST_F(SpoolSetTest, T15WhatAStreamHeldUnderItsFormerNameIsRemembered) {
    SpoolSet set = open_set();
    fill_set(set, 7);
    const SpoolId name = set.positions().front().spool;
    growing(set).ack(4);
    const SpoolId next(Uuid::named("next"));
    files.disk.is_dead = true;
    EXPECT_FALSE(set.rename(name, next, 5));
    EXPECT_THAT(set.finished(), IsEmpty()) << "it still has that name";
    files.disk.is_dead = false;
    ASSERT_TRUE(set.rename(name, next, 5));
    const SpoolId last(Uuid::named("last"));
    growing(set).ack(6);
    ASSERT_TRUE(set.rename(next, last, 7));
    const WallTime made = record("").wall;
    const wire::FinishedStream first{
        .spool = name, .last_seq = 4, .results = 4, .from = made, .to = made
    };
    const wire::FinishedStream second{
        .spool = next,
        .begins_at = 5,
        .results_at_begin = 4,
        .last_seq = 6,
        .results = 6,
        .from = made,
        .to = made
    };
    EXPECT_THAT(set.finished(), ElementsAre(first, second));
    SpoolSet again = open_set();
    EXPECT_THAT(again.finished(), ElementsAre(first, second));
    EXPECT_EQ(again.positions().front().spool, last);
    EXPECT_EQ(again.positions().front().begins_at, 7U);
}

}  // namespace
}  // namespace muster::agent
