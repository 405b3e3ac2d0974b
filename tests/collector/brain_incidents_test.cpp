#include "brain_world.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::collector::brain_test {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

const std::string with_channel =
    "channels:\n  - {name: ops, type: webhook, url: \"https://127.0.0.1:1/\", secret: {file: "
    "/s}}\n";

/// One agent that is connected, with `probes_each` probes on each of `targets` hosts.
struct Site {
    explicit Site(int targets, int probes_each = 1, const std::string& more = with_channel) {
        world.start();
        agent = &world.enrol("a1");
        world.load_config(simple_targets(targets, probes_each, more));
        world.connect(*agent);
    }

    /// One result of each named probe, every second, `times` times.
    void say(std::vector<std::string> probes, wire::ResultState state, int times = 1) {
        for (int i = 0; i < times; ++i) {
            world.advance(seconds(1));
            std::vector<Said> results;
            for (const std::string& probe : probes) {
                results.push_back({probe, state, {}, state == ok ? "" : "no reply"});
            }
            world.deliver(*agent, std::move(results));
        }
    }

    BrainWorld world;
    TestAgent* agent = nullptr;
};

TEST(Brain, OpensOneIncidentForOneFaultAndResolvesIt) {
    Site site(1);
    site.say({"t1/p"}, ok, 3);
    EXPECT_EQ(site.world.probe_state("t1/p"), "ok");
    EXPECT_EQ(site.world.ci_state("t1"), "up");
    site.say({"t1/p"}, critical, 3);
    EXPECT_EQ(site.world.ci_state("t1"), "down");
    EXPECT_THAT(site.world.rows("incident"), IsEmpty()) << "the hold is not over";
    site.world.pass(seconds(6));
    EXPECT_EQ(site.world.incidents("new"), 1U);
    EXPECT_THAT(site.world.column("incident", incident_seen), ElementsAre("no reply"));
    EXPECT_THAT(site.world.column("incident", incident_late), ElementsAre("0"));
    site.say({"t1/p"}, critical, 20);
    site.say({"t1/p"}, ok, 1);
    EXPECT_EQ(site.world.incidents("new"), 1U) << "one success is not a recovery";
    site.say({"t1/p"}, ok, 1);
    EXPECT_EQ(site.world.incidents("resolved"), 1U);
    EXPECT_EQ(site.world.ci_state("t1"), "up");
    EXPECT_THAT(site.world.outbox(), ElementsAre("INC-1/opened/ops", "INC-1/resolved/ops"));
    EXPECT_THAT(
        site.world.column("incident_timeline", timeline_kind),
        ElementsAre("opened", "recovered", "resolved")
    );
}

TEST(Brain, OpensNothingForATargetThatNeverAnswered) {
    Site site(1);
    site.say({"t1/p"}, critical, 50);
    site.world.pass(seconds(30));
    EXPECT_THAT(site.world.rows("incident"), IsEmpty());
    EXPECT_EQ(site.world.probe_state("t1/p"), "unproven");
    EXPECT_THAT(site.world.column("receipt", receipt_reason), ElementsAre("unproven"));
}

TEST(Brain, WritesAReceiptWhenAProbeRecoversWithinTheHold) {
    Site site(1);
    site.say({"t1/p"}, ok, 1);
    site.say({"t1/p"}, critical, 3);
    site.say({"t1/p"}, ok, 2);
    site.world.pass(seconds(10));
    EXPECT_THAT(site.world.rows("incident"), IsEmpty());
    EXPECT_THAT(site.world.column("receipt", receipt_reason), ElementsAre("recovered within hold"));
}

TEST(Brain, GathersProbesOfOneCiInOneIncident) {
    Site site(1, 3);
    site.say({"t1/p1", "t1/p2", "t1/p3"}, ok, 2);
    site.say({"t1/p1", "t1/p2"}, critical, 3);
    site.world.pass(seconds(6));
    site.say({"t1/p3"}, critical, 3);
    EXPECT_EQ(site.world.rows("incident").size(), 1U);
    site.say({"t1/p1", "t1/p2"}, ok, 2);
    EXPECT_EQ(site.world.incidents("new"), 1U) << "p3 still fails";
    site.say({"t1/p3"}, ok, 2);
    EXPECT_EQ(site.world.incidents("resolved"), 1U);
    EXPECT_THAT(
        site.world.column("incident_timeline", timeline_kind),
        ElementsAre(
            "opened", "symptom", "symptom", "recovered", "recovered", "recovered", "resolved"
        )
    );
    EXPECT_EQ(site.world.outbox().size(), 2U);
}

