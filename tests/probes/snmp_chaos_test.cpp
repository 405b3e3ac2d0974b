// SNMP probes over a network that loses, doubles, delays and swaps datagrams, to a real snmpd.
#include "tests/probes/probe_fixture.hpp"
#include "tests/support/chaos_udp.hpp"
#include "tests/support/peers.hpp"

#include <gmock/gmock.h>

#include <iostream>

namespace muster::probes::test {
namespace {

using muster::test::ChaosUdp;
using testing::HasSubstr;
using wire::ResultState;

constexpr std::uint16_t port = 16161;

class SnmpThroughABadNetwork : public ProbeTest {
  protected:
    void SetUp() override {
        device_.emplace(muster::test::start_snmpd(dir_, device_address_, port));
        const bool up = muster::test::eventually(10s, [&] {
            return probe(
                       "snmp",
                       device_address_,
                       {{"port", std::to_string(port)}, {"retries", "0"}},
                       {{"community", "public"}},
                       200ms
                   )
                       .state == ResultState::ok;
        });
        ASSERT_TRUE(up) << "no snmpd";
    }

    static ChaosUdp::Udp::endpoint at(const std::string& address) {
        return {asio::ip::make_address(address), port};
    }

    Outcome ask(const std::string& retries, Duration timeout) {
        return probe(
            "snmp",
            network_address_,
            {{"port", std::to_string(port)}, {"retries", retries}},
            {{"community", "public"}},
            timeout
        );
    }

    muster::test::TempDir dir_;
    std::string device_address_ = own_address(1);
    std::string network_address_ = own_address(2);
    std::optional<muster::test::Process> device_;
};

TEST_F(SnmpThroughABadNetwork, IsAnsweredThoughDatagramsAreLostDoubledAndSwapped) {
    constexpr std::uint64_t seed = 7;
    ChaosUdp network(loop, at(network_address_), at(device_address_), seed);
    network.to_server = {.delay = 5ms, .jitter = 20ms, .lost = 200, .doubled = 300};
    network.to_client = {.delay = 5ms, .jitter = 20ms, .lost = 200, .doubled = 300};
    int answered = 0;
    constexpr int rounds = 12;
    for (int i = 0; i < rounds; ++i) {
        const Outcome outcome = ask("5", 3s);
        answered += outcome.state == ResultState::ok ? 1 : 0;
        if (outcome.state == ResultState::ok) {
            ASSERT_EQ(outcome.values.size(), 3U);
            EXPECT_LT(outcome.values[0], 3'000'000) << "microseconds, all tries together";
        } else {
            EXPECT_EQ(outcome.reason, "timeout");
        }
    }
    std::cout << answered << " of " << rounds << " answered; " << network.requests().seen
              << " requests, of them " << network.requests().lost << " lost, "
              << network.requests().doubled << " doubled; " << network.answers().lost
              << " answers lost, " << network.answers().doubled << " doubled; seed " << seed
              << "\n";
    // With 36 of 100 exchanges lost each, six tries all fail once in 460.
    EXPECT_GE(answered, rounds - 1);
    EXPECT_GT(network.requests().lost + network.answers().lost, 0U);
    EXPECT_GT(network.requests().doubled + network.answers().doubled, 0U);
}

TEST_F(SnmpThroughABadNetwork, MeasuresWithTheTryThatWasAnswered) {
    ChaosUdp network(loop, at(network_address_), at(device_address_), 1);
    network.to_client = {.delay = 50ms, .lose_first = 1};
    const Outcome outcome = ask("3", 2s);
    EXPECT_EQ(outcome.state, ResultState::ok) << outcome.seen;
    EXPECT_EQ(network.answers().lost, 1U);
    EXPECT_GE(network.requests().seen, 2U);
}

TEST_F(SnmpThroughABadNetwork, SaysTimeoutWhereNothingComesBack) {
    ChaosUdp network(loop, at(network_address_), at(device_address_), 1);
    network.to_client.lost = 1000;
    const Outcome outcome = ask("1", 400ms);
    EXPECT_EQ(outcome.state, ResultState::critical);
    EXPECT_EQ(outcome.reason, "timeout");
    EXPECT_THAT(outcome.seen, HasSubstr("2 requests"));
    EXPECT_EQ(network.answers().lost, network.answers().seen);
}

TEST_F(SnmpThroughABadNetwork, TakesAnAnswerThatComesAfterItsTryForTheNextOneOrForNone) {
    ChaosUdp network(loop, at(network_address_), at(device_address_), 3);
    network.to_client = {.delay = 300ms};
    const Outcome late = ask("1", 400ms);
    const Outcome next = ask("1", 2s);
    EXPECT_TRUE(late.state == ResultState::ok || late.reason == "timeout") << late.reason;
    EXPECT_EQ(next.state, ResultState::ok) << next.seen;
}

}  // namespace
}  // namespace muster::probes::test
