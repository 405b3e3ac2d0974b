// Maintenance windows: what fails inside opens nothing, what is left when they end opens.
#include "brain_network.hpp"

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <unistd.h>
#include <vector>

namespace muster::collector::brain_test {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::UnorderedElementsAre;

constexpr std::size_t window_state = 5;
constexpr std::size_t receipt_data = 6;

/// One agent and targets t1, t2 beside a channel.
class Windows : public testing::Test {
  protected:
    Windows() {
        world_.start();
        agent_ = &world_.enrol("a1");
        world_.load_config(simple_targets(2, 1, channel));
        world_.connect(*agent_);
        say({"t1/p", "t2/p"}, ok, 2);
    }

    void say(const std::vector<std::string>& probes, wire::ResultState state, int times) {
        for (int i = 0; i < times; ++i) {
            world_.advance(seconds(1));
            std::vector<Said> results;
            for (const std::string& probe : probes) {
                results.push_back({probe, state, {}, state == ok ? "" : "no reply"});
            }
            world_.deliver(*agent_, std::move(results));
        }
    }

    /// `match` for `length` from now on.
    Verdict start(const std::string& match, Duration length = minutes(10)) {
        return world_.command(
            "window.create",
            R"({"match":")" + match + R"(","for_ns":)" + std::to_string(length.count()) +
                R"(,"reason":"upgrade"})"
        );
    }

    std::vector<std::string> states() { return world_.column("maintenance_window", window_state); }

    std::vector<std::string> receipts() { return world_.column("receipt", receipt_reason); }

