#include "brain_world.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::collector::brain_test {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::size_t agent_state = 7;
constexpr std::size_t gap_to = 2;
constexpr std::size_t gap_reason = 3;

struct OneAgent {
    OneAgent() {
        world.start();
        agent = &world.enrol("a1");
        world.load_config(simple_targets(1));
        world.connect(*agent);
    }

    void alive_for(Duration time) {
        for (Duration passed{}; passed < time; passed += seconds(10)) {
            world.pass(seconds(10));
            world.alive(*agent);
        }
    }

    BrainWorld world;
    TestAgent* agent = nullptr;
};

TEST(Presence, AnAgentThatIsHeardStaysConnected) {
    OneAgent site;
    site.alive_for(minutes(10));
    EXPECT_THAT(site.world.column("agent", agent_state), ElementsAre("connected"));
    EXPECT_THAT(site.world.rows("agent_unobserved"), IsEmpty());
}

TEST(Presence, SilenceIsUnobservedAtOnceAndAnIncidentAfterFiveMinutes) {
    OneAgent site;
    site.world.pass(seconds(31));
    EXPECT_THAT(site.world.column("agent", agent_state), ElementsAre("silent"));
    EXPECT_THAT(site.world.column("agent_unobserved", gap_reason), ElementsAre("silent"));
    EXPECT_THAT(site.world.column("agent_unobserved", gap_to), ElementsAre("-"));
    EXPECT_THAT(site.world.rows("incident"), IsEmpty());
    site.world.pass(seconds(270));
    EXPECT_EQ(site.world.incidents("new"), 1U);
    EXPECT_THAT(site.world.column("incident", incident_kind), ElementsAre("agent_silent"));
    site.world.connect(*site.agent);
    EXPECT_EQ(site.world.incidents("resolved"), 1U);
    EXPECT_NE(site.world.column("agent_unobserved", gap_to).at(0), "-");
}

TEST(Presence, AnOrderlyStopOpensNothing) {
    OneAgent site;
    site.world.disconnect(*site.agent, true);
    site.world.pass(minutes(20));
    EXPECT_THAT(site.world.column("agent", agent_state), ElementsAre("stopped"));
    EXPECT_THAT(site.world.rows("incident"), IsEmpty());
    EXPECT_THAT(site.world.column("agent_unobserved", gap_reason), ElementsAre("stopped"));
    site.world.connect(*site.agent);
    EXPECT_NE(site.world.column("agent_unobserved", gap_to).at(0), "-");
}

TEST(Presence, ACollectorStartGivesFullGrace) {
    OneAgent site;
    site.alive_for(seconds(20));
    site.world.advance(minutes(50));
    site.world.start();
    EXPECT_THAT(site.world.column("agent_unobserved", gap_reason), ElementsAre("collector"));
    site.world.pass(seconds(28));
    EXPECT_THAT(site.world.column("agent", agent_state), ElementsAre("disconnected"));
    site.world.connect(*site.agent);
    EXPECT_THAT(site.world.column("agent", agent_state), ElementsAre("connected"));
    EXPECT_THAT(site.world.rows("incident"), IsEmpty());
    EXPECT_NE(site.world.column("agent_unobserved", gap_to).at(0), "-");
}

TEST(Presence, AnAgentThatDoesNotComeBackAfterACollectorStartIsSilent) {
    OneAgent site;
    site.world.advance(minutes(50));
    site.world.start();
    site.world.pass(seconds(31));
    EXPECT_THAT(
        site.world.column("agent_unobserved", gap_reason), ElementsAre("collector", "silent")
    );
    site.world.pass(minutes(4));
    EXPECT_THAT(site.world.rows("incident"), IsEmpty());
    site.world.pass(minutes(1));
    EXPECT_EQ(site.world.incidents("new"), 1U);
}

TEST(Presence, WhatASpoolDeliversLaterWasObservedAfterAll) {
    OneAgent site;
    site.world.deliver(*site.agent, {{"t1/p", ok}});
    site.world.disconnect(*site.agent);
    for (int i = 0; i < 60; ++i) {
        site.world.pass(seconds(1));
        site.world.spool(*site.agent, {{"t1/p", ok}});
    }
    EXPECT_EQ(site.world.rows("agent_unobserved").size(), 1U);
    site.world.connect(*site.agent);
    EXPECT_EQ(site.world.column("agent_unobserved", gap_to).at(0), "-") << "not caught up yet";
    site.world.drain(*site.agent);
    EXPECT_THAT(site.world.rows("agent_unobserved"), IsEmpty());
}

