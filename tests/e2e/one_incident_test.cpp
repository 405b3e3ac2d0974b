// The promise of the product on real peers: each fault is one incident, told once, resolved when it is over.
#include "base/clock.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/own_network.hpp"
#include "tests/support/peers.hpp"
#include "tests/support/site.hpp"
#include "tests/support/webhook_listener.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <set>

namespace muster::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr auto interval = 500ms;
constexpr auto hold = 250ms;
/// interval × failures + hold + 2 s: the bound a fault must be raised within.
constexpr auto raised_within = 3 * interval + hold + 2s;
constexpr const char* opened = "net.muster.incident.opened";
constexpr const char* resolved = "net.muster.incident.resolved";

/// What a person must find in an incident.
struct Fault {
    std::string ci;
    std::string type;  ///< of the probe; its name is the same
    std::string host;
    std::string reason;
    std::string expected;  ///< contained
    std::string seen;      ///< contained
};

const Fault web_fault{
    "intranet",
    "http",
    "127.0.0.22",
    "refused",
    "status 200 and a body that matches all is well within 300ms",
    "127.0.0.22:18080: connection refused"
};
const Fault ping_fault{
    "host4",
    "icmp",
    "127.0.0.23",
    "timeout",
    "1 of 1 replies within 300ms",
    "no reply from 127.0.0.23"
};
const Fault ping6_fault{
    "host6", "icmp", "::1", "timeout", "1 of 1 replies within 300ms", "no reply from ::1"
};
const Fault snmp2_fault{
    "switch",
    "snmp",
    "127.0.0.21",
    "refused",
    "an answer from 127.0.0.21:16161 within 300ms",
    "127.0.0.21:16161: port unreachable"
};
const Fault snmp3_fault{
    "router",
    "snmp",
    "127.0.0.21",
    "refused",
    "an answer from 127.0.0.21:16161 within 300ms",
    "127.0.0.21:16161: port unreachable"
};

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

    /// Types of the messages about each incident, and how many there are.
    std::map<std::string, std::multiset<std::string>> told() const {
        std::map<std::string, std::multiset<std::string>> types;
        for (const HookCall& call : hook_->received()) {
            const boost::json::value message = boost::json::parse(call.body);
            types[text_of(message, "subject")].insert(text_of(message, "type"));
        }
        return types;
    }

    /// Breaks something now: exactly the incidents of `faults` open, in time, and each is told once.
    void expect_raised(const std::function<void()>& break_it, const std::vector<Fault>& faults) {
        const std::size_t before = site_.incidents().size();
        const WallTime began = SystemClock().wall();
        break_it();
        EXPECT_TRUE(eventually(raised_within, [&] {
            return site_.incidents().size() >= before + faults.size();
        })) << "not raised in time";
        EXPECT_TRUE(eventually(10s, [&] { return told().size() >= before + faults.size(); }));
        EXPECT_TRUE(throughout(
            1s,
            [&] {
                return hook_->calls() == 2 * before + faults.size() &&
                       site_.incidents().size() == before + faults.size();
            }
        )) << hook_->calls()
           << " messages, " << site_.incidents().size() << " incidents";
        EXPECT_EQ(site_.open_incidents(), faults.size());
        for (const Fault& fault : faults) {
            SCOPED_TRACE(fault.ci);
            expect_incident_of(fault, began);
        }
    }

    void expect_incident_of(const Fault& fault, WallTime began) {
        boost::json::value incident;
        for (const boost::json::value& each : site_.incidents()) {
            if (text_of(each.at("ci"), "name") == fault.ci) {
                incident = each;
            }
        }
        ASSERT_TRUE(incident.is_object()) << "no incident";
        EXPECT_EQ(text_of(incident, "kind"), "fault");
        EXPECT_EQ(text_of(incident, "state"), "new");
        EXPECT_FALSE(incident.at("detected_late").as_bool());
        EXPECT_EQ(text_of(incident.at("probe"), "type"), fault.type);
        EXPECT_EQ(text_of(incident.at("probe"), "name"), fault.type);
        EXPECT_EQ(text_of(incident.at("probe"), "host"), fault.host);
        EXPECT_EQ(text_of(incident, "reason"), fault.reason);
        EXPECT_THAT(text_of(incident, "expected"), HasSubstr(fault.expected));
        EXPECT_THAT(text_of(incident, "seen"), HasSubstr(fault.seen));
        const auto raised = parse_rfc3339(text_of(incident, "opened"));
        ASSERT_TRUE(raised);
        EXPECT_LE(*raised - began, Duration(raised_within)) << "raised late";
        const auto started = parse_rfc3339(text_of(incident, "started"));
        ASSERT_TRUE(started);
        EXPECT_GE(*started, began - interval) << "begun before it was broken";
        expect_told_of(incident, opened);
    }

    /// Exactly one message of this type tells of the incident, with what the incident says.
    void expect_told_of(const boost::json::value& incident, const char* type) {
        int count = 0;
        for (const HookCall& call : hook_->received()) {
            const boost::json::value message = boost::json::parse(call.body);
            if (text_of(message, "subject") == text_of(incident, "id") &&
                text_of(message, "type") == type) {
                ++count;
                EXPECT_TRUE(signature_holds(call, "hook key"));
                EXPECT_EQ(text_of(message, "specversion"), "1.0");
                const boost::json::value& data = message.at("data");
                EXPECT_EQ(text_of(data.at("ci"), "name"), text_of(incident.at("ci"), "name"));
                EXPECT_EQ(text_of(data.at("probe"), "type"), text_of(incident.at("probe"), "type"));
                EXPECT_EQ(text_of(data, "expected"), text_of(incident, "expected"));
                EXPECT_EQ(text_of(data, "seen"), text_of(incident, "seen"));
            }
        }
        EXPECT_EQ(count, 1) << type;
    }

    /// It failed each time it was asked, often enough for a fault, and opened nothing: it has yet to prove that it is there.
    void expect_never_answered() {
        EXPECT_EQ(site_.probe_states()["never http"], "unproven");
        const std::string id = site_.probe_id("never http");
        const boost::json::value series = site_.get("/probes/" + id + "/results").body;
        const boost::json::array& points = series.at("points").as_array();
        EXPECT_GT(points.size(), 10U);
        for (const boost::json::value& point : points) {
            EXPECT_EQ(text_of(point, "state"), "critical");
        }
        for (const boost::json::value& incident : site_.incidents()) {
            EXPECT_NE(text_of(incident.at("ci"), "name"), "never");
        }
    }

    /// Mends it: every incident so far is resolved by the system and told of as such, once.
    void expect_resolved(const std::function<void()>& mend_it) {
        const std::size_t all = site_.incidents().size();
        mend_it();
        EXPECT_TRUE(eventually(10s, [&] { return site_.open_incidents() == 0; }));
        EXPECT_TRUE(eventually(10s, [&] { return hook_->calls() >= 2 * all; }));
        EXPECT_TRUE(throughout(1s, [&] { return hook_->calls() == 2 * all; }))
            << hook_->calls() << " messages";
        for (const boost::json::value& incident : site_.incidents()) {
            SCOPED_TRACE(incident.at("ci"));
            EXPECT_EQ(text_of(incident, "state"), "resolved");
            EXPECT_EQ(text_of(incident, "resolved_by"), "system");
            expect_told_of(incident, resolved);
        }
        EXPECT_EQ(site_.incidents().size(), all) << "nothing else opens";
    }

    /// What the command line says; it must succeed.
    std::string said(std::vector<std::string> arguments) {
        const CommandResult result = site_.muster(std::move(arguments));
        EXPECT_EQ(result.exit_code, 0) << result.output;
        return result.output;
    }

    Site site_;
    std::optional<WebhookListener> hook_;
    std::optional<Process> snmpd_;
    std::optional<Process> nginx_;
};

