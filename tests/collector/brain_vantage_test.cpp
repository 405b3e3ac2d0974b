#include "brain_network.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace muster::collector::brain_test {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::UnorderedElementsAre;

TEST(Vantage, EveryHostIsWatchedByItsNeighbour) {
    Network net(three_hosts);
    std::vector<std::string> watched;
    for (const auto& [name, agent] : net.agents) {
        for (const auto& [probe, dense] : agent->dense) {
            watched.push_back(name + " sees " + probe);
        }
    }
    EXPECT_THAT(
        watched, UnorderedElementsAre("h1 sees h3/host", "h2 sees h1/host", "h3 sees h2/host")
    );
    EXPECT_EQ(net.world.ci_state("h1"), "up");
    EXPECT_THAT(net.world.rows("incident"), IsEmpty());
}

TEST(Vantage, AKnownPortIsTriedWhereAPingIsNotAnswered) {
    constexpr std::size_t type = 3;
    constexpr std::size_t params = 9;
    Network by_ping(three_hosts);
    EXPECT_THAT(by_ping.world.column("probe", type), testing::Each("host"));
    EXPECT_THAT(
        by_ping.world.column("probe", params), testing::Each(testing::Not(HasSubstr("port")))
    );
    Network by_port(three_hosts, "host_watch: {port: 2222}\ntargets: []\n");
    EXPECT_EQ(by_port.world.rows("probe").size(), 3U);
    EXPECT_THAT(by_port.world.column("probe", params), testing::Each(HasSubstr("2222")));
}

TEST(Vantage, ASilentAgentWhoseHostAnswersIsOnlySilentAndOnlyAfterItsGrace) {
    Network net(three_hosts);
    net.linked.erase("h1");
    net.world.disconnect(*net.agents["h1"]);
    net.run(minutes(4));
    EXPECT_THAT(net.world.rows("incident"), IsEmpty());
    net.run(minutes(2));
    EXPECT_THAT(net.open_kinds(), ElementsAre("agent_silent"));
    EXPECT_THAT(net.titles().front(), HasSubstr("its host answers h2"));
    net.come_back("h1");
    net.run(seconds(30));
    EXPECT_THAT(net.open_kinds(), IsEmpty());
    EXPECT_THAT(net.world.outbox(), ElementsAre("INC-1/opened/ops", "INC-1/resolved/ops"));
}

TEST(Vantage, AHostThatIsDownIsOneIncidentAndTheSilenceItsSymptom) {
    Network net(three_hosts);
    net.dead.insert("10.0.1.1");
    net.run(seconds(60));
    EXPECT_THAT(net.open_kinds(), ElementsAre("fault"));
    EXPECT_THAT(net.titles().front(), HasSubstr("host h1 is down"));
    EXPECT_EQ(net.world.ci_state("h1"), "down");
    net.run(minutes(10));
    EXPECT_EQ(net.world.rows("incident").size(), 1U) << "the silence is a symptom";
    net.come_back("h1");
    net.run(seconds(30));
    EXPECT_THAT(net.open_kinds(), IsEmpty());
    EXPECT_THAT(net.world.outbox(), ElementsAre("INC-1/opened/ops", "INC-1/resolved/ops"));
    EXPECT_EQ(net.world.ci_state("h1"), "up");
}

TEST(Vantage, AHostThatWasToldAsDownLeavesNoReceiptWhenItAnswersAfterItsAgent) {
    Network net(three_hosts);
    net.dead.insert("10.0.1.1");
    net.run(seconds(60));
    net.severed.insert({"h2", "10.0.1.1"});
    net.come_back("h1");
    net.run(seconds(3));
    ASSERT_THAT(net.open_kinds(), IsEmpty()) << "its agent is heard, and is believed";
    ASSERT_EQ(net.world.ci_state("h1"), "degraded") << "its watch fails still";
    net.severed.clear();
    net.run(seconds(60));
    EXPECT_EQ(net.world.ci_state("h1"), "up");
    EXPECT_THAT(net.world.column("receipt", receipt_reason), Not(Contains("recovered within hold")))
        << "its page was sent";
    EXPECT_THAT(net.world.outbox(), ElementsAre("INC-1/opened/ops", "INC-1/resolved/ops"));
}

