// Watches of hosts are of the machines that inventories find, and follow them.
#include "brain_network.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace muster::collector::brain_test {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr std::size_t probe_id = 0;
constexpr std::size_t probe_ci = 1;
constexpr std::size_t probe_origin = 5;
constexpr std::size_t probe_host = 6;
constexpr std::size_t probe_params = 9;
constexpr std::size_t probe_state = 11;
constexpr std::size_t probe_removed = 17;
constexpr std::size_t probe_row = 18;

/// Three hosts, of which h1 is looked at here.
class Machines : public testing::Test {
  protected:
    /// The watch of h1's host.
    BrainWorld::Row watch() {
        for (const auto& row : net_.world.rows("probe")) {
            if (row[probe_origin] == "host watch" && row[probe_host] == "10.0.1.1") {
                return row;
            }
        }
        ADD_FAILURE() << "nobody watches h1";
        return {};
    }

    std::size_t watches() { return net_.world.rows("probe").size(); }

    /// "server h1": the CI of the watch.
    std::string watched() {
        for (const auto& row : net_.world.rows("ci")) {
            if (row[0] == watch()[probe_ci]) {
                return row[1] + " " + row[2];
            }
        }
        return "nothing";
    }

    /// As commands take it.
    std::string id(const std::string& ci_class, const std::string& name) {
        for (const auto& row : net_.world.rows("ci")) {
            if (row[1] == ci_class && row[2] == name && row[11] == "-") {
                std::string text = row[0].substr(1);
                for (const std::size_t at : {20U, 16U, 12U, 8U}) {
                    text.insert(at, "-");
                }
                return text;
            }
        }
        return "no such CI";
    }

    std::string state_of(const std::string& ci_class, const std::string& name) {
        for (const auto& row : net_.world.rows("ci")) {
            if (row[1] == ci_class && row[2] == name) {
                return row[7];
            }
        }
        return "no such CI";
    }

    void look(wire::Observations seen = machine("h1", "10.0.1.1")) {
        net_.world.observe(*net_.agents["h1"], std::move(seen));
        net_.run(seconds(5));
    }

    /// What listens on h1: places such as "0.0.0.0:22", instead of SSH.
    static wire::Observations listening(const std::vector<std::pair<std::string, int>>& places) {
        wire::Observations seen = machine("h1", "10.0.1.1");
        std::erase_if(seen.items, [](const wire::ObservedItem& item) {
            return item.ci_class == "application_endpoint";
        });
        seen.relations.clear();
        for (const auto& [address, port] : places) {
            const std::string number = std::to_string(port);
            const std::string name = "tcp/" + address + ":" + number;
            seen.items.push_back(
                {"endpoint/" + name,
                 "application_endpoint",
                 {},
                 {{"name", name}, {"protocol", "tcp"}, {"listen_address", address}, {"port", number}
                 },
                 {}}
            );
            seen.relations.push_back(
                {0, static_cast<std::uint32_t>(seen.items.size() - 1), "provides"}
            );
        }
        return seen;
    }

    void command(const std::string& name, const std::string& body) {
        const Verdict verdict = net_.world.command(name, body);
        EXPECT_LT(verdict.status, 300) << verdict.body;
    }

    Network net_{
        {{"h1", {"10.0.1.1", "branch"}},
         {"h2", {"10.0.1.2", "branch"}},
         {"h3", {"10.0.1.3", "branch"}}}
    };
};

TEST_F(Machines, TheWatchIsOfTheMachineOnceAnInventoryHasFoundIt) {
    const auto before = watch();
    EXPECT_EQ(watched(), "agent h1");
    look();
    EXPECT_EQ(watched(), "server h1");
    EXPECT_EQ(watch()[probe_id], before[probe_id]);
    EXPECT_EQ(watch()[probe_row], before[probe_row]) << "the same probe";
    EXPECT_EQ(watch()[probe_state], "ok") << "proven as it was";
    EXPECT_EQ(watches(), 3U);
    EXPECT_EQ(state_of("server", "h1"), "up");
    EXPECT_EQ(state_of("agent", "h1"), "up");
    net_.world.load_config(
        "channels:\n  - {name: ops, type: webhook, url: \"https://127.0.0.1:1/\", "
        "secret: {file: /s}}\ntargets: []\n"
    );
    EXPECT_EQ(watched(), "server h1") << "a plan of everything agrees";
    EXPECT_EQ(watch()[probe_row], before[probe_row]);
    EXPECT_EQ(watches(), 3U);
}

TEST_F(Machines, ItIsTheMachineThatIsDownAndTheSilenceOfItsAgentTheSymptom) {
    look();
    net_.dead.insert("10.0.1.1");
    net_.run(minutes(1));
    EXPECT_THAT(net_.titles(), ElementsAre(HasSubstr("host h1 is down")));
    EXPECT_EQ(state_of("server", "h1"), "down");
    net_.run(minutes(10));
    EXPECT_EQ(net_.titles().size(), 1U);
    net_.come_back("h1");
    net_.run(seconds(30));
    EXPECT_THAT(net_.world.outbox(), ElementsAre("INC-1/opened/ops", "INC-1/resolved/ops"));
    EXPECT_EQ(state_of("server", "h1"), "up");
}

