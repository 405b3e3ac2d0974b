// The collector's name has a hundred addresses, or none any more, or another one, or some that lead nowhere (T-28, T-30). The agent reads
// /etc/hosts and /etc/resolv.conf of its own.
#include "tests/support/eventually.hpp"
#include "tests/support/own_network.hpp"
#include "tests/support/packet_faults.hpp"
#include "tests/support/site.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace muster::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class CollectorName : public ::testing::Test {
  protected:
    void SetUp() override {
        std::string why;
        ASSERT_TRUE(enter_own_network(why)) << why;
        // Nobody answers names, and nobody says so.
        site_.write("resolv.conf", "nameserver 127.0.0.53\noptions timeout:5 attempts:2\n");
        say_addresses({"127.0.0.1"});
        site_.open_to_network("collector.test");
        site_.configure(
            "targets:\n  - {name: host, address: 127.0.0.9, probes: [{type: icmp, count: 1, "
            "interval: "
            "200ms, timeout: 150ms}]}\n"
        );
        ASSERT_NO_FATAL_FAILURE(site_.start_collector());
        ASSERT_NO_FATAL_FAILURE(site_.enrol_agent());
    }

    void resume() {
        const std::string etc = "mount --bind " + (site_.dir() / "hosts") +
                                " /etc/hosts && mount --bind " + (site_.dir() / "resolv.conf") +
                                " /etc/resolv.conf && exec \"$@\"";
        site_.resume_agent("agent1", {}, {"unshare", "--mount", "sh", "-c", etc, "sh"});
    }

    void say_addresses(const std::vector<std::string>& addresses) {
        std::string hosts = "127.0.0.1 localhost\n";
        for (const std::string& address : addresses) {
            hosts += address + " collector.test\n";
        }
        // In place: a file renamed over it would not be the one that the agent has in its /etc.
        std::ofstream(site_.dir() / "hosts", std::ios::trunc) << hosts;
    }

    bool is_connected() {
        const ApiAnswer agents = site_.get("/agents");
        return agents.status == 200 && !agents.body.at("items").as_array().empty() &&
               text_of(agents.body.at("items").at(0), "state") == "connected";
    }

    /// The collector's addresses to which agents have a connection.
    std::vector<std::string> called_at() const {
        const std::string port = ":" + std::to_string(site_.agents_port());
        std::istringstream words(
            run_command({"ss", "-Htn", "state", "established", "dport", "=", port}).output
        );
        std::vector<std::string> addresses;
        for (std::string backlog, unsent, local, peer;
             words >> backlog >> unsent >> local >> peer;) {
            addresses.push_back(peer.substr(0, peer.rfind(':')));
        }
        return addresses;
    }

    bool is_connected_to(const std::string& address) {
        return is_connected() && called_at() == std::vector<std::string>{address};
    }

    /// The collector closes all links and is there again.
    void break_link() {
        EXPECT_EQ(site_.stop_collector(), 0);
        ASSERT_NO_FATAL_FAILURE(site_.start_collector());
    }

    Site site_;
};

TEST_F(CollectorName, T28_WithAHundredAddressesOrNoneAnyMoreIsReachedAllTheSame) {
    std::vector<std::string> hundred;
    for (int host = 1; host < 100; ++host) {
        hundred.push_back("127.77.0." + std::to_string(host));
    }
    hundred.emplace_back("127.0.0.1");
    say_addresses(hundred);
    ASSERT_EQ(refuse_connections_to("127.77.0.0/16"), "");
    resume();
    EXPECT_TRUE(eventually(30s, [&] { return is_connected(); })) << site_.agent_log();

    // The last answer that there was is good enough: tests/probes/resolver_test.cpp.
    say_addresses({});
    ASSERT_NO_FATAL_FAILURE(break_link());
    EXPECT_TRUE(eventually(5s, [&] { return is_connected(); })) << "what worked is called first";
}

TEST_F(CollectorName, T28_ThatHasMovedToAnotherAddressIsFoundThere) {
    say_addresses({"127.77.0.1"});
    resume();
    EXPECT_TRUE(eventually(30s, [&] { return is_connected_to("127.77.0.1"); }))
        << site_.agent_log();

    // While the link stands, nothing is moved by what the name says.
    say_addresses({"127.77.0.2"});
    EXPECT_TRUE(throughout(1s, [&] { return is_connected_to("127.77.0.1"); }));

    // The old machine is switched off: nobody says that it is gone.
    ASSERT_EQ(lose_packets_to("127.77.0.1"), "");
    EXPECT_TRUE(eventually(60s, [&] { return is_connected_to("127.77.0.2"); }))
        << site_.agent_log();
    EXPECT_GT(packets_lost(), 0U);

    // And back, from a machine that says so.
    say_addresses({"127.77.0.1"});
    ASSERT_EQ(refuse_connections_to("127.77.0.2"), "");
    EXPECT_TRUE(eventually(30s, [&] { return is_connected_to("127.77.0.1"); }))
        << site_.agent_log();
}

TEST_F(CollectorName, T30_WhoseIPv6LeadsNowhereIsReachedByIPv4AndThatIsSaid) {
    ASSERT_EQ(lose_ipv6(), "");
    say_addresses({"::1", "127.0.0.1"});
    resume();
    EXPECT_TRUE(eventually(30s, [&] { return is_connected(); })) << site_.agent_log();
    EXPECT_THAT(site_.agent_log(), HasSubstr("link.other_address"));
    // Again it is quick: what worked is called first.
    ASSERT_NO_FATAL_FAILURE(break_link());
    EXPECT_TRUE(eventually(5s, [&] { return is_connected(); })) << site_.agent_log();
}

TEST_F(CollectorName, T30_BehindAHopThatSwallowsLargePacketsIsReachedWithSmallOnesAndThatIsSaid) {
    // What there is to do does not fit a packet.
    site_.set_silence(3s, 4s);
    site_.configure(
        "targets:\n  - {name: \"host{n}\", each: 1..200, address: 127.0.0.9, probes: [{type: icmp, "
        "count: 1, interval: 1s}]}\n"
    );
    ASSERT_NO_FATAL_FAILURE(break_link());
    ASSERT_EQ(lose_packets_longer_than(site_.agents_port(), 1400), "");
    resume();
    // Two connections of half a minute each are in vain before.
    EXPECT_TRUE(eventually(120s, [&] {
        return site_.agent_log().find("link.small_packets") != std::string::npos;
    })) << site_.agent_log();
    EXPECT_GT(packets_lost(), 0U);
    EXPECT_TRUE(eventually(10s, [&] { return is_connected(); })) << site_.agent_log();
}

}  // namespace
}  // namespace muster::test
