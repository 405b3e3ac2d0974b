#include "tests/wire/link_client_fixture.hpp"
#include "wire/frames.hpp"
#include "wire/gap.hpp"
#include "wire/link_client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::wire {
namespace {

using namespace std::chrono_literals;
using namespace test;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

using LinkClientSending = LinkClientTest;

TEST_F(LinkClientSending, ABatchOfManySmallRecordsFitsAFrame) {
    constexpr std::uint64_t many = 60'000;
    LinkClient link = client(position(1, many, many + 1));
    auto actions = go_live(link, 0, 64U << 20U);
    std::uint64_t last = 0;
    while (last < many) {
        actions = link.on_records(now, spool_id(), records(last + 1, many, 20));
        const auto frames = sent(actions, proto::Frame::kBatch);
        ASSERT_FALSE(frames.empty());
        for (const proto::Frame& frame : frames) {
            std::string bytes;
            ASSERT_TRUE(append_frame(frame, bytes)) << frame.batch().records_size() << " records";
            last = frame.batch().first_seq() +
                   static_cast<std::uint64_t>(frame.batch().records_size()) - 1;
        }
        actions = link.on_frame(now, wall, ack(last, 64U << 20U));
        ASSERT_TRUE(last == many || fetched(actions) == last + 1);
    }
}

TEST_F(LinkClientSending, SendsWhatTheCollectorLacksOnceWelcome) {
    LinkClient link = client(position(4, 9, 12));
    const auto actions = go_live(link, 5);
    EXPECT_THAT(all<link_action::Connected>(actions), SizeIs(1));
    const auto acked = all<link_action::Acked>(actions);
    ASSERT_THAT(acked, SizeIs(1));
    EXPECT_EQ(acked.front().seq, 5U);
    EXPECT_THAT(sent(actions, proto::Frame::kHeartbeat), SizeIs(1));
    EXPECT_EQ(fetched(actions), 6U);
    EXPECT_EQ(batches(link.on_records(now, spool_id(), records(6, 9))), "6-9");
}

TEST_F(LinkClientSending, SendsOnlyWhatIsSynced) {
    LinkClient link = client(position(1, 2, 10));
    EXPECT_EQ(fetched(go_live(link, 0)), 1U);
    const auto actions = link.on_records(now, spool_id(), records(1, 9));
    EXPECT_EQ(batches(actions), "1-2");
    EXPECT_EQ(fetched(actions), 0U);
    EXPECT_EQ(fetched(link.on_spools(now, {position(1, 5, 10)})), 3U);
    EXPECT_EQ(batches(link.on_records(now, spool_id(), records(3, 9))), "3-5");
}

TEST_F(LinkClientSending, SendsNothingWhenNothingIsThere) {
    LinkClient link = client(position(1, 0, 1));
    EXPECT_EQ(fetched(go_live(link, 0)), 0U);
    EXPECT_EQ(fetched(link.on_spools(now, {position(1, 0, 4)})), 0U);
}

TEST_F(LinkClientSending, CutsBatchesByTheirBytes) {
    options.batch_bytes = 350;
    LinkClient link = client(position(1, 6, 7));
    go_live(link, 0);
    EXPECT_EQ(batches(link.on_records(now, spool_id(), records(1, 6))), "1-2 3-4 5-6");
}

TEST_F(LinkClientSending, SendsALargeRecordAlone) {
    options.batch_bytes = 250;
    LinkClient link = client(position(1, 3, 4));
    go_live(link, 0);
    EXPECT_EQ(batches(link.on_records(now, spool_id(), records(1, 3, 1000))), "1-1 2-2 3-3");
}

TEST_F(LinkClientSending, CutsBatchesByTheirUnpackedBytes) {
    LinkClient link = client(position(1, 3, 4));
    go_live(link, 0);
    auto large = records(1, 3);
    for (SequencedRecord& record : large) {
        record.record.raw_size = 5U << 20;
    }
    EXPECT_EQ(batches(link.on_records(now, spool_id(), large)), "1-1 2-2 3-3");
}

TEST_F(LinkClientSending, KeepsThePlaceOfARecordThatFitsNoFrame) {
    LinkClient link = client(position(1, 1, 2));
    go_live(link, 0, 10);
    const auto actions = link.on_records(now, spool_id(), records(1, 1, max_frame_bytes));
    const auto frames = sent(actions, proto::Frame::kBatch);
    ASSERT_THAT(frames, SizeIs(1));
    const proto::Record& record = frames.front().batch().records(0);
    EXPECT_EQ(record.kind(), static_cast<std::uint32_t>(RecordKind::gap));
    EXPECT_EQ(record.count(), 5U);
    const auto gap = decode_gap(record.payload());
    ASSERT_TRUE(gap);
    EXPECT_EQ(gap->reason, GapReason::too_large);
}

TEST_F(LinkClientSending, KeepsToTheCredit) {
    options.batch_bytes = 100;
    LinkClient link = client(position(1, 9, 10));
    const auto fetch = all<link_action::Fetch>(go_live(link, 0, 500));
    ASSERT_THAT(fetch, SizeIs(1));
    EXPECT_EQ(fetch.front().bytes, 500U);
    const auto actions = link.on_records(now, spool_id(), records(1, 9));
    EXPECT_EQ(batches(actions), "1-1 2-2 3-3");
    EXPECT_EQ(fetched(actions), 0U) << "it would only be given back";
    EXPECT_EQ(fetched(link.on_spools(now, {position(1, 9, 12)})), 0U);
    EXPECT_EQ(fetched(link.on_frame(now, wall, ack(1, 500))), 4U);
    EXPECT_EQ(batches(link.on_records(now, spool_id(), records(4, 4))), "4-4");
}

TEST_F(LinkClientSending, HasAtMostSoManyBatchesInFlight) {
    options.batch_bytes = 100;
    options.batches_in_flight = 2;
    LinkClient link = client(position(1, 9, 10));
    go_live(link, 0);
    EXPECT_EQ(batches(link.on_records(now, spool_id(), records(1, 9))), "1-1 2-2");
    EXPECT_EQ(fetched(link.on_frame(now, wall, ack(2))), 3U);
    EXPECT_EQ(batches(link.on_records(now, spool_id(), records(3, 9))), "3-3 4-4");
}

TEST_F(LinkClientSending, WaitsWithoutCreditAndThenTriesOneBatch) {
    options.batch_bytes = 100;
    LinkClient link = client(position(1, 9, 10));
    EXPECT_EQ(fetched(go_live(link, 0, 0)), 0U);
    const MonoTime wake = link.next_wake();
    EXPECT_GE(wake, now + 1s);
    EXPECT_LE(wake, now + 1500ms);
    EXPECT_EQ(fetched(link.on_time(wake - 1ns, wall)), 0U);
    EXPECT_EQ(fetched(link.on_time(wake, wall)), 1U);
    EXPECT_EQ(batches(link.on_records(wake, spool_id(), records(1, 9))), "1-1");
}

TEST_F(LinkClientSending, PausesWhenAskedTo) {
    LinkClient link = client(position(1, 9, 10));
    go_live(link, 0);
    EXPECT_EQ(fetched(link.on_records(now, spool_id(), records(1, 4))), 5U);
    link.on_frame(now, wall, ack(4, 1000, 3000));
    EXPECT_EQ(fetched(link.on_spools(now, {position(5, 9, 10)})), 0U);
    EXPECT_THAT(link.on_records(now, spool_id(), records(5, 9)), IsEmpty())
        << "asked for before the pause";
    const MonoTime wake = link.next_wake();
    EXPECT_GE(wake, now + 3s);
    EXPECT_LE(wake, now + 4500ms);
    EXPECT_EQ(fetched(link.on_time(wake, wall)), 5U);
}

TEST_F(LinkClientSending, PassesAcknowledgementsOnOnce) {
    LinkClient link = client(position(1, 4, 5));
    go_live(link, 0);
    link.on_records(now, spool_id(), records(1, 4));
    const auto acked = all<link_action::Acked>(link.on_frame(now, wall, ack(3)));
    ASSERT_THAT(acked, SizeIs(1));
    EXPECT_EQ(acked.front().seq, 3U);
    EXPECT_THAT(all<link_action::Acked>(link.on_frame(now, wall, ack(3))), IsEmpty());
    EXPECT_THAT(all<link_action::Acked>(link.on_frame(now, wall, ack(4))), SizeIs(1));
}

TEST_F(LinkClientSending, TakesAnAcknowledgementForWhatItSentOnTheConnectionBefore) {
    LinkClient link = client(position(1, 4, 5));
    go_live(link, 0);
    const auto acked = all<link_action::Acked>(link.on_frame(now, wall, ack(2)));
    ASSERT_THAT(acked, SizeIs(1));
    EXPECT_EQ(batches(link.on_records(now, spool_id(), records(1, 4))), "")
        << "asked for before the acknowledgement";
    EXPECT_EQ(batches(link.on_records(now, spool_id(), records(3, 4))), "3-4");
}

TEST_F(LinkClientSending, GoesBackWhenToldTo) {
    options.batch_bytes = 100;
    LinkClient link = client(position(1, 6, 7));
    go_live(link, 0);
    link.on_records(now, spool_id(), records(1, 6));
    EXPECT_EQ(fetched(link.on_frame(now, wall, nack(3))), 3U);
    EXPECT_EQ(batches(link.on_records(now, spool_id(), records(3, 6))), "3-3 4-4 5-5 6-6");
}

TEST_F(LinkClientSending, IgnoresRecordsAskedForBeforeItWentBack) {
    LinkClient link = client(position(1, 4, 10));
    go_live(link, 0);
    link.on_records(now, spool_id(), records(1, 4));
    EXPECT_EQ(fetched(link.on_spools(now, {position(1, 6, 10)})), 5U);
    EXPECT_EQ(fetched(link.on_frame(now, wall, nack(2))), 1U) << "the whole batch that holds it";
    EXPECT_THAT(link.on_records(now, spool_id(), records(5, 6)), IsEmpty());
    EXPECT_EQ(batches(link.on_records(now, spool_id(), records(1, 6))), "1-6");
}

/// A batch that was thought lost came late, and its first records were confirmed: the spool may have deleted them by now, and they
/// are no gap.
TEST_F(LinkClientSending, GoesBackToWhatIsNotConfirmedOfABatch) {
    LinkClient link = client(position(1, 6, 7));
    go_live(link, 0);
    EXPECT_EQ(batches(link.on_records(now, spool_id(), records(1, 6))), "1-6");
    link.on_frame(now, wall, ack(2));
    EXPECT_EQ(fetched(link.on_frame(now, wall, nack(3))), 3U);
    const auto again = link.on_records(now, spool_id(), records(3, 6));
    EXPECT_EQ(batches(again), "3-6");
    EXPECT_EQ(sent(again, proto::Frame::kBatch).front().batch().records_size(), 4);
}

TEST_F(LinkClientSending, ClosesWhenToldToGoBackAgainAndAgain) {
    LinkClient link = client(position(1, 4, 5));
    go_live(link, 0);
    link.on_records(now, spool_id(), records(1, 4));
    link.on_frame(now, wall, nack(2));
    link.on_records(now, spool_id(), records(1, 4));
    link.on_frame(now, wall, nack(2));
    link.on_records(now, spool_id(), records(1, 4));
    EXPECT_THAT(
        why_closed(link.on_frame(now, wall, nack(2))), HasSubstr("keeps asking for record 2")
    );
    EXPECT_FALSE(link.is_live());
}

TEST_F(LinkClientSending, StartsOverFromWhatIsCommittedAfterAReconnect) {
    LinkClient link = client(position(1, 6, 7));
    go_live(link, 0);
    link.on_records(now, spool_id(), records(1, 6));
    link.on_closed(now);
    now = link.next_wake();
    EXPECT_EQ(fetched(go_live(link, 2)), 3U);
    EXPECT_EQ(batches(link.on_records(now, spool_id(), records(3, 6))), "3-6");
}

}  // namespace
}  // namespace muster::wire