TEST(Brain, CountsADegradedResultAsAnAnswer) {
    Site site(1);
    site.say({"t1/p"}, warning, 10);
    EXPECT_EQ(site.world.probe_state("t1/p"), "warning");
    EXPECT_EQ(site.world.ci_state("t1"), "degraded");
    site.world.pass(seconds(10));
    EXPECT_THAT(site.world.rows("incident"), IsEmpty());
    site.say({"t1/p"}, critical, 2);
    site.say({"t1/p"}, warning, 1);
    site.say({"t1/p"}, critical, 2);
    site.world.pass(seconds(10));
    EXPECT_THAT(site.world.rows("incident"), IsEmpty()) << "never three failures in a row";
}

TEST(Brain, LetsUnknownNeitherCountNorInterrupt) {
    Site site(1);
    site.say({"t1/p"}, ok, 1);
    site.say({"t1/p"}, critical, 2);
    site.say({"t1/p"}, unknown, 5);
    site.world.pass(seconds(10));
    EXPECT_THAT(site.world.rows("incident"), IsEmpty());
    site.say({"t1/p"}, critical, 1);
    site.world.pass(seconds(6));
    EXPECT_EQ(site.world.incidents("new"), 1U);
}

TEST(Brain, TakesResultsOlderThanTheLatestForHistoryOnly) {
    Site site(1);
    site.say({"t1/p"}, ok, 5);
    site.world.deliver(
        *site.agent,
        {{"t1/p", critical, seconds(4), "old"},
         {"t1/p", critical, seconds(3), "old"},
         {"t1/p", critical, seconds(2), "old"}}
    );
    site.world.pass(seconds(10));
    EXPECT_THAT(site.world.rows("incident"), IsEmpty());
    EXPECT_EQ(site.world.probe_state("t1/p"), "ok");
}

TEST(Brain, GoesOnAfterTheAgentsMachineWasRebooted) {
    Site site(1);
    site.say({"t1/p"}, ok, 3);
    site.agent->boot = 2;
    site.world.connect(*site.agent);
    site.say({"t1/p"}, critical, 3);
    site.world.pass(seconds(6));
    EXPECT_EQ(site.world.incidents("new"), 1U);
    site.agent->boot = 1;
    site.say({"t1/p"}, ok, 3);
    EXPECT_EQ(site.world.incidents("new"), 1U) << "results of the boot before are older";
}

TEST(Brain, OpensAtOnceWhatStillFailsWhenTheAgentHasCaughtUp) {
    Site site(1);
    site.say({"t1/p"}, ok, 3);
    site.world.disconnect(*site.agent);
    for (int i = 0; i < 20; ++i) {
        site.world.advance(seconds(1));
        site.world.spool(*site.agent, {{"t1/p", critical, {}, "no reply"}});
    }
    site.world.connect(*site.agent);
    site.world.drain(*site.agent);
    EXPECT_EQ(site.world.incidents("new"), 1U);
    EXPECT_THAT(site.world.column("incident", incident_late), ElementsAre("1"));
    EXPECT_THAT(site.world.outbox(), ElementsAre("INC-1/opened/ops"));
}

TEST(Brain, RecordsButDoesNotPageWhatIsOverWhenItBecomesKnown) {
    Site site(1);
    site.say({"t1/p"}, ok, 3);
    site.world.disconnect(*site.agent);
    for (int i = 0; i < 30; ++i) {
        site.world.advance(seconds(1));
        site.world.spool(*site.agent, {{"t1/p", i < 20 ? critical : ok}});
    }
    site.world.connect(*site.agent);
    site.world.drain(*site.agent);
    site.world.pass(seconds(10));
    EXPECT_EQ(site.world.incidents("resolved"), 1U);
    EXPECT_THAT(site.world.column("incident", incident_late), ElementsAre("1"));
    EXPECT_THAT(site.world.outbox(), IsEmpty());
    EXPECT_THAT(site.world.column("receipt", receipt_reason), ElementsAre("detected late"));
}

TEST(Brain, TreatsABriefReconnectAsNoOutage) {
    Site site(1);
    site.say({"t1/p"}, ok, 3);
    site.say({"t1/p"}, critical, 2);
    site.world.disconnect(*site.agent);
    site.world.advance(seconds(1));
    site.world.spool(*site.agent, {{"t1/p", critical, {}, "no reply"}});
    site.world.connect(*site.agent);
    site.world.drain(*site.agent);
    EXPECT_THAT(site.world.rows("incident"), IsEmpty()) << "the hold goes on";
    site.world.pass(seconds(6));
    EXPECT_EQ(site.world.incidents("new"), 1U);
    EXPECT_THAT(site.world.column("incident", incident_late), ElementsAre("0"));
}

