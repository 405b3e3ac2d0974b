// The record of an incident: what people may do with it when, how it is ranked, when it is the same again.
#include "brain_world.hpp"

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace muster::collector::brain_test {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr std::size_t probe_column = 5;
constexpr std::size_t place_column = 7;
constexpr std::size_t priority_column = 9;
constexpr std::size_t started_column = 14;
constexpr std::size_t why_column = 23;
constexpr std::size_t impact_basis_column = 30;
constexpr std::size_t assignee_column = 32;
constexpr std::size_t previous_column = 40;
constexpr std::size_t reopened_column = 41;
constexpr std::size_t timeline_text = 6;

boost::json::value json_of(const Verdict& verdict) {
    return boost::json::parse(verdict.body);
}

std::string text_in(const Verdict& verdict, std::string_view member) {
    return std::string(json_of(verdict).at(member).as_string());
}

class Record : public testing::Test {
  protected:
    Record() {
        world_.start();
        agent_ = &world_.enrol("a1", "HQ");
        configure("incidents: {reopen_within: 5m}\n");
        world_.connect(*agent_);
        say("t1/p", ok, 2);
    }

    void configure(const std::string& more) { world_.load_config(simple_targets(2, 1, more)); }

    void say(const std::string& probe, wire::ResultState state, int times) {
        for (int i = 0; i < times; ++i) {
            world_.advance(seconds(1));
            world_.deliver(*agent_, {{probe, state, {}, state == ok ? "" : "no reply"}});
        }
    }

    void fail(const std::string& probe = "t1/p") {
        say(probe, critical, 3);
        world_.pass(seconds(6));
    }

    Verdict ask(const std::string& action, std::uint64_t number, const std::string& more = {}) {
        return world_.command(
            "incident." + action,
            R"({"number":)" + std::to_string(number) + (more.empty() ? "" : "," + more) + "}"
        );
    }

    /// A reported incident in that state.
    std::uint64_t incident_in(const std::string& state) {
        const Verdict made = world_.command("incident.create", R"({"title":"it is slow"})");
        EXPECT_EQ(made.status, 201) << made.body;
        const std::uint64_t number = std::stoull(text_in(made, "id").substr(4));
        static const std::map<std::string, std::vector<std::pair<std::string, std::string>>> ways{
            {"new", {}},
            {"assigned", {{"assign", R"("assignee":"anna")"}}},
            {"in_progress", {{"take", ""}}},
            {"pending", {{"take", ""}, {"pending", R"("reason":"supplier")"}}},
            {"resolved", {{"take", ""}, {"resolve", ""}}},
            {"closed", {{"take", ""}, {"resolve", ""}, {"close", ""}}},
            {"cancelled", {{"cancel", R"("text":"none")"}}}
        };
        for (const auto& [action, body] : ways.at(state)) {
            EXPECT_EQ(ask(action, number, body).status, 200) << action;
        }
        return number;
    }

    std::vector<std::string> row_of(std::uint64_t number) {
        for (const auto& row : world_.rows("incident")) {
            if (row[0] == std::to_string(number)) {
                return row;
            }
        }
        return {};
    }

    std::string state_of(std::uint64_t number) { return row_of(number)[incident_state]; }

    std::vector<std::string> texts(std::uint64_t number, std::string_view kind) {
        std::vector<std::string> out;
        for (const auto& row : world_.rows("incident_timeline")) {
            if (row[0] == std::to_string(number) && row[timeline_kind] == kind) {
                out.push_back(row[timeline_text]);
            }
        }
        return out;
    }

    BrainWorld world_;
    TestAgent* agent_ = nullptr;
};

/// What a command makes of each state; empty: it is refused.
struct Expected {
    std::string action;
    std::string body;
    std::array<std::string, 7> after;
};

constexpr std::array<const char*, 7> states = {
    "new", "assigned", "in_progress", "pending", "resolved", "closed", "cancelled"
};

TEST_F(Record, EveryCommandInEveryStateDoesWhatItShouldOrIsRefusedWithWhatIsPossible) {
    const std::vector<Expected> table{
        {"acknowledge", "", {"new", "assigned", "in_progress", "pending", "", "", ""}},
        {"assign",
         R"("assignee":"bert")",
         {"assigned", "assigned", "assigned", "pending", "", "", ""}},
        {"take", "", {"in_progress", "in_progress", "in_progress", "in_progress", "", "", ""}},
        {"pending", R"("reason":"change")", {"", "pending", "pending", "", "", "", ""}},
        {"resume", "", {"", "", "", "in_progress", "", "", ""}},
        {"resolve", "", {"resolved", "resolved", "resolved", "resolved", "", "", ""}},
        {"reopen", "", {"", "", "", "", "assigned", "", ""}},
        {"cancel",
         R"("text":"no")",
         {"cancelled", "cancelled", "cancelled", "cancelled", "", "", ""}},
        {"close", "", {"", "", "", "", "closed", "", ""}},
        {"comment",
         R"("text":"x")",
         {"new", "assigned", "in_progress", "pending", "resolved", "", ""}},
        {"link",
         R"("type":"related","to":1)",
         {"new", "assigned", "in_progress", "pending", "resolved", "", ""}},
        {"edit", R"("urgency":"high")", {"new", "assigned", "in_progress", "pending", "", "", ""}},
    };
    incident_in("new");  // INC-1, to link to
    for (const Expected& expected : table) {
        for (std::size_t at = 0; at < states.size(); ++at) {
            SCOPED_TRACE(expected.action + " in " + states[at]);
            const std::uint64_t number = incident_in(states[at]);
            const auto before = row_of(number);
            const Verdict verdict = ask(expected.action, number, expected.body);
            if (expected.after[at].empty()) {
                EXPECT_EQ(verdict.status, 409);
                EXPECT_EQ(row_of(number), before) << "a refusal changes nothing";
                EXPECT_THAT(text_in(verdict, "detail"), HasSubstr("possible now: "));
            } else {
                EXPECT_EQ(verdict.status, 200) << verdict.body;
                EXPECT_EQ(state_of(number), expected.after[at]);
            }
        }
    }
}

TEST_F(Record, ARefusalNamesWhatIsPossible) {
    const std::uint64_t number = incident_in("resolved");
    EXPECT_EQ(
        text_in(ask("take", number), "detail"),
        "INC-1 is resolved, which does not allow \"take\"; possible now: reopen, close, comment, "
        "link"
    );
    EXPECT_THAT(
        text_in(ask("take", incident_in("cancelled")), "detail"),
        HasSubstr("possible now: nothing more")
    );
}

TEST_F(Record, TakingIsAssigningToOneselfAndHavingSeenIt) {
    const std::uint64_t number = incident_in("new");
    const Verdict taken = ask("take", number);
    EXPECT_EQ(text_in(taken, "assignee"), "admin");
    EXPECT_EQ(text_in(taken, "acknowledged_by"), "admin");
}

TEST_F(Record, WaitingHasAReasonAndIsMeasured) {
    const std::uint64_t number = incident_in("in_progress");
    EXPECT_EQ(ask("pending", number).status, 422);
    EXPECT_EQ(ask("pending", number, R"("reason":"weather")").status, 422);
    EXPECT_EQ(ask("pending", number, R"("reason":"other")").status, 422) << "other says what";
    const Verdict waits =
        ask("pending", number, R"("reason":"supplier","text":"a new power supply")");
    EXPECT_EQ(text_in(waits, "pending_reason"), "supplier");
    world_.pass(minutes(90));
    EXPECT_EQ(ask("resume", number, R"("text":"it came")").status, 200);
    EXPECT_THAT(
        texts(number, "resumed"), ElementsAre("after 1 h 30 min of waiting: supplier; it came")
    );
    EXPECT_EQ(json_of(ask("comment", number, R"("text":"x")")).at("pending_reason"), nullptr);
}

TEST_F(Record, AnotherTeamClearsWhoeverHadIt) {
    const std::uint64_t number = incident_in("new");
    EXPECT_EQ(ask("assign", number, R"("assignee":"anna","team":"net")").status, 200);
    const Verdict moved = ask("assign", number, R"("team":"storage")");
    EXPECT_EQ(text_in(moved, "team"), "storage");
    EXPECT_TRUE(json_of(moved).at("assignee").is_null());
    EXPECT_EQ(ask("assign", number).status, 422) << "to nobody";
}

TEST_F(Record, WhatPeopleReportClosesOnTheirWord) {
    const Verdict made = world_.command(
        "incident.create",
        R"({"title":"mail is slow","kind":"complaint","reporter":"Anna, phone 12","urgency":"high"})"
    );
    EXPECT_EQ(made.status, 201);
    EXPECT_EQ(text_in(made, "kind"), "complaint");
    EXPECT_THAT(world_.column("incident", incident_seen), ElementsAre(""))
        << "the title says it already";
    EXPECT_EQ(ask("resolve", 1).status, 200);
    EXPECT_EQ(ask("close", 1).status, 422) << "somebody else says what Anna said";
    EXPECT_EQ(ask("close", 1, R"("text":"Anna: fine now")").status, 200);
    EXPECT_EQ(state_of(1), "closed");
}

TEST_F(Record, WhatPeopleReportClosesByItselfAfterThreeDaysAndFaultsAfterSeven) {
    const std::uint64_t reported = incident_in("resolved");
    fail();
    say("t1/p", ok, 2);
    world_.advance(hours(72));
    world_.append(EntryKind::tick);
    EXPECT_EQ(state_of(reported), "closed");
    EXPECT_EQ(state_of(2), "resolved");
    world_.advance(hours(96));
    world_.append(EntryKind::tick);
    EXPECT_EQ(state_of(2), "closed");
}

TEST_F(Record, ReportsNeedATitleAndAKindOfTheirOwn) {
    EXPECT_EQ(world_.command("incident.create", R"({"kind":"reported"})").status, 422);
    EXPECT_EQ(world_.command("incident.create", R"({"title":"x","kind":"storm"})").status, 422);
    EXPECT_EQ(world_.command("incident.create", R"({"title":"x","urgency":"now"})").status, 422);
    EXPECT_EQ(world_.command("incident.create", R"({"title":"x","ci":"t1"})").status, 422)
        << "the brain takes ids alone";
    EXPECT_THAT(world_.rows("incident"), IsEmpty());
}

TEST_F(Record, WhatFailsAgainSoonIsTheSameIncident) {
    fail();
    ask("assign", 1, R"("assignee":"anna")");
    say("t1/p", ok, 2);
    EXPECT_EQ(state_of(1), "resolved");
    say("t1/p", ok, 180);
    fail();
    EXPECT_EQ(world_.rows("incident").size(), 1U);
    EXPECT_EQ(state_of(1), "assigned") << "anna has it still";
    EXPECT_EQ(row_of(1)[reopened_column], "1");
    EXPECT_THAT(
        texts(1, "reopened"), ElementsAre(HasSubstr("after it was resolved: t1: p failed"))
    );
    say("t1/p", ok, 2);
    EXPECT_EQ(state_of(1), "resolved");
}

TEST_F(Record, AReopenedIncidentIsAboutWhatFailsNow) {
    world_.load_config(simple_targets(
        1,
        2,
        "incidents: {reopen_within: 5m}\nchannels:\n  - {name: ops, type: webhook, url: "
        "\"https://127.0.0.1:1/\", secret: {file: /s}}\n"
    ));
    say("t1/p1", ok, 2);
    say("t1/p2", ok, 2);
    fail("t1/p1");
    const std::vector<std::string> before = row_of(1);
    say("t1/p1", ok, 2);
    say("t1/p2", ok, 180);
    const WallTime failed = world_.now() + seconds(1);
    fail("t1/p2");
    const std::vector<std::string> now = row_of(1);
    ASSERT_EQ(now[reopened_column], "1");
    EXPECT_NE(now[probe_column], before[probe_column]);
    EXPECT_EQ(now[started_column], std::to_string(to_ns(failed)));
    const auto why = boost::json::parse(now[why_column]);
    EXPECT_EQ(why.at("probe"), "p2");
    EXPECT_EQ(why.at("first_failed").as_string(), format_rfc3339(failed));
    EXPECT_EQ(why.at("opened"), boost::json::parse(before[why_column]).at("opened"));
    say("t1/p2", ok, 2);
    for (const auto& message : world_.rows("outbox")) {
        const bool is_first =
            message[0] == "INC-1/opened/ops" || message[0] == "INC-1/resolved/ops";
        const auto data = boost::json::parse(message[5]).at("data");
        EXPECT_EQ(data.at("probe").at("name"), is_first ? "p1" : "p2") << message[0];
        EXPECT_EQ(data.at("started").as_string() == format_rfc3339(failed), !is_first)
            << message[0];
    }
    EXPECT_EQ(world_.rows("outbox").size(), 4U);
}

TEST_F(Record, WhatAPersonResolvedReopensAsWhatFailsStill) {
    world_.load_config(simple_targets(1, 2));
    say("t1/p1", ok, 2);
    say("t1/p2", ok, 2);
    fail("t1/p1");
    const WallTime failed = world_.now() + seconds(1);
    fail("t1/p2");
    ask("resolve", 1);
    say("t1/p1", ok, 2);
    for (int i = 0; i < 70; ++i) {
        world_.advance(seconds(9));
        say("t1/p2", critical, 1);
    }
    ASSERT_EQ(state_of(1), "new");
    EXPECT_THAT(row_of(1)[incident_title], HasSubstr("p2 failed"));
    EXPECT_THAT(row_of(1)[why_column], HasSubstr(R"("probe":"p2")"));
    EXPECT_EQ(row_of(1)[started_column], std::to_string(to_ns(failed)));
}

TEST_F(Record, WhatFailsAgainLaterIsANewIncidentLinkedToTheOld) {
    fail();
    say("t1/p", ok, 2);
    say("t1/p", ok, 360);
    fail();
    ASSERT_EQ(world_.rows("incident").size(), 2U);
    EXPECT_EQ(row_of(2)[previous_column], "1");
    EXPECT_EQ(row_of(1)[previous_column], "-");
}

TEST_F(Record, NothingReopensWhereTheConfigurationSaysSo) {
    configure("incidents: {reopen_within: 0s}\n");
    fail();
    say("t1/p", ok, 2);
    fail();
    EXPECT_EQ(world_.rows("incident").size(), 2U);
}

TEST_F(Record, WhatAPersonReopensEndsWithItsFault) {
    fail();
    EXPECT_EQ(ask("resolve", 1).status, 200);
    EXPECT_EQ(ask("reopen", 1, R"("text":"it still blinks")").status, 200);
    EXPECT_EQ(state_of(1), "new");
    say("t1/p", ok, 2);
    EXPECT_EQ(state_of(1), "resolved");
}

TEST_F(Record, WhatIsCancelledStaysSoWhileItGoesOn) {
    fail();
    EXPECT_EQ(ask("cancel", 1).status, 422) << "why is it none?";
    EXPECT_EQ(ask("cancel", 1, R"("text":"a test")").status, 200);
    for (int i = 0; i < 70; ++i) {
        world_.advance(seconds(9));
        say("t1/p", critical, 1);
    }
    EXPECT_EQ(world_.rows("incident").size(), 1U);
    EXPECT_EQ(state_of(1), "cancelled");
    say("t1/p", ok, 2);
    fail();
    EXPECT_EQ(world_.rows("incident").size(), 2U) << "the next fault is a new incident";
    EXPECT_EQ(row_of(2)[previous_column], "1");
}

TEST_F(Record, LinksAreKeptOnceAndNeverInACircle) {
    incident_in("new");
    incident_in("new");
    EXPECT_EQ(ask("link", 2, R"("type":"duplicate_of","to":1)").status, 200);
    EXPECT_EQ(ask("link", 2, R"("type":"duplicate_of","to":1)").status, 200);
    EXPECT_EQ(world_.rows("incident_link").size(), 1U);
    EXPECT_EQ(ask("link", 1, R"("type":"duplicate_of","to":2)").status, 409);
    EXPECT_EQ(ask("link", 1, R"("type":"duplicate_of","to":1)").status, 422);
    EXPECT_EQ(ask("link", 1, R"("type":"duplicate_of","to":9)").status, 422);
    EXPECT_EQ(ask("link", 1, R"("type":"enemy_of","to":2)").status, 422);
    EXPECT_THAT(texts(1, "linked"), ElementsAre("INC-2 duplicate_of INC-1"));
}

TEST_F(Record, PriorityComesFromImpactAndUrgency) {
    const std::vector<std::pair<std::string, std::array<int, 3>>> table{
        {"high", {1, 2, 3}}, {"medium", {2, 3, 4}}, {"low", {3, 4, 4}}
    };
    constexpr std::array<const char*, 3> urgencies = {"high", "medium", "low"};
    world_.command("incident.create", R"({"title":"x","kind":"request"})");
    for (const auto& [impact, row] : table) {
        for (std::size_t at = 0; at < urgencies.size(); ++at) {
            const Verdict verdict =
                ask("edit", 1, R"("impact":")" + impact + R"(","urgency":")" + urgencies[at] + "\""
                );
            EXPECT_EQ(json_of(verdict).at("priority"), row[at]) << impact << urgencies[at];
        }
    }
}

