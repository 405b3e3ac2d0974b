// How grave an incident is and where it is follows from what hangs on its CI, and from what that is in.
#include "brain_world.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

namespace muster::collector::brain_test {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

const std::string ping_servers = R"(
policies:
  - name: servers answer
    match: "class = server"
    probes: [{type: icmp, name: ping, interval: 1s, timeout: 500ms}]
)";

constexpr std::size_t incident_place = 7;
constexpr std::size_t incident_impact = 29;
constexpr std::size_t incident_impact_basis = 30;
constexpr std::size_t incident_why = 23;

/// The machine db1, and what its agent says is around it.
class BrainImpact : public testing::Test {
  protected:
    BrainImpact() {
        world_.start();
        agent_ = &world_.enrol("a", "HQ");
        agent_->address = "10.0.0.4:40000";
        world_.connect(*agent_);
        world_.load_config(ping_servers);
    }

    /// `items` join those of db1, which is number 0; `relations` name them by their object.
    void look(
        const std::vector<wire::ObservedItem>& items,
        const std::vector<std::array<std::string, 3>>& relations
    ) {
        wire::Observations seen = machine("db1", "10.0.0.4");
        seen.items.insert(seen.items.end(), items.begin(), items.end());
        const auto at = [&seen](const std::string& object) {
            const auto found = std::ranges::find(seen.items, object, &wire::ObservedItem::object);
            EXPECT_NE(found, seen.items.end()) << object;
            return static_cast<std::uint32_t>(found - seen.items.begin());
        };
        for (const auto& [from, type, to] : relations) {
            seen.relations.push_back({at(from), at(to), type});
        }
        world_.observe(*agent_, std::move(seen));
        world_.pass(seconds(1));
    }

    static wire::ObservedItem item(
        const std::string& ci_class, const std::string& name, const std::string& criticality = {}
    ) {
        wire::ObservedItem out{name, ci_class, {}, {{"name", name}}, {}};
        if (!criticality.empty()) {
            out.attributes["criticality"] = criticality;
        }
        return out;
    }

    /// db1 fails; its incident.
    BrainWorld::Row fail() {
        for (int times = 0; times < 2; ++times) {
            world_.advance(seconds(1));
            world_.deliver(*agent_, {{"db1/ping", ok}});
        }
        for (int times = 0; times < 4; ++times) {
            world_.advance(seconds(1));
            world_.deliver(*agent_, {{"db1/ping", critical}});
        }
        world_.pass(seconds(90));
        const auto incidents = world_.rows("incident");
        EXPECT_EQ(incidents.size(), 1U);
        return incidents.empty() ? BrainWorld::Row{} : incidents.front();
    }

    BrainWorld world_;
    TestAgent* agent_ = nullptr;
};

TEST_F(BrainImpact, AServiceThatNeedsTheMachineMakesItGraveHoweverFarItIs) {
    look(
        {item("business_application", "billing", "low"), item("service", "shop", "high")},
        {{"billing", "depends_on", "service/sshd"}, {"shop", "depends_on", "billing"}}
    );
    const auto incident = fail();
    EXPECT_EQ(incident[incident_impact], "high");
    EXPECT_THAT(
        incident[incident_impact_basis],
        HasSubstr("service shop depends on it and is of high criticality")
    );
    EXPECT_THAT(incident[incident_why], HasSubstr("service shop depends on it")) << "muster why";
}

TEST_F(BrainImpact, WhatTheMachineNeedsItselfIsNotAffected) {
    look({item("service", "dns", "high")}, {{"host", "depends_on", "dns"}});
    const auto incident = fail();
    EXPECT_EQ(incident[incident_impact], "medium");
    EXPECT_THAT(incident[incident_impact_basis], Not(HasSubstr("dns")));
}

TEST_F(BrainImpact, AServiceThatHasAnotherOfTheKindLosesNothingYet) {
    look(
        {item("service", "shop", "high"), item("server", "db2")},
        {{"shop", "depends_on", "host"}, {"shop", "depends_on", "db2"}}
    );
    EXPECT_EQ(fail()[incident_impact], "medium");
}

TEST_F(BrainImpact, AnotherKindOfThingIsNoStandIn) {
    look(
        {item("service", "shop", "high"), item("switch", "sw1")},
        {{"shop", "depends_on", "host"}, {"shop", "depends_on", "sw1"}}
    );
    EXPECT_EQ(fail()[incident_impact], "high");
}

TEST_F(BrainImpact, ARelationThatIsNoMoreCountsNoMore) {
    look({item("service", "shop", "high")}, {{"shop", "depends_on", "host"}});
    look({item("service", "shop", "high")}, {});
    EXPECT_EQ(fail()[incident_impact], "medium");
}

TEST_F(BrainImpact, WhatAPersonStatesCountsAsWhatIsSeenDoes) {
    look({item("service", "shop", "high")}, {});
    const auto id = [this](const std::string& ci_class, const std::string& name) {
        for (const auto& row : world_.rows("ci")) {
            if (row[1] == ci_class && row[2] == name) {
                std::string text = row[0].substr(1);
                for (const std::size_t at : {20U, 16U, 12U, 8U}) {
                    text.insert(at, "-");
                }
                return text;
            }
        }
        return std::string();
    };
    const Verdict stated = world_.command(
        "relation.create",
        R"({"from":")" + id("service", "shop") + R"(","type":"depends_on","to":")" +
            id("server", "db1") + R"("})"
    );
    ASSERT_EQ(stated.status, 201) << stated.body;
    EXPECT_EQ(fail()[incident_impact], "high");
}

TEST_F(BrainImpact, ThePlaceIsWhereRelationsLeadWhoeverSaysThem) {
    auto seen = machine("db1", "10.0.0.4");
    seen.items[0].keys = {{"vendor", "serial", "Dell 7QX3B12"}};
    world_.observe(*agent_, seen);
    const Verdict told =
        world_.command("observations.submit", R"({"completeness":"partial","site":"HQ","items":[
        {"class":"server","object":"7","keys":[{"kind":"serial","value":"Dell 7QX3B12"}],"attributes":{"model":"R740"}},
        {"class":"rack","object":"r","attributes":{"name":"R12"}},
        {"class":"room","object":"b","attributes":{"name":"B1"}},
        {"class":"building","object":"m","attributes":{"name":"Main"}}],
        "relations":[{"from":1,"to":0,"type":"contains"},{"from":1,"to":2,"type":"located_in"},
        {"from":2,"to":3,"type":"located_in"}]})");
    ASSERT_EQ(told.status, 200) << told.body;
    world_.pass(seconds(1));
    EXPECT_EQ(fail()[incident_place], "HQ, building Main, room B1, rack R12");
}

}  // namespace
}  // namespace muster::collector::brain_test
