// Agent silent, host down, observer isolated and site cut off are told apart on real networks: machines are namespaces, and
// their cables are pulled.
#include "tests/support/eventually.hpp"
#include "tests/support/own_network.hpp"
#include "tests/support/site.hpp"
#include "tests/support/small_internet.hpp"
#include "tests/support/webhook_listener.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <map>
#include <set>

namespace muster::test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Cable = SmallInternet::Cable;

constexpr auto silent_after = 3s;
constexpr auto silent_incident_after = 8s;

/// The collector with an agent beside it, a switch, a data centre with one machine, and a branch of three hosts behind a
/// router of its own.
class Vantages : public ::testing::Test {
  protected:
    void SetUp() override {
        std::string why;
        ASSERT_TRUE(enter_own_network(why)) << why;
        build_network();
        ASSERT_EQ(net_.complaint(), "");
        write_text(site_.dir() / "hmac", "hook key");
        hook_.emplace();
        site_.set_silence(silent_after, silent_incident_after);
        site_.open_to_network("10.77.0.1");
        site_.configure(watch());
        ASSERT_NO_FATAL_FAILURE(site_.start_collector());
        ASSERT_NO_FATAL_FAILURE(site_.enrol_agent("local", "HQ"));
        site_.resume_agent("local");
        for (const std::string host : {"h1", "h2", "h3"}) {
            ASSERT_NO_FATAL_FAILURE(site_.enrol_agent(host, "branch"));
            site_.resume_agent(host, {}, net_.within(host));
        }
        ASSERT_TRUE(eventually(30s, [&] { return all_watched(); }))
            << boost::json::value(site_.get("/probes?limit=500").body);
        ASSERT_THAT(site_.incidents(), IsEmpty());
    }

    void build_network() {
        for (const std::string machine : {"switch", "router", "h1", "h2", "h3", "dc"}) {
            net_.add_machine(machine);
        }
        net_.connect("", "10.77.0.1/24", "switch", "10.77.0.2/24");
        net_.connect("switch", "10.77.8.1/24", "router", "10.77.8.2/24");
        net_.connect("switch", "10.77.9.1/24", "dc", "10.77.9.2/24");
        net_.join_segment(
            "router",
            "10.77.1.254/24",
            {{"h1", "10.77.1.1/24"}, {"h2", "10.77.1.2/24"}, {"h3", "10.77.1.3/24"}}
        );
        net_.route("", "10.77.0.2", "10.77.0.0/16");
        net_.route("switch", "10.77.8.2", "10.77.1.0/24");
        net_.route("router", "10.77.8.1");
        net_.route("dc", "10.77.9.1");
        for (const std::string host : {"h1", "h2", "h3"}) {
            net_.route(host, "10.77.1.254");
        }
    }

    static std::string target(const std::string& name, const std::string& address) {
        return "  - {name: " + name + ", class: server, address: " + address +
               ", from: {agent: local}, hold: 250ms, probes: [{type: icmp, count: 1, interval: "
               "500ms, timeout: 400ms}]}\n";
    }

    std::string watch() const {
        return "host_watch: {interval: 500ms, failures: 3}\nchannels:\n  - {name: ops, type: "
               "webhook, url: \"" +
               hook_->url() + "\", secret: {file: " + (site_.dir() / "hmac") + "}}\ntargets:\n" +
               target("dc server", "10.77.9.2") + target("branch router", "10.77.8.2");
    }

    /// Three hosts that watch each other, and two targets.
    bool all_watched() {
        const auto states = site_.probe_states();
        std::size_t ok = 0;
        for (const auto& [name, state] : states) {
            ok += state == "ok" ? 1 : 0;
        }
        return states.size() == 5 && ok == 5;
    }

    std::vector<std::string> titles() {
        std::vector<std::string> out;
        for (const boost::json::value& incident : site_.incidents()) {
            out.push_back(text_of(incident, "title"));
        }
        return out;
    }

    std::string ci_state(const std::string& name) {
        return text_of(site_.get("/cis/" + name).body, "state");
    }

    bool only_incident_is(const std::string& part) {
        const auto all = titles();
        return all.size() == 1 && all.front().find(part) != std::string::npos;
    }

    /// Lets time pass while nothing but this may be true.
    void stays(Duration time, const std::string& part) {
        EXPECT_FALSE(eventually(time, [&] { return !only_incident_is(part); }))
            << testing::PrintToString(titles());
    }

