// The promise of the product on real peers: each fault is one incident, told once, resolved when it is over.
#include "tests/support/eventually.hpp"
#include "tests/support/own_network.hpp"
#include "tests/support/peers.hpp"
#include "tests/support/site.hpp"
#include "tests/support/webhook_listener.hpp"

#include <gtest/gtest.h>

namespace muster::test {
namespace {

using namespace std::chrono_literals;

constexpr auto interval = 500ms;
constexpr auto hold = 250ms;
/// interval × failures + hold + 2 s: the bound a fault must be raised within.
constexpr auto raised_within = 3 * interval + hold + 2s;

class OneIncident : public ::testing::Test {
  protected:
    void SetUp() override {
        std::string why;
        ASSERT_TRUE(enter_own_network(why)) << why;
        write_text(site_.dir() / "community", "public");
        write_text(site_.dir() / "auth", "authentic-1");
        write_text(site_.dir() / "priv", "confidential-1");
        write_text(site_.dir() / "hmac", "hook key");
        hook_.emplace();
        snmpd_.emplace(start_snmpd(site_.dir(), "127.0.0.21", 16161));
        nginx_.emplace(start_nginx(site_.dir(), "127.0.0.22", 18080));
        ASSERT_TRUE(listens("127.0.0.22", 18080, 10s));
        site_.configure(watch());
        ASSERT_NO_FATAL_FAILURE(site_.start_collector());
        ASSERT_NO_FATAL_FAILURE(site_.start_agent());
    }

    std::string target(
        const std::string& name, const std::string& address, const std::string& probe
    ) const {
        return "  - name: " + name + "\n    class: server\n    address: \"" + address +
               "\"\n    breach: {failures: 3}\n    recover: {successes: 2}\n    hold: 250ms\n    "
               "probes:\n      - {" +
               probe + ", interval: 500ms, timeout: 300ms}\n";
    }

    std::string watch() const {
        const std::string dir = site_.dir().path();
        return "channels:\n  - {name: ops, type: webhook, url: \"" + hook_->url() +
               "\", secret: {file: " + dir + "/hmac}}\ntargets:\n" +
               target(
                   "switch",
                   "127.0.0.21",
                   "type: snmp, port: 16161, community: {file: " + dir + "/community}"
               ) +
               target(
                   "router",
                   "127.0.0.21",
                   "type: snmp, port: 16161, version: \"3\", user: roll, auth_protocol: sha256, "
                   "auth_password: {file: " +
                       dir + "/auth}, priv_protocol: aes, priv_password: {file: " + dir + "/priv}"
               ) +
               target(
                   "intranet",
                   "127.0.0.22",
                   "type: http, url: \"http://127.0.0.22:18080/\", expect: {status: 200, body: "
                   "\"all is well\"}"
               ) +
               target("host4", "127.0.0.23", "type: icmp, count: 1") +
               target("host6", "::1", "type: icmp, count: 1") +
               target("never", "127.0.0.24", "type: http, url: \"http://127.0.0.24:9/\"");
    }

    bool all_up() {
        const auto states = site_.probe_states();
        std::size_t ok = 0;
        for (const auto& [name, state] : states) {
            ok += state == "ok" ? 1 : 0;
        }
        return states.size() == 6 && ok == 5;
    }

    /// Waits for exactly `count` more incidents, then for `told` messages about them.
    void expect_raised(std::size_t open) {
        EXPECT_TRUE(eventually(raised_within, [&] { return site_.open_incidents() >= open; }))
            << "not raised in time";
        EXPECT_EQ(site_.open_incidents(), open);
    }

    void expect_told(std::size_t messages) {
        EXPECT_TRUE(eventually(10s, [&] { return hook_->received().size() >= messages; }));
        EXPECT_TRUE(throughout(1s, [&] { return hook_->received().size() == messages; }))
            << "told " << hook_->received().size() << " times";
    }

