// A degradation that becomes a fault is asked all that a fault is asked before it opens, and told once.
#include "brain_network.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

namespace muster::collector::brain_test {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::AllOf;
using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::UnorderedElementsAre;

const Network::Places three_hosts{
    {"local", {"127.0.0.1", "HQ"}},
    {"h1", {"10.0.1.1", "branch"}},
    {"h2", {"10.0.1.2", "branch"}},
    {"h3", {"10.0.1.3", "branch"}}
};
const Network::Places one_host{{"a", {"10.1.0.1", ""}}};
const Network::Places three_vantages{
    {"a", {"10.1.0.1", ""}}, {"b", {"10.1.0.2", ""}}, {"c", {"10.1.0.3", ""}}
};

/// A server probed every second that is slow above 200 ms and fails with the third failure in a row.
std::string target(
    const std::string& name, const std::string& address, const std::string& more = {}
) {
    return "  - {name: " + name + ", class: server, address: " + address +
           ", hold: 5s, probes: [{type: icmp, name: p, interval: 1s, timeout: 500ms}], breach: "
           "{any: [{failures: 3}, {metric: rtt_avg, above: 200, for: 2}]}" +
           more + "}\n";
}

std::string from(const std::string& agent) {
    return ", from: {agent: " + agent + "}";
}

const std::string two_targets = "targets:\n" + target("far1", "10.9.0.1", from("local")) +
                                target("far2", "10.9.0.2", from("local"));

/// t1 at 10.9.0.1, seen by one agent.
struct One : Network {
    explicit One(const std::string& more = {})
        : Network(one_host, more + "targets:\n" + target("t1", "10.9.0.1"), {{"t1", "10.9.0.1"}}) {}

    void be_slow(Duration time = seconds(20)) {
        rtt_ms["t1"] = 300;
        dead.clear();
        run(time);
    }

    void fail(Duration time = seconds(20)) {
        dead.insert("10.9.0.1");
        run(time);
    }

    void be_well() {
        rtt_ms["t1"] = 10;
        dead.clear();
        run(seconds(10));
    }

    void maintain(const std::string& length_ns) {
        const Verdict made = world.command(
            "window.create",
            R"({"match":"name = t1","for_ns":)" + length_ns + R"(,"reason":"upgrade"})"
        );
        ASSERT_EQ(made.status, 201) << made.body;
    }

