// Several faults stand at once on a real network and are mended in different orders: each is one incident, and its end is told
// once to whoever was told of its beginning, and to nobody else.
#include "tests/support/eventually.hpp"
#include "tests/support/own_network.hpp"
#include "tests/support/site.hpp"
#include "tests/support/small_internet.hpp"
#include "tests/support/webhook_listener.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <map>
#include <optional>
#include <vector>

namespace muster::test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using Cable = SmallInternet::Cable;

enum class Trouble {
    silent_agent,   ///< s1's agent is stopped
    host_off,       ///< s2 loses power
    site_cut,       ///< the branch loses its uplink
    observer_blind  ///< the collector does
};

using Troubles = std::vector<Trouble>;

std::string title_of(Trouble trouble) {
    switch (trouble) {
        case Trouble::silent_agent:
            return "agent s1 is silent";
        case Trouble::host_off:
            return "host s2 is down";
        case Trouble::site_cut:
            return "site branch is cut off";
        case Trouble::observer_blind:
            break;
    }
    return "vantage local is isolated";
}

/// The collector with an agent beside it, a switch, three hosts of no site and two targets on cables of their own, and a
/// branch of two hosts behind a router.
class Mending : public ::testing::Test {
  protected:
    void SetUp() override {
        std::string why;
        ASSERT_TRUE(enter_own_network(why)) << why;
        build_network();
        ASSERT_EQ(net_.complaint(), "");
        write_text(site_.dir() / "hmac", "hook key");
        all_.emplace();
        cuts_only_.emplace();
        site_.set_silence(3s, 8s);
        site_.open_to_network("10.77.0.1");
        site_.configure(watch());
        ASSERT_NO_FATAL_FAILURE(site_.start_collector());
        ASSERT_NO_FATAL_FAILURE(site_.enrol_agent("local", "HQ"));
        site_.resume_agent("local");
        for (const std::string host : {"s1", "s2", "s3", "b1", "b2"}) {
            ASSERT_NO_FATAL_FAILURE(site_.enrol_agent(host, host[0] == 'b' ? "branch" : ""));
            site_.resume_agent(host, {}, net_.within(host));
        }
        ASSERT_TRUE(eventually(40s, [&] { return all_is_well(); }))
            << boost::json::value(site_.get("/probes?limit=500").body);
        ASSERT_THAT(titles(), IsEmpty());
    }

    void build_network() {
        for (const std::string machine :
             {"switch", "router", "s1", "s2", "s3", "b1", "b2", "dc1", "dc2"}) {
            net_.add_machine(machine);
        }
        net_.connect("", "10.77.0.1/24", "switch", "10.77.0.2/24");
        net_.route("", "10.77.0.2", "10.77.0.0/16");
        net_.connect("switch", "10.77.8.1/24", "router", "10.77.8.2/24");
        net_.join_segment(
            "router", "10.77.1.254/24", {{"b1", "10.77.1.1/24"}, {"b2", "10.77.1.2/24"}}
        );
        net_.route("switch", "10.77.8.2", "10.77.1.0/24");
        net_.route("router", "10.77.8.1");
        net_.route("b1", "10.77.1.254");
        net_.route("b2", "10.77.1.254");
        int subnet = 11;
        for (const std::string machine : {"s1", "s2", "s3", "dc1", "dc2"}) {
            const std::string prefix = "10.77." + std::to_string(subnet++);
            net_.connect("switch", prefix + ".1/24", machine, prefix + ".2/24");
            net_.route(machine, prefix + ".1");
        }
    }

    std::string channel(const std::string& name, const WebhookListener& hook) const {
        return "{name: " + name + ", type: webhook, url: \"" + hook.url() +
               "\", secret: {file: " + (site_.dir() / "hmac") + "}";
    }

