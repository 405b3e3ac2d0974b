#include "collector/intake/intake.hpp"

#include "base/memory_files.hpp"
#include "tests/collector/journal_entries.hpp"
#include "wire/frames.hpp"
#include "wire/gap.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::collector {
namespace {

using namespace std::chrono_literals;

constexpr WallTime noon = wall_from_ns(1'700'000'000'000'000'000);

struct Seen {
    std::vector<wire::proto::Frame> sent;
    std::vector<std::string> closed;
    std::size_t assigns = 0;
};

Seen seen(const Intake::Actions& actions) {
    Seen result;
    for (const IntakeAction& action : actions) {
        if (const auto* send = std::get_if<intake_action::Send>(&action)) {
            result.sent.push_back(send->frame);
        } else if (const auto* close = std::get_if<intake_action::Close>(&action)) {
            result.closed.push_back(close->why);
        } else {
            ++result.assigns;
        }
    }
    return result;
}

wire::proto::Frame hello(SpoolId spool, std::uint64_t next_seq, std::uint32_t epoch = 1) {
    wire::proto::Frame frame;
    auto& body = *frame.mutable_hello();
    body.set_protocol(1);
    body.set_instance_nonce(std::string(16, 'n'));
    body.set_boot_id(std::string(16, 'b'));
    body.set_assignment_epoch(epoch);
    body.set_version("1.0");
    auto& stream = *body.add_streams();
    stream.set_spool_id(std::string(spool.raw()));
    stream.set_first_unacked(1);
    stream.set_next_seq(next_seq);
    return frame;
}

wire::proto::Frame batch(SpoolId spool, std::uint64_t first, std::vector<wire::Record> records) {
    wire::proto::Frame frame;
    frame.mutable_batch()->set_spool_id(std::string(spool.raw()));
    frame.mutable_batch()->set_first_seq(first);
    for (wire::Record& record : records) {
        *frame.mutable_batch()->add_records() = wire::to_proto(std::move(record));
    }
    return frame;
}

template <class... Records>
std::vector<wire::Record> records(Records... given) {
    std::vector<wire::Record> all;
    (all.push_back(std::move(given)), ...);
    return all;
}

class Taking : public ::testing::Test {
  protected:
    Taking() { issue(1, 10); }

    static IntakeOptions options() {
        IntakeOptions options;
        options.staging.linger = 20ms;
        options.staging.gather = 20ms;
        options.staging.after_failure = 20ms;
        options.data_dir = "/data";
        return options;
    }

    void issue(
        std::uint32_t epoch,
        std::uint32_t count,
        std::vector<std::pair<std::string, std::string>> secret_files = {}
    ) {
        IssuedAssignments issued;
        issued.agent = agent_;
        issued.epoch = epoch;
        issued.dense_count = count;
        auto list = std::make_shared<AssignmentList>();
        const auto spec = std::make_shared<ProbeSpec>();
        spec->type = "icmp";
        spec->encoded = encode_spec("icmp", 1s, 1s, {});
        spec->secret_files = std::move(secret_files);
        list->add(0, ProbeId(Uuid::named("p")), spec, "192.0.2.1");
        issued.items = list;
        last_ = seen(intake_.on_issued(std::move(issued)));
    }

    SessionId connect(std::uint64_t next_seq = 1, std::uint32_t epoch = 1) {
        auto [session, actions] = intake_.open_session(agent_, "192.0.2.9:4000", now_);
        last_ = seen(actions);
        auto more = seen(intake_.on_frame(session, now_, noon, hello(spool_, next_seq, epoch)));
        EXPECT_FALSE(more.sent.empty());
        last_.assigns += more.assigns;
        last_.sent = std::move(more.sent);
        last_.closed = std::move(more.closed);
        return session;
    }

    void says_applied(SessionId session, std::uint32_t epoch = 1) {
        wire::proto::Frame frame;
        frame.mutable_assignments_applied()->set_epoch(epoch);
        seen(intake_.on_frame(session, now_, noon, frame));
    }

    Seen send(SessionId session, std::uint64_t first, std::vector<wire::Record> sent) {
        return seen(intake_.on_frame(session, now_, noon, batch(spool_, first, std::move(sent))));
    }

    Staging::Group take() {
        now_ += 20ms;
        auto group = intake_.take_group(now_);
        EXPECT_TRUE(group);
        return group ? std::move(*group) : Staging::Group{};
    }

    Seen stored(const Staging::Group& group, std::vector<AgentCursor> rejected = {}) {
        return seen(intake_.on_appended(group.id, rejected));
    }

