#include "wire/link_client.hpp"

#include "tests/wire/link_client_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace muster::wire {
namespace {

using namespace std::chrono_literals;
using namespace test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

TEST_F(LinkClientTest, SaysHelloOnceConnected) {
    LinkClient link = client(position(4, 9, 12));
    EXPECT_EQ(link.next_wake(), start);
    ASSERT_THAT(all<link_action::Connect>(link.on_time(now, wall)), SizeIs(1));
    EXPECT_THAT(link.on_time(now, wall), IsEmpty());
    const auto hellos = sent(link.on_connected(now, wall), proto::Frame::kHello);
    ASSERT_THAT(hellos, SizeIs(1));
    const proto::Hello& hello = hellos.front().hello();
    EXPECT_EQ(hello.protocol(), 1U);
    EXPECT_EQ(hello.instance_nonce(), std::string(16, 'n'));
    EXPECT_EQ(hello.boot_id(), std::string(16, 'b'));
    EXPECT_EQ(hello.mono_ns(), to_ns(now));
    EXPECT_EQ(hello.wall_ns(), to_ns(wall));
    EXPECT_EQ(hello.max_frame_bytes(), max_frame_bytes);
    ASSERT_EQ(hello.streams_size(), 1);
    EXPECT_EQ(hello.streams(0).spool_id(), raw_spool());
    EXPECT_EQ(hello.streams(0).first_unacked(), 4U);
    EXPECT_EQ(hello.streams(0).next_seq(), 12U);
    EXPECT_EQ(hello.streams(0).last_acked(), 3U);
    EXPECT_FALSE(link.is_live());
}

TEST_F(LinkClientTest, WaitsLongerAfterEachFailureWithinBounds) {
    LinkClient link = client(position(1, 0, 1));
    Duration bound = options.backoff_least;
    std::vector<Duration> waits;
    for (int round = 0; round < 12; ++round) {
        ASSERT_THAT(all<link_action::Connect>(link.on_time(now, wall)), SizeIs(1));
        link.on_closed(now);
        bound = std::min<Duration>(2 * bound, options.backoff_most);
        const Duration wait = link.next_wake() - now;
        EXPECT_GE(wait, options.backoff_least);
        EXPECT_LE(wait, bound);
        EXPECT_THAT(link.on_time(link.next_wake() - 1ns, wall), IsEmpty());
        waits.push_back(wait);
        now = link.next_wake();
    }
    EXPECT_GT(std::ranges::max(waits), 20s) << "the bound grows to a minute";
    std::ranges::sort(waits);
    EXPECT_EQ(std::ranges::adjacent_find(waits), waits.end()) << "jitter";
}

TEST_F(LinkClientTest, WaitsBrieflyAgainAfterAWelcome) {
    LinkClient link = client(position(1, 0, 1));
    for (int round = 0; round < 8; ++round) {
        link.on_time(now, wall);
        link.on_closed(now);
        now = link.next_wake();
    }
    go_live(link, 0);
    link.on_closed(now);
    EXPECT_LE(link.next_wake() - now, 2s);
}

TEST_F(LinkClientTest, WaitsLongerAfterARefusal) {
    LinkClient link = client(position(1, 0, 1));
    proto::Frame refusal;
    refusal.mutable_refusal()->set_reason("revoked");
    for (int round = 0; round < 8; ++round) {
        link.on_time(now, wall);
        link.on_connected(now, wall);
        EXPECT_THAT(why_closed(link.on_frame(now, wall, refusal)), HasSubstr("refuses: revoked"));
        EXPECT_THAT(link.on_closed(now), IsEmpty()) << "the end of our own close";
        EXPECT_LE(link.next_wake() - now, options.backoff_most);
        now = link.next_wake();
    }
}

TEST_F(LinkClientTest, CallsAsSeldomAsItMayOnceItIsRevoked) {
    LinkClient link = client(position(1, 0, 1));
    go_live(link, 0);
    proto::Frame refusal;
    refusal.mutable_refusal()->set_reason("this agent has been revoked");
    const auto closed = all<link_action::Close>(link.on_frame(now, wall, refusal));
    ASSERT_THAT(closed, SizeIs(1));
    EXPECT_TRUE(closed.front().is_refusal);
    EXPECT_EQ(link.next_wake(), now + options.backoff_most);
    now = link.next_wake();
    link.on_time(now, wall);
    link.on_connected(now, wall);
    refusal.mutable_refusal()->set_reason("this certificate has been replaced by a newer one");
    const auto other = all<link_action::Close>(link.on_frame(now, wall, refusal));
    ASSERT_THAT(other, SizeIs(1));
    EXPECT_LT(link.next_wake(), now + options.backoff_most);
}

TEST_F(LinkClientTest, BeatsAtThePaceOfTheWelcome) {
    LinkClient link = client(position(1, 0, 1));
    go_live(link, 0);
    link.counters().set_produced(77);
    EXPECT_EQ(link.next_wake(), now + 5s);
    EXPECT_THAT(link.on_time(now + 4999ms, wall), IsEmpty());
    const auto beats = sent(link.on_time(now + 5s, wall), proto::Frame::kHeartbeat);
    ASSERT_THAT(beats, SizeIs(1));
    EXPECT_EQ(beats.front().heartbeat().produced(), 77U);
    EXPECT_EQ(beats.front().heartbeat().mono_ns(), to_ns(now + 5s));
    EXPECT_EQ(link.next_wake(), now + 10s);
}

TEST_F(LinkClientTest, MeasuresTheClockOffset) {
    LinkClient link = client(position(1, 0, 1));
    go_live(link, 0);
    EXPECT_FALSE(link.clock_offset());
    proto::Frame reply;
    reply.mutable_heartbeat_reply()->set_echoed_mono_ns(to_ns(now));
    // Sent by us at wall, answered 100 ms later by a clock that is three seconds ahead.
    reply.mutable_heartbeat_reply()->set_server_wall_ns(to_ns(wall + 100ms + 3s));
    link.on_frame(now + 200ms, wall + 200ms, reply);
    ASSERT_TRUE(link.clock_offset());
    EXPECT_EQ(*link.clock_offset(), 3s);
}

TEST_F(LinkClientTest, ClosesWhenNothingIsHeard) {
    LinkClient link = client(position(1, 0, 1));
    go_live(link, 0);
    EXPECT_EQ(why_closed(link.on_time(now + 3 * 5s - 1ns, wall)), "");
    EXPECT_THAT(why_closed(link.on_time(now + 3 * 5s, wall)), HasSubstr("nothing heard for 15s"))
        << "three heartbeats as the Welcome asks for";
    EXPECT_FALSE(link.is_live());
}

TEST_F(LinkClientTest, ClosesWhenHelloIsNotAnswered) {
    LinkClient link = client(position(1, 0, 1));
    link.on_time(now, wall);
    link.on_connected(now + 1s, wall);
    EXPECT_EQ(link.next_wake(), now + 1s + options.answer_within);
    EXPECT_THAT(
        why_closed(link.on_time(link.next_wake(), wall)), HasSubstr("no answer within 30s")
    );
}

TEST_F(LinkClientTest, SaysGoodbyeAndThenNothing) {
    LinkClient link = client(position(1, 4, 5));
    go_live(link, 0);
    const auto actions = link.stop("stopping");
    ASSERT_THAT(actions, SizeIs(2));
    EXPECT_THAT(sent(actions, proto::Frame::kGoodbye), SizeIs(1));
    EXPECT_EQ(why_closed(actions), "stopping");
    EXPECT_EQ(link.next_wake(), MonoTime::max());
    EXPECT_THAT(link.on_records(now, spool_id(), records(1, 4)), IsEmpty());
    EXPECT_THAT(link.on_closed(now), IsEmpty());
    EXPECT_THAT(link.on_time(now + 1h, wall), IsEmpty());
    EXPECT_THAT(link.on_frame(now, wall, ack(1)), IsEmpty());
    EXPECT_THAT(link.stop("again"), IsEmpty());
}

TEST_F(LinkClientTest, ClosesOnGoodbyeAndComesBack) {
    LinkClient link = client(position(1, 4, 5));
    go_live(link, 0);
    proto::Frame goodbye;
    goodbye.mutable_goodbye()->set_reason("update");
    EXPECT_THAT(why_closed(link.on_frame(now, wall, goodbye)), HasSubstr("goodbye: update"));
    now = link.next_wake();
    EXPECT_THAT(all<link_action::Connect>(link.on_time(now, wall)), SizeIs(1));
}

TEST_F(LinkClientTest, AppliesAssignmentsWhenAllPartsAreThere) {
    LinkClient link = client(position(1, 0, 1));
    go_live(link, 0);
    EXPECT_THAT(link.on_frame(now, wall, part_of(7, 0, 3, {0, 1})), IsEmpty());
    EXPECT_THAT(link.on_frame(now, wall, part_of(7, 1, 3, {2})), IsEmpty());
    const auto applies = all<link_action::Apply>(link.on_frame(now, wall, part_of(7, 2, 3, {3})));
    ASSERT_THAT(applies, SizeIs(1));
    EXPECT_EQ(applies.front().epoch, 7U);
    std::vector<std::uint32_t> dense;
    for (const proto::Assignment& item : applies.front().items) {
        dense.push_back(item.dense());
    }
    EXPECT_THAT(dense, ElementsAre(0, 1, 2, 3));
    const auto applied =
        sent(link.on_applied(7, {"probe 3: no such type"}), proto::Frame::kAssignmentsApplied);
    ASSERT_THAT(applied, SizeIs(1));
    EXPECT_EQ(applied.front().assignments_applied().epoch(), 7U);
    EXPECT_EQ(applied.front().assignments_applied().problems(0), "probe 3: no such type");
}

TEST_F(LinkClientTest, AppliesAnEmptySet) {
    LinkClient link = client(position(1, 0, 1));
    go_live(link, 0);
    const auto applies = all<link_action::Apply>(link.on_frame(now, wall, part_of(1, 0, 1, {})));
    ASSERT_THAT(applies, SizeIs(1));
    EXPECT_THAT(applies.front().items, IsEmpty());
}

TEST_F(LinkClientTest, DropsHalfAnEpochWhenTheNextBegins) {
    LinkClient link = client(position(1, 0, 1));
    go_live(link, 0);
    link.on_frame(now, wall, part_of(7, 0, 2, {0}));
    const auto applies = all<link_action::Apply>(link.on_frame(now, wall, part_of(8, 0, 1, {5})));
    ASSERT_THAT(applies, SizeIs(1));
    EXPECT_EQ(applies.front().epoch, 8U);
    EXPECT_THAT(applies.front().items, SizeIs(1));
}

TEST_F(LinkClientTest, ClosesOnPartsOutOfOrder) {
    for (const auto& wrong :
         {part_of(7, 2, 3, {}), part_of(8, 1, 3, {}), part_of(7, 1, 4, {}), part_of(7, 3, 3, {})}) {
        LinkClient link = client(position(1, 0, 1));
        go_live(link, 0);
        link.on_frame(now, wall, part_of(7, 0, 3, {0}));
        EXPECT_THAT(why_closed(link.on_frame(now, wall, wrong)), HasSubstr("out of order"));
    }
}

TEST_F(LinkClientTest, BoundsAssignments) {
    options.assignments = 2;
    LinkClient link = client(position(1, 0, 1));
    go_live(link, 0);
    EXPECT_THAT(
        why_closed(link.on_frame(now, wall, part_of(7, 0, 1, {0, 1, 2}))),
        HasSubstr("more assignments than 2")
    );
}

TEST_F(LinkClientTest, TellsWhatItRunsInTheNextHello) {
    LinkClient link = client(position(1, 0, 1));
    EXPECT_THAT(link.on_applied(7, {}), IsEmpty());
    link.on_time(now, wall);
    const auto hellos = sent(link.on_connected(now, wall), proto::Frame::kHello);
    ASSERT_THAT(hellos, SizeIs(1));
    EXPECT_EQ(hellos.front().hello().assignment_epoch(), 7U);
}

TEST_F(LinkClientTest, ClosesOnFramesThatAreNotTheCollectors) {
    proto::Frame hello;
    hello.mutable_hello();
    LinkClient greeting = client(position(1, 0, 1));
    greeting.on_time(now, wall);
    greeting.on_connected(now, wall);
    EXPECT_NE(why_closed(greeting.on_frame(now, wall, ack(1))), "");
    LinkClient live = client(position(1, 0, 1));
    go_live(live, 0);
    EXPECT_NE(why_closed(live.on_frame(now, wall, hello)), "");
    LinkClient newer = client(position(1, 0, 1));
    go_live(newer, 0);
    EXPECT_THAT(newer.on_frame(now, wall, proto::Frame{}), IsEmpty())
        << "a frame of a later release";
}

TEST_F(LinkClientTest, AsksForACertificateOnlyWhileItIsLive) {
    LinkClient link = client(position(1, 0, 1));
    EXPECT_THAT(link.request_certificate("request"), IsEmpty());
    go_live(link, 0);
    const auto asked = sent(link.request_certificate("request"), proto::Frame::kCertificateRequest);
    ASSERT_THAT(asked, SizeIs(1));
    EXPECT_EQ(asked.front().certificate_request().request_pem(), "request");
}

TEST_F(LinkClientTest, HandsOverTheCertificateOrWhyThereIsNone) {
    LinkClient link = client(position(1, 0, 1));
    go_live(link, 0);
    proto::Frame answer;
    answer.mutable_certificate_answer()->set_certificate_pem("certificate");
    const auto made = all<link_action::Certificate>(link.on_frame(now, wall, answer));
    ASSERT_THAT(made, SizeIs(1));
    EXPECT_EQ(made.front().certificate_pem, "certificate");
    EXPECT_EQ(made.front().problem, "");
    answer.mutable_certificate_answer()->clear_certificate_pem();
    answer.mutable_certificate_answer()->set_problem("too\x1Bsoon");
    const auto none = all<link_action::Certificate>(link.on_frame(now, wall, answer));
    ASSERT_THAT(none, SizeIs(1));
    EXPECT_EQ(none.front().problem, "too\uFFFDsoon");
}

TEST_F(LinkClientTest, TellsARefusalFromAnyOtherEnd) {
    LinkClient link = client(position(1, 0, 1));
    go_live(link, 0);
    proto::Frame goodbye;
    goodbye.mutable_goodbye()->set_reason("stopping");
    const auto ended = all<link_action::Close>(link.on_frame(now, wall, goodbye));
    ASSERT_THAT(ended, SizeIs(1));
    EXPECT_FALSE(ended.front().is_refusal);
    now = link.next_wake();
    go_live(link, 0);
    proto::Frame refusal;
    refusal.mutable_refusal()->set_reason("replaced");
    const auto refused = all<link_action::Close>(link.on_frame(now, wall, refusal));
    ASSERT_THAT(refused, SizeIs(1));
    EXPECT_TRUE(refused.front().is_refusal);
}

}  // namespace
}  // namespace muster::wire