    /// Opened once and over once, each told once.
    void expect_told_once_each() {
        EXPECT_TRUE(eventually(20s, [&] {
            return site_.open_incidents() == 0 && hook_->received().size() >= 2 * titles().size();
        })) << testing::PrintToString(titles());
        std::map<std::string, std::multiset<std::string>> told;
        for (const HookCall& call : hook_->received()) {
            const boost::json::value event = boost::json::parse(call.body);
            told[text_of(event, "subject")].insert(text_of(event, "type"));
        }
        EXPECT_EQ(told.size(), titles().size());
        for (const auto& [incident, types] : told) {
            EXPECT_THAT(
                types, ElementsAre("net.muster.incident.opened", "net.muster.incident.resolved")
            ) << incident;
        }
    }

    SmallInternet net_;
    std::optional<WebhookListener> hook_;
    Site site_;
};

TEST_F(Vantages, AnAgentThatStopsIsSilentAndNothingElse) {
    site_.agent("h1").signal(SIGSTOP);
    EXPECT_FALSE(eventually(silent_incident_after - 2s, [&] { return !titles().empty(); }));
    EXPECT_TRUE(eventually(10s, [&] { return only_incident_is("agent h1 is silent"); }));
    EXPECT_THAT(titles().front(), HasSubstr("its host answers h2"));
    stays(3s, "agent h1 is silent");
    site_.agent("h1").signal(SIGCONT);
    expect_told_once_each();
}

TEST_F(Vantages, AHostThatLosesPowerIsDownOnce) {
    net_.set_cable("h1", "router", Cable::pulled);
    EXPECT_TRUE(eventually(15s, [&] { return only_incident_is("host h1 is down"); }))
        << testing::PrintToString(titles());
    EXPECT_EQ(ci_state("h1"), "down");
    stays(silent_incident_after + 3s, "host h1 is down");
    const auto why = site_.muster({"why", "INC-1"});
    EXPECT_EQ(why.exit_code, 0);
    EXPECT_THAT(why.output, HasSubstr("agent h1 is silent"));
    net_.set_cable("h1", "router", Cable::plugged);
    expect_told_once_each();
    EXPECT_TRUE(eventually(10s, [&] { return ci_state("h1") == "up"; }));
}

TEST_F(Vantages, AnObserverWithoutUplinkDeclaresNothingDown) {
    net_.set_cable("", "switch", Cable::pulled);
    EXPECT_TRUE(eventually(20s, [&] { return only_incident_is("vantage local is isolated"); }))
        << testing::PrintToString(titles());
    stays(silent_incident_after + 3s, "vantage local is isolated");
    for (const std::string name : {"dc%20server", "branch%20router", "h1", "h2", "h3"}) {
        EXPECT_NE(ci_state(name), "down") << name;
    }
    EXPECT_EQ(ci_state("dc%20server"), "unobserved");
    const auto receipts = site_.muster({"receipts", "--from", "-10m"});
    EXPECT_EQ(receipts.exit_code, 0);
    EXPECT_THAT(receipts.output, HasSubstr("vantage isolated"));
    net_.set_cable("", "switch", Cable::plugged);
    expect_told_once_each();
    EXPECT_TRUE(eventually(20s, [&] { return all_watched(); }));
    EXPECT_EQ(titles().size(), 1U) << "nothing late either";
}

TEST_F(Vantages, ASiteThatIsCutOffIsOneIncident) {
    net_.set_cable("router", "switch", Cable::pulled);
    EXPECT_TRUE(eventually(25s, [&] {
        const auto all = titles();
        return std::ranges::any_of(all, [](const std::string& title) {
            return title.find("site branch is cut off: 3 of 3") != std::string::npos;
        });
    })) << testing::PrintToString(titles());
    CommandResult answer;
    EXPECT_TRUE(eventually(10s, [&] {
        answer = site_.muster({"why", "h2"});
        return answer.exit_code == 0 && answer.output.find("symptom of") != std::string::npos;
    })) << answer.output;
    EXPECT_FALSE(eventually(silent_incident_after + 3s, [&] { return titles().size() > 2; }))
        << testing::PrintToString(titles());
    net_.set_cable("router", "switch", Cable::plugged);
    expect_told_once_each();
    // The router of the branch is in no site that anybody named: a fault of its own.
    EXPECT_EQ(titles().size(), 2U) << testing::PrintToString(titles());
}

}  // namespace
}  // namespace muster::test
