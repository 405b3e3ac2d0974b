// What stands behind one address fails together and no topology is known: one storm and one message, as long as what stands
// elsewhere answers. Where nothing answers, it is the observer. Machines are namespaces, and their cables are pulled.
#include "tests/support/eventually.hpp"
#include "tests/support/own_network.hpp"
#include "tests/support/site.hpp"
#include "tests/support/small_internet.hpp"
#include "tests/support/webhook_listener.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace muster::test {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::ElementsAre;
using testing::EndsWith;
using testing::IsEmpty;
using testing::StartsWith;
using Cable = SmallInternet::Cable;

constexpr std::size_t behind_the_router = 200;

/// The collector with an agent beside it, a switch, one server on a cable of its own, and a machine behind a router that
/// answers for 200 addresses.
class Storms : public ::testing::Test {
  protected:
    void SetUp() override {
        std::string why;
        ASSERT_TRUE(enter_own_network(why)) << why;
        build_network();
        ASSERT_EQ(net_.complaint(), "");
        write_text(site_.dir() / "hmac", "hook key");
        hook_.emplace();
        site_.open_to_network("10.77.0.1");
        site_.configure(watch());
        ASSERT_NO_FATAL_FAILURE(site_.start_collector());
        ASSERT_NO_FATAL_FAILURE(site_.start_agent("local"));
        ASSERT_TRUE(eventually(30s, [&] { return well() == behind_the_router + 1; })) << well();
        ASSERT_THAT(site_.incidents(), IsEmpty());
    }

    void build_network() {
        for (const std::string machine : {"switch", "router", "rack", "dc"}) {
            net_.add_machine(machine);
        }
        net_.connect("", "10.77.0.1/24", "switch", "10.77.0.2/24");
        net_.connect("switch", "10.77.8.1/24", "router", "10.77.8.2/24");
        net_.connect("switch", "10.77.9.1/24", "dc", "10.77.9.2/24");
        net_.connect("router", "10.77.10.1/24", "rack", "10.77.10.2/24");
        net_.answer_for("rack", "10.77.20.0/24");
        net_.route("", "10.77.0.2", "10.77.0.0/16");
        net_.route("switch", "10.77.8.2", "10.77.20.0/24");
        net_.route("router", "10.77.10.2", "10.77.20.0/24");
        net_.route("router", "10.77.8.1");
        net_.route("rack", "10.77.10.1");
        net_.route("dc", "10.77.9.1");
    }

    std::string watch() const {
        const std::string probes =
            ", hold: 2s, probes: [{type: icmp, count: 1, interval: 1s, timeout: 500ms}]}\n";
        return "channels:\n  - {name: ops, type: webhook, url: \"" + hook_->url() +
               "\", secret: {file: " + (site_.dir() / "hmac") + "}}\ntargets:\n" +
               "  - {name: elsewhere, class: server, address: 10.77.9.2" + probes +
               "  - {name: \"t{n}\", class: server, address: \"10.77.20.{n}\", each: 1.." +
               std::to_string(behind_the_router) + probes;
    }

    std::size_t well() {
        const auto states = site_.probe_states();
        return static_cast<std::size_t>(std::ranges::count_if(states, [](const auto& each) {
            return each.second == "ok";
        }));
    }

    /// The names of what is a symptom of it.
    std::set<std::string> members(const std::string& incident) {
        std::set<std::string> names;
        const ApiAnswer why = site_.get("/incidents/" + incident + "/why");
        if (why.status == 200) {
            for (const boost::json::value& each : why.body.at("symptoms").as_array()) {
                names.insert(text_of(each.at("ci"), "name"));
            }
        }
        return names;
    }

    /// "storm opened" and the like, in order.
    std::vector<std::string> told() const {
        std::vector<std::string> out;
        for (const HookCall& call : hook_->received()) {
            const boost::json::value event = boost::json::parse(call.body);
            const std::string type = text_of(event, "type");
            out.push_back(
                text_of(event.at("data"), "kind") + " " + type.substr(type.rfind('.') + 1)
            );
        }
        return out;
    }

    void expect_the_only_incident_is(const std::string& kind) {
        const boost::json::array all = site_.incidents();
        ASSERT_EQ(all.size(), 1U) << boost::json::value(all);
        EXPECT_EQ(text_of(all.front(), "kind"), kind) << text_of(all.front(), "title");
    }

    /// The cable is in again: one incident is over, told once, and nothing comes late.
    void expect_over_and_told(const std::string& kind) {
        EXPECT_TRUE(eventually(30s, [&] {
            return site_.open_incidents() == 0 && told().size() >= 2 &&
                   well() == behind_the_router + 1;
        })) << well();
        EXPECT_TRUE(throughout(2s, [&] { return hook_->calls() == 2; }))
            << testing::PrintToString(told());
        EXPECT_THAT(told(), ElementsAre(kind + " opened", kind + " resolved"));
        expect_the_only_incident_is(kind);
    }

    SmallInternet net_;
    std::optional<WebhookListener> hook_;
    Site site_;
};

TEST_F(Storms, TwoHundredTargetsBehindOneAddressAreOneMessage) {
    net_.set_cable("router", "switch", Cable::pulled);
    ASSERT_TRUE(eventually(20s, [&] { return site_.open_incidents() != 0; }));
    EXPECT_TRUE(eventually(15s, [&] { return members("INC-1").size() == behind_the_router; }))
        << members("INC-1").size();
    expect_the_only_incident_is("storm");
    EXPECT_THAT(
        text_of(site_.incidents().front(), "title"),
        AllOf(StartsWith("storm: "), EndsWith("all of subnet 10.77.20.0/24"))
    );
    EXPECT_FALSE(members("INC-1").contains("elsewhere"));
    EXPECT_EQ(text_of(site_.get("/cis/t200").body, "state"), "down");
    EXPECT_EQ(text_of(site_.get("/cis/elsewhere").body, "state"), "up");
    EXPECT_TRUE(throughout(2s, [&] { return told() == std::vector<std::string>{"storm opened"}; }))
        << testing::PrintToString(told());
    net_.set_cable("router", "switch", Cable::plugged);
    expect_over_and_told("storm");
}

TEST_F(Storms, NothingThatAnswersIsNoStormButTheObserver) {
    net_.set_cable("", "switch", Cable::pulled);
    ASSERT_TRUE(eventually(30s, [&] { return site_.open_incidents() != 0; }));
    expect_the_only_incident_is("vantage_isolated");
    EXPECT_TRUE(eventually(15s, [&] { return members("INC-1").size() == behind_the_router + 1; }))
        << members("INC-1").size();
    EXPECT_EQ(text_of(site_.get("/cis/t200").body, "state"), "unobserved");
    net_.set_cable("", "switch", Cable::plugged);
    expect_over_and_told("vantage_isolated");
}

}  // namespace
}  // namespace muster::test