    std::string watch() const {
        const std::string probes =
            ", from: {agent: local}, hold: 250ms, probes: [{type: icmp, count: 1, interval: 500ms, "
            "timeout: 400ms}]}\n";
        return "incidents: {reopen_within: 0s}\nhost_watch: {interval: 500ms, failures: 3}\n"
               "channels:\n  - " +
               channel("all", *all_) + "}\n  - " + channel("cuts", *cuts_only_) +
               ", match: \"kind = site_cut_off\"}\ntargets:\n" +
               "  - {name: dc1, class: server, address: 10.77.14.2" + probes +
               "  - {name: dc2, class: server, address: 10.77.15.2" + probes;
    }

    /// Five hosts that are watched, and two targets.
    bool all_is_well() {
        const auto states = site_.probe_states();
        return states.size() == 7 &&
               std::ranges::all_of(states, [](const auto& each) { return each.second == "ok"; });
    }

    void begin(Trouble trouble) {
        switch (trouble) {
            case Trouble::silent_agent:
                return site_.agent("s1").signal(SIGSTOP);
            case Trouble::host_off:
                net_.set_cable("s2", "switch", Cable::pulled);
                site_.agent("s2").signal(SIGKILL);
                return;
            case Trouble::site_cut:
                return net_.set_cable("router", "switch", Cable::pulled);
            case Trouble::observer_blind:
                return net_.set_cable("", "switch", Cable::pulled);
        }
    }

    void mend(Trouble trouble) {
        switch (trouble) {
            case Trouble::silent_agent:
                return site_.agent("s1").signal(SIGCONT);
            case Trouble::host_off:
                net_.set_cable("s2", "switch", Cable::plugged);
                return site_.resume_agent("s2", {}, net_.within("s2"));
            case Trouble::site_cut:
                return net_.set_cable("router", "switch", Cable::plugged);
            case Trouble::observer_blind:
                return net_.set_cable("", "switch", Cable::plugged);
        }
    }

    std::vector<std::string> titles() {
        std::vector<std::string> out;
        for (const boost::json::value& incident : site_.incidents()) {
            out.push_back(text_of(incident, "title"));
        }
        return out;
    }

    std::vector<std::string> open_titles() {
        std::vector<std::string> out;
        for (const boost::json::value& incident : site_.incidents()) {
            if (text_of(incident, "state") != "resolved") {
                out.push_back(text_of(incident, "title"));
            }
        }
        return out;
    }

    /// Exactly the incidents of these are open.
    bool stand(const Troubles& troubles) {
        const auto open = open_titles();
        return open.size() == troubles.size() &&
               std::ranges::all_of(troubles, [&](Trouble trouble) {
                   return std::ranges::any_of(open, [&](const std::string& title) {
                       return title.find(title_of(trouble)) != std::string::npos;
                   });
               });
    }

    void expect_standing(const Troubles& troubles) {
        EXPECT_TRUE(eventually(30s, [&] { return stand(troubles); }))
            << testing::PrintToString(open_titles());
    }

    /// Breaks all of them, and mends them in that order: each end is the end of one incident.
    void break_and_mend(const Troubles& broken, const Troubles& mended) {
        for (const Trouble trouble : broken) {
            begin(trouble);
        }
        expect_standing(broken);
        Troubles left = mended;
        while (!left.empty()) {
            mend(left.front());
            left.erase(left.begin());
            expect_standing(left);
        }
        EXPECT_TRUE(eventually(30s, [&] { return all_is_well(); }));
    }

    /// What a listener heard of each incident, in order.
    static std::map<std::string, std::vector<std::string>> told(const WebhookListener& hook) {
        std::map<std::string, std::vector<std::string>> out;
        for (const HookCall& call : hook.received()) {
            const boost::json::value event = boost::json::parse(call.body);
            out[text_of(event, "subject")].push_back(text_of(event, "type"));
        }
        return out;
    }

