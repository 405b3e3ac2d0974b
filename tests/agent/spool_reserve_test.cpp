// What the link asks a spool for when agent and collector do not agree: the reserve, marks of records, another name.
#include "tests/agent/spool_fixture.hpp"
#include "tests/support/ledger.hpp"
#include "wire/fingerprint.hpp"

#include <gtest/gtest.h>

namespace muster::agent {
namespace {

class Reserve : public SpoolTest {
  protected:
    Reserve() {
        options.segment_bytes = 300;
        options.memory_bytes = 0;
    }

    Result<Spool> filled(std::uint64_t count) {
        auto spool = open();
        fill(*spool, count);
        EXPECT_TRUE(spool->sync());
        return spool;
    }

    SpoolId another() { return SpoolId(Uuid::random(random)); }
};

TEST_F(Reserve, TellsWhereItBeginsAndWhatItKeeps) {
    options.limits.retain_acked = 0s;
    auto spool = filled(20);
    EXPECT_EQ(spool->position().first_kept, 1U);
    EXPECT_EQ(spool->position().begins_at, 1U);
    spool->ack(15);
    spool->trim(now);
    const std::uint64_t kept = spool->position().first_kept;
    EXPECT_GT(kept, 5U);
    EXPECT_LE(kept, 16U);
    EXPECT_EQ(drain(*spool, 1), range(kept, 20)) << "acknowledged or not";
    EXPECT_EQ(spool->results_before(kept), kept - 1);
    EXPECT_EQ(spool->results_before(16), 15U);
    EXPECT_EQ(spool->results_before(21), 20U);
    EXPECT_EQ(spool->results_before(kept - 1), std::nullopt);
    EXPECT_EQ(spool->results_before(22), std::nullopt);
    ASSERT_TRUE(spool->save_acked());
    const auto before = spool->position();
    auto again = open();
    EXPECT_EQ(again->position(), before);
    EXPECT_EQ(again->results_before(kept), kept - 1);
}

/// A backup of five minutes ago lacks what was confirmed since, though it piled up in the two hours before.
TEST_F(Reserve, CountsItsAgeFromTheConfirmationHoweverOldTheRecordsAre) {
    options.limits.retain_acked = 30min;
    auto spool = filled(20);
    now += 2h;
    spool->ack(10);
    spool->trim(now);
    spool->ack(20);
    spool->trim(now + 5min);
    EXPECT_EQ(spool->position().first_kept, 1U);
    spool->trim(now + 31min);
    const std::uint64_t kept = spool->position().first_kept;
    EXPECT_GT(kept, 5U) << "the first ten have been confirmed for long enough";
    EXPECT_LE(kept, 11U);
    spool->rewind(12);
    spool->ack(20);
    spool->trim(now + 33min);
    spool->trim(now + 36min);
    EXPECT_LE(spool->position().first_kept, 13U) << "what was confirmed again counts from there";
    spool->trim(now + 64min);
    EXPECT_GT(spool->position().first_kept, 13U);
}

TEST_F(Reserve, CountsItsAgeFromTheStartAfterARestart) {
    options.limits.retain_acked = 30min;
    auto spool = filled(20);
    spool->ack(20);
    spool->trim(now);
    ASSERT_TRUE(spool->save_acked());
    spool = open();
    spool->trim(now + 29min);
    spool->trim(now + 58min);
    EXPECT_EQ(spool->position().first_kept, 1U);
    spool->trim(now + 60min);
    EXPECT_GT(spool->position().first_kept, 15U);
}

/// Of a segment that is acknowledged as it is written, as in an agent with little to say.
TEST_F(Reserve, CountsTheAgeOfASegmentFromItsLastRecord) {
    options.limits.retain_acked = 30min;
    options.segment_bytes = 900;
    auto spool = open();
    do {
        fill(*spool, 1);
        ASSERT_TRUE(spool->sync());
        spool->ack(spool->position().synced);
        spool->trim(now);
        now += 10min;
        fill(*spool, 1);
        ASSERT_TRUE(spool->sync());
        spool->ack(spool->position().synced);
    } while (segments().size() < 2);
    spool->trim(now);
    spool->trim(now + 15min);
    EXPECT_EQ(spool->position().first_kept, 1U);
    spool->trim(now + 31min);
    EXPECT_GT(spool->position().first_kept, 1U);
}

TEST_F(Reserve, KnowsTheMarkOfWhatWasAcknowledged) {
    auto spool = filled(20);
    const std::uint64_t mark = wire::fingerprint(spool->read(12, 1)->front().record);
    EXPECT_EQ(spool->fingerprint_at(12), mark);
    EXPECT_EQ(spool->position().acked_fingerprint, 0U);
    spool->ack(12);
    EXPECT_EQ(spool->position().acked_fingerprint, mark);
    EXPECT_NE(spool->fingerprint_at(13), mark);
    EXPECT_EQ(spool->fingerprint_at(21), 0U);
    ASSERT_TRUE(spool->save_acked());
    spool = open();
    EXPECT_EQ(spool->position().acked_fingerprint, mark) << "over a restart";
    EXPECT_EQ(spool->fingerprint_at(3), wire::fingerprint(spool->read(3, 1)->front().record));
}

TEST_F(Reserve, GoesOnUnderAnotherName) {
    auto spool = filled(20);
    spool->ack(10);
    const SpoolId name = another();
    ASSERT_TRUE(spool->rename(name, 11));
    fill(*spool, 3);
    ASSERT_TRUE(spool->sync());
    for (int restarts = 0; restarts < 3; ++restarts) {
        const auto position = spool->position();
        EXPECT_EQ(position.spool, name);
        EXPECT_EQ(position.begins_at, 11U);
        EXPECT_EQ(position.first_kept, 11U) << "what was before is forgotten";
        EXPECT_EQ(position.first_unacked, 11U);
        EXPECT_EQ(position.next_seq, 24U);
        EXPECT_EQ(position.acked_fingerprint, 0U);
        EXPECT_EQ(drain(*spool, 1), range(11, 23));
        EXPECT_TRUE(spool->read(20, 1)->front().record.possible_duplicate);
        EXPECT_FALSE(spool->read(21, 1)->front().record.possible_duplicate);
        expect_balance(*spool);
        if (restarts == 1) {
            ASSERT_TRUE(files.memory.remove(spool_dir() + "/acked")) << "the segments know it too";
        }
        spool = open();
        ASSERT_TRUE(spool);
    }
}

TEST_F(Reserve, GivesItsReserveAgainUnderAnotherName) {
    auto spool = filled(20);
    spool->ack(15);
    ASSERT_TRUE(spool->rename(another(), 4));
    expect_balance(*spool);
    EXPECT_EQ(spool->waiting_results(), 17U);
    EXPECT_EQ(drain(*spool, 1), range(4, 20));
    spool->ack(20);
    expect_balance(*spool);
    EXPECT_EQ(spool->waiting_results(), 0U);
}

TEST_F(Reserve, KeepsItsNameWhereTheNewOneCannotBeWritten) {
    auto spool = filled(5);
    const auto before = spool->position();
    files.disk.is_dead = true;
    EXPECT_FALSE(spool->rename(another(), 3));
    EXPECT_EQ(spool->position(), before);
    files.disk.is_dead = false;
    EXPECT_FALSE(spool->rename(another(), 7)) << "beyond what is there";
    EXPECT_EQ(open()->position().spool, before.spool);
}

TEST_F(Reserve, GivesTheRestOfAGapFromTheMiddle) {
    options.limits.max_bytes = 2000;
    auto spool = open();
    fill(*spool, 60);
    ASSERT_TRUE(spool->sync());
    const auto gap = spool->read(1, 1)->front();
    ASSERT_EQ(gap.record.kind, wire::RecordKind::gap);
    ASSERT_GT(gap.record.span, 5U);
    EXPECT_EQ(gap.record.count, gap.record.span);
    const auto rest = spool->read(3, 1)->front();
    EXPECT_EQ(rest.seq, 3U);
    EXPECT_EQ(rest.record.span, gap.record.span - 2);
    EXPECT_EQ(spool->results_before(3), std::nullopt);
    EXPECT_EQ(spool->results_before(1 + gap.record.span), gap.record.span);
    spool->ack(3);
    EXPECT_EQ(spool->position().first_unacked, 4U);
    EXPECT_EQ(spool->position().acked_fingerprint, 0U);
    spool->ack(60);
    expect_balance(*spool);
    EXPECT_EQ(spool->waiting_results(), 0U);
}

}  // namespace
}  // namespace muster::agent
