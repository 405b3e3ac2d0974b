// What gives way when the spool is at a limit, and what is said of it (T-06).
#include "tests/agent/spool_fixture.hpp"
#include "tests/support/ledger.hpp"
#include "tests/support/small_disk.hpp"

#include <gtest/gtest.h>

namespace muster::agent {
namespace {

using wire::DropClass;
using wire::GapReason;

class LimitedSpool : public SpoolTest {
  protected:
    LimitedSpool() {
        options.limits.max_bytes = 64'000;
        options.segment_bytes = 4'000;
        options.memory_bytes = 0;
    }

    void put(Spool& spool, DropClass drop_class, std::uint32_t count = 1) {
        static_cast<void>(spool.append(ledger.make(count, drop_class, 100)));
    }

    void deliver(Spool& spool) {
        ASSERT_TRUE(spool.sync());
        ASSERT_TRUE(spool.sync()) << "what was refused is told by a record of its own";
        for (;;) {
            const auto part = spool.read(ledger.committed() + 1, 4000);
            ASSERT_TRUE(part);
            if (part->empty()) {
                break;
            }
            ledger.take(*part);
            spool.sent(ledger.committed());
            spool.ack(ledger.committed());
        }
        expect_balance(spool);
        EXPECT_EQ(spool.waiting_results(), 0U);
        EXPECT_EQ(ledger.problem(), "");
    }

    /// How many of those made with that index modulo `of` were delivered.
    std::size_t delivered(std::size_t made, std::size_t of, std::size_t rest) const {
        std::size_t count = 0;
        for (std::size_t at = rest; at < made; at += of) {
            count += ledger.was_delivered(at) ? 1 : 0;
        }
        return count;
    }