TEST(Vantage, AHostThatIsDownIsExplainedByBothThatSayIt) {
    constexpr std::size_t why_column = 23;
    Network net(three_hosts);
    net.dead.insert("10.0.1.1");
    net.run(seconds(60));
    const std::string why = net.world.column("incident", why_column).front();
    EXPECT_THAT(why, HasSubstr("it is over when its agent is heard or the host answers"));
    EXPECT_THAT(why, HasSubstr(R"("silent_agent":"h1")"));
    EXPECT_THAT(why, HasSubstr("or one word from agent h1"));
}

TEST(Vantage, AnUnwatchedHostIsSaidToBeUnwatched) {
    Network net({{"h1", {"10.0.1.1", ""}}});
    net.linked.erase("h1");
    net.run(minutes(6));
    EXPECT_THAT(net.titles(), ElementsAre(HasSubstr("nobody watches its host from outside")));
}

TEST(Vantage, AHostThatGoesDownLaterTakesTheOpenSilenceWithIt) {
    Network net(three_hosts);
    net.linked.erase("h1");
    net.run(minutes(6));
    EXPECT_THAT(net.open_kinds(), ElementsAre("agent_silent"));
    net.dead.insert("10.0.1.1");
    net.run(seconds(30));
    EXPECT_THAT(net.open_kinds(), ElementsAre("fault"));
    net.come_back("h1");
    net.run(seconds(30));
    EXPECT_THAT(net.open_kinds(), IsEmpty());
    EXPECT_THAT(
        net.world.outbox(),
        ElementsAre(
            "INC-1/opened/ops", "INC-2/opened/ops", "INC-1/resolved/ops", "INC-2/resolved/ops"
        )
    );
}

TEST(Vantage, APathThatBreaksPagesNobody) {
    Network net(three_hosts);
    net.severed.insert({"h2", "10.0.1.1"});
    net.run(minutes(10));
    EXPECT_THAT(net.world.rows("incident"), IsEmpty());
    EXPECT_EQ(net.world.ci_state("h1"), "degraded");
    EXPECT_THAT(net.world.column("receipt", receipt_reason), Contains("agent is heard"));
}

TEST(Vantage, AFaultOnAHostThatIsDownIsASymptom) {
    Network net(
        three_hosts,
        "targets:\n  - {name: web, class: server, address: 10.0.1.1, from: {agent: local}, probes: "
        "[{type: icmp, name: p, interval: 1s, timeout: 500ms}]}\n",
        {{"web", "10.0.1.1"}}
    );
    net.dead.insert("10.0.1.1");
    net.run(minutes(8));
    EXPECT_THAT(net.titles(), ElementsAre(HasSubstr("host h1 is down")));
    EXPECT_THAT(net.world.column("receipt", receipt_reason), Contains("host down"));
    net.come_back("h1");
    net.run(minutes(1));
    EXPECT_THAT(net.open_kinds(), IsEmpty());
    EXPECT_EQ(net.world.outbox().size(), 2U);
}

TEST(Vantage, AFaultOnAHostThatLivesPagesWithoutLongDelay) {
    Network net(
        three_hosts,
        "targets:\n  - {name: web, class: server, address: 10.0.1.1, from: {agent: local}, probes: "
        "[{type: icmp, name: p, interval: 1s, timeout: 500ms}]}\n",
        {{"web", "10.0.1.99"}}
    );
    net.dead.insert("10.0.1.99");
    net.run(seconds(10));
    EXPECT_THAT(net.open_kinds(), ElementsAre("fault"));
}

TEST(Vantage, AnObserverThatLostItsUplinkDeclaresNothingDown) {
    Network net(three_hosts, two_targets(), {{"far1", "10.9.0.1"}, {"far2", "10.9.0.2"}});
    net.blind.insert("local");
    for (const std::string name : {"h1", "h2", "h3"}) {
        net.linked.erase(name);
    }
    net.run(minutes(10));
    EXPECT_THAT(net.titles(), ElementsAre(HasSubstr("vantage local is isolated")));
    EXPECT_EQ(net.world.ci_state("far1"), "unobserved");
    EXPECT_EQ(net.world.ci_state("far2"), "unobserved");
    EXPECT_THAT(net.world.column("receipt", receipt_reason), Contains("vantage isolated"));
    net.blind.clear();
    for (const std::string name : {"h2", "h1", "h3"}) {
        net.come_back(name);
        net.run(seconds(7));
    }
    net.run(minutes(7));
    EXPECT_THAT(net.open_kinds(), IsEmpty());
    EXPECT_EQ(net.world.ci_state("far1"), "up");
    EXPECT_THAT(net.world.outbox(), ElementsAre("INC-1/opened/ops", "INC-1/resolved/ops"));
}