TEST_F(OneIncident, ForEachFaultToldOnceAndResolvedWhenItIsOver) {
    ASSERT_TRUE(eventually(20s, [&] { return all_up(); })) << "not all up";
    EXPECT_EQ(site_.incidents().size(), 0U);

    expect_raised([&] { nginx_->kill_now(); }, {web_fault});
    expect_resolved([&] { nginx_.emplace(start_nginx(site_.dir(), "127.0.0.22", 18080)); });
    expect_raised([] { set_pings_v4(Pings::ignored); }, {ping_fault});
    expect_resolved([] { set_pings_v4(Pings::answered); });
    expect_raised([] { set_pings_v6(Pings::ignored); }, {ping6_fault});
    expect_resolved([] { set_pings_v6(Pings::answered); });
    // Two configuration items stand on this daemon: one incident each.
    expect_raised([&] { snmpd_->kill_now(); }, {snmp2_fault, snmp3_fault});
    expect_resolved([&] { snmpd_.emplace(start_snmpd(site_.dir(), "127.0.0.21", 16161)); });

    const std::multiset<std::string> once_each{opened, resolved};
    const std::map<std::string, std::multiset<std::string>> all_told{
        {"INC-1", once_each},
        {"INC-2", once_each},
        {"INC-3", once_each},
        {"INC-4", once_each},
        {"INC-5", once_each}
    };
    EXPECT_EQ(told(), all_told);
    EXPECT_EQ(site_.incidents().size(), 5U);
    expect_never_answered();
    EXPECT_EQ(site_.stop_agent(), 0) << site_.agent_log();
    EXPECT_EQ(site_.stop_collector(), 0) << site_.collector_log();
}

TEST_F(OneIncident, IsAcknowledgedCommentedAndResolvedByAPerson) {
    ASSERT_TRUE(eventually(20s, [&] { return all_up(); }));
    expect_raised([&] { nginx_->kill_now(); }, {web_fault});
    EXPECT_THAT(said({"incident", "list"}), HasSubstr("INC-1"));
    EXPECT_THAT(said({"incident", "ack", "INC-1"}), HasSubstr("INC-1 acknowledged"));
    EXPECT_THAT(said({"incident", "list"}), HasSubstr("new, acknowledged"));
    EXPECT_THAT(said({"incident", "comment", "1", "looking at it"}), HasSubstr("INC-1 commented"));
    EXPECT_THAT(said({"incident", "why", "1"}), HasSubstr("told ops"));
    EXPECT_THAT(
        said({"incident", "resolve", "INC-1", "taken out of service", "--code", "wont_fix"}),
        HasSubstr("INC-1 resolved")
    );
    const std::string shown = said({"incident", "show", "INC-1"});
    for (const char* part : {"acknowledged", "looking at it", "taken out of service", "wont_fix"}) {
        EXPECT_THAT(shown, HasSubstr(part));
    }
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
    EXPECT_TRUE(eventually(10s, [&] { return hook_->calls() >= 2; }));
    EXPECT_TRUE(throughout(1s, [&] { return hook_->calls() == 2; }));
    EXPECT_EQ(told()["INC-1"], (std::multiset<std::string>{opened, resolved}));
}

}  // namespace
}  // namespace muster::test
