// A site is cut off when at least half of its agents fall silent together: what is seen of it from elsewhere is a symptom.
#include "brain_network.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace muster::collector::brain_test {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(SiteCut, ASiteThatIsCutOffIsOneIncident) {
    Network net(
        three_hosts,
        "targets:\n  - {name: far1, class: server, address: 10.9.0.1, from: {agent: local}, "
        "probes: "
        "[{type: icmp, name: p, interval: 1s, timeout: 500ms}]}\n",
        {{"far1", "10.9.0.1"}}
    );
    for (const std::string name : {"h1", "h2", "h3"}) {
        net.linked.erase(name);
        net.severed.insert({"local", net.host_of[name]});
    }
    net.run(minutes(12));
    EXPECT_THAT(net.titles(), ElementsAre(HasSubstr("site branch is cut off: 3 of 3")));
    net.severed.clear();
    net.come_back("h2");
    net.run(seconds(20));
    EXPECT_THAT(net.open_kinds(), ElementsAre("site_cut_off")) << "two of three are silent";
    net.come_back("h3");
    net.run(seconds(20));
    EXPECT_THAT(net.open_kinds(), IsEmpty());
    net.come_back("h1");
    net.run(minutes(6));
    EXPECT_EQ(net.world.rows("incident").size(), 1U);
    EXPECT_THAT(net.world.outbox(), ElementsAre("INC-1/opened/ops", "INC-1/resolved/ops"));
}

TEST(SiteCut, ASiteThatIsCutOffAgainBeforeAllOfItWasBackIsCutOffAndNoHostOfItDown) {
    Network net(
        {{"local", {"127.0.0.1", "HQ"}},
         {"h1", {"10.0.1.1", "branch"}},
         {"h2", {"10.0.1.2", "branch"}}},
        two_targets(),
        {{"far1", "10.9.0.1"}, {"far2", "10.9.0.2"}}
    );
    const auto cut = [&net] {
        for (const std::string name : {"h1", "h2"}) {
            net.linked.erase(name);
            net.severed.insert({"local", net.host_of[name]});
        }
    };
    cut();
    net.run(minutes(3));
    net.severed.clear();
    net.come_back("h1");
    net.run(seconds(4));
    EXPECT_THAT(net.open_kinds(), IsEmpty());
    cut();
    net.run(minutes(7));
    EXPECT_THAT(net.titles(), ElementsAre(HasSubstr("site branch is cut off: 2 of 2")));
    EXPECT_THAT(net.open_kinds(), ElementsAre("site_cut_off"));
}

TEST(SiteCut, ASiteThatIsBackForAMomentIsCutOffAgainAndNothingInItIsDown) {
    const std::vector<std::vector<std::string>> ways = {{"h1"}, {"h1", "h2"}};
    for (const std::vector<std::string>& back : ways) {
        SCOPED_TRACE(testing::PrintToString(back));
        Network net(
            {{"local", {"127.0.0.1", "HQ"}},
             {"h1", {"10.0.1.1", "branch"}},
             {"h2", {"10.0.1.2", "branch"}}},
            "host_watch: {interval: 1s}\n" + two_targets() +
                "  - {name: printer, class: server, site: branch, address: 10.0.1.9, from: {agent: "
                "local}, probes: [{type: icmp, name: p, interval: 1s, timeout: 500ms}]}\n",
            {{"far1", "10.9.0.1"}, {"far2", "10.9.0.2"}, {"printer", "10.0.1.9"}}
        );
        const auto cut = [&net] {
            for (const std::string name : {"h1", "h2"}) {
                net.linked.erase(name);
                net.severed.insert({"local", net.host_of[name]});
            }
            net.severed.insert({"local", "10.0.1.9"});
        };
        cut();
        net.run(minutes(3));
        net.severed.clear();
        for (const std::string& name : back) {
            net.come_back(name);
        }
        net.run(seconds(1));
        EXPECT_THAT(net.open_kinds(), IsEmpty());
        cut();
        net.run(minutes(7));
        EXPECT_THAT(net.titles(), ElementsAre(HasSubstr("site branch is cut off: 2 of 2")));
        EXPECT_THAT(net.open_kinds(), ElementsAre("site_cut_off"));
        net.severed.clear();
        net.come_back("h1");
        net.come_back("h2");
        net.run(minutes(2));
        EXPECT_THAT(net.open_kinds(), IsEmpty());
        EXPECT_EQ(net.titles().size(), 1U) << testing::PrintToString(net.titles());
    }
}

TEST(SiteCut, WhatFailsWhereTwoOfFourFellSilentOneAfterTheOtherIsToldAllTheSame) {
    Network net(
        {{"local", {"127.0.0.1", "HQ"}},
         {"h1", {"10.0.1.1", "branch"}},
         {"h2", {"10.0.1.2", "branch"}},
         {"h3", {"10.0.1.3", "branch"}},
         {"h4", {"10.0.1.4", "branch"}}},
        two_targets() +
            "  - {name: printer, class: server, site: branch, address: 10.0.1.9, from: {agent: "
            "local}, probes: [{type: icmp, name: p, interval: 1s, timeout: 500ms}]}\n",
        {{"far1", "10.9.0.1"}, {"far2", "10.9.0.2"}, {"printer", "10.0.1.9"}}
    );
    net.linked.erase("h1");
    net.run(seconds(70));
    net.linked.erase("h2");
    net.run(seconds(5));
    net.dead.insert("10.0.1.9");
    net.run(minutes(2));
    EXPECT_THAT(net.titles(), ElementsAre(HasSubstr("printer")));
}

TEST(SiteCut, AgentsThatFallSilentWhileTheirHostsAnswerAreToldSo) {
    Network net(three_hosts);
    for (const std::string name : {"h1", "h2", "h3"}) {
        net.linked.erase(name);
    }
    net.run(minutes(2));
    EXPECT_THAT(net.titles(), ElementsAre(HasSubstr("yet their hosts answer")));
}

}  // namespace
}  // namespace muster::collector::brain_test