TEST(Presence, SilenceHeldIncidentsWaitForTheAgent) {
    OneAgent site;
    site.world.deliver(*site.agent, {{"t1/p", ok}});
    for (int i = 0; i < 3; ++i) {
        site.world.advance(seconds(1));
        site.world.deliver(*site.agent, {{"t1/p", critical}});
    }
    site.world.disconnect(*site.agent, true);
    site.world.pass(minutes(2));
    EXPECT_THAT(site.world.rows("incident"), IsEmpty()) << "unobserved never pages";
    site.world.connect(*site.agent);
    EXPECT_EQ(site.world.incidents("new"), 1U);
}

TEST(Presence, WhoEnrolsOrRevokesHearsWithTheSameEntryThatItCanBeRead) {
    OneAgent site;
    proto::AgentEnrolled other;
    other.set_agent_id(std::string(AgentId{Uuid::named("a2")}.raw()));
    other.set_name("a2");
    const Effects enrolled =
        site.world.append(EntryKind::agent_enrolled, other.SerializeAsString());
    EXPECT_THAT(enrolled.shown, ElementsAre(AgentId{Uuid::named("a2")}));
    proto::AgentDisconnected one;
    one.set_agent_id(std::string(site.agent->id.raw()));
    const Effects revoked = site.world.append(EntryKind::agent_revoked, one.SerializeAsString());
    EXPECT_THAT(revoked.shown, ElementsAre(site.agent->id));
}

TEST(Presence, ProbesOfARevokedAgentGoToAnother) {
    OneAgent site;
    TestAgent& second = site.world.enrol("a2");
    site.world.connect(second);
    EXPECT_TRUE(second.dense.empty()) << "the first by enrolment probes";
    proto::AgentDisconnected body;
    body.set_agent_id(std::string(site.agent->id.raw()));
    site.world.append(EntryKind::agent_revoked, body.SerializeAsString());
    EXPECT_EQ(second.dense.size(), 1U);
    site.world.deliver(second, {{"t1/p", ok}});
    EXPECT_EQ(site.world.probe_state("t1/p"), "ok");
    site.world.deliver(*site.agent, {{"t1/p", critical}});
    EXPECT_EQ(site.world.probe_state("t1/p"), "ok") << "a revoked agent says nothing";
}

TEST(Policy, WatchesWhatItMatchesAndFollowsTheConfiguration) {
    BrainWorld world;
    world.start();
    TestAgent& agent = world.enrol("a1");
    const std::string policy =
        "policies:\n  - name: answers\n    match: \"class = hardware\"\n    probes:\n"
        "      - {type: icmp, name: ping, interval: 10s, timeout: 1s}\n";
    world.load_config(simple_targets(2, 1, policy));
    EXPECT_EQ(agent.dense.size(), 4U);
    EXPECT_EQ(agent.epoch, 1U);
    world.load_config(simple_targets(2, 1, policy));
    EXPECT_EQ(agent.epoch, 1U) << "nothing changed";
    world.load_config(simple_targets(3, 1, policy));
    EXPECT_EQ(agent.dense.size(), 6U);
    EXPECT_EQ(agent.epoch, 2U);
    world.load_config(simple_targets(1));
    EXPECT_EQ(agent.dense.size(), 1U);
}

TEST(Policy, UnderstandsResultsOfAnOlderEpoch) {
    BrainWorld world;
    world.start();
    TestAgent& agent = world.enrol("a1");
    world.load_config(simple_targets(3));
    world.connect(agent);
    world.spool(agent, {{"t3/p", ok}});
    world.load_config("targets: []\n" + std::string());
    world.load_config(simple_targets(3));
    world.spool(agent, {{"t1/p", ok}});
    world.drain(agent);
    EXPECT_EQ(world.probe_state("t1/p"), "ok");
    EXPECT_EQ(world.probe_state("t3/p"), "unproven") << "it was removed and added again";
    const auto assignments = world.brain().assignments();
    ASSERT_EQ(assignments.size(), 1U);
    EXPECT_EQ(assignments[0].dense_count, 3U);
    EXPECT_EQ(assignments[0].earlier.size(), 2U);
}

TEST(Policy, ATargetOfTheSameNameIsTheSameThing) {
    BrainWorld world;
    world.start();
    world.enrol("a1");
    world.load_config(simple_targets(1));
    const auto before = world.rows("ci");
    const auto probe = world.rows("probe");
    world.load_config("targets: []\n");
    world.load_config(simple_targets(1));
    EXPECT_EQ(world.rows("ci")[0][0], before[0][0]);
    EXPECT_EQ(world.rows("probe")[0][0], probe[0][0]);
    EXPECT_EQ(world.rows("probe")[0][17], "-") << "removed_lsn";
}

}  // namespace
}  // namespace muster::collector::brain_test