TEST_F(Record, AFaultIsNeverLowerThanThreeAndSaysWhatItsImpactRestsOn) {
    fail();
    EXPECT_EQ(row_of(1)[priority_column], "3");
    EXPECT_EQ(
        row_of(1)[impact_basis_column],
        "class server is of medium criticality; impact estimated: no service mapped"
    );
    EXPECT_EQ(json_of(ask("edit", 1, R"("urgency":"low")")).at("priority"), 3);
    EXPECT_THAT(texts(1, "edited"), ElementsAre("urgency from medium to low"));
    EXPECT_EQ(json_of(ask("edit", 1, R"("impact":"high","urgency":"high")")).at("priority"), 1);
    EXPECT_EQ(row_of(1)[impact_basis_column], "set by admin");
}

TEST_F(Record, TheTableIsData) {
    configure("incidents: {priority: {medium: [1, 1, 2]}}\n");
    fail();
    EXPECT_EQ(row_of(1)[priority_column], "1");
}

TEST_F(Record, ACoreSwitchIsGraverThanAServer) {
    world_.load_config(
        "targets:\n  - {name: core, class: core_switch, address: 10.0.0.1, site: HQ, labels: "
        "{rack: "
        "R12, room: B1, switch_port: Gi1/0/3}, probes: [{type: icmp, name: p, interval: 1s, "
        "timeout: "
        "500ms}]}\n"
    );
    say("core/p", ok, 2);
    fail("core/p");
    EXPECT_EQ(row_of(1)[priority_column], "2") << "high impact, medium urgency";
    EXPECT_EQ(row_of(1)[place_column], "HQ, room B1, rack R12, switch_port Gi1/0/3");
}

