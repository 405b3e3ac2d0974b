#include "wire/link_server.hpp"

#include "wire/finished_stream.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

namespace muster::wire {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr MonoTime start = mono_from_ns(1'000'000'000'000);
constexpr WallTime wall = wall_from_ns(1'700'000'000'000'000'000);

std::string raw_spool(char fill = '\x55') {
    return std::string(16, fill);
}

SpoolId spool_id(char fill = '\x55') {
    return SpoolId{Uuid::from_bytes(raw_spool(fill)).value()};
}

proto::Frame hello(const std::vector<std::string>& spools = {raw_spool()}) {
    proto::Frame frame;
    frame.mutable_hello()->set_protocol(1);
    frame.mutable_hello()->set_instance_nonce(std::string(16, 'n'));
    frame.mutable_hello()->set_boot_id(std::string(16, 'b'));
    for (const std::string& spool : spools) {
        frame.mutable_hello()->add_streams()->set_spool_id(spool);
    }
    return frame;
}

proto::Frame batch(std::uint64_t first, int count, const std::string& spool = raw_spool()) {
    proto::Frame frame;
    frame.mutable_batch()->set_spool_id(spool);
    frame.mutable_batch()->set_first_seq(first);
    for (int i = 0; i < count; ++i) {
        proto::Record& record = *frame.mutable_batch()->add_records();
        record.set_kind(1);
        record.set_payload(std::to_string(first + static_cast<std::uint64_t>(i)));
        record.set_raw_size(static_cast<std::uint32_t>(record.payload().size()));
    }
    return frame;
}

template <class Action>
std::vector<Action> all(const LinkServer::Actions& actions) {
    std::vector<Action> out;
    for (const ServerAction& action : actions) {
        if (const auto* found = std::get_if<Action>(&action)) {
            out.push_back(*found);
        }
    }
    return out;
}

std::vector<proto::Frame> sent(const LinkServer::Actions& actions, proto::Frame::BodyCase body) {
    std::vector<proto::Frame> out;
    for (const server_action::Send& send : all<server_action::Send>(actions)) {
        if (send.frame.body_case() == body) {
            out.push_back(send.frame);
        }
    }
    return out;
}

std::string why_closed(const LinkServer::Actions& actions) {
    const auto closes = all<server_action::Close>(actions);
    return closes.empty() ? "" : closes.front().why;
}

/// "first: payload payload …" of the one Append.
std::string appended(const LinkServer::Actions& actions) {
    const auto appends = all<server_action::Append>(actions);
    EXPECT_LE(appends.size(), 1U);
    if (appends.empty()) {
        return "";
    }
    std::string out = std::to_string(appends.front().first_seq) + ":";
    for (const Record& record : appends.front().records) {
        out += " " + record.payload;
    }
    return out;
}

class LinkServerTest : public testing::Test {
  protected:
    LinkServer server() { return {options, start}; }

    LinkServer live(std::uint64_t committed) {
        LinkServer link = server();
        EXPECT_THAT(all<server_action::Greeted>(link.on_frame(start, wall, hello())), SizeIs(1));
        EXPECT_THAT(
            sent(link.welcome(wall, {{spool_id(), committed}}, 3), proto::Frame::kWelcome),
            SizeIs(1)
        );
        return link;
    }