    /// With the acknowledgement of what was sent.
    std::uint64_t credit_told() {
        const Seen out = stored(take());
        for (const wire::proto::Frame& frame : out.sent) {
            if (frame.has_ack()) {
                return frame.ack().credit_bytes();
            }
        }
        ADD_FAILURE() << "nothing was acknowledged";
        return 1;
    }

    static std::vector<EntryKind> kinds(const Staging::Group& group) {
        std::vector<EntryKind> found;
        for (const Pending& pending : group.pending) {
            found.push_back(pending.kind);
        }
        return found;
    }

    AgentId agent_ = agent_named("a");
    SpoolId spool_ = spool_named("s");
    MemoryFiles files_;
    MonoTime now_{1000s};
    Intake intake_{options(), {{agent_, spool_, 4}}, files_, now_};
    Seen last_;
};

TEST_F(Taking, AnswersHelloWithWhatIsStored) {
    connect(9);
    ASSERT_TRUE(last_.sent[0].has_welcome());
    EXPECT_EQ(last_.sent[0].welcome().streams(0).committed_seq(), 4U);
    EXPECT_EQ(last_.sent[0].welcome().assignment_epoch(), 1U);
    EXPECT_EQ(last_.assigns, 0U) << "the agent has this epoch";
    const auto group = take();
    ASSERT_EQ(kinds(group), std::vector{EntryKind::agent_connected});
    proto::AgentConnected body;
    ASSERT_TRUE(body.ParseFromString(group.pending[0].body));
    EXPECT_EQ(body.address(), "192.0.2.9:4000");
    EXPECT_EQ(body.backlog(0).next_seq(), 9U);
    EXPECT_EQ(body.backlog(0).committed_seq(), 4U);
}

TEST_F(Taking, AcknowledgesOnlyWhatIsStored) {
    const SessionId session = connect();
    EXPECT_TRUE(send(session, 5, records(some_record(3), some_record(3))).sent.empty());
    const auto group = take();
    ASSERT_EQ(kinds(group), (std::vector{EntryKind::agent_connected, EntryKind::batch}));
    EXPECT_EQ(group.pending[1].batch.entry.items_size(), 2);
    EXPECT_EQ(group.pending[1].batch.decoded.size(), 2U);
    ASSERT_EQ(group.pending[1].batch.cursors.size(), 1U);
    EXPECT_EQ(group.pending[1].batch.cursors[0].first_seq, 5U);
    EXPECT_EQ(group.pending[1].batch.cursors[0].last_seq, 6U);
    const auto answer = stored(group);
    ASSERT_EQ(answer.sent.size(), 1U);
    EXPECT_EQ(answer.sent[0].ack().committed_seq(), 6U);
}

TEST_F(Taking, StagesNothingTwiceWhenAnAgentComesBackBeforeTheCommit) {
    const SessionId first = connect();
    send(first, 5, records(some_record(3), some_record(3)));
    const auto under_way = take();
    const SessionId second = connect();
    EXPECT_EQ(last_.closed.size(), 1U) << "the older connection ends";
    EXPECT_TRUE(
        send(second, 5, records(some_record(3), some_record(3), some_record(3))).closed.empty()
    );
    const auto next = take();
    ASSERT_EQ(
        kinds(next),
        (std::vector{EntryKind::agent_disconnected, EntryKind::agent_connected, EntryKind::batch})
    );
    EXPECT_EQ(next.pending[2].batch.cursors[0].first_seq, 7U);
    EXPECT_EQ(stored(under_way).sent.at(0).ack().committed_seq(), 6U);
    EXPECT_EQ(stored(next).sent.at(0).ack().committed_seq(), 7U);
}

wire::Record gap_of(std::uint32_t records) {
    return wire::make_gap({.reason = wire::GapReason::damaged}, records, 3 * records);
}

TEST_F(Taking, EndsALinkWhoseGapBeginsAmongWhatIsOnItsWayAndTakesItOnceThatIsStored) {
    const SessionId first = connect();
    send(first, 5, records(some_record(3), some_record(3), some_record(3)));
    const auto under_way = take();
    const SessionId second = connect();
    EXPECT_EQ(last_.sent.at(0).welcome().streams(0).committed_seq(), 4U);
    const auto answer = send(second, 5, records(gap_of(5), some_record(3)));
    ASSERT_EQ(answer.closed.size(), 1U) << "or it would wait for an answer for ever";
    EXPECT_THAT(
        answer.closed.front(), ::testing::HasSubstr("records 5 to 9 begin among records up to 7")
    );
    EXPECT_TRUE(answer.sent.at(0).has_goodbye()) << "it may call again at once";
    const auto next = take();
    EXPECT_EQ(
        kinds(next),
        (std::vector{
            EntryKind::agent_disconnected, EntryKind::agent_connected, EntryKind::agent_disconnected
        })
    ) << "nothing of that batch is staged";
    stored(under_way);
    const SessionId third = connect();
    EXPECT_EQ(last_.sent.at(0).welcome().streams(0).committed_seq(), 7U);
    send(third, 8, records(gap_of(2), some_record(3)));
    EXPECT_EQ(stored(take()).sent.at(0).ack().committed_seq(), 10U);
}

TEST_F(Taking, CorrectsTheTimesOfAGapAsItDoesThoseOfResults) {
    const SessionId session = connect();
    wire::proto::Frame fast;
    fast.mutable_heartbeat()->set_wall_ns(to_ns(noon + 1h));
    fast.mutable_heartbeat()->set_mono_ns(1);
    intake_.on_frame(session, now_, noon, fast);
    const wire::Gap lost{.from = noon + 50min, .to = noon + 55min};
    send(session, 5, records(wire::make_gap(lost, 1, 3), gap_of(1)));
    const auto group = take();
    const BatchGroup& taken = group.pending.at(1).batch;
    const auto reread = decode_batch_body(taken.entry.SerializeAsString());
    ASSERT_TRUE(reread) << reread.error().text();
    for (const std::vector<DecodedBatch>* each : {&taken.decoded, &*reread}) {
        ASSERT_EQ(each->size(), 2U);
        EXPECT_EQ(each->at(0).wall, noon - 10min);
        EXPECT_EQ(each->at(0).gap->from, noon - 10min);
        EXPECT_EQ(each->at(0).gap->to, noon - 5min);
        EXPECT_EQ(each->at(1).gap->from, WallTime{}) << "what is not known is not made up";
        EXPECT_EQ(each->at(1).gap->to, WallTime{});
    }
}

TEST_F(Taking, SetsAsideWhatAnAgentMayNotBringAndGoesOn) {
    const SessionId session = connect();
    wire::Record garbage = some_record(3);
    garbage.payload = "garbage";
    garbage.raw_size = 7;
    wire::Record later = some_record(3);
    later.kind = static_cast<wire::RecordKind>(9);
    send(
        session,
        5,
        records(
            some_record(3, 2),   // an epoch never issued
            some_record(11, 1),  // probe 10 of 0 … 9
            std::move(garbage),
            std::move(later),
            some_record(10, 1)
        )
    );
    const auto group = take();
    const BatchGroup& taken = group.pending.at(1).batch;
    ASSERT_EQ(taken.quarantined.size(), 4U);
    EXPECT_THAT(taken.quarantined[0].why, ::testing::HasSubstr("epoch 2 was never issued"));
    EXPECT_THAT(taken.quarantined[1].why, ::testing::HasSubstr("probe 10 is not among the 10"));
    EXPECT_EQ(taken.quarantined[2].payload, "garbage");
    EXPECT_THAT(taken.quarantined[3].why, ::testing::HasSubstr("kind 9"));
    ASSERT_EQ(taken.decoded.size(), 1U);
    EXPECT_EQ(taken.decoded[0].seq, 9U);
    EXPECT_EQ(taken.cursors[0].last_seq, 9U);
    EXPECT_EQ(stored(group).sent.at(0).ack().committed_seq(), 9U);
    EXPECT_EQ(intake_.counts().quarantined, 4U);
}

TEST_F(Taking, StoresResultsOfTheFutureAsOfWhenTheyCameAndCountsThem) {
    auto [session, actions] = intake_.open_session(agent_, "192.0.2.9:4000", now_);
    seen(actions);
    wire::proto::Frame greeting = hello(spool_, 5);
    greeting.mutable_hello()->set_wall_ns(to_ns(noon));
    greeting.mutable_hello()->set_mono_ns(1);
    seen(intake_.on_frame(session, now_, noon, greeting));
    // Of another start of the machine, so that nothing tells how old they are.
    const auto made = [](std::uint32_t results, Duration ahead) {
        wire::Record record = some_record(results);
        record.wall = noon + ahead;
        return record;
    };
    wire::Record lost = gap_of(1);
    lost.wall = noon + 24h;
    send(session, 5, records(made(3, 9min), made(4, 24h * 365), made(2, 11min), std::move(lost)));
    const auto group = take();
    const auto& decoded = group.pending.at(1).batch.decoded;
    ASSERT_EQ(decoded.size(), 4U);
    EXPECT_EQ(decoded[0].wall, noon + 9min) << "a calendar may be wrong by that";
    EXPECT_EQ(decoded[1].wall, noon);
    EXPECT_EQ(decoded[2].wall, noon);
    EXPECT_EQ(intake_.counts().from_future, 6U) << "results; what a gap lost is none";
}

// T-38: an agent is whom its certificate names. What was assigned to another is nothing to it, and who tried stands in the log.
TEST_F(Taking, T38SetsAsideResultsOfProbesThatWereAssignedToAnotherAgent) {
    const AgentId other = agent_named("b");
    const SpoolId spool = spool_named("t");
    testing::internal::CaptureStderr();
    auto [session, actions] = intake_.open_session(other, "192.0.2.10:4000", now_);
    seen(actions);
    seen(intake_.on_frame(session, now_, noon, hello(spool, 2, 1)));
    seen(intake_.on_frame(session, now_, noon, batch(spool, 1, records(some_record(3, 1)))));
    const std::string log = testing::internal::GetCapturedStderr();
    const auto group = take();
    const BatchGroup& taken = group.pending.back().batch;
    ASSERT_EQ(taken.quarantined.size(), 1U);
    EXPECT_THAT(taken.quarantined[0].why, ::testing::HasSubstr("never issued to this agent"));
    EXPECT_TRUE(taken.decoded.empty());
    EXPECT_THAT(log, ::testing::HasSubstr("intake.quarantined"));
    EXPECT_THAT(log, ::testing::HasSubstr(other.text()));
}

TEST_F(Taking, TakesWhatAnAgentHasSeenOfItsOwnMachine) {
    const SessionId session = connect();
    const wire::Observations seen = some_observations(agent_);
    send(session, 5, records(some_record(3), record_of(seen)));
    const auto group = take();
    const BatchGroup& taken = group.pending.at(1).batch;
    EXPECT_TRUE(taken.quarantined.empty());
    ASSERT_EQ(taken.decoded.size(), 2U);
    EXPECT_FALSE(taken.decoded[0].observations);
    ASSERT_TRUE(taken.decoded[1].observations);
    EXPECT_EQ(*taken.decoded[1].observations, seen);
    EXPECT_EQ(taken.entry.items(1).kind(), 2U);
    EXPECT_EQ(taken.entry.items(1).count(), seen.items.size());
    EXPECT_GT(memory_bytes(taken.decoded[1]), memory_bytes(DecodedBatch{}));
}

TEST_F(Taking, SetsAsideObservationsThatNameAnotherAgentOrPassABound) {
    const SessionId session = connect();
    wire::Observations crowd = some_observations(agent_);
    for (int at = 0; at < 5'000; ++at) {
        crowd.items.push_back(
            {.object = std::to_string(at), .ci_class = "disk", .keys = {}, .attributes = {}}
        );
    }
    send(
        session, 5, records(record_of(some_observations(agent_named("another"))), record_of(crowd))
    );
    const auto group = take();
    const BatchGroup& taken = group.pending.at(1).batch;
    ASSERT_EQ(taken.quarantined.size(), 2U);
    EXPECT_THAT(
        taken.quarantined[0].why,
        ::testing::HasSubstr(
            "\"host\" is said to be of agent " + agent_named("another").text() +
            ", not of the one that says so"
        )
    );
    EXPECT_THAT(taken.quarantined[1].why, ::testing::HasSubstr("more than 5000 items"));
    EXPECT_EQ(stored(group).sent.at(0).ack().committed_seq(), 6U);
}

TEST_F(Taking, UnderstandsResultsOfEarlierEpochs) {
    issue(2, 3);
    const SessionId session = connect(5, 2);
    send(session, 5, records(some_record(10, 1), some_record(3, 2)));
    EXPECT_TRUE(take().pending.at(1).batch.quarantined.empty());
}

TEST_F(Taking, PushesAssignmentsWithTheirSecrets) {
    ASSERT_TRUE(write_file_atomically(files_, "/secret", "public\n"));
    issue(1, 10, {{"community", "/secret"}, {"missing", "/nowhere"}});
    const SessionId session = connect(1, 0);
    EXPECT_EQ(last_.assigns, 1U) << "the agent has nothing yet";
    auto frames = intake_.assignments(session);
    ASSERT_EQ(frames.size(), 1U);
    EXPECT_EQ(frames[0].assignments().epoch(), 1U);
    const auto& item = frames[0].assignments().items(0);
    EXPECT_EQ(item.secrets().at("community"), "public");
    EXPECT_EQ(item.secrets().count("missing"), 0U);
    EXPECT_THAT(item.unread_secrets().at("missing"), ::testing::HasSubstr("/nowhere: "));
    EXPECT_EQ(item.unread_secrets_size(), 1);
    issue(2, 1);
    EXPECT_EQ(last_.assigns, 1U) << "at once, to an agent that is here";
}

TEST_F(Taking, SendsNothingOfTheCollectorsOwnFiles) {
    ASSERT_TRUE(files_.create_directories("/data"));
    ASSERT_TRUE(write_file_atomically(files_, "/data/admin.token", "mst_secret\n"));
    issue(1, 10, {{"community", "/data/admin.token"}});
    const auto frames = intake_.assignments(connect(1, 0));
    ASSERT_EQ(frames.size(), 1U);
    const auto& item = frames[0].assignments().items(0);
    EXPECT_EQ(item.secrets_size(), 0);
    EXPECT_THAT(item.unread_secrets().at("community"), ::testing::HasSubstr("below data_dir"));
}

TEST_F(Taking, SendsAgainWhatHasOtherSecretsAndNothingElse) {
    ASSERT_TRUE(write_file_atomically(files_, "/secret", "public\n"));
    issue(1, 10, {{"community", "/secret"}});
    const SessionId session = connect(1, 0);
    intake_.assignments(session);
    EXPECT_EQ(seen(intake_.reread_secrets()).assigns, 0U) << "it reads the same";
    ASSERT_TRUE(write_file_atomically(files_, "/secret", "rotated\n"));
    EXPECT_EQ(seen(intake_.reread_secrets()).assigns, 1U);
    const auto frames = intake_.assignments(session);
    EXPECT_EQ(frames.at(0).assignments().epoch(), 1U) << "the same probes";
    EXPECT_EQ(frames.at(0).assignments().items(0).secrets().at("community"), "rotated");
    EXPECT_EQ(seen(intake_.reread_secrets()).assigns, 0U);
    ASSERT_TRUE(files_.remove("/secret"));
    EXPECT_EQ(seen(intake_.reread_secrets()).assigns, 1U) << "one that went is news as well";
}

TEST_F(Taking, KnowsWhichSecretsAnAgentHasOnlyFromItsWord) {
    ASSERT_TRUE(write_file_atomically(files_, "/secret", "public\n"));
    issue(1, 10, {{"community", "/secret"}});
    const SessionId first = connect();
    EXPECT_EQ(last_.assigns, 1U) << "it has this epoch, with secrets of who knows when";
    intake_.assignments(first);
    const SessionId second = connect();
    EXPECT_EQ(last_.assigns, 1U) << "the connection may have broken before they came";
    intake_.assignments(second);
    says_applied(second);
    const SessionId third = connect();
    EXPECT_EQ(last_.assigns, 0U);
    EXPECT_EQ(seen(intake_.reread_secrets()).assigns, 0U);
    intake_.on_closed(third, "connection reset");
    ASSERT_TRUE(write_file_atomically(files_, "/secret", "rotated\n"));
    connect();
    EXPECT_EQ(last_.assigns, 1U) << "changed while it was away";
}

TEST_F(Taking, TellsWhichAgentsAreAliveAndHadNothingElseToSay) {
    const SessionId session = connect();
    take();
    wire::proto::Frame heartbeat;
    heartbeat.mutable_heartbeat()->set_mono_ns(5);
    for (int i = 0; i < 3; ++i) {
        intake_.on_frame(session, now_, noon, heartbeat);
    }
    now_ += 10s;
    intake_.on_time(now_);
    const auto group = take();
    ASSERT_EQ(kinds(group), std::vector{EntryKind::agent_alive});
    proto::AgentAlive alive;
    ASSERT_TRUE(alive.ParseFromString(group.pending[0].body));
    EXPECT_EQ(alive.agent_ids_size(), 1);
    now_ += 10s;
    intake_.on_time(now_);
    EXPECT_FALSE(intake_.take_group(now_ + 1s)) << "nobody has been heard since";
}

TEST_F(Taking, EndsASessionThatFallsSilent) {
    connect();
    take();
    now_ += 31s;
    EXPECT_EQ(seen(intake_.on_time(now_)).closed.size(), 1U);
    EXPECT_EQ(kinds(take()), std::vector{EntryKind::agent_disconnected});
    EXPECT_EQ(intake_.sessions(), 0U);
}

TEST_F(Taking, TellsAnOrderlyEndFromABrokenConnection) {
    const SessionId first = connect();
    wire::proto::Frame goodbye;
    goodbye.mutable_goodbye()->set_reason("stopping");
    EXPECT_EQ(seen(intake_.on_frame(first, now_, noon, goodbye)).closed.size(), 1U);
    const SessionId second = connect();
    intake_.on_closed(second, "connection reset");
    const auto group = take();
    ASSERT_EQ(group.pending.size(), 4U);
    proto::AgentDisconnected orderly;
    proto::AgentDisconnected broken;
    ASSERT_TRUE(orderly.ParseFromString(group.pending[1].body));
    ASSERT_TRUE(broken.ParseFromString(group.pending[3].body));
    EXPECT_TRUE(orderly.orderly());
    EXPECT_EQ(orderly.reason(), "stopping");
    EXPECT_FALSE(broken.orderly());
}

TEST_F(Taking, LetsAgentsSendAgainWhatCouldNotBeStored) {
    const SessionId first = connect();
    send(first, 5, records(some_record(3)));
    const auto group = take();
    send(first, 6, records(some_record(3)));
    const auto lost = seen(intake_.on_appended(group.id, failure(ErrorKind::full, "disk full")));
    EXPECT_EQ(lost.closed.size(), 1U);
    const SessionId second = connect();
    EXPECT_EQ(last_.sent[0].welcome().streams(0).committed_seq(), 4U);
    send(second, 5, records(some_record(3), some_record(3)));
    const auto again = take();
    EXPECT_EQ(again.pending.back().batch.cursors.at(0).first_seq, 5U);
    EXPECT_EQ(stored(again).sent.at(0).ack().committed_seq(), 6U);
}

TEST_F(Taking, StandsWhereTheJournalStandsWhenTheyDisagree) {
    const SessionId session = connect();
    send(session, 5, records(some_record(3)));
    const auto group = take();
    EXPECT_EQ(stored(group, {{agent_, spool_, 2}}).closed.size(), 1U);
    connect();
    EXPECT_EQ(last_.sent[0].welcome().streams(0).committed_seq(), 2U);
}

TEST_F(Taking, BeginsASpoolAnewThatTheJournalHasForgotten) {
    const SessionId session = connect();
    send(session, 5, records(some_record(3)));
    EXPECT_EQ(stored(take(), {{agent_, spool_, 0}}).closed.size(), 1U);
    const SessionId again = connect();
    EXPECT_EQ(last_.sent[0].welcome().streams(0).committed_seq(), 0U);
    send(again, 1, records(some_record(3)));
    const auto begun = take();
    EXPECT_TRUE(begun.pending.back().batch.cursors.at(0).begins);
    EXPECT_EQ(stored(begun).sent.at(0).ack().committed_seq(), 1U);
}

/// An agent that names a new spool with each connection costs what 64 of them cost.
TEST_F(Taking, RemembersOfAnAgentTheSpoolsUsedLast) {
    const SpoolId first = spool_;
    for (int i = 0; i < 100; ++i) {
        spool_ = spool_named("spool " + std::to_string(i));
        const SessionId session = connect();
        EXPECT_EQ(last_.sent[0].welcome().streams(0).committed_seq(), 0U);
        send(session, 1, records(some_record(3)));
        EXPECT_EQ(stored(take()).sent.at(0).ack().committed_seq(), 1U);
        seen(intake_.on_closed(session, "broke"));
    }
    connect();
    EXPECT_EQ(last_.sent[0].welcome().streams(0).committed_seq(), 1U) << "the last one";
    spool_ = spool_named("spool 36");
    connect();
    EXPECT_EQ(last_.sent[0].welcome().streams(0).committed_seq(), 1U) << "the oldest that is kept";
    for (const SpoolId gone : {first, spool_named("spool 35")}) {
        spool_ = gone;
        connect();
        EXPECT_EQ(last_.sent[0].welcome().streams(0).committed_seq(), 0U);
    }
}

TEST_F(Taking, EndsALinkOfASpoolThatWasForgottenMeanwhile) {
    std::vector<AgentCursor> many;
    for (std::uint64_t i = 0; i < 64; ++i) {
        many.push_back({agent_, spool_named("other " + std::to_string(i)), 1, 0, 0, 100 + i});
    }
    many.push_back({agent_, spool_, 4, 0, 0, 99});
    intake_ = Intake(options(), many, files_, now_);
    auto [session, actions] = intake_.open_session(agent_, "192.0.2.9:4000", now_);
    auto two = hello(spool_, 5);
    const SpoolId fresh = spool_named("fresh");
    two.mutable_hello()->add_streams()->set_spool_id(std::string(fresh.raw()));
    EXPECT_EQ(seen(intake_.on_frame(session, now_, noon, two)).sent.size(), 1U);
    seen(intake_.on_frame(session, now_, noon, batch(fresh, 1, records(gap_of(1)))));
    EXPECT_TRUE(stored(take()).closed.empty());
    const auto answer = send(session, 5, records(some_record(3)));
    ASSERT_EQ(answer.closed.size(), 1U) << "or it would wait for an answer for ever";
    EXPECT_THAT(answer.closed.front(), ::testing::HasSubstr("forgotten"));
}

TEST_F(Taking, GoesOnBehindAGroupThatWasStoredAfterOneThatWasNot) {
    const SessionId session = connect();
    const auto refused = take();
    send(session, 5, records(some_record(3)));
    const auto smaller = take();
    seen(intake_.on_appended(refused.id, failure(ErrorKind::full, "disk full")));
    stored(smaller);
    const SessionId again = connect();
    EXPECT_EQ(last_.sent[0].welcome().streams(0).committed_seq(), 5U);
    send(again, 6, records(some_record(3)));
    EXPECT_EQ(take().pending.back().batch.cursors.at(0).first_seq, 6U);
}

TEST_F(Taking, GivesEachTheLessCreditTheMoreThereAre) {
    const SessionId first = connect();
    EXPECT_EQ(last_.sent.at(0).welcome().credit_bytes(), 4U << 20U);
    std::vector<SessionId> others;
    for (int i = 1; i < 1000; ++i) {
        const AgentId other = agent_named("agent " + std::to_string(i));
        others.push_back(intake_.open_session(other, "192.0.2.9:4000", now_).first);
    }
    EXPECT_EQ(intake_.read_ahead(), 128U << 10U) << "128 MiB, shared out";
    send(first, 5, records(some_record(3)));
    EXPECT_EQ(credit_told(), 128U << 10U);
    intake_.set_credit(512U << 10U);
    send(first, 6, records(some_record(3)));
    EXPECT_EQ(credit_told(), 16U << 10U) << "an eighth of that";
    intake_.set_credit(0);
    send(first, 7, records(some_record(3)));
    EXPECT_EQ(credit_told(), 0U);
    intake_.set_credit(4U << 20U);
    for (const SessionId other : others) {
        intake_.on_closed(other, "gone");
    }
    EXPECT_EQ(intake_.read_ahead(), 4U << 20U);
    send(first, 8, records(some_record(3)));
    EXPECT_EQ(credit_told(), 4U << 20U);
}

TEST_F(Taking, TurnsARevokedAgentAway) {
    connect();
    const auto out = seen(intake_.revoke(agent_));
    EXPECT_TRUE(out.sent.at(0).has_refusal());
    EXPECT_EQ(out.closed.size(), 1U);
}

Staging staging_of_one() {
    Staging staging({.linger = 20ms, .group_bytes = 1000, .in_flight = 2});
    staging.add(EntryKind::command, "a", {});
    return staging;
}

TEST(GroupCommits, GoAtOnceAfterAQuietTimeAndThenKeepTheirDistance) {
    Staging staging = staging_of_one();
    EXPECT_TRUE(staging.take(MonoTime(1s)));
    EXPECT_EQ(staging.due(), MonoTime::max());
    staging.add(EntryKind::command, "b", {});
    EXPECT_FALSE(staging.take(MonoTime(1s) + 19ms));
    EXPECT_EQ(staging.due(), MonoTime(1s) + 20ms);
    EXPECT_TRUE(staging.take(MonoTime(1s) + 20ms));
}

/// A record of one stream, as intake stages it.
void stage_record(Staging& staging, std::uint64_t seq, bool urgent = false) {
    DecodedBatch decoded;
    decoded.agent = agent_named("a");
    decoded.spool = spool_named("s");
    decoded.seq = seq;
    const CursorUpdate step{
        .agent = decoded.agent, .spool = decoded.spool, .first_seq = seq, .last_seq = seq
    };
    staging.add_record({}, std::move(decoded), step, urgent);
}

TEST(GroupCommits, OfRoutineResultsGather) {
    Staging staging = staging_of_one();
    EXPECT_TRUE(staging.take(MonoTime(1s)));
    stage_record(staging, 1);
    EXPECT_EQ(staging.due(), MonoTime(1s) + 200ms);
}

TEST(GroupCommits, WithAChangeOfStateDoNotGather) {
    Staging staging = staging_of_one();
    staging.stored(staging.take(MonoTime(1s))->id);
    stage_record(staging, 1);
    stage_record(staging, 2, true);
    EXPECT_EQ(staging.due(), MonoTime(1s) + 20ms);
    EXPECT_TRUE(staging.take(MonoTime(1s) + 20ms));
    stage_record(staging, 3);
    EXPECT_EQ(staging.due(), MonoTime(1s) + 220ms) << "the next group is a routine one again";
}

TEST(GroupCommits, DoNotHoldUpAStreamThatFillsItsWindow) {
    Staging staging = staging_of_one();
    EXPECT_TRUE(staging.take(MonoTime(1s)));
    for (std::uint64_t seq = 1; seq <= 4; ++seq) {
        EXPECT_EQ(staging.due(), seq == 1 ? MonoTime::max() : MonoTime(1s) + 200ms);
        stage_record(staging, seq);
    }
    EXPECT_EQ(staging.due(), MonoTime(1s) + 20ms);
}

TEST(GroupCommits, GoAtOnceWhenTheyAreLarge) {
    Staging staging = staging_of_one();
    EXPECT_TRUE(staging.take(MonoTime(1s)));
    staging.add_quarantined(
        {.agent = agent_named("a"),
         .spool = spool_named("s"),
         .seq = 1,
         .why = {},
         .payload = std::string(1000, 'x')},
        {.agent = agent_named("a"), .spool = spool_named("s"), .first_seq = 1, .last_seq = 1}
    );
    EXPECT_TRUE(staging.take(MonoTime(1s)));
}

TEST(GroupCommits, WaitForAnswersWhenTwoAreUnderWay) {
    Staging staging = staging_of_one();
    const auto first = staging.take(MonoTime(1s));
    staging.add(EntryKind::command, "b", {});
    EXPECT_TRUE(staging.take(MonoTime(2s)));
    staging.add(EntryKind::command, "c", {});
    EXPECT_FALSE(staging.take(MonoTime(3s)));
    staging.stored(first->id);
    EXPECT_TRUE(staging.take(MonoTime(3s)));
}

/// Kind and text of what a group holds.
std::vector<std::string> texts(const std::optional<Staging::Group>& group) {
    std::vector<std::string> all;
    for (const Pending& pending : group->pending) {
        all.push_back(pending.body);
    }
    return all;
}

TEST(GroupCommits, ThatFailAreMadeAgainASecondLaterWithWhoCameAndWent) {
    Staging staging({});
    staging.add(EntryKind::agent_connected, "a comes", agent_named("a"));
    staging.add(EntryKind::agent_alive, "alive", {});
    staging.add(EntryKind::agent_disconnected, "b goes", agent_named("b"));
    const auto first = staging.take(MonoTime(1s));
    staging.add(EntryKind::agent_connected, "c comes", agent_named("c"));
    staging.failed(first->id);
    EXPECT_EQ(staging.due(), MonoTime(2s)) << "a full disk is not asked all the time";
    const auto second = staging.take(MonoTime(2s));
    EXPECT_THAT(texts(second), testing::ElementsAre("a comes", "b goes", "c comes"));
    staging.failed(second->id);
    const auto third = staging.take(MonoTime(3s));
    EXPECT_THAT(texts(third), testing::ElementsAre("a comes", "b goes", "c comes"));
    staging.stored(third->id);
    EXPECT_EQ(staging.due(), MonoTime::max());
    staging.add(EntryKind::agent_alive, "alive", {});
    EXPECT_EQ(staging.due(), MonoTime(3s) + 20ms) << "as usual again";
}

TEST(GroupCommits, ThatFailGiveUpWhatANewerEntrySaysOtherwise) {
    Staging staging({});
    staging.add(EntryKind::agent_connected, "a comes", agent_named("a"));
    staging.add(EntryKind::agent_copied, "a is copied", agent_named("a"));
    staging.add(EntryKind::agent_disconnected, "a goes", agent_named("a"));
    staging.add(EntryKind::agent_connected, "b comes", agent_named("b"));
    const auto first = staging.take(MonoTime(1s));
    staging.add(EntryKind::agent_disconnected, "b goes", agent_named("b"));
    const auto second = staging.take(MonoTime(2s));
    staging.failed(first->id);
    EXPECT_THAT(texts(staging.take(MonoTime(5s))), testing::ElementsAre("a is copied", "a goes"));
    staging.stored(second->id);
}

}  // namespace
}  // namespace muster::collector