TEST_F(Machines, APathThatBreaksAndAPlannedStopAreToldApartThereToo) {
    look();
    net_.severed.insert({"h2", "10.0.1.1"});
    net_.run(minutes(2));
    EXPECT_THAT(net_.titles(), IsEmpty());
    EXPECT_EQ(state_of("server", "h1"), "degraded");
    EXPECT_THAT(net_.world.column("receipt", receipt_reason), testing::Contains("agent is heard"));
    net_.linked.erase("h1");
    net_.run(minutes(1));
    EXPECT_THAT(net_.titles(), ElementsAre(HasSubstr("host h1 is down")));
    net_.severed.clear();
    net_.come_back("h1");
    net_.run(minutes(6));
    EXPECT_THAT(net_.open_kinds(), IsEmpty());
    net_.stopped.insert("h1");
    net_.world.disconnect(*net_.agents["h1"], true);
    net_.dead.insert("10.0.1.1");
    net_.run(minutes(9));
    EXPECT_EQ(net_.titles().size(), 1U);
    net_.run(minutes(2));
    EXPECT_THAT(net_.open_kinds(), ElementsAre("fault"));
}

TEST_F(Machines, AnIncidentFollowsTheMachineThatTurnsOutToBeAnotherCi) {
    look();
    net_.dead.insert("10.0.1.1");
    net_.run(minutes(1));
    ASSERT_THAT(net_.titles(), ElementsAre(HasSubstr("host h1 is down")));
    command("ci.create", R"({"class":"server","attributes":{"name":"shelf1"}})");
    command(
        "ci.merge",
        R"({"id":")" + id("server", "shelf1") + R"(","other":")" + id("server", "h1") + R"("})"
    );
    net_.run(minutes(10));
    EXPECT_EQ(net_.open_kinds().size(), 1U) << "neither doubled nor lost";
    EXPECT_EQ(watches(), 3U);
    EXPECT_EQ(watch()[probe_removed], "-");
    net_.come_back("h1");
    net_.run(minutes(1));
    EXPECT_THAT(net_.open_kinds(), IsEmpty());
    EXPECT_THAT(net_.world.outbox(), ElementsAre("INC-1/opened/ops", "INC-1/resolved/ops"));
}

TEST_F(Machines, AnAgentThatIsKnownByAnOlderStatementKeepsTheWatchOfItsHost) {
    const auto before = watch();
    command("ci.create", R"({"class":"agent","attributes":{"name":"kept"}})");
    command(
        "ci.merge",
        R"({"id":")" + id("agent", "kept") + R"(","other":")" + id("agent", "h1") + R"("})"
    );
    net_.run(seconds(5));
    EXPECT_EQ(watch()[probe_row], before[probe_row]);
    EXPECT_EQ(watch()[probe_id], before[probe_id]);
    EXPECT_EQ(watch()[probe_state], "ok");
    EXPECT_EQ(watches(), 3U);
}

TEST_F(Machines, AMachineNoLongerNamedGivesTheWatchBackToTheAgent) {
    look();
    wire::Observations nothing_but_the_agent = machine("h1", "10.0.1.1");
    nothing_but_the_agent.items.erase(
        nothing_but_the_agent.items.begin(), nothing_but_the_agent.items.end() - 1
    );
    nothing_but_the_agent.relations.clear();
    look(nothing_but_the_agent);
    EXPECT_EQ(watched(), "server h1") << "missing, and not given up yet";
    for (int day = 0; day < 8; ++day) {
        net_.world.advance(std::chrono::hours(24));
        net_.run(seconds(2));
    }
    EXPECT_EQ(watched(), "agent h1");
    EXPECT_EQ(watch()[probe_removed], "-");
}

TEST_F(Machines, WhatListensForEverybodyIsTheKnownPort) {
    EXPECT_THAT(watch()[probe_params], Not(HasSubstr("port")));
    look();
    EXPECT_THAT(watch()[probe_params], HasSubstr("22"));
    const auto with_ssh = watch();
    look(listening({{"127.0.0.1", 25}, {"0.0.0.0", 8443}, {"10.0.1.1", 8080}, {"10.9.9.9", 80}}));
    EXPECT_THAT(watch()[probe_params], HasSubstr("8080")) << "the lowest that is to be reached";
    EXPECT_EQ(watch()[probe_row], with_ssh[probe_row]);
    EXPECT_EQ(watch()[probe_state], "ok");
    look(listening({{"127.0.0.1", 25}}));
    EXPECT_THAT(watch()[probe_params], Not(HasSubstr("port")));
}

TEST_F(Machines, AConfiguredPortComesFirst) {
    look();
    net_.world.load_config("host_watch: {port: 2222}\ntargets: []\n");
    EXPECT_THAT(watch()[probe_params], HasSubstr("2222"));
}

TEST_F(Machines, AWindowOverTheMachineCoversTheSilenceOfItsAgent) {
    look();
    command(
        "window.create",
        R"({"match":"class = server and name = h1","for_ns":)" +
            std::to_string(Duration(minutes(20)).count()) + R"(,"reason":"power work"})"
    );
    net_.linked.erase("h1");
    net_.run(minutes(15));
    EXPECT_THAT(net_.titles(), IsEmpty());
    net_.run(minutes(12));
    EXPECT_THAT(net_.titles(), ElementsAre(HasSubstr("agent h1 is silent")));
}

}  // namespace
}  // namespace muster::collector::brain_test