TEST(Vantage, WhatAnObserverSawWithoutItsUplinkIsNotHeldAgainstAnybodyAfterwards) {
    Network net(three_hosts, two_targets(), {{"far1", "10.9.0.1"}, {"far2", "10.9.0.2"}});
    net.blind.insert("local");
    net.run(minutes(2));
    net.blind.clear();
    net.unasked.insert("10.9.0.2");
    net.run(seconds(40));
    EXPECT_THAT(net.titles(), ElementsAre(HasSubstr("vantage local is isolated")));
    net.unasked.clear();
    net.run(minutes(2));
    EXPECT_THAT(net.world.outbox(), ElementsAre("INC-1/opened/ops", "INC-1/resolved/ops"));
}

TEST(Vantage, WhatGoesOnFailingWhenItsObserverSeesAgainIsAFaultAfterAsManyFailuresAsEver) {
    Network net(three_hosts, two_targets(), {{"far1", "10.9.0.1"}, {"far2", "10.9.0.2"}});
    net.blind.insert("local");
    net.run(minutes(2));
    net.dead.insert("10.9.0.2");
    net.blind.clear();
    net.run(seconds(30));
    EXPECT_THAT(net.titles(), ElementsAre(HasSubstr("isolated"), HasSubstr("far2")));
}

TEST(Vantage, WhoseTurnNeverComesIsNotWaitedForForever) {
    Network net(three_hosts, two_targets(), {{"far1", "10.9.0.1"}, {"far2", "10.9.0.2"}});
    net.blind.insert("local");
    net.run(minutes(2));
    net.dead.insert("10.9.0.2");
    net.unasked.insert("10.9.0.2");
    net.blind.clear();
    net.run(minutes(2));
    EXPECT_THAT(net.titles(), ElementsAre(HasSubstr("isolated"), HasSubstr("far2")));
}

TEST(Vantage, AllTargetsOfAnAgentFarAwayAreFaultsUnlessSomebodyKnowsBetter) {
    const std::string targets =
        "targets:\n"
        "  - {name: far1, class: server, address: 10.9.0.1, from: {agent: h1}, probes: [{type: "
        "icmp, "
        "name: p, interval: 1s, timeout: 500ms}]}\n"
        "  - {name: far2, class: server, address: 10.9.0.2, from: {agent: h1}, probes: [{type: "
        "icmp, "
        "name: p, interval: 1s, timeout: 500ms}]}\n";
    Network net(
        {{"h1", {"10.0.1.1", "a"}}, {"h2", {"10.0.2.1", "b"}}},
        targets,
        {{"far1", "10.9.0.1"}, {"far2", "10.9.0.2"}}
    );
    net.dead.insert("10.9.0.1");
    net.dead.insert("10.9.0.2");
    net.run(minutes(2));
    EXPECT_THAT(net.open_kinds(), ElementsAre("fault", "fault")) << "it still sees h2";
    net.dead.clear();
    net.run(minutes(1));
    net.blind.insert("h1");
    net.run(minutes(2));
    EXPECT_THAT(net.open_kinds(), ElementsAre("vantage_isolated")) << "h2 is heard, and not seen";
    net.blind.clear();
    net.run(minutes(1));
    EXPECT_THAT(net.open_kinds(), IsEmpty());
}

TEST(Vantage, AHostMayRebootForTenMinutesAfterAGoodbye) {
    Network net(three_hosts);
    net.stopped.insert("h1");
    net.world.disconnect(*net.agents["h1"], true);
    net.dead.insert("10.0.1.1");
    net.run(minutes(9));
    EXPECT_THAT(net.world.rows("incident"), IsEmpty());
    EXPECT_THAT(net.world.column("receipt", receipt_reason), Contains("planned stop"));
    net.run(minutes(2));
    EXPECT_THAT(net.titles(), ElementsAre(HasSubstr("host h1 is down")));
    net.come_back("h1");
    net.run(seconds(30));
    EXPECT_THAT(net.open_kinds(), IsEmpty());
}

