#include "brain_world.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace muster::collector::brain_test {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::UnorderedElementsAre;

const std::string ping_servers = R"(
policies:
  - name: servers answer
    match: "class = server"
    probes: [{type: icmp, name: ping, interval: 1s, timeout: 500ms}]
)";

class BrainCmdb : public testing::Test {
  protected:
    BrainCmdb() {
        world_.start();
        agent_ = &world_.enrol("a", "HQ");
        agent_->address = "10.0.0.4:40000";
        world_.connect(*agent_);
    }

    /// "NAME=VALUE" of what is believed of a CI now, by its name.
    std::vector<std::string> values(const std::string& name) {
        std::vector<std::string> out;
        for (const auto& ci : world_.rows("ci")) {
            for (const auto& row : world_.rows("ci_attribute")) {
                if (ci[2] == name && row[0] == ci[0] && row[5] == "-" && row[7] == "-") {
                    out.push_back(row[1] + "=" + row[2]);
                }
            }
        }
        return out;
    }

    std::vector<std::string> hosts_probed() {
        std::vector<std::string> out;
        for (const auto& row : world_.rows("probe")) {
            if (row[17] == "-" && row[5] != "host watch") {
                out.push_back(row[6]);
            }
        }
        return out;
    }

    BrainWorld world_;
    TestAgent* agent_ = nullptr;
};

TEST_F(BrainCmdb, MakesConfigurationItemsOfWhatAnAgentSees) {
    world_.observe(*agent_, machine("web4", "10.0.0.4"));
    EXPECT_THAT(
        world_.cis(),
        ElementsAre(
            "agent a",
            "application_endpoint tcp/0.0.0.0:22",
            "interface eth0",
            "ip_address 10.0.0.4",
            "operating_system Debian",
            "server web4",
            "site HQ",
            "software_instance sshd"
        )
    );
    EXPECT_THAT(
        world_.relations(),
        ElementsAre(
            "Debian runs_on web4",
            "a located_in HQ",
            "a located_in HQ",
            "a runs_on web4",
            "eth0 has_address 10.0.0.4",
            "sshd provides tcp/0.0.0.0:22",
            "sshd runs_on web4",
            "web4 contains eth0",
            "web4 located_in HQ"
        )
    );
    EXPECT_THAT(
        values("web4"),
        UnorderedElementsAre(
            "address=10.0.0.4", "hostname=web4", "memory_bytes=1024", "name=web4", "site=HQ"
        )
    );
}

TEST_F(BrainCmdb, WritesNothingForWhatIsSeenAgainUnchanged) {
    world_.observe(*agent_, machine("web4", "10.0.0.4"));
    const auto values = world_.rows("ci_attribute");
    const auto relations = world_.rows("ci_relation");
    const auto statements = world_.rows("ci_statement");
    const auto ledger = world_.rows("ci_ledger");
    world_.pass(seconds(3));
    world_.observe(*agent_, machine("web4", "10.0.0.4"));
    EXPECT_EQ(world_.rows("ci_attribute"), values);
    EXPECT_EQ(world_.rows("ci_relation"), relations);
    EXPECT_EQ(world_.rows("ci_statement"), statements);
    EXPECT_EQ(world_.rows("ci_ledger"), ledger);
}

TEST_F(BrainCmdb, KeepsWhatWasBelievedBesideWhatIsKnownNow) {
    world_.observe(*agent_, machine("web4", "10.0.0.4"));
    world_.pass(seconds(3));
    auto renamed = machine("web5", "10.0.0.4");
    world_.observe(*agent_, renamed);
    std::vector<std::string> names;
    for (const auto& row : world_.rows("ci_attribute")) {
        if (row[1] == "hostname" && row[2].starts_with("web")) {
            names.push_back(
                row[2] + (row[5] == "-" ? " holds" : " ended") +
                (row[7] == "-" ? "" : ", once believed")
            );
        }
    }
    EXPECT_THAT(
        names, UnorderedElementsAre("web4 holds, once believed", "web4 ended", "web5 holds")
    ) << "the agent CI has no other host name than its machine";
}

TEST_F(BrainCmdb, GivesWhatItFindsTheProbesOfItsPoliciesWithoutAReload) {
    world_.load_config(ping_servers);
    EXPECT_THAT(hosts_probed(), IsEmpty());
    world_.observe(*agent_, machine("web4", "10.0.0.4"));
    EXPECT_THAT(hosts_probed(), ElementsAre("10.0.0.4"));
    world_.deliver(*agent_, {{"web4/ping", ok}});
    EXPECT_EQ(world_.ci_state("web4"), "up");
    const std::uint32_t epoch = agent_->epoch;
    world_.observe(*agent_, machine("web4", "10.0.0.4"));
    EXPECT_EQ(agent_->epoch, epoch) << "nothing changed";
}

