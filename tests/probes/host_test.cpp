#include "tests/probes/probe_fixture.hpp"
#include "tests/support/own_network.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <gmock/gmock.h>

#include <thread>

namespace muster::probes::test {
namespace {

using asio::ip::tcp;
using wire::ResultState;

enum Metric : std::size_t { rtt, connect };

constexpr std::uint16_t port = 18095;
const asio::ip::address here = asio::ip::make_address("127.0.0.1");

class Host : public ProbeTest {
  protected:
    Outcome look(config::Params params = {}, Duration timeout = 600ms) {
        return probe("host", "127.0.0.1", std::move(params), {}, timeout);
    }

    /// In a network where nobody answers pings.
    template <class Work>
    void where_pings_are_ignored(Work work) {
        std::string why;
        std::thread alone([&] {
            if (!muster::test::enter_own_network(why)) {
                return;
            }
            muster::test::set_pings_v4(muster::test::Pings::ignored);
            work();
        });
        alone.join();
        if (!why.empty()) {
            GTEST_SKIP() << why;
        }
    }

    config::Params with_port{{"port", std::to_string(port)}};
};

TEST_F(Host, IsThereWhereAPingIsAnswered) {
    const Outcome outcome = look(with_port);
    EXPECT_EQ(outcome.state, ResultState::ok) << outcome.seen;
    EXPECT_GT(outcome.values[rtt], 0);
    EXPECT_EQ(outcome.values[connect], wire::absent_value) << "the port is not even tried";
}

TEST_F(Host, IsThereWhereOnlyThePortAnswers) {
    where_pings_are_ignored([this] {
        const tcp::acceptor open(loop, tcp::endpoint(here, port));
        const Outcome outcome = look(with_port);
        EXPECT_EQ(outcome.state, ResultState::ok) << outcome.seen;
        EXPECT_EQ(outcome.values[rtt], wire::absent_value);
        EXPECT_GT(outcome.values[connect], 0);
    });
}

TEST_F(Host, IsThereWhereItRefusesTheConnection) {
    where_pings_are_ignored([this] {
        EXPECT_EQ(look(with_port).state, ResultState::ok) << "somebody refused it";
    });
}

TEST_F(Host, IsNotThereWhereNeitherIsAnswered) {
    where_pings_are_ignored([this] {
        tcp::acceptor full(loop);
        full.open(tcp::v4());
        full.bind({here, port});
        full.listen(0);
        tcp::socket waiting(loop);
        waiting.connect(full.local_endpoint());
        const auto begun = std::chrono::steady_clock::now();
        const Outcome outcome = look(with_port);
        EXPECT_LT(std::chrono::steady_clock::now() - begun, 1100ms);
        EXPECT_EQ(outcome.state, ResultState::critical);
        EXPECT_EQ(outcome.reason, "timeout");
        EXPECT_EQ(outcome.expected, "a reply, or an answer at port 18095, within 600ms");
        EXPECT_EQ(outcome.seen, "127.0.0.1: no reply; port 18095: no connection");
    });
}

TEST_F(Host, AsksByPingAloneWithoutAPort) {
    where_pings_are_ignored([this] {
        const tcp::acceptor open(loop, tcp::endpoint(here, port));
        const Outcome outcome = look();
        EXPECT_EQ(outcome.state, ResultState::critical);
        EXPECT_EQ(outcome.reason, "timeout");
        EXPECT_EQ(outcome.seen, "127.0.0.1: no reply");
        const Outcome nowhere = probe("host", "192.0.2.1", {}, {}, 300ms);
        EXPECT_EQ(nowhere.reason, "unreachable");
        EXPECT_EQ(nowhere.seen, "192.0.2.1: network unreachable");
    });
}

}  // namespace
}  // namespace muster::probes::test