TEST_F(Record, OnlyReportsChangeTheirKind) {
    fail();
    EXPECT_EQ(ask("edit", 1, R"("kind":"request")").status, 422);
    const std::uint64_t number = incident_in("new");
    EXPECT_EQ(ask("edit", number, R"("kind":"request")").status, 200);
    EXPECT_EQ(ask("edit", number, R"("kind":"fault")").status, 422);
    EXPECT_EQ(ask("edit", number).status, 422) << "nothing to change";
}

class BulkActions : public Record {
  protected:
    BulkActions() {
        for (const char* body :
             {R"({"title":"a","site":"HQ","urgency":"high"})",
              R"({"title":"b","site":"HQ","kind":"request"})",
              R"({"title":"c","site":"Depot","urgency":"high"})"}) {
            world_.command("incident.create", body);
        }
    }

    Verdict many(const std::string& body) { return world_.command("incident.bulk", body); }
};

TEST_F(BulkActions, DoTheSameForAllThatAQueryMatches) {
    const Verdict verdict =
        many(R"({"action":"assign","q":"urgency = high and open = true","assignee":"anna"})");
    EXPECT_EQ(verdict.status, 200) << verdict.body;
    const boost::json::value answer = json_of(verdict);
    EXPECT_EQ(answer.at("matched"), 2);
    EXPECT_EQ(answer.at("done"), 2);
    EXPECT_EQ(answer.at("results").at(0).at("id"), "INC-1");
    EXPECT_EQ(answer.at("results").at(0).at("state"), "assigned");
    EXPECT_THAT(world_.column("incident", assignee_column), ElementsAre("anna", "", "anna"));
}