    static constexpr const char* channel =
        "channels:\n  - {name: ops, type: webhook, url: \"https://127.0.0.1:1/\", secret: {file: "
        "/s}}\n";
    BrainWorld world_;
    TestAgent* agent_ = nullptr;
};

TEST_F(Windows, WhatFailsInsideOpensNothingAndHasAReceipt) {
    EXPECT_EQ(start("name = t1").status, 201);
    EXPECT_THAT(states(), ElementsAre("active"));
    say({"t1/p", "t2/p"}, critical, 3);
    world_.pass(seconds(6));
    EXPECT_EQ(world_.rows("incident").size(), 1U) << "t2 is not in it";
    EXPECT_THAT(receipts(), ElementsAre("maintenance window"));
    const std::string data = world_.column("receipt", receipt_data).front();
    EXPECT_THAT(data, HasSubstr("inside WIN-1 (upgrade) until"));
    EXPECT_THAT(data, HasSubstr("without WIN-1 it would have paged"));
    EXPECT_EQ(world_.ci_state("t1"), "down") << "it goes on being measured";
}

TEST_F(Windows, WhatRecoversInsideOpensNothing) {
    start("name = t1");
    say({"t1/p"}, critical, 3);
    world_.pass(seconds(30));
    say({"t1/p"}, ok, 660);
    EXPECT_THAT(states(), ElementsAre("ended"));
    EXPECT_THAT(world_.rows("incident"), IsEmpty());
    EXPECT_THAT(world_.outbox(), IsEmpty());
}

TEST_F(Windows, WhatStillFailsWhenItEndsOpensAfterItsHold) {
    start("name = t1", minutes(2));
    say({"t1/p"}, critical, 119);
    EXPECT_THAT(world_.rows("incident"), IsEmpty());
    say({"t1/p"}, critical, 4);
    EXPECT_THAT(states(), ElementsAre("ended"));
    EXPECT_THAT(world_.rows("incident"), IsEmpty()) << "the hold began again";
    say({"t1/p"}, critical, 4);
    EXPECT_EQ(world_.incidents("new"), 1U);
    EXPECT_THAT(world_.outbox(), ElementsAre("INC-1/opened/ops"));
}

TEST_F(Windows, WhatWasOpenStaysAndItsEndIsTold) {
    say({"t1/p"}, critical, 3);
    world_.pass(seconds(6));
    EXPECT_EQ(world_.incidents("new"), 1U);
    start("name = t1");
    EXPECT_EQ(world_.incidents("new"), 1U);
    say({"t1/p"}, ok, 2);
    EXPECT_THAT(world_.outbox(), ElementsAre("INC-1/opened/ops", "INC-1/resolved/ops"));
    say({"t1/p"}, critical, 3);
    world_.pass(seconds(30));
    EXPECT_EQ(world_.incidents("new"), 0U) << "nor does it reopen inside";
}

TEST_F(Windows, WhatAPersonResolvedReopensOnlyAfterIt) {
    say({"t1/p"}, critical, 3);
    world_.pass(seconds(6));
    start("name = t1", minutes(20));
    world_.command("incident.resolve", R"({"number":1})");
    for (int i = 0; i < 90; ++i) {
        world_.advance(seconds(9));
        say({"t1/p"}, critical, 1);
    }
    EXPECT_EQ(world_.incidents("resolved"), 1U) << "15 minutes later";
    for (int i = 0; i < 60; ++i) {
        world_.advance(seconds(9));
        say({"t1/p"}, critical, 1);
    }
    EXPECT_EQ(world_.incidents("new"), 1U);
}

TEST_F(Windows, APlannedOneBeginsByTheCalendar) {
    const std::string from = format_rfc3339(world_.now() + minutes(10));
    const std::string to = format_rfc3339(world_.now() + minutes(20));
    const Verdict made = world_.command(
        "window.create",
        R"({"match":"name = t1","from":")" + from + R"(","to":")" + to + R"(","reason":"upgrade"})"
    );
    EXPECT_EQ(made.status, 201) << made.body;
    EXPECT_THAT(made.body, HasSubstr(R"("id":"WIN-1","state":"planned")"));
    EXPECT_THAT(made.body, HasSubstr(R"("members":1)")) << "if it began now";
    EXPECT_THAT(states(), ElementsAre("planned"));
    world_.pass(minutes(9));
    EXPECT_THAT(states(), ElementsAre("planned"));
    world_.pass(seconds(61));
    EXPECT_THAT(states(), ElementsAre("active"));
    world_.pass(minutes(10));
    EXPECT_THAT(states(), ElementsAre("ended"));
    const auto members = world_.rows("maintenance_window_ci");
    ASSERT_EQ(members.size(), 1U);
    EXPECT_EQ(std::stoll(members[0][3]) - std::stoll(members[0][2]), Duration(minutes(10)).count());
}

TEST_F(Windows, ACancelledOneEndsAtOnce) {
    start("name = t1");
    say({"t1/p"}, critical, 3);
    world_.pass(seconds(30));
    EXPECT_EQ(world_.command("window.cancel", R"({"window":1})").status, 200);
    EXPECT_THAT(states(), ElementsAre("cancelled"));
    say({"t1/p"}, critical, 1);
    world_.pass(seconds(6));
    EXPECT_EQ(world_.incidents("new"), 1U);
    EXPECT_EQ(world_.command("window.cancel", R"({"window":1})").status, 409);
    EXPECT_EQ(world_.command("window.cancel", R"({"window":2})").status, 404);
}

TEST_F(Windows, WhatBeginsToMatchDuringItJoins) {
    start("label.role = spare");
    EXPECT_THAT(world_.rows("maintenance_window_ci"), IsEmpty());
    world_.load_config(
        std::string(channel) +
        "targets:\n  - {name: t1, class: server, address: 127.0.0.1, labels: {role: spare}, "
        "probes: "
        "[{type: icmp, name: p, interval: 1s, timeout: 500ms}]}\n"
    );
    EXPECT_EQ(world_.rows("maintenance_window_ci").size(), 1U);
    world_.connect(*agent_);
    say({"t1/p"}, ok, 2);
    say({"t1/p"}, critical, 3);
    world_.pass(seconds(6));
    EXPECT_THAT(world_.rows("incident"), IsEmpty());
    world_.load_config(simple_targets(1, 1, channel));
    EXPECT_NE(world_.rows("maintenance_window_ci")[0][3], "-") << "it has left";
}

TEST_F(Windows, TwoThatOverlapHoldTogether) {
    start("name = t1", minutes(1));
    start("name = t1", minutes(3));
    say({"t1/p"}, critical, 120);
    EXPECT_THAT(states(), ElementsAre("ended", "active"));
    EXPECT_THAT(world_.rows("incident"), IsEmpty());
    say({"t1/p"}, critical, 70);
    EXPECT_EQ(world_.incidents("new"), 1U);
}

TEST_F(Windows, SurviveAStartOfTheCollectorInWhichTheyEnded) {
    start("name = t1", minutes(2));
    say({"t1/p"}, critical, 10);
    world_.advance(minutes(30));
    world_.start();
    EXPECT_THAT(states(), ElementsAre("ended"));
    const auto members = world_.rows("maintenance_window_ci");
    EXPECT_EQ(std::stoll(members[0][3]) - std::stoll(members[0][2]), Duration(minutes(2)).count())
        << "what was planned is excluded, not what nobody saw";
    world_.connect(*agent_);
    say({"t1/p"}, critical, 1);
    world_.pass(seconds(6));
    EXPECT_EQ(world_.incidents("new"), 1U);
}

TEST_F(Windows, WhatBecomesKnownLateOfTheTimeInsideIsNotRecordedAsAnIncident) {
    start("name = t1", seconds(90));
    world_.disconnect(*agent_);
    for (int i = 0; i < 60; ++i) {
        world_.advance(seconds(1));
        world_.spool(*agent_, {{"t1/p", i < 50 ? critical : ok}, {"t2/p", i < 50 ? critical : ok}});
    }
    world_.advance(minutes(1));
    world_.append(EntryKind::tick);
    EXPECT_THAT(states(), ElementsAre("ended"));
    world_.connect(*agent_);
    world_.drain(*agent_);
    EXPECT_EQ(world_.rows("incident").size(), 1U) << "t2's alone";
    EXPECT_THAT(receipts(), UnorderedElementsAre("maintenance window", "detected late"));
}

TEST_F(Windows, SayWhatIsWrong) {
    const auto make = [&](const std::string& body) {
        return world_.command("window.create", body).status;
    };
    EXPECT_EQ(make(R"({"match":"name = t1","for_ns":1000000000})"), 422) << "no reason";
    EXPECT_EQ(make(R"({"for_ns":1000000000,"reason":"x"})"), 422) << "of what?";
    EXPECT_EQ(make(R"({"match":"nmae = t1","for_ns":1000000000,"reason":"x"})"), 422);
    EXPECT_EQ(make(R"({"ci":"t1","for_ns":1000000000,"reason":"x"})"), 422) << "ids alone";
    EXPECT_EQ(make(R"({"match":"name = t1","reason":"x"})"), 422) << "no end";
    EXPECT_EQ(
        make(
            R"({"match":"name = t1","from":"2001-01-01T00:00:00Z","for_ns":1000000000,"reason":"x"})"
        ),
        422
    ) << "the past is not rewritten";
    EXPECT_EQ(make(R"({"match":"name = t1","for_ns":90000000000000000,"reason":"x"})"), 422);
    EXPECT_THAT(states(), IsEmpty());
}

TEST_F(Windows, OfOneSiteCoverNothingElsewhere) {
    const Verdict made = world_.command(
        "window.create",
        R"({"match":"class = server","for_ns":60000000000,"reason":"x","sites":["Depot"]})"
    );
    EXPECT_EQ(made.status, 201);
    EXPECT_THAT(world_.rows("maintenance_window_ci"), IsEmpty()) << "t1 and t2 are at no site";
}

const std::map<std::string, std::pair<std::string, std::string>> hosts{
    {"local", {"127.0.0.1", "HQ"}},
    {"h1", {"10.0.1.1", "branch"}},
    {"h2", {"10.0.1.2", "branch"}},
    {"h3", {"10.0.1.3", "branch"}}
};

Verdict start(Network& net, const std::string& match, Duration length) {
    return net.world.command(
        "window.create",
        R"({"match":")" + match + R"(","for_ns":)" + std::to_string(length.count()) +
            R"(,"reason":"power work"})"
    );
}

std::vector<std::string> reasons(Network& net) {
    return net.world.column("receipt", receipt_reason);
}

TEST(WindowsOfAgents, AHostThatIsDownInsideOpensNothingNorDoesItsSilence) {
    Network net(hosts);
    start(net, "name = h1", minutes(20));
    net.dead.insert("10.0.1.1");
    net.run(minutes(15));
    EXPECT_THAT(net.world.rows("incident"), IsEmpty());
    EXPECT_THAT(reasons(net), Contains("maintenance window"));
    net.come_back("h1");
    net.run(minutes(10));
    EXPECT_THAT(net.world.rows("incident"), IsEmpty());
}

TEST(WindowsOfAgents, AHostThatDoesNotComeBackIsDownWhenTheWindowEnds) {
    Network net(hosts);
    start(net, "name = h1", minutes(5));
    net.dead.insert("10.0.1.1");
    net.run(minutes(4));
    EXPECT_THAT(net.world.rows("incident"), IsEmpty());
    net.run(minutes(2));
    EXPECT_THAT(net.titles(), ElementsAre(HasSubstr("host h1 is down")));
    net.run(minutes(10));
    EXPECT_EQ(net.world.rows("incident").size(), 1U) << "its silence is a symptom";
}

TEST(WindowsOfAgents, ASilenceThatGoesOnIsAnIncidentAfterTheUsualTime) {
    Network net(hosts);
    start(net, "name = h1", minutes(10));
    net.linked.erase("h1");
    net.run(minutes(14));
    EXPECT_THAT(net.world.rows("incident"), IsEmpty());
    net.run(minutes(2));
    EXPECT_THAT(net.open_kinds(), ElementsAre("agent_silent"));
}

TEST(WindowsOfAgents, ASiteInMaintenanceIsNotCutOff) {
    Network net(hosts);
    start(net, "site = branch", minutes(10));
    for (const std::string h : {"h1", "h2", "h3"}) {
        net.linked.erase(h);
    }
    net.run(minutes(9));
    EXPECT_THAT(net.world.rows("incident"), IsEmpty());
    net.run(minutes(3));
    EXPECT_THAT(net.open_kinds(), ElementsAre("site_cut_off")) << "it did not come back";
}

TEST(WindowsOfAgents, TargetsInMaintenanceDoNotIsolateWhoWatchesThem) {
    std::string watch = "targets:\n";
    for (const std::string n : {"1", "2"}) {
        watch += "  - {name: far" + n + ", class: server, address: 10.9.0." + n +
                 ", from: {agent: local}, probes: [{type: icmp, name: p, interval: 1s, timeout: "
                 "500ms}]}\n";
    }
    Network net(
        {{"local", {"127.0.0.1", "HQ"}}}, watch, {{"far1", "10.9.0.1"}, {"far2", "10.9.0.2"}}
    );
    start(net, "name ~ \\\"far*\\\"", minutes(10));
    net.dead = {"10.9.0.1", "10.9.0.2"};
    net.run(minutes(9));
    EXPECT_THAT(net.world.rows("incident"), IsEmpty());
    EXPECT_THAT(reasons(net), Each("maintenance window"));
}

TEST(WindowsOfAgents, ManyFaultsInsideAreNoStorm) {
    std::string watch = "targets:\n";
    std::map<std::string, std::string> at;
    for (int n = 1; n <= 30; ++n) {
        const std::string name = "t" + std::to_string(n);
        const std::string address = "10.9.0." + std::to_string(n);
        watch += "  - {name: " + name + ", class: server, address: " + address +
                 ", from: {agent: h1}, probes: [{type: icmp, name: p, interval: 1s, timeout: "
                 "500ms}]}\n";
        at[name] = address;
    }
    Network net(hosts, watch, at);
    start(net, "name ~ \\\"t*\\\" and name != t1", minutes(10));
    for (const auto& [name, address] : at) {
        net.dead.insert(address);
    }
    net.run(minutes(3));
    EXPECT_THAT(net.open_kinds(), ElementsAre("fault")) << "t1 alone";
}

TEST(WindowsOfAgents, WhatRunsAtTheAddressOfAMachineInItIsCovered) {
    Network net(
        hosts,
        "targets:\n"
        "  - {name: web4, class: server, address: 10.0.1.1, from: {agent: local}, probes: [{type: "
        "icmp, name: p, interval: 1s, timeout: 500ms}]}\n"
        "  - {name: shop, class: application_endpoint, address: 10.0.1.1, from: {agent: local}, "
        "probes: [{type: icmp, name: p, interval: 1s, timeout: 500ms}]}\n",
        {{"web4", "10.0.1.1"}, {"shop", "10.0.1.1"}}
    );
    start(net, "name = web4", minutes(20));
    EXPECT_EQ(net.world.rows("maintenance_window_ci").size(), 3U) << "web4, shop, the agent h1";
    net.dead.insert("10.0.1.1");
    net.run(minutes(10));
    EXPECT_THAT(net.world.rows("incident"), IsEmpty());
}

}  // namespace
}  // namespace muster::collector::brain_test
