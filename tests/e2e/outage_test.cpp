// The collector is away for a while: nothing is lost, nothing that is over pages, nobody is declared silent.
#include "base/clock.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/own_network.hpp"
#include "tests/support/site.hpp"
#include "tests/support/webhook_listener.hpp"

#include <gtest/gtest.h>

namespace muster::test {
namespace {

using namespace std::chrono_literals;

TEST(CollectorOutage, LosesNothingAndPagesNothingThatIsOver) {
    std::string why;
    ASSERT_TRUE(enter_own_network(why)) << why;
    const WebhookListener hook;
    Site site;
    write_text(site.dir() / "hmac", "hook key");
    site.configure(
        "channels:\n  - {name: ops, type: webhook, url: \"" + hook.url() +
        "\", secret: {file: " + (site.dir() / "hmac") +
        "}}\ntargets:\n  - name: host\n    class: server\n    address: 127.0.0.9\n    hold: 250ms\n"
        "    probes:\n      - {type: icmp, count: 1, interval: 250ms, timeout: 200ms}\n"
    );
    ASSERT_NO_FATAL_FAILURE(site.start_collector());
    ASSERT_NO_FATAL_FAILURE(site.start_agent());
    ASSERT_TRUE(eventually(20s, [&] { return site.probe_states()["host icmp"] == "ok"; }));
    const WallTime before = SystemClock().wall();

    ASSERT_EQ(site.stop_collector(), 0);
    set_pings_v4(Pings::ignored);
    // Six failures in a row, then it answers again, all while nobody listens.
    EXPECT_TRUE(throughout(2s, [&] { return site.agent().running(); }));
    set_pings_v4(Pings::answered);
    EXPECT_TRUE(throughout(2s, [&] { return site.agent().running(); }));
    ASSERT_NO_FATAL_FAILURE(site.start_collector());

    const std::string probe = [&] {
        std::string id;
        eventually(10s, [&] {
            const ApiAnswer probes = site.get("/probes");
            id = probes.status == 200 ? text_of(probes.body.at("items").at(0), "id") : "";
            return !id.empty();
        });
        return id;
    }();
    // History holds the outage: results of every quarter second, failed ones in the middle.
    const std::string query = "/probes/" + probe + "/results?from=" + format_rfc3339(before);
    std::size_t results = 0;
    std::size_t failed = 0;
    EXPECT_TRUE(eventually(
        15s,
        [&] {
            const ApiAnswer answer = site.get(query);
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
    EXPECT_TRUE(eventually(10s, [&] { return site.incidents().size() == 1; }));
    const boost::json::array incidents = site.incidents();
    ASSERT_EQ(incidents.size(), 1U);
    EXPECT_EQ(text_of(incidents[0], "state"), "resolved");
    EXPECT_TRUE(incidents[0].at("detected_late").as_bool());
    EXPECT_TRUE(throughout(2s, [&] { return hook.calls() == 0; }));
    EXPECT_EQ(site.incidents().size(), 1U) << "no agent may be declared silent by a restart";
    EXPECT_EQ(text_of(site.get("/agents").body.at("items").at(0), "state"), "connected");
}

TEST(CollectorOutage, FaultThatIsStillThereIsToldAfterTheDrain) {
    std::string why;
    ASSERT_TRUE(enter_own_network(why)) << why;
    const WebhookListener hook;
    Site site;
    write_text(site.dir() / "hmac", "hook key");
    site.configure(
        "channels:\n  - {name: ops, type: webhook, url: \"" + hook.url() +
        "\", secret: {file: " + (site.dir() / "hmac") +
        "}}\ntargets:\n  - name: host\n    class: server\n    address: 127.0.0.9\n    hold: 250ms\n"
        "    probes:\n      - {type: icmp, count: 1, interval: 250ms, timeout: 200ms}\n"
    );
    ASSERT_NO_FATAL_FAILURE(site.start_collector());
    ASSERT_NO_FATAL_FAILURE(site.start_agent());
    ASSERT_TRUE(eventually(20s, [&] { return site.probe_states()["host icmp"] == "ok"; }));
    ASSERT_EQ(site.stop_collector(), 0);
    set_pings_v4(Pings::ignored);
    EXPECT_TRUE(throughout(2s, [&] { return site.agent().running(); }));
    ASSERT_NO_FATAL_FAILURE(site.start_collector());
    EXPECT_TRUE(eventually(15s, [&] { return hook.received().size() == 1; }));
    EXPECT_EQ(site.open_incidents(), 1U);
    EXPECT_TRUE(throughout(1s, [&] { return hook.received().size() == 1; }));
}

}  // namespace
}  // namespace muster::test