    LinkServerOptions options;
};

TEST_F(LinkServerTest, WelcomesWithWhatIsCommitted) {
    LinkServer link = server();
    const auto greeted =
        all<server_action::Greeted>(link.on_frame(start, wall, hello({raw_spool(), raw_spool('z')}))
        );
    ASSERT_THAT(greeted, SizeIs(1));
    EXPECT_EQ(greeted.front().hello.streams_size(), 2);
    const auto frames = sent(link.welcome(wall, {{spool_id(), 41}}, 3), proto::Frame::kWelcome);
    ASSERT_THAT(frames, SizeIs(1));
    const proto::Welcome& welcome = frames.front().welcome();
    ASSERT_EQ(welcome.streams_size(), 2);
    EXPECT_EQ(welcome.streams(0).spool_id(), raw_spool());
    EXPECT_EQ(welcome.streams(0).committed_seq(), 41U);
    EXPECT_EQ(welcome.streams(1).committed_seq(), 0U);
    EXPECT_EQ(welcome.credit_bytes(), options.credit_bytes);
    EXPECT_EQ(welcome.assignment_epoch(), 3U);
    EXPECT_EQ(welcome.heartbeat_ms(), 10'000U);
    EXPECT_EQ(welcome.server_wall_ns(), to_ns(wall));
}

TEST_F(LinkServerTest, RefusesABadHello) {
    std::vector<std::pair<proto::Frame, std::string>> wrong;
    wrong.emplace_back(hello(), "protocol");
    wrong.back().first.mutable_hello()->set_protocol(2);
    wrong.emplace_back(hello(), "nonce");
    wrong.back().first.mutable_hello()->set_instance_nonce("short");
    wrong.emplace_back(hello({}), "spools");
    wrong.emplace_back(hello({"short"}), "16 bytes");
    wrong.emplace_back(hello({raw_spool('\0')}), "not nil");
    wrong.emplace_back(hello({raw_spool(), raw_spool()}), "twice");
    wrong.emplace_back(hello({"1", "2", "3", "4", "5", "6", "7", "8", "9"}), "spools");
    wrong.emplace_back(hello(), "impossible time");
    wrong.back().first.mutable_hello()->set_wall_ns(std::numeric_limits<std::int64_t>::min());
    wrong.emplace_back(hello(), "up to 36 years");
    wrong.back().first.mutable_hello()->set_mono_ns(std::numeric_limits<std::int64_t>::max());
    const auto set_numbers = {
        &proto::StreamState::set_begins_at,
        &proto::StreamState::set_next_seq,
        &proto::StreamState::set_results_at_begin
    };
    for (const auto set : set_numbers) {
        wrong.emplace_back(hello(), "impossible sequence numbers");
        (wrong.back().first.mutable_hello()->mutable_streams(0)->*set)(std::uint64_t{1} << 62U);
    }
    const auto with_finished = [&wrong](const std::string& why, const std::string& spool) {
        wrong.emplace_back(hello(), why);
        proto::FinishedStream& said = *wrong.back().first.mutable_hello()->add_finished();
        said.set_spool_id(spool);
        said.set_begins_at(1);
        said.set_last_seq(9);
        return &said;
    };
    with_finished("16 bytes", "short");
    with_finished("16 bytes", raw_spool('\0'));
    with_finished("twice", raw_spool());
    with_finished("impossible numbers", raw_spool('f'))->set_begins_at(0);
    with_finished("impossible numbers", raw_spool('f'))->set_begins_at(10);
    with_finished("impossible numbers", raw_spool('f'))->set_last_seq(std::uint64_t{1} << 62U);
    with_finished("impossible numbers", raw_spool('f'))->set_results_at_begin(1);
    with_finished("impossible numbers", raw_spool('f'))->set_earlier_results(UINT64_MAX);
    with_finished("impossible numbers or times", raw_spool('f'))->set_from_ns(-1);
    with_finished("impossible numbers or times", raw_spool('f'))->set_to_ns(INT64_MAX);
    const proto::FinishedStream one = *with_finished("48 finished", raw_spool('f'));
    for (std::size_t more = 1; more <= most_finished; ++more) {
        proto::FinishedStream& said = *wrong.back().first.mutable_hello()->add_finished();
        said = one;
        said.set_spool_id(raw_spool(static_cast<char>(more)));
    }
    for (const auto& [frame, why] : wrong) {
        LinkServer link = server();
        const auto actions = link.on_frame(start, wall, frame);
        EXPECT_THAT(sent(actions, proto::Frame::kRefusal), SizeIs(1)) << why;
        EXPECT_THAT(why_closed(actions), HasSubstr(why));
        EXPECT_THAT(link.on_frame(start, wall, hello()), IsEmpty());
    }
}

TEST_F(LinkServerTest, WantsHelloFirstAndOnce) {
    LinkServer early = server();
    EXPECT_NE(why_closed(early.on_frame(start, wall, batch(1, 1))), "");
    LinkServer impatient = server();
    impatient.on_frame(start, wall, hello());
    EXPECT_NE(why_closed(impatient.on_frame(start, wall, batch(1, 1))), "");
    LinkServer twice = live(0);
    EXPECT_NE(why_closed(twice.on_frame(start, wall, hello())), "");
}

TEST_F(LinkServerTest, HandsOnWhatComesInSequence) {
    LinkServer link = live(41);
    EXPECT_EQ(appended(link.on_frame(start, wall, batch(42, 2))), "42: 42 43");
    EXPECT_EQ(appended(link.on_frame(start, wall, batch(44, 1))), "44: 44");
}

TEST_F(LinkServerTest, AcknowledgesOnlyWhatIsCommitted) {
    LinkServer link = live(0);
    EXPECT_THAT(sent(link.on_frame(start, wall, batch(1, 2)), proto::Frame::kAck), IsEmpty());
    const auto acks = sent(link.committed({spool_id(), 2}), proto::Frame::kAck);
    ASSERT_THAT(acks, SizeIs(1));
    EXPECT_EQ(acks.front().ack().committed_seq(), 2U);
    EXPECT_EQ(acks.front().ack().credit_bytes(), options.credit_bytes);
    EXPECT_EQ(acks.front().ack().spool_id(), raw_spool());
    EXPECT_THAT(link.committed({spool_id('?'), 2}), IsEmpty());
    EXPECT_THAT(link.committed({spool_id(), 1}), IsEmpty());
}

TEST_F(LinkServerTest, CutsOffWhatItAlreadyHas) {
    LinkServer link = live(5);
    const auto known = link.on_frame(start, wall, batch(3, 3));
    EXPECT_EQ(appended(known), "");
    ASSERT_THAT(sent(known, proto::Frame::kAck), SizeIs(1));
    EXPECT_EQ(sent(known, proto::Frame::kAck).front().ack().committed_seq(), 5U);
    const auto partly = link.on_frame(start, wall, batch(4, 4));
    EXPECT_EQ(appended(partly), "6: 6 7");
    EXPECT_THAT(sent(partly, proto::Frame::kAck), SizeIs(1));
    EXPECT_EQ(appended(link.on_frame(start, wall, batch(6, 2))), "")
        << "staged, though not yet committed";
}

TEST_F(LinkServerTest, AsksOnceToGoBack) {
    LinkServer link = live(5);
    const auto first = sent(link.on_frame(start, wall, batch(8, 1)), proto::Frame::kNack);
    ASSERT_THAT(first, SizeIs(1));
    EXPECT_EQ(first.front().nack().expected(), 6U);
    EXPECT_THAT(link.on_frame(start, wall, batch(9, 1)), IsEmpty())
        << "sent before the Nack arrived";
    EXPECT_EQ(appended(link.on_frame(start, wall, batch(6, 4))), "6: 6 7 8 9");
    EXPECT_THAT(sent(link.on_frame(start, wall, batch(20, 1)), proto::Frame::kNack), SizeIs(1));
}

TEST_F(LinkServerTest, KnowsWhatAnEarlierConnectionBrought) {
    LinkServer link = live(5);
    const auto acks = sent(link.committed({spool_id(), 9}), proto::Frame::kAck);
    ASSERT_THAT(acks, SizeIs(1));
    EXPECT_EQ(acks.front().ack().committed_seq(), 9U);
    EXPECT_EQ(appended(link.on_frame(start, wall, batch(6, 5))), "10: 10");
}

TEST_F(LinkServerTest, KeepsSpoolsApart) {
    LinkServer link = server();
    link.on_frame(start, wall, hello({raw_spool('a'), raw_spool('b')}));
    link.welcome(wall, {{spool_id('a'), 10}, {spool_id('b'), 20}}, 0);
    EXPECT_EQ(appended(link.on_frame(start, wall, batch(11, 1, raw_spool('a')))), "11: 11");
    EXPECT_EQ(appended(link.on_frame(start, wall, batch(21, 1, raw_spool('b')))), "21: 21");
    EXPECT_NE(why_closed(link.on_frame(start, wall, batch(1, 1, raw_spool('c')))), "");
}

TEST_F(LinkServerTest, ClosesOnImpossibleBatches) {
    LinkServer empty = live(0);
    EXPECT_NE(why_closed(empty.on_frame(start, wall, batch(1, 0))), "");
    LinkServer zero = live(0);
    EXPECT_NE(why_closed(zero.on_frame(start, wall, batch(0, 1))), "");
    for (const std::uint64_t first : {~0ULL, 1ULL << 62U, (1ULL << 62U) - 1}) {
        EXPECT_NE(why_closed(live(0).on_frame(start, wall, batch(first, 1))), "") << first;
    }
    proto::Frame kindless = batch(1, 1);
    kindless.mutable_batch()->mutable_records(0)->set_kind(0);
    LinkServer wrong = live(0);
    EXPECT_THAT(why_closed(wrong.on_frame(start, wall, kindless)), HasSubstr("impossible kind"));
}

TEST_F(LinkServerTest, AnswersHeartbeats) {
    LinkServer link = live(0);
    proto::Frame beat;
    beat.mutable_heartbeat()->set_mono_ns(123);
    beat.mutable_heartbeat()->set_produced(9);
    const auto actions = link.on_frame(start + 5s, wall, beat);
    const auto replies = sent(actions, proto::Frame::kHeartbeatReply);
    ASSERT_THAT(replies, SizeIs(1));
    EXPECT_EQ(replies.front().heartbeat_reply().echoed_mono_ns(), 123);
    EXPECT_EQ(replies.front().heartbeat_reply().server_wall_ns(), to_ns(wall));
    const auto heard = all<server_action::Heard>(actions);
    ASSERT_THAT(heard, SizeIs(1));
    EXPECT_EQ(heard.front().heartbeat.produced(), 9U);
    EXPECT_EQ(link.next_wake(), start + 5s + options.silent_after);
}

TEST_F(LinkServerTest, ClosesOnAHeartbeatOfAnImpossibleTime) {
    proto::Frame future;
    future.mutable_heartbeat()->set_wall_ns(std::numeric_limits<std::int64_t>::max());
    proto::Frame ancient;
    ancient.mutable_heartbeat()->set_mono_ns(std::numeric_limits<std::int64_t>::max());
    for (const proto::Frame& beat : {future, ancient}) {
        LinkServer link = live(0);
        const auto actions = link.on_frame(start, wall, beat);
        EXPECT_THAT(why_closed(actions), HasSubstr("a heartbeat of"));
        EXPECT_THAT(all<server_action::Heard>(actions), IsEmpty());
    }
}

TEST_F(LinkServerTest, ClosesOnSilence) {
    LinkServer quiet = server();
    EXPECT_EQ(quiet.next_wake(), start + options.hello_within);
    EXPECT_THAT(quiet.on_time(start + options.hello_within - 1ns), IsEmpty());
    EXPECT_THAT(
        why_closed(quiet.on_time(start + options.hello_within)), HasSubstr("no Hello within 10s")
    );
    EXPECT_EQ(quiet.next_wake(), MonoTime::max());
    LinkServer link = live(0);
    const auto actions = link.on_time(start + options.silent_after);
    EXPECT_THAT(why_closed(actions), HasSubstr("nothing heard for 30s"));
    EXPECT_FALSE(all<server_action::Close>(actions).front().orderly);
}

TEST_F(LinkServerTest, TakesGoodbyeForAnOrderlyEnd) {
    proto::Frame goodbye;
    goodbye.mutable_goodbye()->set_reason("stopping");
    LinkServer link = live(0);
    const auto closes = all<server_action::Close>(link.on_frame(start, wall, goodbye));
    ASSERT_THAT(closes, SizeIs(1));
    EXPECT_TRUE(closes.front().orderly);
    EXPECT_EQ(closes.front().why, "stopping");
    EXPECT_THAT(link.on_frame(start, wall, batch(1, 1)), IsEmpty());
    EXPECT_THAT(link.committed({spool_id(), 1}), IsEmpty());
}

TEST_F(LinkServerTest, SendsAssignmentsInPartsThatFit) {
    LinkServer link = live(0);
    std::vector<proto::Assignment> items(5000);
    for (std::uint32_t i = 0; i < items.size(); ++i) {
        items[i].set_dense(i);
        items[i].set_host(std::string(200, 'h'));
    }
    const auto frames = sent(link.assign(9, items), proto::Frame::kAssignments);
    ASSERT_GT(frames.size(), 1U);
    std::uint32_t dense = 0;
    for (std::uint32_t i = 0; i < frames.size(); ++i) {
        const proto::Assignments& part = frames[i].assignments();
        EXPECT_LT(part.ByteSizeLong(), max_frame_bytes);
        EXPECT_EQ(part.epoch(), 9U);
        EXPECT_EQ(part.part(), i);
        EXPECT_EQ(part.parts(), frames.size());
        for (const proto::Assignment& item : part.items()) {
            EXPECT_EQ(item.dense(), dense++);
        }
    }
    EXPECT_EQ(dense, items.size());
    EXPECT_THAT(sent(link.assign(10, {}), proto::Frame::kAssignments), SizeIs(1))
        << "an empty set is a set";
}

TEST_F(LinkServerTest, PassesOnWhatWasApplied) {
    LinkServer link = live(0);
    proto::Frame applied;
    applied.mutable_assignments_applied()->set_epoch(9);
    applied.mutable_assignments_applied()->add_problems("one");
    const auto actions = all<server_action::Applied>(link.on_frame(start, wall, applied));
    ASSERT_THAT(actions, SizeIs(1));
    EXPECT_EQ(actions.front().epoch, 9U);
    EXPECT_THAT(actions.front().problems, ElementsAre("one"));
}

TEST_F(LinkServerTest, TellsCreditWithTheNextAcknowledgement) {
    LinkServer link = live(0);
    link.set_credit(0);
    const auto none = sent(link.committed({spool_id(), 1}), proto::Frame::kAck);
    ASSERT_THAT(none, SizeIs(1));
    EXPECT_EQ(none.front().ack().credit_bytes(), 0U);
    EXPECT_GT(none.front().ack().retry_after_ms(), 0U);
    link.set_credit(5000);
    const auto some = sent(link.committed({spool_id(), 2}), proto::Frame::kAck);
    EXPECT_EQ(some.front().ack().credit_bytes(), 5000U);
    EXPECT_EQ(some.front().ack().retry_after_ms(), 0U);
}

TEST_F(LinkServerTest, SaysWhyItCloses) {
    LinkServer stopping = live(0);
    const auto goodbye = stopping.close("the collector stops", false);
    ASSERT_THAT(goodbye, SizeIs(2));
    EXPECT_THAT(sent(goodbye, proto::Frame::kGoodbye), SizeIs(1));
    EXPECT_EQ(why_closed(goodbye), "the collector stops");
    EXPECT_THAT(stopping.close("again", false), IsEmpty());
    LinkServer revoked = server();
    revoked.on_frame(start, wall, hello());
    EXPECT_THAT(sent(revoked.close("revoked", true), proto::Frame::kRefusal), SizeIs(1));
}

TEST_F(LinkServerTest, AnswersARequestForACertificate) {
    LinkServer link = live(0);
    proto::Frame request;
    request.mutable_certificate_request()->set_request_pem("request");
    const auto asked = all<server_action::Renew>(link.on_frame(start, wall, request));
    ASSERT_THAT(asked, SizeIs(1));
    EXPECT_EQ(asked.front().request_pem, "request");
    const auto made =
        sent(link.certificate(std::string("certificate")), proto::Frame::kCertificateAnswer);
    ASSERT_THAT(made, SizeIs(1));
    EXPECT_EQ(made.front().certificate_answer().certificate_pem(), "certificate");
    const auto none = sent(
        link.certificate(failure(ErrorKind::refused, "too soon")), proto::Frame::kCertificateAnswer
    );
    ASSERT_THAT(none, SizeIs(1));
    EXPECT_EQ(none.front().certificate_answer().problem(), "too soon");
    link.close("bye", false);
    EXPECT_THAT(link.certificate(std::string("certificate")), IsEmpty());
}

TEST_F(LinkServerTest, EndsALinkWhoseRequestForACertificateIsTooLarge) {
    LinkServer link = live(0);
    proto::Frame request;
    request.mutable_certificate_request()->set_request_pem(std::string((16 << 10) + 1, 'x'));
    EXPECT_THAT(why_closed(link.on_frame(start, wall, request)), HasSubstr("16 KiB"));
}

}  // namespace
}  // namespace muster::wire