TEST(Quorum, AMinorityThatFailsPagesNobody) {
    Network net(
        {{"a", {"10.1.0.1", ""}}, {"b", {"10.1.0.2", ""}}, {"c", {"10.1.0.3", ""}}},
        "host_watch: {enabled: false}\n"
        "targets:\n  - {name: web, class: server, address: 10.9.0.1, from: {any: 3, quorum: 2}, "
        "probes: "
        "[{type: icmp, name: p, interval: 1s, timeout: 500ms}]}\n",
        {{"web", "10.9.0.1"}}
    );
    EXPECT_EQ(net.world.rows("probe").size(), 3U);
    net.severed.insert({"a", "10.9.0.1"});
    net.run(seconds(30));
    EXPECT_THAT(net.world.rows("incident"), IsEmpty());
    EXPECT_EQ(net.world.ci_state("web"), "degraded");
    EXPECT_THAT(net.world.column("receipt", receipt_reason), ElementsAre("quorum"));
    net.severed.insert({"c", "10.9.0.1"});
    net.run(seconds(30));
    EXPECT_EQ(net.open_kinds().size(), 1U);
    EXPECT_EQ(net.world.ci_state("web"), "down");
    net.severed.erase({"a", "10.9.0.1"});
    net.run(seconds(10));
    EXPECT_THAT(net.open_kinds(), IsEmpty());
    EXPECT_EQ(net.world.ci_state("web"), "degraded");
    net.severed.clear();
    net.run(seconds(10));
    EXPECT_EQ(net.world.ci_state("web"), "up");
}

TEST(Vantage, WhatFlapsAndIsSeenByTooFewIsResolvedAndFlapsNoMore) {
    Network net(
        {{"a", {"10.1.0.1", ""}}, {"b", {"10.1.0.2", ""}}, {"c", {"10.1.0.3", ""}}},
        "host_watch: {enabled: false}\n"
        "targets:\n  - {name: web, class: server, address: 10.9.0.1, from: {any: 3, quorum: 2}, "
        "flapping: {transitions: 3, over: 10m}, probes: [{type: icmp, name: p, interval: 1s, "
        "timeout: 500ms}]}\n",
        {{"web", "10.9.0.1"}}
    );
    const auto seen_from = [&](const std::set<std::string>& failing, Duration time) {
        net.severed.clear();
        for (const std::string& from : failing) {
            net.severed.insert({from, "10.9.0.1"});
        }
        net.run(time);
    };
    seen_from({"a", "c"}, seconds(30));
    seen_from({}, seconds(10));
    seen_from({"a", "c"}, seconds(30));
    ASSERT_EQ(net.open_kinds().size(), 1U);
    ASSERT_NE(net.world.column("incident", incident_flapping_since).back(), "-");
    seen_from({"a"}, seconds(10));
    EXPECT_THAT(net.open_kinds(), IsEmpty());
    EXPECT_EQ(net.world.column("incident", incident_flapping_since).back(), "-");
}

TEST(Vantage, AHostThatFlapsUntilItsAgentIsHeardFlapsNoMore) {
    Network net(three_hosts);
    for (int time = 1; time <= 3; ++time) {
        net.dead.insert("10.0.1.1");
        net.run(minutes(3));
        EXPECT_THAT(net.open_kinds(), ElementsAre("fault"));
        const std::string since = net.world.column("incident", incident_flapping_since).back();
        EXPECT_EQ(since != "-", time == 3) << "exceeded, recovered, five of them";
        net.come_back("h1");
        net.run(minutes(1));
        EXPECT_THAT(net.open_kinds(), IsEmpty());
        EXPECT_EQ(net.world.column("incident", incident_flapping_since).back(), "-");
    }
}

