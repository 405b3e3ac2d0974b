// T-15: a collector that went back to a backup finds out from its agents what it lacks of streams that they have deleted since, and
// stores a gap for it, once.
#include "base/memory_files.hpp"
#include "collector/intake/intake.hpp"
#include "tests/collector/journal_entries.hpp"
#include "wire/finished_stream.hpp"
#include "wire/frames.hpp"
#include "wire/gap.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::collector {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr WallTime noon = wall_from_ns(1'700'000'000'000'000'000);

class LackingCollector : public ::testing::Test {
  protected:
    static IntakeOptions options() {
        IntakeOptions options;
        options.staging.linger = 20ms;
        options.staging.gather = 20ms;
        options.staging.after_failure = 20ms;
        return options;
    }

    /// Records 11 to 50, with results 100 to 500 of its stream.
    static wire::FinishedStream finished(const std::string& name = "old") {
        return {
            .spool = spool_named(name),
            .begins_at = 11,
            .results_at_begin = 100,
            .last_seq = 50,
            .results = 500,
            .from = noon - 20min,
            .to = noon - 10min
        };
    }

    wire::proto::Frame hello(const std::vector<wire::FinishedStream>& streams) const {
        wire::proto::Frame frame;
        auto& body = *frame.mutable_hello();
        body.set_protocol(1);
        body.set_instance_nonce(std::string(16, 'n'));
        body.set_boot_id(std::string(16, 'b'));
        body.set_wall_ns(to_ns(noon));
        auto& stream = *body.add_streams();
        stream.set_spool_id(std::string(spool_.raw()));
        stream.set_next_seq(1);
        for (const wire::FinishedStream& each : streams) {
            *body.add_finished() = wire::to_proto(each);
        }
        return frame;
    }

    /// Why sessions were closed, and whether there was a Welcome.
    struct Heard {
        std::vector<std::string> closed;
        bool is_welcome = false;
    };

    Heard heard(const Intake::Actions& actions) {
        Heard all;
        for (const IntakeAction& action : actions) {
            if (const auto* send = std::get_if<intake_action::Send>(&action)) {
                all.is_welcome = all.is_welcome || send->frame.has_welcome();
            } else if (const auto* close = std::get_if<intake_action::Close>(&action)) {
                all.closed.push_back(close->why);
            }
        }
        return all;
    }

    Heard connect(AgentId agent, const std::vector<wire::FinishedStream>& streams) {
        const auto opened = intake_.open_session(agent, "192.0.2.9:4000", now_);
        session_ = opened.first;
        return heard(intake_.on_frame(session_, now_, noon, hello(streams)));
    }

    Heard connect(const std::vector<wire::FinishedStream>& streams) {
        return connect(agent_, streams);
    }

    Staging::Group take() {
        now_ += 20ms;
        auto group = intake_.take_group(now_);
        return group ? std::move(*group) : Staging::Group{};
    }

    /// Everything staged is stored. "old 11-50: 400" of each gap in it.
    std::vector<std::string> stored_gaps() {
        const Staging::Group group = take();
        gaps_.clear();
        std::vector<std::string> out;
        for (const Pending& pending : group.pending) {
            for (const DecodedBatch& each : pending.batch.decoded) {
                if (each.gap) {
                    gaps_.push_back(*each.gap);
                    out.push_back(
                        each.spool.text() + " " + std::to_string(each.seq) + "-" +
                        std::to_string(each.seq + each.span - 1) + ": " + std::to_string(each.lost)
                    );
                }
            }
            for (const CursorUpdate& cursor : pending.batch.cursors) {
                cursors_.push_back(cursor);
            }
        }
        if (group.id != 0) {
            EXPECT_THAT(heard(intake_.on_appended(group.id, {})).closed, IsEmpty());
        }
        return out;
    }

    static std::string told(const std::string& name, const std::string& what) {
        return spool_named(name).text() + " " + what;
    }

    void restart_with(std::vector<AgentCursor> cursors) {
        intake_ = Intake(options(), cursors, files_, now_);
    }

