// Two processes come with the certificate of one agent: the agent started anew, or a copy of its machine.
#include "base/bytes.hpp"
#include "base/memory_files.hpp"
#include "collector/intake/agent_clock.hpp"
#include "collector/intake/intake.hpp"
#include "collector/journal/entries.pb.h"
#include "tests/collector/journal_entries.hpp"
#include "wire/frames.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace muster::collector {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr WallTime noon = wall_from_ns(1'700'000'000'000'000'000);

class Copies : public ::testing::Test {
  protected:
    static wire::proto::Frame hello(char process) {
        wire::proto::Frame frame;
        auto& body = *frame.mutable_hello();
        body.set_protocol(1);
        body.set_instance_nonce(std::string(16, process));
        body.set_boot_id(std::string(16, 'b'));
        body.set_wall_ns(to_ns(noon));
        body.set_hostname(std::string("host of ") + process);
        auto& stream = *body.add_streams();
        stream.set_spool_id(std::string(spool_named("s").raw()));
        stream.set_first_unacked(1);
        stream.set_next_seq(1);
        return frame;
    }

    /// A process connects and says Hello.
    SessionId come(char process, const std::string& address) {
        auto [session, actions] = intake_.open_session(agent_, address, now_);
        note(actions);
        note(intake_.on_frame(session, now_, noon, hello(process)));
        return session;
    }

    void note(const Intake::Actions& actions) {
        for (const IntakeAction& action : actions) {
            if (const auto* send = std::get_if<intake_action::Send>(&action)) {
                sent_[send->session].push_back(send->frame);
            } else if (const auto* close = std::get_if<intake_action::Close>(&action)) {
                closed_[close->session] = close->why;
            }
        }
    }

    bool was_sent(SessionId session, wire::proto::Frame::BodyCase body) {
        return std::ranges::any_of(sent_[session], [body](const wire::proto::Frame& each) {
            return each.body_case() == body;
        });
    }

    bool is_welcome(SessionId session) { return was_sent(session, wire::proto::Frame::kWelcome); }

    void answer_challenge(SessionId session) {
        for (const wire::proto::Frame& frame : sent_[session]) {
            if (frame.has_challenge()) {
                wire::proto::Frame answer;
                answer.mutable_challenge_answer()->set_number(frame.challenge().number());
                note(intake_.on_frame(session, now_, noon, answer));
                return;
            }
        }
        ADD_FAILURE() << "nobody asked";
    }

    /// Entries agent.copied among what waits to be stored.
    std::vector<proto::AgentCopied> told() {
        std::vector<proto::AgentCopied> out;
        now_ += 1s;
        if (auto group = intake_.take_group(now_)) {
            for (const Pending& pending : group->pending) {
                if (pending.kind == EntryKind::agent_copied) {
                    out.emplace_back().ParseFromString(pending.body);
                }
            }
            note(intake_.on_appended(group->id, std::vector<AgentCursor>{}));
        }
        return out;
    }

    AgentId agent_ = agent_named("a");
    MemoryFiles files_;
    MonoTime now_{1000s};
    Intake intake_{{}, {}, files_, now_};
    std::map<SessionId, std::vector<wire::proto::Frame>> sent_;
    std::map<SessionId, std::string> closed_;
};

TEST_F(Copies, TheSameProcessReplacesItsOlderConnectionAtOnce) {
    const SessionId older = come('p', "192.0.2.1:1000");
    const SessionId newer = come('p', "192.0.2.1:1001");
    EXPECT_TRUE(is_welcome(newer));
    EXPECT_THAT(closed_[older], HasSubstr("replaced by a newer connection"));
    EXPECT_TRUE(told().empty());
}

