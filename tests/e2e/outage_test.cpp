// The collector is away for a while, or stands still (T-04): nothing is lost, nothing that is over pages, nobody is declared silent.
// An agent that stands still (T-05) is silent, and that is all that is told; a link that flaps (T-24) is nothing.
#include "base/clock.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/own_network.hpp"
#include "tests/support/packet_faults.hpp"
#include "tests/support/site.hpp"
#include "tests/support/webhook_listener.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <csignal>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace muster::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr auto silent_after = 3s;
constexpr auto silent_incident_after = 4s;
/// Longer than both: an agent is not silent because nobody listened.
constexpr auto outage = 5s;

std::size_t count_of(const std::string& text, const std::string& part) {
    std::size_t count = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
        ++count;
    }
    return count;
}

/// Open files and threads of a process, together.
std::size_t files_and_threads_of(pid_t pid) {
    std::size_t count = 0;
    for (const char* kind : {"/fd", "/task"}) {
        for ([[maybe_unused]] const auto& each :
             std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + kind)) {
            ++count;
        }
    }
    return count;
}

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

    /// When the results of the host were taken.
    std::vector<WallTime> results_since(WallTime from) {
        const ApiAnswer answer = site_.get(
            "/probes/" + site_.probe_id("host icmp") + "/results?from=" + format_rfc3339(from)
        );
        std::vector<WallTime> times;
        if (answer.status == 200) {
            for (const boost::json::value& point : answer.body.at("points").as_array()) {
                times.push_back(parse_rfc3339(text_of(point, "at")).value_or(WallTime{}));
            }
        }
        return times;
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

TEST_F(CollectorOutage, T04_ACollectorThatStandsStillIsWaitedFor) {
    const WallTime before = SystemClock().wall();
    site_.collector().signal(SIGSTOP);
    // So long that the agent gives the link up: after five seconds without a sign.
    EXPECT_TRUE(eventually(20s, [&] {
        return site_.agent_log().find("link.closed") != std::string::npos;
    })) << site_.agent_log();
    const WallTime woken = SystemClock().wall();
    site_.collector().signal(SIGCONT);
    const auto all_is_well = [&] {
        return agent_state() == "connected" && site_.probe_states()["host icmp"] == "ok";
    };
    EXPECT_TRUE(eventually(5s, [&] { return all_is_well() && !results_since(woken).empty(); }))
        << "live again";
    EXPECT_TRUE(throughout(silent_after, all_is_well)) << agent_state();
    EXPECT_THAT(site_.incidents(), IsEmpty());
    EXPECT_EQ(hook_->calls(), 0U);
    const auto times = results_since(before);
    ASSERT_GT(times.size(), 20U);
    for (std::size_t at = 1; at < times.size(); ++at) {
        EXPECT_LT(times[at] - times[at - 1], 1s) << format_rfc3339(times[at]);
    }
}

TEST_F(CollectorOutage, T24_ALinkThatFlapsLeavesNothingBehind) {
    const auto links = [&] { return count_of(site_.collector_log(), " link.connected "); };
    const auto flap = [&] {
        const std::size_t before = links();
        ASSERT_EQ(refuse_port(site_.agents_port()), "");
        EXPECT_TRUE(eventually(5s, [&] {
            return count_of(site_.agent_log(), " link.closed ") >= before;
        }));
        ASSERT_EQ(lose_nothing(), "");
        ASSERT_TRUE(eventually(5s, [&] { return links() > before; })) << site_.agent_log();
    };
    ASSERT_NO_FATAL_FAILURE(flap());
    const auto held = [&] {
        return std::array{
            files_and_threads_of(site_.agent().pid()), files_and_threads_of(site_.collector().pid())
        };
    };
    const auto before = held();
    for (int i = 0; i < 20; ++i) {
        ASSERT_NO_FATAL_FAILURE(flap());
    }
    std::array after = held();
    EXPECT_TRUE(eventually(
        5s,
        [&] {
            after = held();
            return after[0] <= before[0] + 2 && after[1] <= before[1] + 2;
        }
    )) << before[0]
       << " and " << before[1] << ", now " << after[0] << " and " << after[1];
    EXPECT_LE(links(), 1 + 2 * 21U) << "it waits before it calls again";
    EXPECT_TRUE(eventually(5s, [&] { return agent_state() == "connected"; }));
    EXPECT_TRUE(throughout(silent_after, [&] { return agent_state() == "connected"; }));
    EXPECT_THAT(site_.incidents(), IsEmpty());
    EXPECT_EQ(hook_->calls(), 0U);
}

TEST_F(CollectorOutage, T05_OfAnAgentThatStandsStillNothingIsKnownAndThatIsTold) {
    site_.agent().signal(SIGSTOP);
    EXPECT_TRUE(eventually(silent_after + 1s, [&] { return agent_state() == "silent"; }));
    EXPECT_EQ(site_.probe_states()["host icmp"], "unobserved");
    EXPECT_TRUE(eventually(silent_incident_after, [&] { return hook_->calls() == 1; }));
    ASSERT_EQ(site_.incidents().size(), 1U);
    EXPECT_THAT(text_of(site_.incidents()[0], "title"), HasSubstr("agent agent1 is silent"));
    EXPECT_TRUE(throughout(1s, [&] { return site_.probe_states()["host icmp"] == "unobserved"; }));

    site_.agent().signal(SIGCONT);
    EXPECT_TRUE(eventually(10s, [&] {
        return site_.open_incidents() == 0 && site_.probe_states()["host icmp"] == "ok";
    }));
    EXPECT_TRUE(eventually(5s, [&] { return hook_->calls() == 2; }));
    EXPECT_TRUE(throughout(2s, [&] { return hook_->calls() == 2; })) << "opened and resolved";
    EXPECT_EQ(site_.incidents().size(), 1U);
}

}  // namespace
}  // namespace muster::test