    std::vector<std::string> receipts() const { return world.column("receipt", receipt_reason); }
};

TEST(Worsening, IsToldOnceToWhoeverWasToldOfTheDegradationAndSoIsTheEnd) {
    One net;
    net.be_slow();
    ASSERT_THAT(net.open_kinds(), ElementsAre("degradation"));
    net.fail(seconds(6));
    EXPECT_THAT(net.open_kinds(), ElementsAre("degradation")) << "it has its hold";
    net.fail(minutes(2));
    EXPECT_THAT(net.open_kinds(), ElementsAre("fault"));
    EXPECT_THAT(net.titles(), ElementsAre(HasSubstr("p failed: no reply")));
    const auto lines = net.world.column("incident_timeline", timeline_kind);
    EXPECT_EQ(std::ranges::count(lines, "worsened"), 1);
    net.be_slow();
    net.fail();
    net.be_well();
    EXPECT_THAT(net.open_kinds(), IsEmpty());
    EXPECT_THAT(
        net.world.outbox(),
        ElementsAre("INC-1/opened/ops", "INC-1/worsened/ops", "INC-1/resolved/ops")
    );
}

TEST(Worsening, ThatIsOverWithinItsHoldHasAReceiptAndIsNotTold) {
    One net;
    net.be_slow();
    net.fail(seconds(5));
    net.be_slow(seconds(30));
    EXPECT_THAT(net.open_kinds(), ElementsAre("degradation"));
    EXPECT_THAT(net.receipts(), ElementsAre("recovered within hold"));
    EXPECT_THAT(net.titles(), ElementsAre(HasSubstr("p exceeded: rtt_avg 300 ms")));
    net.fail(seconds(5));
    net.be_well();
    EXPECT_THAT(net.open_kinds(), IsEmpty());
    EXPECT_THAT(net.world.outbox(), ElementsAre("INC-1/opened/ops", "INC-1/resolved/ops"));
}

TEST(Worsening, InAMaintenanceWindowIsWithheldUntilTheWindowEnds) {
    One net;
    net.be_slow();
    net.maintain("120000000000");
    net.fail(minutes(1));
    EXPECT_THAT(net.open_kinds(), ElementsAre("degradation"));
    EXPECT_THAT(net.receipts(), ElementsAre("maintenance window"));
    EXPECT_THAT(net.world.outbox(), ElementsAre("INC-1/opened/ops"));
    net.run(minutes(1) + seconds(10));
    EXPECT_THAT(net.open_kinds(), ElementsAre("fault"));
    EXPECT_THAT(net.world.outbox(), ElementsAre("INC-1/opened/ops", "INC-1/worsened/ops"));
}

TEST(Worsening, ThatIsOverBeforeItsWindowIsTellsNothing) {
    One net;
    net.be_slow();
    net.maintain("60000000000");
    net.fail(seconds(30));
    net.be_slow(minutes(2));
    EXPECT_THAT(net.open_kinds(), ElementsAre("degradation"));
    net.be_well();
    EXPECT_THAT(net.open_kinds(), IsEmpty());
    EXPECT_THAT(net.world.outbox(), ElementsAre("INC-1/opened/ops", "INC-1/resolved/ops"));
}

TEST(Worsening, InAWindowThatEndsWithEverythingWellIsOverOnce) {
    One net;
    net.be_slow();
    net.maintain("60000000000");
    net.fail(seconds(30));
    net.be_well();
    EXPECT_THAT(net.open_kinds(), IsEmpty()) << "who was told that it is slow hears the end";
    net.run(minutes(2));
    EXPECT_THAT(net.world.outbox(), ElementsAre("INC-1/opened/ops", "INC-1/resolved/ops"));
}

TEST(Worsening, OfWhatAPersonResolvedIsToldWhenItReopens) {
    One net;
    net.be_slow();
    ASSERT_EQ(
        net.world.command("incident.resolve", R"({"number":1,"text":"was nothing"})").status, 200
    );
    net.fail(minutes(9));
    EXPECT_THAT(net.open_kinds(), IsEmpty());
    net.run(minutes(3));
    EXPECT_THAT(net.open_kinds(), ElementsAre("fault"));
    EXPECT_THAT(
        net.world.outbox(),
        ElementsAre(
            "INC-1/opened/ops", "INC-1/resolved/ops", "INC-1/reopened.2/ops", "INC-1/worsened.2/ops"
        )
    );
}

TEST(Worsening, IsDecidedThoughTheCollectorStartsWithinItsHold) {
    One net;
    net.be_slow();
    net.fail(seconds(5));
    net.world.start();
    net.come_back("a");
    net.fail(seconds(30));
    EXPECT_THAT(net.open_kinds(), ElementsAre("fault"));
    EXPECT_THAT(net.world.outbox(), ElementsAre("INC-1/opened/ops", "INC-1/worsened/ops"));
}

TEST(Worsening, OfWhatIsReopenedAsAFaultIsToldToWhoAsksForFaults) {
    const auto channel = [](const std::string& name, const std::string& kind) {
        return "  - {name: " + name +
               ", url: \"https://127.0.0.1:1/\", secret: {file: /s}, match: "
               "\"kind = " +
               kind + "\"}\n";
    };
    One net(channel("slow", "degradation") + channel("down", "fault"));
    net.be_slow();
    net.be_well();
    net.fail();
    EXPECT_THAT(net.open_kinds(), ElementsAre("fault"));
    EXPECT_THAT(
        net.world.outbox(),
        UnorderedElementsAre(
            "INC-1/opened/ops",
            "INC-1/opened/slow",
            "INC-1/resolved/ops",
            "INC-1/resolved/slow",
            "INC-1/reopened.2/ops",
            "INC-1/reopened.2/slow",
            "INC-1/opened.2/down"
        )
    );
}

TEST(Worsening, SeenByAnObserverThatLostItsUplinkIsNone) {
    Network net(three_hosts, two_targets, {{"far1", "10.9.0.1"}, {"far2", "10.9.0.2"}});
    net.rtt_ms["far1"] = 300;
    net.run(minutes(1));
    ASSERT_THAT(net.open_kinds(), ElementsAre("degradation"));
    net.blind.insert("local");
    for (const std::string name : {"h1", "h2", "h3"}) {
        net.linked.erase(name);
    }
    net.run(minutes(10));
    EXPECT_THAT(net.open_kinds(), ElementsAre("degradation", "vantage_isolated"));
    EXPECT_EQ(net.world.ci_state("far1"), "unobserved");
    EXPECT_THAT(net.world.column("receipt", receipt_reason), Contains("vantage isolated"));
    net.blind.clear();
    for (const std::string name : {"h2", "h1", "h3"}) {
        net.come_back(name);
    }
    net.run(minutes(2));
    EXPECT_THAT(net.open_kinds(), ElementsAre("degradation")) << "as slow as before";
    net.rtt_ms["far1"] = 10;
    net.run(seconds(10));
    EXPECT_THAT(net.open_kinds(), IsEmpty());
    EXPECT_THAT(
        net.world.outbox(),
        ElementsAre(
            "INC-1/opened/ops", "INC-2/opened/ops", "INC-2/resolved/ops", "INC-1/resolved/ops"
        )
    );
}

TEST(Worsening, ThatGoesOnAfterTheIsolationIsTold) {
    Network net(three_hosts, two_targets, {{"far1", "10.9.0.1"}, {"far2", "10.9.0.2"}});
    net.rtt_ms["far1"] = 300;
    net.run(minutes(1));
    net.blind.insert("local");
    for (const std::string name : {"h1", "h2", "h3"}) {
        net.linked.erase(name);
    }
    net.run(minutes(3));
    net.dead.insert("10.9.0.1");
    net.blind.clear();
    for (const std::string name : {"h2", "h1", "h3"}) {
        net.come_back(name);
    }
    net.run(minutes(2));
    EXPECT_THAT(net.open_kinds(), ElementsAre("fault"));
    EXPECT_THAT(net.world.outbox(), Contains("INC-1/worsened/ops"));
}

TEST(Worsening, ThatTurnsOutToBeTheObserversOwnIsTakenBack) {
    Network net(
        three_hosts,
        "targets:\n" + target("far1", "10.9.0.1", from("local")) +
            "  - {name: far2, class: server, address: 10.9.0.2, from: {agent: local}, probes: "
            "[{type: icmp, name: p, interval: 30s, timeout: 500ms}]}\n",
        {{"far1", "10.9.0.1"}, {"far2", "10.9.0.2"}}
    );
    net.rtt_ms["far1"] = 300;
    net.run(minutes(5));
    net.severed.insert({"local", "10.9.0.1"});
    net.run(seconds(15));
    ASSERT_THAT(net.open_kinds(), ElementsAre("fault")) << "far2 is not asked as often";
    net.blind.insert("local");
    for (const std::string name : {"h1", "h2", "h3"}) {
        net.linked.erase(name);
    }
    net.run(minutes(1));
    EXPECT_THAT(net.open_kinds(), ElementsAre("vantage_isolated"));
    EXPECT_THAT(net.world.column("incident_symptom", 5), Contains("was INC-1"));
}

TEST(Worsening, NeedsAsManyVantagesAsAFault) {
    Network net(
        three_vantages,
        "host_watch: {enabled: false}\ntargets:\n" +
            target("web", "10.9.0.1", ", from: {any: 3, quorum: 2}"),
        {{"web", "10.9.0.1"}}
    );
    net.rtt_ms["web"] = 300;
    net.run(seconds(30));
    ASSERT_THAT(net.open_kinds(), ElementsAre("degradation"));
    net.severed.insert({"a", "10.9.0.1"});
    net.run(seconds(30));
    EXPECT_THAT(net.open_kinds(), ElementsAre("degradation"));
    EXPECT_EQ(net.world.ci_state("web"), "degraded");
    EXPECT_THAT(net.world.column("receipt", receipt_reason), ElementsAre("quorum"));
    net.severed.insert({"c", "10.9.0.1"});
    net.run(seconds(30));
    EXPECT_THAT(net.open_kinds(), ElementsAre("fault"));
    EXPECT_EQ(net.world.ci_state("web"), "down");
    net.severed.clear();
    net.rtt_ms["web"] = 10;
    net.run(seconds(30));
    EXPECT_THAT(net.open_kinds(), IsEmpty());
    EXPECT_THAT(
        net.world.outbox(),
        ElementsAre("INC-1/opened/ops", "INC-1/worsened/ops", "INC-1/resolved/ops")
    );
}

TEST(Worsening, SlowForMostAndFailingForOneOpensAsADegradation) {
    Network net(
        three_vantages,
        "host_watch: {enabled: false}\ntargets:\n" +
            target("web", "10.9.0.1", ", from: {any: 3, quorum: 2}"),
        {{"web", "10.9.0.1"}}
    );
    net.severed.insert({"a", "10.9.0.1"});
    net.run(seconds(30));
    EXPECT_THAT(net.open_kinds(), IsEmpty());
    net.rtt_ms["web"] = 300;
    net.run(seconds(30));
    EXPECT_THAT(net.open_kinds(), ElementsAre("degradation"));
    EXPECT_THAT(net.titles(), ElementsAre(HasSubstr("p exceeded: rtt_avg 300 ms")));
}

TEST(Worsening, InASiteThatIsCutOffIsASymptom) {
    Network net(
        three_hosts,
        "targets:\n" + target("far1", "10.9.0.1", from("local")) +
            target("desk", "10.0.1.50", from("local") + ", site: branch"),
        {{"far1", "10.9.0.1"}, {"desk", "10.0.1.50"}}
    );
    net.rtt_ms["desk"] = 300;
    net.run(minutes(30));
    ASSERT_THAT(net.open_kinds(), ElementsAre("degradation"));
    net.severed.insert({"local", "10.0.1.50"});
    for (const std::string name : {"h1", "h2", "h3"}) {
        net.linked.erase(name);
        net.severed.insert({"local", net.host_of[name]});
    }
    net.run(minutes(12));
    EXPECT_THAT(net.open_kinds(), ElementsAre("degradation", "site_cut_off"));
    EXPECT_THAT(net.world.column("receipt", receipt_reason), Contains("site cut off"));
    net.severed.clear();
    for (const std::string name : {"h2", "h1", "h3"}) {
        net.come_back(name);
    }
    net.run(minutes(7));
    EXPECT_THAT(net.open_kinds(), ElementsAre("degradation"));
    EXPECT_THAT(
        net.world.outbox(),
        ElementsAre("INC-1/opened/ops", "INC-2/opened/ops", "INC-2/resolved/ops")
    );
}

TEST(Worsening, OnAHostThatIsDownIsASymptom) {
    Network net(
        three_hosts, "targets:\n" + target("web", "10.0.1.1", from("local")), {{"web", "10.0.1.1"}}
    );
    net.rtt_ms["web"] = 300;
    net.run(minutes(1));
    ASSERT_THAT(net.open_kinds(), ElementsAre("degradation"));
    net.dead.insert("10.0.1.1");
    net.run(minutes(8));
    EXPECT_THAT(
        net.titles(), ElementsAre(HasSubstr("web: p exceeded"), HasSubstr("host h1 is down"))
    );
    net.come_back("h1");
    net.run(minutes(2));
    EXPECT_THAT(net.open_kinds(), ElementsAre("degradation"));
    EXPECT_THAT(
        net.world.outbox(),
        ElementsAre("INC-1/opened/ops", "INC-2/opened/ops", "INC-2/resolved/ops")
    );
}

TEST(Worsening, OfManyAtOnceIsAStorm) {
    std::string watch = "storm: {incidents: 5, within: 10s}\ntargets:\n";
    std::map<std::string, std::string> hosts;
    for (int i = 1; i <= 8; ++i) {
        const std::string name = "t" + std::to_string(i);
        hosts[name] = "10.9.0." + std::to_string(i);
        watch += target(name, hosts[name]);
    }
    Network net(one_host, watch, hosts);
    for (const auto& [name, host] : hosts) {
        net.rtt_ms[name] = 300;
        net.run(seconds(20));
    }
    ASSERT_THAT(net.open_kinds(), AllOf(testing::SizeIs(8), Each("degradation")));
    for (const auto& [name, host] : hosts) {
        net.dead.insert(host);
    }
    net.run(minutes(1));
    EXPECT_THAT(net.open_kinds(), Contains("storm"));
    EXPECT_THAT(net.open_kinds(), Not(Contains("fault")));
    net.dead.clear();
    net.run(minutes(1));
    EXPECT_THAT(net.open_kinds(), AllOf(testing::SizeIs(8), Each("degradation")));
    EXPECT_THAT(net.world.outbox(), Not(Contains(HasSubstr("worsened"))));
}

}  // namespace
}  // namespace muster::collector::brain_test