TEST_F(BrainCmdb, FollowsAMachineToItsNewAddressWithTheSameProbe) {
    world_.load_config(ping_servers);
    world_.observe(*agent_, machine("web4", "10.0.0.4"));
    world_.deliver(*agent_, {{"web4/ping", ok}});
    const auto ids = world_.column("probe", 0);
    agent_->address = "10.0.0.9:40000";
    world_.connect(*agent_);
    world_.observe(*agent_, machine("web4", "10.0.0.9"));
    EXPECT_THAT(hosts_probed(), ElementsAre("10.0.0.9"));
    EXPECT_EQ(world_.column("probe", 0), ids);
    EXPECT_EQ(world_.ci_state("web4"), "up");
}

TEST_F(BrainCmdb, MissesWhatAFullLookNoLongerSeesAndRetiresItAfterThePatienceOfItsClass) {
    world_.observe(*agent_, machine("web4", "10.0.0.4"));
    auto less = machine("web4", "10.0.0.4");
    less.items.pop_back();
    less.items.erase(less.items.begin() + 4, less.items.end());  // neither sshd nor its port
    less.relations = {{1, 0, "runs_on"}, {0, 2, "contains"}, {2, 3, "has_address"}};
    world_.pass(seconds(2));
    world_.observe(*agent_, less);
    EXPECT_THAT(world_.cis(), Contains("software_instance sshd (missing)"));
    EXPECT_THAT(world_.relations(), Contains("sshd runs_on web4")) << "nobody said that it ended";
    world_.advance(hours(25));
    world_.append(EntryKind::tick);
    EXPECT_THAT(world_.cis(), Contains("software_instance sshd (retired)"));
    EXPECT_THAT(world_.relations(), Not(Contains("sshd runs_on web4")));
    EXPECT_THAT(world_.cis(), Contains("agent a")) << "enrolment names it still";
    world_.observe(*agent_, machine("web4", "10.0.0.4"));
    EXPECT_THAT(world_.cis(), Contains("software_instance sshd"));
    EXPECT_THAT(world_.relations(), Contains("sshd runs_on web4"));
}

TEST_F(BrainCmdb, TakesAPartialLookForNoMoreThanItSays) {
    world_.observe(*agent_, machine("web4", "10.0.0.4"));
    wire::Observations part = machine("web4", "10.0.0.4");
    part.full = false;
    part.items.resize(1);
    part.relations.clear();
    part.items[0].attributes = {{"hostname", "web4"}, {"model", "R740"}};
    world_.observe(*agent_, part);
    EXPECT_EQ(world_.cis().size(), 8U);
    EXPECT_THAT(world_.cis(), Not(Contains(HasSubstr("missing"))));
    EXPECT_THAT(world_.relations(), Contains("web4 contains eth0"));
    EXPECT_THAT(values("web4"), Contains("model=R740"));
    EXPECT_THAT(values("web4"), Contains("memory_bytes=1024")) << "what is not seen says nothing";
}

TEST_F(BrainCmdb, EndsARelationAtOnceWhenAFullLookDoesNotSeeIt) {
    world_.observe(*agent_, machine("web4", "10.0.0.4"));
    auto moved = machine("web4", "10.0.0.5");
    world_.pass(seconds(5));
    world_.observe(*agent_, moved);
    EXPECT_THAT(world_.relations(), Contains("eth0 has_address 10.0.0.5"));
    EXPECT_THAT(world_.relations(), Not(Contains("eth0 has_address 10.0.0.4")));
    const auto rows = world_.rows("ci_relation");
    EXPECT_EQ(
        std::ranges::count_if(
            rows, [](const auto& row) { return row[3] == "address/10.0.0.4" && row[7] != "-"; }
        ),
        1
    ) << "how long it held is known";
}

TEST_F(BrainCmdb, PutsTargetsIntoTheirSiteAndService) {
    world_.load_config(
        "targets:\n  - {name: shop, class: application_endpoint, address: 10.0.0.7, site: HQ, "
        "service: Webshop, "
        "probes: [{type: icmp, name: p, interval: 1s, timeout: 500ms}]}\n"
    );
    EXPECT_THAT(world_.cis(), Contains("service Webshop"));
    EXPECT_THAT(world_.relations(), Contains("shop located_in HQ"));
    EXPECT_THAT(world_.relations(), Contains("shop provides Webshop"));
    EXPECT_EQ(std::ranges::count(world_.cis(), "site HQ"), 1) << "the agent's site is the same";
    world_.load_config("targets: []\n");
    EXPECT_THAT(world_.cis(), Contains("service Webshop (retired)"));
    EXPECT_THAT(world_.cis(), Contains("site HQ")) << "the agent is still there";
}