TEST_F(BulkActions, TellBeforehandForWhichItIsPossible) {
    world_.command("incident.resolve", R"({"number":1})");
    const boost::json::value answer =
        json_of(many(R"({"action":"acknowledge","q":"urgency = high","dry_run":true})"));
    EXPECT_EQ(answer.at("dry_run"), true);
    EXPECT_EQ(answer.at("matched"), 2);
    EXPECT_EQ(answer.at("done"), 1);
    EXPECT_EQ(answer.at("results").at(0).at("id"), "INC-1");
    EXPECT_EQ(answer.at("results").at(0).at("status"), 409);
    EXPECT_EQ(answer.at("results").at(0).at("title"), "a");
    EXPECT_EQ(answer.at("results").at(1).at("number"), 3);
    EXPECT_EQ(answer.at("results").at(1).at("status"), 200);
    EXPECT_EQ(state_of(3), "new") << "nothing was done";
    EXPECT_EQ(json_of(many(R"({"action":"acknowledge","q":"urgency = high"})")).at("done"), 1)
        << "as was told";
}

TEST_F(BulkActions, AreOneEntryAndLeaveOutWhatTheCallerDoesNotSee) {
    const std::size_t before = world_.journal().size();
    const Verdict verdict = many(R"({"action":"take","q":"urgency = high","sites":["HQ"]})");
    EXPECT_EQ(world_.journal().size(), before + 1);
    EXPECT_EQ(json_of(verdict).at("matched"), 1);
    const Verdict named = many(R"({"action":"take","numbers":[3,2,2],"sites":["HQ"]})");
    EXPECT_EQ(json_of(named).at("matched"), 1) << "INC-3 is at another site";
    EXPECT_EQ(json_of(many(R"({"action":"take","numbers":[3],"sites":[]})")).at("matched"), 0);
    EXPECT_EQ(state_of(3), "new");
}