    AgentId agent_ = agent_named("a");
    SpoolId spool_ = spool_named("growing");
    MemoryFiles files_;
    MonoTime now_{1000s};
    Intake intake_{options(), {}, files_, now_};
    SessionId session_ = 0;
    std::vector<wire::Gap> gaps_;
    std::vector<CursorUpdate> cursors_;
};

TEST_F(LackingCollector, T15HasAGapForAStreamOfWhichItNeverHeard) {
    EXPECT_TRUE(connect({finished()}).is_welcome);
    EXPECT_THAT(stored_gaps(), ElementsAre(told("old", "11-50: 400")));
    EXPECT_EQ(gaps_.front().reason, wire::GapReason::restored);
    EXPECT_EQ(gaps_.front().from, noon - 20min);
    EXPECT_EQ(gaps_.front().to, noon - 10min);
    ASSERT_THAT(cursors_, SizeIs(1));
    EXPECT_TRUE(cursors_.front().begins);
    EXPECT_EQ(cursors_.front().results, 500U) << "those before it under another name included";
    EXPECT_THAT(connect({finished()}).closed, SizeIs(1)) << "the older connection";
    EXPECT_THAT(stored_gaps(), IsEmpty()) << "once";
    restart_with({{agent_, finished().spool, 50, 7, 500, 1}});
    connect({finished()});
    EXPECT_THAT(stored_gaps(), IsEmpty()) << "nor by a later process";
}

TEST_F(LackingCollector, T15HasAGapForWhatItLacksOfAStreamThatItHadInPart) {
    restart_with({{agent_, finished().spool, 42, 7, 430, 1}});
    connect({finished()});
    EXPECT_THAT(stored_gaps(), ElementsAre(told("old", "43-50: 70")));
    EXPECT_EQ(gaps_.front().from, WallTime{}) << "when record 43 was made nobody knows any more";
    EXPECT_EQ(gaps_.front().to, noon - 10min);
}

TEST_F(LackingCollector, T15HasNoneForWhatItHas) {
    restart_with(
        {{agent_, finished().spool, 50, 7, 500, 1}, {agent_, spool_named("more"), 60, 7, 900, 2}}
    );
    connect({finished(), finished("more")});
    EXPECT_THAT(stored_gaps(), IsEmpty());
}

TEST_F(LackingCollector, T15IsToldOfEarlierOnesWithTheOneThatIsLacking) {
    wire::FinishedStream first = finished("first");
    first.earlier_streams = 7;
    first.earlier_results = 1000;
    wire::FinishedStream second = finished("second");
    second.earlier_streams = 3;
    second.earlier_results = 50;
    restart_with({{agent_, first.spool, 50, 7, 500, 1}});
    connect({first, second});
    EXPECT_THAT(stored_gaps(), ElementsAre(told("second", "11-50: 450")));
    connect({first, second});
    EXPECT_THAT(stored_gaps(), IsEmpty());
}

TEST_F(LackingCollector, T15TellsAgainWhatCouldNotBeStored) {
    connect({finished()});
    const Staging::Group group = take();
    const auto failed = intake_.on_appended(group.id, failure(ErrorKind::full, "disk full"));
    EXPECT_THAT(heard(failed).closed, SizeIs(1));
    connect({finished()});
    EXPECT_THAT(stored_gaps(), ElementsAre(told("old", "11-50: 400")));
}

TEST_F(LackingCollector, T15TellsItOnceWhenTheAgentComesBackBeforeTheCommit) {
    connect({finished()});
    const Staging::Group under_way = take();
    connect({finished()});
    EXPECT_THAT(stored_gaps(), IsEmpty());
    EXPECT_THAT(heard(intake_.on_appended(under_way.id, {})).closed, IsEmpty());
    connect({finished()});
    EXPECT_THAT(stored_gaps(), IsEmpty());
}