TEST_F(BrainCmdb, KeepsApartMachinesThatReportOneSerialAtOnce) {
    TestAgent& other = world_.enrol("b", "HQ");
    world_.connect(other);
    auto one = machine("web4", "10.0.0.4");
    one.items[0].keys = {{"vendor", "serial", "Dell 7QX3B12"}};
    auto two = machine("web5", "10.0.0.5");
    two.items[0].keys = one.items[0].keys;
    world_.observe(*agent_, one);
    world_.observe(other, two);
    EXPECT_THAT(world_.cis(), testing::IsSupersetOf({"server web4", "server web5"}));
    EXPECT_THAT(
        world_.column("ci_duplicate", 2),
        ElementsAre(HasSubstr("vendor/serial/dell 7qx3b12 is shared, but agent/machine_key is"))
    );
    std::vector<std::string> states;
    for (const auto& row : world_.rows("ci_key")) {
        if (row[1] == "serial") {
            states.push_back(row[4]);
        }
    }
    EXPECT_THAT(states, ElementsAre("shared", "shared"));
}

TEST_F(BrainCmdb, KnowsAMachineAgainThatWasInstalledAnew) {
    auto seen = machine("web4", "10.0.0.4");
    seen.items[0].keys = {{"vendor", "serial", "Dell 7QX3B12"}};
    world_.load_config(ping_servers);
    world_.observe(*agent_, seen);
    TestAgent& again = world_.enrol("a2", "HQ");
    again.address = "10.0.0.4:40001";
    world_.connect(again);
    world_.observe(again, seen);
    EXPECT_EQ(std::ranges::count(world_.cis(), "server web4"), 2);
    proto::AgentDisconnected body;
    body.set_agent_id(std::string(agent_->id.raw()));
    world_.append(EntryKind::agent_revoked, body.SerializeAsString());
    EXPECT_EQ(std::ranges::count(world_.cis(), "server web4"), 1);
    EXPECT_EQ(std::ranges::count(world_.cis(), "server web4 (merged)"), 1);
    EXPECT_THAT(hosts_probed(), ElementsAre("10.0.0.4")) << "nothing is probed twice";
}

TEST_F(BrainCmdb, ShowsTextThatIsNoUtf8AsItCan) {
    auto seen = machine("web4", "10.0.0.4");
    seen.items[0].attributes["hostname"] = "caf\xe9";
    const auto decoded = wire::decode_observations(wire::encode_observations(seen));
    if (decoded) {  // as the intake hands it on
        world_.observe(*agent_, *decoded);
        EXPECT_THAT(values("web4"), Contains("hostname=x636166efbfbd"));
        EXPECT_THAT(values("web4"), Not(Contains("hostname=x636166e9")));
    } else {
        EXPECT_EQ(decoded.error().kind(), ErrorKind::corrupt);
    }
}

// T-38: which machine an agent speaks of, and of which site, its certificate and its enrolment say.
TEST_F(BrainCmdb, T38AnAgentIsTakenForNoOther) {
    world_.observe(*agent_, machine("web4", "10.0.0.4"));
    TestAgent& other = world_.enrol("b", "Branch");
    other.address = "10.0.9.9:40000";
    world_.connect(other);
    auto claims = machine("evil", "10.0.9.9");
    claims.items[0].keys = {{"agent", "machine_key", agent_->id.text()}};
    claims.items[0].attributes["site"] = "HQ";
    wire::ObservedItem more = claims.items[0];
    more.object = "other";
    more.attributes["hostname"] = "shadow";
    claims.items.push_back(more);
    world_.observe(other, claims);
    EXPECT_THAT(world_.cis(), testing::IsSupersetOf({"server web4", "server evil"}));
    EXPECT_THAT(values("web4"), Contains("address=10.0.0.4"));
    EXPECT_THAT(values("web4"), Contains("hostname=web4"));
    EXPECT_THAT(values("web4"), Contains("site=HQ"));
    EXPECT_THAT(values("evil"), Contains("site=Branch")) << "where it is was said at enrolment";
}

TEST_F(BrainCmdb, AnAgentSaysNothingOfAnotherSite) {
    TestAgent& other = world_.enrol("b", "Branch");
    world_.connect(other);
    auto claims = machine("evil", "10.0.9.9");
    claims.items.push_back(
        {.object = "place", .ci_class = "site", .keys = {}, .attributes = {{"name", "HQ"}}}
    );
    world_.observe(other, claims);
    EXPECT_THAT(values("HQ"), Contains("site=HQ"));
    EXPECT_EQ(std::ranges::count(world_.cis(), "site HQ"), 1);
}

TEST_F(BrainCmdb, LeavesOutARunThatNamesMoreThingsThanAnyMachineHas) {
    wire::Observations seen;
    for (int at = 0; at < 20'000; ++at) {
        seen.items.push_back(
            {.object = "disk/" + std::to_string(at),
             .ci_class = "disk",
             .keys = {},
             .attributes = {}}
        );
    }
    world_.observe(*agent_, seen);
    EXPECT_THAT(world_.cis(), Not(Contains(HasSubstr("disk"))));
    EXPECT_THAT(
        world_.column("ci_ledger", 7),
        Contains(HasSubstr("it would name 20001 things, more than 20000"))
    ) << "the site is one, too";
    world_.observe(*agent_, machine("web4", "10.0.0.4"));
    EXPECT_THAT(world_.cis(), Contains("server web4"));
}

}  // namespace
}  // namespace muster::collector::brain_test