TEST_F(BulkActions, TellForEachWhatCameOfIt) {
    ask("resolve", 2);
    const boost::json::value answer =
        json_of(many(R"({"action":"resolve","numbers":[1,2,9],"text":"done"})"));
    EXPECT_EQ(answer.at("done"), 1);
    EXPECT_EQ(answer.at("results").at(0).at("status"), 200);
    EXPECT_EQ(answer.at("results").at(1).at("status"), 409);
    EXPECT_EQ(answer.at("results").at(2).at("status"), 404);
}

TEST_F(BulkActions, SayWhatIsWrongAndChangeNothing) {
    EXPECT_EQ(many(R"({"action":"explode","q":"open = true"})").status, 422);
    EXPECT_EQ(many(R"({"action":"bulk","q":"open = true"})").status, 422);
    EXPECT_EQ(many(R"({"action":"take"})").status, 422);
    EXPECT_EQ(many(R"({"action":"take","q":"urgncy = high"})").status, 422);
    EXPECT_THAT(
        text_in(many(R"({"action":"take","q":"urgncy = high"})"), "detail"),
        HasSubstr("did you mean \"urgency\"?")
    );
    EXPECT_EQ(world_.incidents("new"), 3U);
}

TEST_F(BulkActions, AreBounded) {
    for (int i = 0; i < 498; ++i) {
        world_.command("incident.create", R"({"title":"more"})");
    }
    EXPECT_EQ(many(R"({"action":"take","q":"open = true"})").status, 422) << "501 of them";
    EXPECT_EQ(world_.incidents("new"), 501U);
    EXPECT_EQ(many(R"({"action":"take","q":"title = more"})").status, 200);
    EXPECT_EQ(world_.incidents("in_progress"), 498U);
}

TEST_F(BulkActions, TheSameKeyDoesItOnce) {
    const std::string body = R"({"action":"comment","q":"title = a","text":"x"})";
    const Verdict first = world_.command("incident.bulk", body, "k1");
    const Verdict again = world_.command("incident.bulk", body, "k1");
    EXPECT_EQ(first.body, again.body);
    EXPECT_THAT(texts(1, "comment"), ElementsAre("x"));
}

}  // namespace
}  // namespace muster::collector::brain_test