TEST_F(Copies, T47ACopyIsSetAsideWhenTheAgentAnswers) {
    const SessionId agent = come('p', "192.0.2.1:1000");
    const SessionId copy = come('q', "192.0.2.2:2000");
    EXPECT_FALSE(is_welcome(copy)) << "not a word before it is known who lives";
    answer_challenge(agent);
    EXPECT_TRUE(was_sent(copy, wire::proto::Frame::kRefusal));
    EXPECT_THAT(closed_[copy], HasSubstr("this machine is a copy"));
    EXPECT_EQ(closed_.count(agent), 0U);
    const auto entries = told();
    ASSERT_EQ(entries.size(), 1U);
    EXPECT_EQ(entries.front().address(), "192.0.2.2:2000");
    EXPECT_EQ(entries.front().hostname(), "host of q");
    EXPECT_EQ(entries.front().other_address(), "192.0.2.1:1000");
}

/// A copy was refused, as the agent answered.
class RefusedCopy : public Copies {
  protected:
    RefusedCopy() {
        agent_session_ = come('p', "192.0.2.1:1000");
        come('q', "192.0.2.2:2000");
        answer_challenge(agent_session_);
        told();
    }

    void pass(Duration time) {
        now_ += time;
        note(intake_.on_time(now_));
    }

    SessionId agent_session_ = 0;
};

TEST_F(RefusedCopy, IsNotTakenForTheAgentWhenTheAgentsConnectionBreaks) {
    pass(20s);
    note(intake_.on_closed(agent_session_, "connection reset"));
    pass(4min);
    const SessionId copy = come('q', "192.0.2.2:2001");
    EXPECT_FALSE(is_welcome(copy));
    EXPECT_TRUE(was_sent(copy, wire::proto::Frame::kRefusal));
    EXPECT_THAT(closed_[copy], HasSubstr("was connected from 192.0.2.1:1000 less than 5m ago"));
    const auto entries = told();
    ASSERT_EQ(entries.size(), 1U) << "it is still there";
    EXPECT_EQ(entries.front().other_address(), "192.0.2.1:1000");
    EXPECT_TRUE(is_welcome(come('p', "192.0.2.1:1002"))) << "the agent is not in its way";
    EXPECT_TRUE(told().empty());
}

TEST_F(RefusedCopy, IsNotTakenForTheAgentWhenTheAgentsConnectionHangs) {
    pass(20s);
    const SessionId copy = come('q', "192.0.2.2:2001");
    EXPECT_TRUE(was_sent(copy, wire::proto::Frame::kRefusal)) << "nobody has to be asked again";
    pass(6s);
    EXPECT_EQ(closed_.count(agent_session_), 0U);
}

TEST_F(RefusedCopy, MayBeTheAgentOnceThatWasNotHeardForFiveMinutes) {
    note(intake_.on_closed(agent_session_, "connection reset"));
    pass(5min);
    const SessionId moved = come('q', "192.0.2.2:2001");
    EXPECT_TRUE(is_welcome(moved));
    note(intake_.on_closed(moved, "connection reset"));
    EXPECT_TRUE(is_welcome(come('q', "192.0.2.2:2002"))) << "it is the agent now";
}

TEST_F(RefusedCopy, DoesNotKeepOutTheAgentStartedAnew) {
    note(intake_.on_closed(agent_session_, "connection reset"));
    EXPECT_TRUE(is_welcome(come('r', "192.0.2.1:1002")));
}

TEST_F(Copies, AnAgentStartedAnewIsLetInWhenItsFormerSelfDoesNotAnswer) {
    const SessionId former = come('p', "192.0.2.1:1000");
    const SessionId anew = come('q', "192.0.2.1:1001");
    now_ += 4999ms;
    note(intake_.on_time(now_));
    EXPECT_FALSE(is_welcome(anew));
    now_ += 1ms;
    note(intake_.on_time(now_));
    EXPECT_TRUE(is_welcome(anew));
    EXPECT_EQ(closed_.count(former), 1U);
    EXPECT_TRUE(told().empty());
}

TEST_F(Copies, AnAgentStartedAnewIsLetInAtOnceWhenTheOldConnectionEnds) {
    const SessionId former = come('p', "192.0.2.1:1000");
    const SessionId anew = come('q', "192.0.2.1:1001");
    note(intake_.on_closed(former, "reset by peer"));
    EXPECT_TRUE(is_welcome(anew));
}