    /// Opened once and over once, told to each channel that asks for it and to no other.
    void expect_told_once_each() {
        std::size_t cuts = 0;
        for (const boost::json::value& incident : site_.incidents()) {
            cuts += text_of(incident, "kind") == "site_cut_off" ? 1 : 0;
        }
        const std::size_t incidents = titles().size();
        const auto calls = [&] { return std::pair(all_->calls(), cuts_only_->calls()); };
        EXPECT_TRUE(eventually(10s, [&] { return calls() == std::pair(2 * incidents, 2 * cuts); }))
            << testing::PrintToString(titles());
        EXPECT_TRUE(throughout(2s, [&] { return calls() == std::pair(2 * incidents, 2 * cuts); }));
        EXPECT_EQ(told(*all_).size(), incidents);
        EXPECT_EQ(told(*cuts_only_).size(), cuts);
        for (const auto* hook : {&*all_, &*cuts_only_}) {
            for (const auto& [incident, types] : told(*hook)) {
                EXPECT_THAT(
                    types, ElementsAre("net.muster.incident.opened", "net.muster.incident.resolved")
                ) << incident;
            }
        }
    }

    SmallInternet net_;
    std::optional<WebhookListener> all_;
    std::optional<WebhookListener> cuts_only_;
    Site site_;
};

constexpr auto silent = Trouble::silent_agent;
constexpr auto off = Trouble::host_off;
constexpr auto cut = Trouble::site_cut;
constexpr auto blind = Trouble::observer_blind;

TEST_F(Mending, FirstBrokenFirstMendedAndTheOtherWayRound) {
    break_and_mend({silent, off, cut}, {silent, off, cut});
    break_and_mend({silent, off, cut}, {cut, off, silent});
    EXPECT_EQ(titles().size(), 6U);
    expect_told_once_each();
}

TEST_F(Mending, TheHostFirstAndTheHostLast) {
    break_and_mend({cut, silent, off}, {off, cut, silent});
    break_and_mend({off, cut, silent}, {silent, cut, off});
    EXPECT_EQ(titles().size(), 6U);
    expect_told_once_each();
}

TEST_F(Mending, TheSilentAgentSecond) {
    break_and_mend({silent, cut, off}, {off, silent, cut});
    break_and_mend({cut, off, silent}, {cut, silent, off});
    EXPECT_EQ(titles().size(), 6U);
    expect_told_once_each();
}

TEST_F(Mending, WhatWasDownBeforeTheObserverLostItsUplinkIsToldOnce) {
    begin(off);
    begin(silent);
    expect_standing({off, silent});
    begin(blind);
    expect_standing({off, silent, blind});
    mend(blind);
    expect_standing({off, silent});
    mend(off);
    expect_standing({silent});
    mend(silent);
    expect_standing({});
    EXPECT_EQ(titles().size(), 3U) << testing::PrintToString(titles());
    expect_told_once_each();
}

TEST_F(Mending, WhatIsMendedUnseenIsOverWhenTheObserverSeesAgain) {
    begin(off);
    begin(cut);
    expect_standing({off, cut});
    begin(blind);
    expect_standing({off, cut, blind});
    mend(off);
    mend(cut);
    EXPECT_TRUE(throughout(5s, [&] { return stand({off, cut, blind}); }))
        << testing::PrintToString(open_titles());
    mend(blind);
    expect_standing({});
    EXPECT_EQ(titles().size(), 3U) << testing::PrintToString(titles());
    expect_told_once_each();
}

TEST_F(Mending, WhatGoesDownUnseenIsToldWhenTheObserverSeesAgain) {
    begin(blind);
    expect_standing({blind});
    begin(off);
    EXPECT_TRUE(throughout(10s, [&] { return stand({blind}); }))
        << testing::PrintToString(open_titles());
    mend(blind);
    expect_standing({off});
    mend(off);
    expect_standing({});
    EXPECT_EQ(titles().size(), 2U) << testing::PrintToString(titles());
    expect_told_once_each();
}

}  // namespace
}  // namespace muster::test