TEST(Brain, DoesNotOpenWhileTheAgentHasYetToTell) {
    Site site(1);
    site.say({"t1/p"}, ok, 3);
    site.say({"t1/p"}, critical, 3);  // exceeded, held
    site.world.disconnect(*site.agent);
    for (int i = 0; i < 3; ++i) {
        site.world.advance(seconds(1));
        site.world.spool(*site.agent, {{"t1/p", ok}});
    }
    site.world.connect(*site.agent);
    site.world.pass(seconds(10));
    EXPECT_THAT(site.world.rows("incident"), IsEmpty());
    site.world.drain(*site.agent);
    EXPECT_THAT(site.world.rows("incident"), IsEmpty());
    EXPECT_THAT(site.world.column("receipt", receipt_reason), ElementsAre("recovered within hold"));
}

TEST(Brain, OpensNothingOnOldNewsAfterACollectorStart) {
    Site site(1);
    site.say({"t1/p"}, ok, 3);
    site.say({"t1/p"}, critical, 3);
    site.world.advance(minutes(5));
    site.world.start();
    site.world.pass(seconds(8));
    EXPECT_THAT(site.world.rows("incident"), IsEmpty()) << "the agent was not heard yet";
    site.world.connect(*site.agent);
    EXPECT_EQ(site.world.incidents("new"), 1U) << "it has nothing else to tell";
}

TEST(Brain, SaysThatNobodyIsToldWithoutAChannel) {
    Site site(1, 1, "");
    site.say({"t1/p"}, ok, 1);
    site.say({"t1/p"}, critical, 3);
    site.world.pass(seconds(6));
    EXPECT_EQ(site.world.incidents("new"), 1U);
    EXPECT_THAT(site.world.outbox(), IsEmpty());
    EXPECT_THAT(site.world.column("receipt", receipt_reason), ElementsAre("no channel"));
}

TEST(Brain, ResolvesWhatIsNoLongerProbed) {
    Site site(2);
    site.say({"t1/p", "t2/p"}, ok, 1);
    site.say({"t2/p"}, critical, 3);
    site.world.pass(seconds(6));
    EXPECT_EQ(site.world.incidents("new"), 1U);
    site.world.load_config(simple_targets(1, 1, with_channel));
    EXPECT_EQ(site.world.incidents("resolved"), 1U);
    site.say({"t1/p"}, critical, 3);
    site.world.pass(seconds(6));
    EXPECT_EQ(site.world.incidents("new"), 1U) << "the other probe is judged as before";
}

TEST(Brain, ConfirmsMessagesByTheirId) {
    Site site(1);
    site.say({"t1/p"}, ok, 1);
    site.say({"t1/p"}, critical, 3);
    site.world.pass(seconds(6));
    site.world.confirm("INC-1/opened/ops", 503);
    EXPECT_EQ(site.world.rows("outbox")[0][6], "waiting");
    site.world.confirm("INC-1/opened/ops");
    site.world.confirm("INC-1/opened/ops");
    site.world.confirm("INC-9/opened/ops");
    EXPECT_EQ(site.world.rows("outbox")[0][6], "sent");
    EXPECT_EQ(site.world.rows("outbox")[0][7], "2");
    EXPECT_THAT(
        site.world.column("incident_timeline", timeline_kind),
        ElementsAre("opened", "notify_failed", "notified")
    );
    const auto texts = site.world.column("incident_timeline", 6);
    EXPECT_THAT(texts[1], StartsWith("ops was not told: "));
    EXPECT_EQ(texts[2], "told ops: opened");
    EXPECT_THAT(site.world.column("incident_timeline", 7)[2], HasSubstr("INC-1/opened/ops"))
        << "programs find the message by its id";
}

TEST(Brain, GivesUpAMessageThatTheReceiverWillNeverTake) {
    for (const auto& [status, state] : {std::pair{422, "given_up"}, {401, "waiting"}}) {
        Site site(1);
        site.say({"t1/p"}, ok, 1);
        site.say({"t1/p"}, critical, 3);
        site.world.pass(seconds(6));
        site.world.confirm("INC-1/opened/ops", status);
        EXPECT_EQ(site.world.rows("outbox")[0][6], state) << status;
    }
}