    test::Ledger ledger;
};

TEST_F(LimitedSpool, T06_TheOldestOfTheLeastImportantGiveWay) {
    auto spool = open();
    constexpr std::size_t made = 600;
    for (std::size_t at = 0; at < made; ++at) {
        put(*spool, static_cast<DropClass>(at % 3), 3);
        if (at % 10 == 0) {
            ASSERT_TRUE(spool->sync());
        }
        ASSERT_LE(spool->disk_bytes(), options.limits.max_bytes + 1000);
    }
    EXPECT_EQ(spool->untold().results, 0U);
    const std::uint64_t refused = spool->counters().refused_results;
    EXPECT_LT(refused, 100U) << "only samples, when there are none left to give way";
    deliver(*spool);
    EXPECT_EQ(delivered(made, 3, 0), made / 3) << "no change of state is lost";
    EXPECT_GT(delivered(made, 3, 1), 10U);
    EXPECT_FALSE(ledger.was_delivered(1)) << "the oldest results went first";
    EXPECT_EQ(delivered(100, 3, 2), 0U) << "and samples before them";
    EXPECT_EQ(ledger.gap_results(GapReason::full) + refused, ledger.gap_results());
}

TEST_F(LimitedSpool, T06_TheNewestAreKeptWhereAllAreAlike) {
    auto spool = open();
    for (int at = 0; at < 1500; ++at) {
        put(*spool, DropClass::results, 2);
    }
    deliver(*spool);
    EXPECT_FALSE(ledger.was_delivered(0));
    EXPECT_TRUE(ledger.was_delivered(1499));
    EXPECT_GT(delivered(1500, 1, 0), 300U);
    EXPECT_EQ(ledger.gap_records(), 1U) << "neighbouring gaps are one";
    EXPECT_EQ(spool->counters().refused_results, 0U);
}

TEST_F(LimitedSpool, T06_WhatIsDroppedStaysDroppedOverARestart) {
    {
        auto spool = open();
        for (int at = 0; at < 700; ++at) {
            put(*spool, at % 2 == 0 ? DropClass::samples : DropClass::results);
        }
        ASSERT_TRUE(spool->sync());
        EXPECT_GT(lost(*spool), 0U);
    }
    auto spool = open();
    EXPECT_EQ(lost(*spool), 0U) << "told before";
    expect_balance(*spool);
    for (int at = 0; at < 700; ++at) {
        put(*spool, DropClass::results);
    }
    deliver(*spool);
}

TEST_F(LimitedSpool, NeverDropsWhatTheLinkHas) {
    auto spool = open();
    for (int at = 0; at < 100; ++at) {
        put(*spool, DropClass::results);
    }
    ASSERT_TRUE(spool->sync());
    spool->sent(70);
    for (int at = 0; at < 1000; ++at) {
        put(*spool, DropClass::results);
    }
    deliver(*spool);
    EXPECT_EQ(delivered(70, 1, 0), 70U);
    EXPECT_FALSE(ledger.was_delivered(75));
}

TEST_F(LimitedSpool, RefusesWhereNothingMayGiveWayAndSaysSoLater) {
    auto spool = open();
    while (spool->disk_bytes() < 60'000) {
        put(*spool, DropClass::results);
    }
    ASSERT_TRUE(spool->sync());
    spool->sent(spool->position().synced);
    while (spool->counters().refused_records == 0) {
        put(*spool, DropClass::samples, 10);
        ASSERT_TRUE(spool->sync());
        spool->sent(spool->position().synced);
    }
    EXPECT_EQ(spool->untold().results, 0U) << "told as soon as anything can be appended";
    EXPECT_EQ(lost(*spool), 10U);
    expect_balance(*spool);
    ledger.take(*spool->read(1, 40'000));
    spool->ack(ledger.committed());
    put(*spool, DropClass::results);
    EXPECT_EQ(spool->counters().refused_records, 1U);
    deliver(*spool);
    EXPECT_EQ(ledger.gap_results(GapReason::refused), 10U);
}

TEST_F(LimitedSpool, AcknowledgedSegmentsMakeRoomBeforeAnythingIsLost) {
    auto spool = open();
    for (int at = 0; at < 200; ++at) {
        put(*spool, DropClass::results);
    }
    deliver(*spool);
    for (int at = 0; at < 300; ++at) {
        put(*spool, DropClass::results);
    }
    EXPECT_EQ(lost(*spool), 0U);
    deliver(*spool);
}

TEST_F(LimitedSpool, SmallerLimitsAreReachedByAndBy) {
    auto spool = open();
    for (int at = 0; at < 300; ++at) {
        put(*spool, DropClass::results);
    }
    ASSERT_TRUE(spool->sync());
    SpoolLimits limits = options.limits;
    limits.max_bytes = 20'000;
    spool->set_limits(limits);
    for (int second = 0; second < 30; ++second) {
        spool->trim(now);
    }
    EXPECT_LE(spool->disk_bytes(), limits.max_bytes);
    deliver(*spool);
}

TEST_F(LimitedSpool, GivesUpWhatIsTooOld) {
    auto spool = open();
    for (int at = 0; at < 200; ++at) {
        put(*spool, DropClass::state);
    }
    ASSERT_TRUE(spool->sync());
    const auto trim = [&spool](MonoTime when) {
        for (int second = 0; second < 30; ++second) {
            spool->trim(when);
        }
    };
    trim(MonoTime(1h) + 167h);
    EXPECT_EQ(lost(*spool), 0U);
    trim(MonoTime(1h) + 169h);
    EXPECT_EQ(spool->counters().gaps(GapReason::expired), 200U);
    deliver(*spool);
    EXPECT_EQ(ledger.gap_records(), 1U);
}

TEST_F(LimitedSpool, CountsTheAgeOfWhatItFindsByTheWallClock) {
    {
        auto spool = open();
        put(*spool, DropClass::results);
        ASSERT_TRUE(spool->sync());
    }
    now = MonoTime(5s);
    wall += 60h;
    auto spool = open();
    spool->trim(now + 107h);
    EXPECT_EQ(lost(*spool), 0U);
    spool->trim(now + 109h);
    EXPECT_EQ(lost(*spool), 1U);
    deliver(*spool);
}

TEST_F(LimitedSpool, AWrongCalendarExpiresNothingAtTheStart) {
    {
        auto spool = open();
        put(*spool, DropClass::results);
        ASSERT_TRUE(spool->sync());
    }
    now = MonoTime(5s);
    wall += 24h * 365 * 56;
    auto spool = open();
    spool->trim(now + 83h);
    EXPECT_EQ(lost(*spool), 0U) << "half of its age is left to it";
    spool->trim(now + 85h);
    EXPECT_EQ(lost(*spool), 1U);
    deliver(*spool);
}

TEST_F(LimitedSpool, DoesNotGrowWhereTheFileSystemIsNearlyFull) {
    auto spool = open();
    for (int at = 0; at < 200; ++at) {
        put(*spool, DropClass::results);
    }
    ASSERT_TRUE(spool->sync());
    const std::uint64_t before = spool->disk_bytes();
    files.disk.free = 1000;
    for (int at = 0; at < 400; ++at) {
        put(*spool, DropClass::results);
    }
    ASSERT_TRUE(spool->sync());
    EXPECT_LT(spool->disk_bytes(), before + options.segment_bytes * 2);
    EXPECT_GT(lost(*spool), 0U);
    deliver(*spool);
    EXPECT_TRUE(ledger.was_delivered(599));
}

TEST_F(LimitedSpool, T06_OnARealDiskOfOneMebibyteEverythingIsDeliveredOrTold) {
    const test::SmallDisk disk(1u << 20);
    if (!disk.problem().empty()) {
        GTEST_SKIP() << "cannot mount: " << disk.problem();
    }
    RealFiles real;
    options.limits.max_bytes = 256u << 20;
    options.segment_bytes = 32'000;
    options.limits.keep_free = 128'000;
    auto spool = open_spool(real, disk / "spool", random, options, now, wall);
    ASSERT_TRUE(spool);
    for (int at = 0; at < 6000; ++at) {
        static_cast<void>(spool->append(ledger.make(3, static_cast<DropClass>(at % 3), 400)));
        if (at % 20 == 0) {
            static_cast<void>(spool->sync());
            spool->trim(now);
        }
    }
    EXPECT_GT(lost(*spool), 0U);
    deliver(*spool);
    EXPECT_TRUE(ledger.was_delivered(5998)) << "what is new goes on";
}

TEST_F(LimitedSpool, T06_ADiskThatOthersFillTakesNothingAndThenGoesOn) {
    test::SmallDisk disk(1u << 20);
    if (!disk.problem().empty()) {
        GTEST_SKIP() << "cannot mount: " << disk.problem();
    }
    RealFiles real;
    options.segment_bytes = 32'000;
    options.limits.keep_free = 0;
    options.unsynced_bytes = 50'000;
    auto spool = open_spool(real, disk / "spool", random, options, now, wall);
    ASSERT_TRUE(spool);
    const auto put_some = [&] {
        for (int at = 0; at < 400; ++at) {
            static_cast<void>(spool->append(ledger.make(3, DropClass::results, 400)));
            static_cast<void>(at % 20 == 0 ? spool->sync() : Status());
        }
    };
    put_some();
    disk.fill();
    put_some();
    EXPECT_FALSE(spool->sync());
    EXPECT_GT(spool->counters().refused_results, 0U);
    expect_balance(*spool);
    disk.make_room();
    ASSERT_TRUE(spool->sync());
    put_some();
    deliver(*spool);
    EXPECT_GT(ledger.gap_results(GapReason::refused), 0U);
}

}  // namespace
}  // namespace muster::agent