/// Its agent brought a part of it once more, lost its connection, and was killed before it had written down that it should.
TEST_F(LackingCollector, T15WaitsForWhatIsStillOnItsWayToTheJournal) {
    restart_with({{agent_, finished().spool, 42, 7, 430, 1}});
    auto both = hello({});
    auto& old = *both.mutable_hello()->add_streams();
    old.set_spool_id(std::string(finished().spool.raw()));
    old.set_next_seq(51);
    const auto opened = intake_.open_session(agent_, "192.0.2.9:4000", now_);
    intake_.on_frame(opened.first, now_, noon, both);
    wire::proto::Frame batch;
    batch.mutable_batch()->set_spool_id(std::string(finished().spool.raw()));
    batch.mutable_batch()->set_first_seq(43);
    *batch.mutable_batch()->add_records() =
        wire::to_proto(wire::make_gap({.reason = wire::GapReason::full}, 3, 30));
    intake_.on_frame(opened.first, now_, noon, batch);
    const Staging::Group under_way = take();
    const auto answer = connect({finished()});
    EXPECT_FALSE(answer.is_welcome);
    ASSERT_THAT(answer.closed, SizeIs(2)) << "the older connection, and this one";
    EXPECT_THAT(answer.closed.back(), HasSubstr("connect again"));
    EXPECT_THAT(heard(intake_.on_appended(under_way.id, {})).closed, IsEmpty());
    EXPECT_TRUE(connect({finished()}).is_welcome);
    EXPECT_THAT(stored_gaps(), ElementsAre(told("old", "46-50: 40")));
}

TEST_F(LackingCollector, T15BelievesEachAgentOfItselfOnly) {
    const AgentId other = agent_named("b");
    restart_with({{agent_, finished().spool, 50, 7, 500, 1}});
    connect(other, {finished()});
    EXPECT_THAT(stored_gaps(), ElementsAre(told("old", "11-50: 400")));
    EXPECT_EQ(cursors_.front().agent, other);
    connect({finished()});
    EXPECT_THAT(stored_gaps(), IsEmpty()) << "what the other one says of it changes nothing";
}

/// The same bound as for spools that it still has: an agent that makes up names pushes out its own.
TEST_F(LackingCollector, T15RemembersNoMoreOfAnAgentThatMakesUpNames) {
    for (int round = 0; round < 4; ++round) {
        std::vector<wire::FinishedStream> made_up;
        for (std::size_t at = 0; at < wire::most_finished; ++at) {
            made_up.push_back(finished(std::to_string(round) + "." + std::to_string(at)));
        }
        connect(made_up);
        EXPECT_THAT(stored_gaps(), SizeIs(wire::most_finished));
    }
    // Of 192 the last 64 or so are known: what is told anew is the rest.
    std::vector<wire::FinishedStream> kept;
    for (std::size_t at = 0; at < wire::most_finished; ++at) {
        kept.push_back(finished("3." + std::to_string(at)));
    }
    connect(kept);
    EXPECT_THAT(stored_gaps(), IsEmpty());
    connect({finished("2.47"), finished("2.40"), finished("2.20"), finished("0.0")});
    EXPECT_THAT(stored_gaps(), ElementsAre(told("2.20", "11-50: 400"), told("0.0", "11-50: 400")));
}

TEST_F(LackingCollector, T15TellsWhatDoesNotFitAGapWithTheNextConnections) {
    wire::FinishedStream endless = finished();
    endless.last_seq = 10 + 3'000'000'000ULL * 3;
    endless.results = 100 + 3'000'000'000ULL;
    connect({endless});
    EXPECT_THAT(stored_gaps(), ElementsAre(told("old", "11-4294967305: 3000000000")));
    connect({endless});
    EXPECT_THAT(stored_gaps(), ElementsAre(told("old", "4294967306-8589934600: 0")));
    connect({endless});
    EXPECT_THAT(stored_gaps(), ElementsAre(told("old", "8589934601-9000000010: 0")));
    connect({endless});
    EXPECT_THAT(stored_gaps(), IsEmpty());
}

}  // namespace
}  // namespace muster::collector
