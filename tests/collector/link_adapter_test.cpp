// The collector's listener with real TLS and a real journal on loopback, without the folds.
#include "tests/collector/link_fixture.hpp"

namespace muster::collector::test {
namespace {

TEST_F(Listening, StoresABatchAndAcknowledgesIt) {
    Conversation seen;
    run(talk(agent_, {hello(), batch(1, 2)}, wire::proto::Frame::kAck, seen));
    ASSERT_FALSE(seen.received.empty());
    EXPECT_TRUE(seen.received.front().has_welcome());
    EXPECT_EQ(seen.received.back().ack().committed_seq(), 2U);
    stop();
    auto journal = Journal::open({.directory = dir_ / "journal"});
    ASSERT_TRUE(journal);
    EXPECT_EQ(journal->cursors()->at(0).committed_seq, 2U);
}

TEST_F(Listening, TellsAnAgentWhereItStoodBeforeARestart) {
    Conversation first;
    run(talk(agent_, {hello(), batch(1, 2)}, wire::proto::Frame::kAck, first));
    stop();
    open();
    Conversation second;
    run(talk(agent_, {hello()}, wire::proto::Frame::kWelcome, second));
    ASSERT_FALSE(second.received.empty());
    EXPECT_EQ(second.received[0].welcome().streams(0).committed_seq(), 2U);
}

TEST_F(Listening, PushesAssignments) {
    Conversation seen;
    run(talk(agent_, {hello()}, wire::proto::Frame::kAssignments, seen));
    ASSERT_FALSE(seen.received.empty());
    EXPECT_EQ(seen.received.back().assignments().epoch(), 1U);
}

TEST_F(Listening, RefusesAnAgentThatIsNotActive) {
    Conversation seen;
    run(talk(agent_named("other"), {hello()}, wire::proto::Frame::kRefusal, seen));
    ASSERT_FALSE(seen.received.empty());
    EXPECT_EQ(seen.received.back().refusal().reason(), "this agent has been revoked");
    EXPECT_EQ(adapter_->sessions(), 0U);
}

TEST_F(Listening, SaysGoodbyeWhenItStops) {
    Conversation seen;
    bool is_done = false;
    asio::co_spawn(
        loop_,
        talk(agent_, {hello()}, wire::proto::Frame::kGoodbye, seen),
        [&is_done](std::exception_ptr) { is_done = true; }
    );
    const auto end = std::chrono::steady_clock::now() + 10s;
    while (adapter_->sessions() == 0 && std::chrono::steady_clock::now() < end) {
        loop_.run_one_for(100ms);
    }
    // The Hello must have been taken, or there is nobody to say goodbye to.
    while (seen.received.empty() && std::chrono::steady_clock::now() < end) {
        loop_.run_one_for(100ms);
    }
    stop();
    while (!is_done && std::chrono::steady_clock::now() < end) {
        loop_.restart();
        loop_.run_one_for(100ms);
    }
    ASSERT_FALSE(seen.received.empty());
    EXPECT_EQ(seen.received.back().goodbye().reason(), "the test is over");
}

TEST_F(Listening, GivesAnAgentItsNextCertificate) {
    wire::proto::Frame request;
    request.mutable_certificate_request()->set_request_pem("request");
    Conversation seen;
    run(talk(agent_, {hello(), request}, wire::proto::Frame::kCertificateAnswer, seen));
    ASSERT_FALSE(seen.received.empty());
    EXPECT_EQ(
        seen.received.back().certificate_answer().certificate_pem(),
        "for " + agent_.text() + ": request"
    );
}

}  // namespace
}  // namespace muster::collector::test