TEST_F(Copies, TwoThatTakeTurnsAreToldOf) {
    note(intake_.on_closed(come('p', "192.0.2.1:1000"), "gone"));
    note(intake_.on_closed(come('q', "192.0.2.2:2000"), "gone"));
    EXPECT_TRUE(told().empty()) << "it may have been started anew";
    EXPECT_TRUE(is_welcome(come('p', "192.0.2.1:1001")));
    EXPECT_EQ(told().size(), 1U) << "a process that was gone does not come back";
}

TEST_F(Copies, OfARevokedAgentAreAllTurnedAway) {
    const SessionId agent = come('p', "192.0.2.1:1000");
    const SessionId copy = come('q', "192.0.2.2:2000");
    note(intake_.revoke(agent_));
    EXPECT_EQ(closed_.count(agent), 1U);
    EXPECT_EQ(closed_.count(copy), 1U);
}

wire::Record record_of(WallTime wall, MonoTime mono) {
    wire::Record record;
    record.wall = wall;
    record.mono = mono;
    return record;
}

TEST(AgentClocks, T17ACalendarThatSteppedIsCorrectedByTheMonotonicClock) {
    AgentClock clock;
    const std::string boot(16, 'b');
    const std::uint64_t number = load_u64(boot.data());
    clock.begin(boot);
    clock.heard(noon + 1h, MonoTime(500s), noon);
    const wire::Record wrong = record_of(noon + 1h - 10s, MonoTime(490s));
    EXPECT_EQ(clock.ahead(wrong, number, noon), Duration(1h));
    const wire::Record from_before_the_step = record_of(noon - 20s, MonoTime(480s));
    EXPECT_EQ(clock.ahead(from_before_the_step, number, noon), Duration{});
    EXPECT_EQ(clock.ahead_at_last_sign(), Duration(1h));
    clock.heard(noon + 10s, MonoTime(510s), noon + 10s);
    EXPECT_EQ(clock.ahead_at_last_sign(), Duration{});
}

class DelayedSigns : public ::testing::Test {
  protected:
    DelayedSigns() { clock_.begin(boot_); }

    /// A sign sent `up` after the machine's start, by a calendar that is right, read `late` later.
    void sign(Duration up, Duration late) {
        clock_.heard(noon + up, MonoTime(up), noon + up + late);
    }

    Duration ahead_of_a_record_made(Duration up) const {
        const WallTime long_after = noon + 24h;
        return clock_.ahead(record_of(noon + up, MonoTime(up)), load_u64(boot_.data()), long_after);
    }

    const std::string boot_ = std::string(16, 'b');
    AgentClock clock_;
};

TEST_F(DelayedSigns, MoveNoTime) {
    sign(500s, 0s);
    sign(510s, 40s);  // behind megabytes of results
    EXPECT_EQ(ahead_of_a_record_made(505s), Duration{});
    sign(560s, 5s);
    EXPECT_EQ(ahead_of_a_record_made(555s), Duration{});
    const wire::Record of_another_boot = record_of(noon + 100s, MonoTime(1s));
    EXPECT_EQ(clock_.ahead(of_another_boot, 7, noon + 565s), Duration{});
}

TEST_F(DelayedSigns, AreForgottenWithTheFirstThatComesInTime) {
    sign(500s, 40s);
    sign(510s, 0s);
    EXPECT_EQ(ahead_of_a_record_made(505s), Duration{});
}

TEST_F(DelayedSigns, MoveNoTimeForTenMinutes) {
    sign(500s, 0s);
    for (Duration later = 10s; later <= 10min; later += 10s) {
        sign(500s + later, 40s + later / 10);  // the queue before them grows
        EXPECT_EQ(ahead_of_a_record_made(500s + later), Duration{}) << to_ms(later);
    }
    // A clock may have drifted, and it is as if ours had been set when that was not seen.
    sign(500s + 11min, 1h);
    EXPECT_EQ(ahead_of_a_record_made(500s + 11min), -Duration(40s + 6s));
    sign(500s + 22min, 1h);
    EXPECT_EQ(ahead_of_a_record_made(500s + 22min), Duration(-1h));
}