/// A site with an open incident INC-1.
struct Fault : Site {
    Fault() : Site(1) {
        say({"t1/p"}, ok, 1);
        say({"t1/p"}, critical, 3);
        world.pass(seconds(6));
    }
};

TEST(BrainCommands, AcknowledgeOnceAndForAll) {
    Fault site;
    const Verdict first = site.world.command("incident.acknowledge", R"({"number":1})");
    EXPECT_EQ(first.status, 200);
    EXPECT_THAT(first.body, HasSubstr(R"("acknowledged_by":"admin")"));
    const Verdict again = site.world.command("incident.acknowledge", R"({"number":1})");
    EXPECT_EQ(again.status, 200);
    EXPECT_EQ(again.etag, first.etag);
    EXPECT_EQ(site.world.incidents("new"), 1U) << "acknowledged is a fact, not a state";
}

TEST(BrainCommands, AnswerTheSameKeyWithTheSameVerdict) {
    Fault site;
    const std::string body = R"({"number":1,"text":"looking at it"})";
    const Verdict first = site.world.command("incident.comment", body, "k1");
    const Verdict again = site.world.command("incident.comment", body, "k1");
    EXPECT_EQ(first.status, 200);
    EXPECT_EQ(again.body, first.body);
    EXPECT_EQ(again.etag, first.etag);
    EXPECT_THAT(
        site.world.column("incident_timeline", timeline_kind), ElementsAre("opened", "comment")
    );
}

TEST(BrainCommands, RefuseAnEtagThatIsOld) {
    Fault site;
    const Verdict first = site.world.command("incident.comment", R"({"number":1,"text":"a"})");
    const Verdict second =
        site.world.command("incident.comment", R"({"number":1,"text":"b"})", "", first.etag);
    EXPECT_EQ(second.status, 200);
    const Verdict third =
        site.world.command("incident.comment", R"({"number":1,"text":"c"})", "", first.etag);
    EXPECT_EQ(third.status, 412);
}

TEST(BrainCommands, ResolveByAPersonTellsAndReopensWhatGoesOn) {
    Fault site;
    const Verdict done =
        site.world.command("incident.resolve", R"({"number":1,"text":"swapped the cable"})");
    EXPECT_EQ(done.status, 200);
    EXPECT_EQ(site.world.incidents("resolved"), 1U);
    EXPECT_THAT(site.world.column("incident", incident_resolved_by), ElementsAre("admin"));
    EXPECT_EQ(site.world.command("incident.resolve", R"({"number":1})").status, 409);
    for (int i = 0; i < 62; ++i) {
        site.world.advance(seconds(9));
        site.say({"t1/p"}, critical);
    }
    EXPECT_EQ(site.world.incidents("new"), 1U);
    EXPECT_EQ(site.world.rows("incident").size(), 1U);
    site.say({"t1/p"}, ok, 2);
    EXPECT_THAT(
        site.world.outbox(),
        ElementsAre(
            "INC-1/opened/ops", "INC-1/resolved/ops", "INC-1/reopened.2/ops", "INC-1/resolved.2/ops"
        )
    );
}

TEST(BrainCommands, ResolveByAPersonIsFinalWhenTheFaultEnds) {
    Fault site;
    site.world.command("incident.resolve", R"({"number":1})");
    site.say({"t1/p"}, ok, 2);
    site.world.pass(minutes(11));
    EXPECT_EQ(site.world.incidents("resolved"), 1U);
    site.world.connect(*site.agent);
    site.say({"t1/p"}, critical, 3);
    site.world.pass(seconds(6));
    EXPECT_EQ(site.world.incidents("new"), 1U) << "a new fault is a new incident";
}

TEST(BrainCommands, SayWhatIsWrong) {
    Fault site;
    EXPECT_EQ(site.world.command("incident.acknowledge", R"({"number":7})").status, 404);
    EXPECT_EQ(site.world.command("incident.acknowledge", "[]").status, 400);
    EXPECT_EQ(site.world.command("incident.comment", R"({"number":1})").status, 422);
    EXPECT_EQ(site.world.command("incident.dance", R"({"number":1})").status, 404);
}

TEST(Brain, ClosesAResolvedIncidentAfterAWeek) {
    Fault site;
    site.say({"t1/p"}, ok, 2);
    site.world.advance(std::chrono::hours(24 * 7));
    site.world.append(EntryKind::tick);
    EXPECT_EQ(site.world.incidents("closed"), 1U);
    EXPECT_EQ(site.world.command("incident.comment", R"({"number":1,"text":"x"})").status, 409);
}

}  // namespace
}  // namespace muster::collector::brain_test