    Site site_;
    std::optional<WebhookListener> hook_;
    std::optional<Process> snmpd_;
    std::optional<Process> nginx_;
};

TEST_F(OneIncident, ForEachFaultToldOnceAndResolvedWhenItIsOver) {
    ASSERT_TRUE(eventually(20s, [&] { return all_up(); })) << "not all up";
    EXPECT_EQ(site_.incidents().size(), 0U);

    nginx_->kill_now();
    expect_raised(1);
    const boost::json::value web = site_.get("/incidents/INC-1").body;
    EXPECT_EQ(text_of(web, "kind"), "fault");
    EXPECT_EQ(text_of(web.at("ci"), "name"), "intranet");
    EXPECT_EQ(text_of(web.at("probe"), "type"), "http");
    EXPECT_NE(text_of(web, "expected"), "");
    EXPECT_NE(text_of(web, "seen"), "");
    expect_told(1);
    EXPECT_TRUE(signature_holds(hook_->received().at(0), "hook key"));
    const boost::json::value told = boost::json::parse(hook_->received().at(0).body);
    EXPECT_EQ(text_of(told, "specversion"), "1.0");
    EXPECT_EQ(text_of(told, "type"), "net.muster.incident.opened");
    EXPECT_EQ(text_of(told, "subject"), "INC-1");

    nginx_.emplace(start_nginx(site_.dir(), "127.0.0.22", 18080));
    EXPECT_TRUE(eventually(10s, [&] { return site_.open_incidents() == 0; }));
    expect_told(2);
    EXPECT_EQ(
        text_of(boost::json::parse(hook_->received().at(1).body), "type"),
        "net.muster.incident.resolved"
    );

    set_pings_v4(Pings::ignored);
    expect_raised(1);
    expect_told(3);
    set_pings_v4(Pings::answered);
    EXPECT_TRUE(eventually(10s, [&] { return site_.open_incidents() == 0; }));
    expect_told(4);

    set_pings_v6(Pings::ignored);
    expect_raised(1);
    set_pings_v6(Pings::answered);
    EXPECT_TRUE(eventually(10s, [&] { return site_.open_incidents() == 0; }));
    expect_told(6);

    // Two configuration items stand on this daemon: one incident each.
    snmpd_->kill_now();
    expect_raised(2);
    snmpd_.emplace(start_snmpd(site_.dir(), "127.0.0.21", 16161));
    EXPECT_TRUE(eventually(10s, [&] { return site_.open_incidents() == 0; }));
    expect_told(10);

    EXPECT_EQ(site_.incidents().size(), 5U);
    for (const boost::json::value& incident : site_.incidents()) {
        EXPECT_NE(text_of(incident.at("ci"), "name"), "never")
            << "a target that never answered opens nothing";
    }
    EXPECT_EQ(site_.probe_states()["never http"], "unproven");
    EXPECT_EQ(site_.stop_agent(), 0) << site_.agent_log();
    EXPECT_EQ(site_.stop_collector(), 0) << site_.collector_log();
}

TEST_F(OneIncident, IsAcknowledgedCommentedAndResolvedByAPerson) {
    ASSERT_TRUE(eventually(20s, [&] { return all_up(); }));
    nginx_->kill_now();
    expect_raised(1);
    EXPECT_EQ(site_.post("/incidents/INC-1/acknowledge", "{}").status, 200);
    EXPECT_EQ(site_.post("/incidents/1/comments", R"({"text":"looking at it"})").status, 200);
    EXPECT_EQ(
        site_
            .post(
                "/incidents/INC-1/resolve", R"({"text":"taken out of service","code":"wont_fix"})"
            )
            .status,
        200
    );
    const boost::json::value incident = site_.get("/incidents/INC-1").body;
    EXPECT_EQ(text_of(incident, "state"), "resolved");
    EXPECT_EQ(text_of(incident, "acknowledged_by"), "admin");
    EXPECT_EQ(site_.post("/incidents/INC-1/resolve", R"({"text":"again"})").status, 409);
    EXPECT_EQ(site_.post("/incidents/INC-99/acknowledge", "{}").status, 404);
    std::map<std::string, int> kinds;
    const boost::json::value timeline = site_.get("/incidents/INC-1/timeline").body;
    for (const boost::json::value& row : timeline.at("items").as_array()) {
        ++kinds[text_of(row, "kind")];
    }
    EXPECT_EQ(kinds["opened"], 1);
    EXPECT_EQ(kinds["acknowledged"], 1);
    EXPECT_EQ(kinds["comment"], 1);
    EXPECT_EQ(kinds["resolved"], 1);
    expect_told(2);
}

}  // namespace
}  // namespace muster::test