TEST_F(DelayedSigns, OfAnyNumberKeepTheOneThatCounts) {
    sign(500s, 0s);
    for (int at = 1; at < 10'000; ++at) {
        sign(500s + at * 10ms, 3s + at * 1ms);
    }
    EXPECT_EQ(ahead_of_a_record_made(600s), Duration{});
}

TEST_F(DelayedSigns, T18AStepOfOurOwnCalendarThatIsKnownIsFollowedAtOnce) {
    sign(500s, 0s);
    clock_.ours_stepped(1h);
    EXPECT_EQ(ahead_of_a_record_made(500s), Duration(-1h));
    EXPECT_EQ(clock_.ahead_at_last_sign(), Duration(-1h));
}

TEST_F(DelayedSigns, CountAcrossConnectionsOfOneBootOnly) {
    sign(500s, 0s);
    clock_.begin(boot_);
    sign(510s, 30s);
    EXPECT_EQ(ahead_of_a_record_made(510s), Duration{});
    clock_.begin(std::string(16, 'c'));
    clock_.heard(noon + 2h, MonoTime(5s), noon + 1h);
    const std::uint64_t boot = load_u64(std::string(16, 'c').data());
    EXPECT_EQ(clock_.ahead(record_of(noon + 2h, MonoTime(5s)), boot, noon + 1h), Duration(1h));
}

TEST_F(DelayedSigns, OfAnHourAgoTellNothingOfNow) {
    sign(500s, 0s);
    sign(500s + 1h, 10s);  // ours was set in between
    EXPECT_EQ(ahead_of_a_record_made(500s + 1h), Duration(-10s));
}

TEST_F(DelayedSigns, OfAMachineSetBackToASnapshotTellNothing) {
    sign(500s, 0s);
    clock_.heard(noon + 480s, MonoTime(480s), noon + 2h);
    EXPECT_EQ(ahead_of_a_record_made(480s), Duration(480s) - 2h);
}

TEST_F(Copies, ATimeIsComparedWithTheMomentItsHelloCameNotWithTheEndOfTheChallenge) {
    come('p', "192.0.2.1:1000");
    const SessionId anew = come('q', "192.0.2.1:1001");
    auto [other, opened] = intake_.open_session(agent_named("b"), "192.0.2.5:1", now_);
    note(opened);
    now_ += 5s;
    note(intake_.on_frame(other, now_, noon + 5s, hello('o')));
    note(intake_.on_time(now_));
    ASSERT_TRUE(is_welcome(anew));
    wire::proto::Frame frame;
    frame.mutable_batch()->set_spool_id(std::string(spool_named("s").raw()));
    frame.mutable_batch()->set_first_seq(1);
    wire::Record made = record_of(noon, MonoTime{});
    made.kind = wire::RecordKind::gap;
    *frame.mutable_batch()->add_records() = wire::to_proto(std::move(made));
    note(intake_.on_frame(anew, now_, noon + 5s, frame));
    now_ += 1s;
    const auto group = intake_.take_group(now_);
    ASSERT_TRUE(group);
    const auto& items = group->pending.back().batch.entry.items();
    ASSERT_EQ(items.size(), 1);
    EXPECT_EQ(items.at(0).ahead_ns(), 0);
}

TEST(AgentClocks, WhatANetworkMayTakeIsLeftAlone) {
    AgentClock clock;
    clock.begin(std::string(16, 'b'));
    clock.heard(noon + 1900ms, MonoTime(500s), noon);
    EXPECT_EQ(clock.ahead(record_of(noon + 1900ms, MonoTime(500s)), 0, noon), Duration{});
}

TEST(AgentClocks, T19NothingIsFartherInTheFutureThanTenMinutes) {
    const AgentClock unheard;
    const WallTime in_2106 = noon + 82 * 365 * 24h;
    const Duration ahead = unheard.ahead(record_of(in_2106, MonoTime(1s)), 7, noon);
    EXPECT_EQ(in_2106 - ahead, noon);
}

}  // namespace
}  // namespace muster::collector
