// When the link is made anew, agent and collector find out whether they speak of the same records, and what is missing on
// either side is told.
#include "tests/wire/link_client_fixture.hpp"
#include "wire/fingerprint.hpp"
#include "wire/frames.hpp"
#include "wire/gap.hpp"

namespace muster::wire {
namespace {

using namespace test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class LinkClientPast : public LinkClientTest {
  protected:
    /// The records 1 … last of a history; another `salt`, another history.
    static std::vector<SequencedRecord> history(
        std::uint64_t first, std::uint64_t last, std::int64_t salt = 0
    ) {
        auto out = records(first, last);
        for (SequencedRecord& each : out) {
            each.record.mono = mono_from_ns(static_cast<std::int64_t>(each.seq) * 1000 + salt);
            each.results_before = (each.seq - 1) * 5;
        }
        return out;
    }

    static std::uint64_t mark(std::uint64_t seq, std::int64_t salt = 0) {
        return fingerprint(history(seq, seq, salt).front().record);
    }

    /// What the collector says of the spool.
    static proto::Frame known(std::uint64_t committed, std::uint64_t mark) {
        proto::Frame frame = welcome(committed);
        proto::StreamAnswer& answer = *frame.mutable_welcome()->mutable_streams(0);
        answer.set_fingerprint(mark);
        answer.set_results(committed * 5);
        return frame;
    }

    LinkClient::Actions meet(LinkClient& link, const proto::Frame& answer) {
        link.on_time(now, wall);
        link.on_connected(now, wall);
        return link.on_frame(now, wall, answer);
    }

    static proto::Record first_record(const LinkClient::Actions& actions) {
        const auto frames = sent(actions, proto::Frame::kBatch);
        return frames.empty() ? proto::Record() : frames.front().batch().records(0);
    }
};

TEST_F(LinkClientPast, WhatWasAcknowledgedLastNeedsNoRecordToBeCompared) {
    SpoolPosition at = position(5, 8, 9);
    at.acked_fingerprint = mark(4);
    LinkClient link = client(at);
    EXPECT_EQ(fetched(meet(link, known(4, mark(4)))), 5U);
    EXPECT_EQ(batches(link.on_records(now, spool_id(), history(5, 8))), "5-8");
}

TEST_F(LinkClientPast, ALostAcknowledgementIsMadeUpForOnceTheRecordIsSeenToBeTheSame) {
    LinkClient link = client(position(3, 8, 9));
    const auto greeted = meet(link, known(6, mark(6)));
    EXPECT_THAT(all<link_action::Acked>(greeted), IsEmpty()) << "nothing is deleted on a claim";
    EXPECT_EQ(fetched(greeted), 6U);
    const auto actions = link.on_records(now, spool_id(), history(6, 8));
    const auto acked = all<link_action::Acked>(actions);
    ASSERT_THAT(acked, SizeIs(1));
    EXPECT_EQ(acked.front().seq, 6U);
    EXPECT_EQ(batches(actions), "7-8");
}

TEST_F(LinkClientPast, ASpoolOfAnotherPastGoesOnUnderAnotherId) {
    LinkClient link = client(position(3, 8, 9));
    meet(link, known(6, mark(6, 1)));
    const auto actions = link.on_records(now, spool_id(), history(6, 8));
    const auto rekeys = all<link_action::Rekey>(actions);
    ASSERT_THAT(rekeys, SizeIs(1));
    EXPECT_EQ(rekeys.front().from_seq, 3U) << "the first that this copy does not know to be stored";
    EXPECT_THAT(why_closed(actions), HasSubstr("a copy from before"));
    EXPECT_EQ(batches(actions), "");
}

TEST_F(LinkClientPast, ASpoolOlderThanWhatTheCollectorHasGoesOnUnderAnotherId) {
    LinkClient link = client(position(4, 6, 7));
    const auto actions = meet(link, known(9, mark(9)));
    ASSERT_THAT(all<link_action::Rekey>(actions), SizeIs(1));
    EXPECT_EQ(all<link_action::Rekey>(actions).front().from_seq, 4U);
    EXPECT_FALSE(link.is_live());
}

TEST_F(LinkClientPast, TheNewIdIsToldAtOnceAndBeginsWhereTheOldOneEnded) {
    LinkClient link = client(position(4, 6, 7));
    meet(link, known(9, mark(9)));
    SpoolPosition renamed = position(4, 6, 7);
    renamed.spool = SpoolId{Uuid::from_bytes(std::string(16, 'n')).value()};
    renamed.begins_at = 4;
    link.on_spools(now, {renamed});
    now = link.next_wake();
    link.on_time(now, wall);
    const auto hellos = sent(link.on_connected(now, wall), proto::Frame::kHello);
    ASSERT_THAT(hellos, SizeIs(1));
    EXPECT_EQ(hellos.front().hello().streams(0).spool_id(), std::string(16, 'n'));
    EXPECT_EQ(hellos.front().hello().streams(0).begins_at(), 4U);
}

TEST_F(LinkClientPast, ARestoredCollectorGetsWhatIsKeptAndTheSpoolKeepsIt) {
    LinkClient link = client(position(5, 6, 7));
    const auto greeted = meet(link, known(2, mark(2)));
    const auto rewound = all<link_action::Rewound>(greeted);
    ASSERT_THAT(rewound, SizeIs(1));
    EXPECT_EQ(rewound.front().seq, 2U);
    EXPECT_EQ(fetched(greeted), 2U) << "to be compared first";
    EXPECT_EQ(batches(link.on_records(now, spool_id(), history(2, 6))), "3-6");
}

TEST_F(LinkClientPast, WhatIsNoLongerKeptForARestoredCollectorIsToldAsAGapWithItsNumberOfResults) {
    SpoolPosition at = position(9, 10, 11);
    at.first_kept = 7;
    LinkClient link = client(at);
    EXPECT_EQ(fetched(meet(link, known(2, mark(2)))), 3U);
    const auto actions = link.on_records(now, spool_id(), history(7, 10));
    const proto::Record lost = first_record(actions);
    EXPECT_EQ(lost.kind(), static_cast<std::uint32_t>(RecordKind::gap));
    EXPECT_EQ(lost.span(), 4U) << "3 to 6";
    EXPECT_EQ(lost.count(), 20U);
    EXPECT_EQ(decode_gap(lost.payload()).value().reason, GapReason::restored);
    EXPECT_EQ(sent(actions, proto::Frame::kBatch).front().batch().first_seq(), 3U);
}

TEST_F(LinkClientPast, AGapAcrossWhatTheCollectorHasIsCutToWhatItLacks) {
    LinkClient link = client(position(3, 8, 9));
    meet(link, known(4, mark(4)));
    auto given = history(7, 8);
    const Gap damage{
        .reason = GapReason::damaged, .drop_class = DropClass::results, .from = wall, .to = wall
    };
    given.insert(
        given.begin(), {.seq = 3, .record = make_gap(damage, 4, 20), .results_before = 10}
    );
    const auto actions = link.on_records(now, spool_id(), given);
    const proto::Record lost = first_record(actions);
    EXPECT_EQ(lost.span(), 2U) << "5 and 6";
    EXPECT_EQ(lost.count(), 10U);
    EXPECT_EQ(sent(actions, proto::Frame::kBatch).front().batch().first_seq(), 5U);
}

TEST_F(LinkClientPast, WhatAnEarlierConnectionBroughtIsNotTakenForWhatIsBeingCompared) {
    LinkClient link = client(position(3, 8, 9));
    ASSERT_EQ(fetched(meet(link, known(4, mark(4)))), 4U);
    // Before the spool has answered.
    proto::Frame late = ack(6);
    late.mutable_ack()->set_results(30);
    EXPECT_TRUE(all<link_action::Acked>(link.on_frame(now, wall, late)).empty());
    const auto actions = link.on_records(now, spool_id(), history(4, 8));
    EXPECT_THAT(all<link_action::Rekey>(actions), IsEmpty());
    const auto acked = all<link_action::Acked>(actions);
    ASSERT_THAT(acked, SizeIs(1));
    EXPECT_EQ(acked.front().seq, 6U);
    EXPECT_EQ(batches(actions), "7-8");
}

TEST_F(LinkClientPast, WhatIsThereButNotSyncedIsNotTakenForACopy) {
    // A disk that takes nothing since the start: what was sent before is in memory.
    LinkClient link = client(position(3, 5, 11));
    const auto actions = meet(link, known(8, mark(8)));
    EXPECT_THAT(all<link_action::Rekey>(actions), IsEmpty());
    EXPECT_EQ(fetched(actions), 0U) << "not before it may be given";
    EXPECT_TRUE(link.is_live());
    EXPECT_EQ(fetched(link.on_spools(now, {position(3, 10, 11)})), 8U);
    EXPECT_EQ(batches(link.on_records(now, spool_id(), history(8, 10))), "9-10");
}

TEST_F(LinkClientPast, WhatWasGivenUpForWantOfRoomIsNoProofOfTheSamePast) {
    for (const auto& [reason, is_same] :
         {std::pair(GapReason::damaged, true),
          std::pair(GapReason::missing, true),
          std::pair(GapReason::full, false),
          std::pair(GapReason::expired, false),
          std::pair(GapReason::refused, false)}) {
        LinkClient link = client(position(3, 12, 13));
        meet(link, known(6, mark(6)));
        auto given = history(5, 5);
        given[0].record = make_gap({.reason = reason}, 4, 20);
        const auto actions = link.on_records(now, spool_id(), std::move(given));
        EXPECT_EQ(all<link_action::Rekey>(actions).empty(), is_same) << to_string(reason);
    }
}

TEST_F(LinkClientPast, ADamagedEndIsNoProofOfTheSamePastForWhatStandsBeforeIt) {
    // Set back, and then the power went: 3 is new, and the collector has another one.
    LinkClient link = client(position(3, 12, 13));
    ASSERT_EQ(fetched(meet(link, known(6, mark(6)))), 6U);
    auto damaged = history(6, 6);
    damaged[0].record = make_gap({.reason = GapReason::damaged}, 1, 0);
    const auto once_more = link.on_records(now, spool_id(), damaged);
    EXPECT_THAT(all<link_action::Rekey>(once_more), IsEmpty());
    ASSERT_EQ(fetched(once_more), 3U) << "from what is not acknowledged on";
    const auto rekeys = all<link_action::Rekey>(link.on_records(now, spool_id(), history(3, 4)));
    ASSERT_THAT(rekeys, SizeIs(1));
    EXPECT_EQ(rekeys.front().from_seq, 3U);
}

TEST_F(LinkClientPast, ADamagedEndThatIsAllThereIsTakesNothingFromAnybody) {
    LinkClient link = client(position(3, 12, 13));
    ASSERT_EQ(fetched(meet(link, known(6, mark(6)))), 6U);
    auto damaged = history(6, 6);
    damaged[0].record = make_gap({.reason = GapReason::damaged}, 3, 0);
    ASSERT_EQ(fetched(link.on_records(now, spool_id(), damaged)), 3U);
    damaged[0].seq = 3;
    damaged[0].record = make_gap({.reason = GapReason::damaged}, 6, 0);
    const auto actions = link.on_records(now, spool_id(), damaged);
    EXPECT_THAT(all<link_action::Rekey>(actions), IsEmpty());
    EXPECT_EQ(first_record(actions).span(), 2U) << "7 and 8";
}

TEST_F(LinkClientPast, ARestoredCollectorOfAnotherPastGetsAllThatItLacks) {
    LinkClient link = client(position(9, 12, 13));
    meet(link, known(6, mark(6, 1)));
    const auto rekeys = all<link_action::Rekey>(link.on_records(now, spool_id(), history(6, 12)));
    ASSERT_THAT(rekeys, SizeIs(1));
    EXPECT_EQ(rekeys.front().from_seq, 7U);
}

TEST_F(LinkClientPast, AnAcknowledgementTellsTheFingerprintOfWhatWasSentOtherwiseThanItIsKept) {
    LinkClient link = client(position(7, 12, 13));
    meet(link, known(6, mark(6)));
    // 5 … 8 is damaged; the collector has 5 and 6.
    auto given = history(5, 5);
    given[0].record = make_gap({.reason = GapReason::damaged}, 4, 20);
    const auto more = history(9, 12);
    given.insert(given.end(), more.begin(), more.end());
    const auto actions = link.on_records(now, spool_id(), std::move(given));
    const auto frames = sent(actions, proto::Frame::kBatch);
    ASSERT_THAT(frames, SizeIs(2)) << "what is cut ends its batch";
    EXPECT_EQ(frames[0].batch().first_seq(), 7U);
    const auto as_sent = from_proto(proto::Record(frames[0].batch().records(0)));
    ASSERT_TRUE(as_sent);
    proto::Frame stored = ack(8);
    stored.mutable_ack()->set_results(40);
    const auto acked = all<link_action::Acked>(link.on_frame(now, wall, stored));
    ASSERT_THAT(acked, SizeIs(1));
    EXPECT_EQ(acked.front().fingerprint, fingerprint(*as_sent));
}

TEST_F(LinkClientPast, AnOldSpoolIsDrainedBesideTheGrowingOneWithAFifthOfTheTurns) {
    const SpoolId old_id{Uuid::from_bytes(std::string(16, 'o')).value()};
    SpoolPosition old = position(1, 1000, 1001);
    old.spool = old_id;
    options.batch_bytes = 100;
    LinkClient link(options, facts(), {position(1, 1000, 1001), old}, random, start);
    link.on_time(now, wall);
    link.on_connected(now, wall);
    auto actions = link.on_frame(now, wall, welcome(0));
    std::map<SpoolId, std::uint64_t> next{{spool_id(), 1}, {old_id, 1}};
    for (int i = 0; i < 50; ++i) {
        const auto fetches = all<link_action::Fetch>(actions);
        ASSERT_THAT(fetches, SizeIs(1));
        std::uint64_t& seq = next.at(fetches.front().spool);
        ASSERT_EQ(fetches.front().from_seq, seq);
        actions = link.on_records(now, fetches.front().spool, records(seq, seq));
        proto::Frame answer = ack(seq++);
        answer.mutable_ack()->set_spool_id(std::string(fetches.front().spool.raw()));
        auto more = link.on_frame(now, wall, answer);
        if (all<link_action::Fetch>(actions).empty()) {
            actions = std::move(more);
        }
    }
    EXPECT_EQ(next.at(old_id), 11U);
    EXPECT_EQ(next.at(spool_id()), 41U);
}

TEST_F(LinkClientPast, ASpoolMoreIsToldWithANewHello) {
    LinkClient link = client(position(1, 0, 1));
    go_live(link, 0);
    SpoolPosition fresh = position(1, 0, 1);
    fresh.spool = SpoolId{Uuid::from_bytes(std::string(16, 'n')).value()};
    EXPECT_THAT(
        why_closed(link.on_spools(now, {fresh, position(1, 0, 1)})), HasSubstr("a spool more")
    );
    EXPECT_EQ(link.next_wake(), now) << "at once";
}

}  // namespace
}  // namespace muster::wire
