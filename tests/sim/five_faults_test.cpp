// The promise of the product over a simulated day: ping over IPv4 and IPv6, SNMP v2c and v3 and HTTP fail in turn, each is one
// incident, told once and resolved; what never answered opens nothing.
#include "tests/sim/simulated_day.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

namespace muster::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

/// One item of the day, failing for a quarter of an hour.
struct Turn {
    std::string ci;
    std::string probe;
    Duration from;
    std::string reason;
    std::string expected;
    std::string seen;
};

const std::vector<Turn> turns{
    {"host4", "icmp", 2h, "timeout", "1 of 1 replies within 2s", "no reply from 10.0.0.23"},
    {"host6", "icmp", 6h, "timeout", "1 of 1 replies within 2s", "no reply from fd00::23"},
    {"switch",
     "snmp",
     10h,
     "timeout",
     "an answer from 10.0.0.21:161 within 2s",
     "no answer from 10.0.0.21:161 to 3 requests"},
    {"router",
     "snmp",
     14h,
     "authentication",
     "an answer from 10.0.0.25:161 within 2s",
     "wrong authentication password"},
    {"intranet", "http", 18h, "status", "status 200 and a body that matches all is well", "HTTP 503"
    },
};
constexpr Duration lasts = 15min;
constexpr Duration every = 10s;
constexpr Duration hold = 5s;

std::string target(const std::string& name, const std::string& address, const std::string& probe) {
    return "  - name: " + name + "\n    class: server\n    address: \"" + address +
           "\"\n    breach: {failures: 3}\n    recover: {successes: 2}\n    hold: 5s\n    "
           "probes:\n "
           "     - {" +
           probe + ", interval: 10s, timeout: 2s}\n";
}

/// Where a probe of the scenario looks: its item has that address alone.
std::string item_of(const agent::ScheduledProbe& probe) {
    const std::map<std::string, std::string> by_lane{
        {"10.0.0.21", "switch"},
        {"10.0.0.22", "intranet"},
        {"10.0.0.23", "host4"},
        {"fd00::23", "host6"},
        {"10.0.0.24", "never"},
        {"10.0.0.25", "router"}
    };
    return by_lane.at(probe.lane);
}

Scenario five_faults() {
    const auto watch = [](const std::string& secret) {
        return std::string(one_channel) + "targets:\n" +
               target("switch", "10.0.0.21", "type: snmp, community: {file: " + secret + "}") +
               target(
                   "router",
                   "10.0.0.25",
                   "type: snmp, version: \"3\", user: roll, auth_password: {file: " + secret +
                       "}, priv_password: {file: " + secret + "}"
               ) +
               target(
                   "intranet",
                   "10.0.0.22",
                   "type: http, url: \"http://10.0.0.22/\", expect: {status: 200, body: \"all is "
                   "well\"}"
               ) +
               target("host4", "10.0.0.23", "type: icmp, count: 1") +
               target("host6", "fd00::23", "type: icmp, count: 1") +
               target("never", "10.0.0.24", "type: http, url: \"http://10.0.0.24/\"");
    };
    return {watch, [](const agent::ScheduledProbe& probe, Duration since) {
                const std::string item = item_of(probe);
                const bool fails =
                    item == "never" || std::ranges::any_of(turns, [&](const Turn& turn) {
                        return turn.ci == item && since >= turn.from && since < turn.from + lasts;
                    });
                return fails ? Device::fails : Device::answers;
            }};
}

void expect_five_incidents(const Day& day) {
    ASSERT_EQ(day.incidents.size(), turns.size()) << "nothing else opens";
    std::vector<std::string> to_tell;
    for (std::size_t at = 0; at < turns.size(); ++at) {
        const Turn& turn = turns[at];
        const SimIncident& incident = day.incidents[at];
        SCOPED_TRACE(turn.ci);
        EXPECT_EQ(incident.number, "INC-" + std::to_string(at + 1));
        EXPECT_EQ(incident.ci, turn.ci);
        EXPECT_EQ(incident.probe, turn.probe);
        EXPECT_EQ(incident.reason, turn.reason);
        EXPECT_EQ(incident.expected, turn.expected);
        EXPECT_THAT(incident.seen, HasSubstr(turn.seen));
        EXPECT_EQ(incident.state, "resolved");
        EXPECT_EQ(incident.resolved_by, "system");
        EXPECT_GE(incident.started, turn.from);
        EXPECT_LE(incident.started, turn.from + every) << "begun at the first failed result";
        EXPECT_LE(incident.opened, turn.from + 3 * every + hold + 2s) << "raised late";
        to_tell.push_back(incident.number + "/opened/ops");
        to_tell.push_back(incident.number + "/resolved/ops");
    }
    EXPECT_EQ(day.told, to_tell) << "each once, in this order";
    EXPECT_EQ(day.probes.size(), 6U);
    for (const auto& [item, state] : day.probes) {
        EXPECT_EQ(state, item == "never" ? "unproven" : "ok") << item;
    }
}

TEST(DayOfFiveFaults, HasOneIncidentForEachToldOnce) {
    const Day day = live_through(five_faults(), 19, 0, 0);
    EXPECT_GT(day.produced, 51'000U);
    expect_five_incidents(day);
    EXPECT_EQ(day.digest, day.refolded);
}

TEST(DayOfFiveFaults, IsTheSameOnABrokenNetwork) {
    const Day day = live_through(five_faults(), 23, 60, 0);
    expect_five_incidents(day);
    EXPECT_LE(day.unacked, 2U);
}

}  // namespace
}  // namespace muster::test