TEST(Nights, EndWithEverythingWellAndEveryEndToldToWhoeverWasToldOfTheBeginning) {
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
        SCOPED_TRACE(seed);
        Network net = large_network();
        live_through_night(net, seed);
        EXPECT_THAT(net.open_kinds(), IsEmpty()) << testing::PrintToString(net.titles());
        std::map<std::string, int> balance;
        for (const std::string& message : net.world.outbox()) {
            const std::string incident = message.substr(0, message.find('/'));
            const auto says = [&](const char* transition) {
                return message.find(transition) != std::string::npos;
            };
            balance[incident] += says("/opened") || says("/reopened") ? 1 : 0;
            balance[incident] -= says("/resolved") ? 1 : 0;
        }
        for (const auto& [incident, open] : balance) {
            EXPECT_EQ(open, 0) << incident;
        }
        for (const auto& row : net.world.rows("ci")) {
            // Nobody probes a place.
            EXPECT_EQ(row[7], row[1] == "site" ? "unobserved" : "up") << row[2];
        }
        for (const auto& row : net.world.rows("incident_symptom")) {
            EXPECT_NE(row[7], "-") << row[4] << " of INC-" << row[0];
        }
    }
}

std::string many_targets(int count) {
    std::string text = "storm: {incidents: 20, within: 1m}\ntargets:\n";
    for (int i = 1; i <= count; ++i) {
        const std::string n = std::to_string(i);
        text += "  - {name: t" + n + ", class: server, address: 10.9.0." + n +
                (i % 2 == 0 ? ", service: Mail" : ", service: Shop") +
                ", probes: [{type: icmp, name: p, interval: 1s, timeout: 500ms}]}\n";
    }
    return text;
}

struct Storm : Network {
    explicit Storm(int targets)
        : Network({{"a", {"10.1.0.1", ""}}}, many_targets(targets), hosts(targets)) {}

    static std::map<std::string, std::string> hosts(int targets) {
        std::map<std::string, std::string> out;
        for (int i = 1; i <= targets; ++i) {
            out["t" + std::to_string(i)] = "10.9.0." + std::to_string(i);
        }
        return out;
    }

    void kill(int from, int to) {
        for (int i = from; i <= to; ++i) {
            dead.insert("10.9.0." + std::to_string(i));
        }
    }
};

TEST(Storms, ManyFaultsAtOnceAreOneMessage) {
    Storm net(201);
    net.kill(1, 200);
    net.run(seconds(30));
    EXPECT_THAT(
        net.titles(), ElementsAre(HasSubstr("storm: 200 faults at once, all of subnet 10.9.0.0/24"))
    );
    EXPECT_EQ(net.world.rows("incident_symptom").size(), 200U);
    EXPECT_EQ(net.world.rows("receipt").size(), 200U);
    constexpr std::size_t outbox_payload = 5;
    EXPECT_THAT(
        net.world.column("outbox", outbox_payload),
        ElementsAre(HasSubstr(R"("services":["Mail","Shop"])"))
    );
    net.dead.clear();
    net.run(seconds(30));
    EXPECT_THAT(net.open_kinds(), IsEmpty());
    EXPECT_THAT(net.world.outbox(), ElementsAre("INC-1/opened/ops", "INC-1/resolved/ops"));
}

TEST(Storms, TwentyAtOnceAreTwentyIncidents) {
    Storm net(40);
    net.kill(1, 20);
    net.run(seconds(30));
    EXPECT_EQ(net.open_kinds().size(), 20U);
    EXPECT_THAT(net.open_kinds(), testing::Each("fault"));
}

TEST(Storms, WhatFollowsOneByOneJoins) {
    Storm net(60);
    for (int i = 1; i <= 50; ++i) {
        net.kill(i, i);
        net.run(seconds(1));
    }
    net.run(seconds(30));
    EXPECT_LE(net.open_kinds().size(), 21U);
    EXPECT_THAT(net.open_kinds(), Contains("storm"));
    net.dead.clear();
    net.run(seconds(30));
    EXPECT_THAT(net.open_kinds(), IsEmpty());
}

TEST(Storms, WhatDoesNotRecoverWithTheStormIsAnIncidentOfItsOwn) {
    Storm net(41);
    net.kill(1, 40);
    net.run(seconds(30));
    EXPECT_THAT(net.open_kinds(), ElementsAre("storm"));
    net.dead = {"10.9.0.7"};
    net.run(seconds(100));
    EXPECT_THAT(net.open_kinds(), ElementsAre("fault"));
    EXPECT_THAT(net.titles().back(), HasSubstr("t7"));
}

}  // namespace
}  // namespace muster::collector::brain_test
