// The collector is away for a while: nothing is lost, nothing that is over pages, nobody is declared silent.
#include "base/clock.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/own_network.hpp"
#include "tests/support/site.hpp"
#include "tests/support/webhook_listener.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <optional>

namespace muster::test {
namespace {

using namespace std::chrono_literals;

constexpr auto silent_after = 3s;
constexpr auto silent_incident_after = 4s;
/// Longer than both: an agent is not silent because nobody listened.
constexpr auto outage = 5s;

/// A host that answers, watched by one agent.
class CollectorOutage : public ::testing::Test {
  protected:
    void SetUp() override {
        std::string why;
        ASSERT_TRUE(enter_own_network(why)) << why;
        hook_.emplace();
        write_text(site_.dir() / "hmac", "hook key");
        site_.set_silence(silent_after, silent_incident_after);
        site_.configure(
            "channels:\n  - {name: ops, type: webhook, url: \"" + hook_->url() +
            "\", secret: {file: " + (site_.dir() / "hmac") +
            "}}\ntargets:\n  - name: host\n    class: server\n    address: 127.0.0.9\n    hold: "
            "250ms\n"
            "    probes:\n      - {type: icmp, count: 1, interval: 250ms, timeout: 200ms}\n"
        );
        ASSERT_NO_FATAL_FAILURE(site_.start_collector());
        ASSERT_NO_FATAL_FAILURE(site_.start_agent());
        ASSERT_TRUE(eventually(20s, [&] { return site_.probe_states()["host icmp"] == "ok"; }));
    }

    std::string agent_state() {
        const ApiAnswer agents = site_.get("/agents");
        return agents.status == 200 ? text_of(agents.body.at("items").at(0), "state") : "";
    }

    Site site_;
    std::optional<WebhookListener> hook_;
};

TEST_F(CollectorOutage, LosesNothingAndPagesNothingThatIsOver) {
    const WallTime before = SystemClock().wall();

    ASSERT_EQ(site_.stop_collector(), 0);
    set_pings_v4(Pings::ignored);
    // Six failures in a row, then it answers again, all while nobody listens.
    EXPECT_TRUE(throughout(2s, [&] { return site_.agent().running(); }));
    set_pings_v4(Pings::answered);
    EXPECT_TRUE(throughout(outage - 2s, [&] { return site_.agent().running(); }));
    // The agent is not back at once either: it has until silent_after, counted from the start.
    site_.agent().signal(SIGSTOP);
    ASSERT_NO_FATAL_FAILURE(site_.start_collector());
    EXPECT_TRUE(throughout(1s, [&] { return agent_state() != "silent"; }));
    EXPECT_EQ(agent_state(), "disconnected");
    site_.agent().signal(SIGCONT);

    std::string probe;
    EXPECT_TRUE(eventually(10s, [&] {
        probe = site_.probe_id("host icmp");
        return !probe.empty();
    }));
    // History holds the outage: results of every quarter second, failed ones in the middle.
    const std::string query = "/probes/" + probe + "/results?from=" + format_rfc3339(before);
    std::size_t results = 0;
    std::size_t failed = 0;
    EXPECT_TRUE(eventually(
        15s,
        [&] {
            const ApiAnswer answer = site_.get(query);
            results = failed = 0;
            if (answer.status == 200) {
                for (const boost::json::value& point : answer.body.at("points").as_array()) {
                    ++results;
                    failed += text_of(point, "state") == "critical" ? 1 : 0;
                }
            }
            return results >= 16 && failed >= 6;
        }
    )) << results
       << " results, " << failed << " failed";

    // What was over is recorded as detected late, and nobody is told.
    EXPECT_TRUE(eventually(10s, [&] { return site_.incidents().size() == 1; }));
    const boost::json::array incidents = site_.incidents();
    ASSERT_EQ(incidents.size(), 1U);
    EXPECT_EQ(text_of(incidents[0], "state"), "resolved");
    EXPECT_TRUE(incidents[0].at("detected_late").as_bool());
    EXPECT_TRUE(throughout(2s, [&] { return hook_->calls() == 0; }));
    EXPECT_EQ(site_.incidents().size(), 1U) << "no agent may be declared silent by a restart";
    EXPECT_EQ(text_of(incidents[0], "kind"), "fault");
    EXPECT_EQ(agent_state(), "connected");
    const boost::json::value agent = site_.get("/agents/agent1").body;
    for (const boost::json::value& gap : agent.at("unobserved").as_array()) {
        EXPECT_EQ(text_of(gap, "reason"), "collector") << "the gap is ours, not the agent's";
    }
}

TEST_F(CollectorOutage, FaultThatIsStillThereIsToldAfterTheDrain) {
    ASSERT_EQ(site_.stop_collector(), 0);
    set_pings_v4(Pings::ignored);
    EXPECT_TRUE(throughout(2s, [&] { return site_.agent().running(); }));
    ASSERT_NO_FATAL_FAILURE(site_.start_collector());
    EXPECT_TRUE(eventually(15s, [&] { return hook_->received().size() == 1; }));
    EXPECT_EQ(site_.open_incidents(), 1U);
    EXPECT_TRUE(throughout(1s, [&] { return hook_->received().size() == 1; }));
}

}  // namespace
}  // namespace muster::test
