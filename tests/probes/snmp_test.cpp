#include "tests/probes/probe_fixture.hpp"
#include "tests/support/peers.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <gmock/gmock.h>

namespace muster::probes::test {
namespace {

using wire::ResultState;
using Udp = asio::ip::udp;
using testing::HasSubstr;

constexpr std::uint16_t port = 16161;

config::Params options(config::Params more = {}) {
    more.emplace("port", std::to_string(port));
    return more;
}

config::Params v3_options(config::Params more = {}) {
    more.emplace("version", "3");
    more.emplace("user", "roll");
    more.emplace("auth_protocol", "sha256");
    more.emplace("priv_protocol", "aes");
    return options(std::move(more));
}

Secrets v3_secrets(
    const std::string& auth = "authentic-1", const std::string& priv = "confidential-1"
) {
    return {{"auth_password", auth}, {"priv_password", priv}};
}

class Snmp : public ProbeTest {
  protected:
    void start_device() {
        device.emplace(muster::test::start_snmpd(dir, address, port));
        const bool up = muster::test::eventually(10s, [&] {
            return probe(
                       "snmp",
                       address,
                       options({{"retries", "0"}}),
                       {{"community", "public"}},
                       200ms
                   )
                       .state == ResultState::ok;
        });
        ASSERT_TRUE(up) << muster::test::read_text(dir / ("snmpd-" + address + "/log"));
    }

    muster::test::TempDir dir;
    std::string address = own_address(1);
    std::optional<muster::test::Process> device;
};

TEST_F(Snmp, ReadsUptimeWithACommunity) {
    start_device();
    const Outcome outcome = probe("snmp", address, options(), {{"community", "public"}});
    EXPECT_EQ(outcome.state, ResultState::ok) << outcome.seen;
    ASSERT_EQ(outcome.values.size(), 3u);
    EXPECT_GT(outcome.values[0], 0);
    EXPECT_LT(outcome.values[0], 1'000'000);
    EXPECT_GE(outcome.values[1], 0);
    EXPECT_LT(outcome.values[1], 60 * 100);
    EXPECT_EQ(outcome.values[1], outcome.values[2]);
    EXPECT_EQ(outcome.reason, "");
}

TEST_F(Snmp, ReadsSignedAndEncrypted) {
    start_device();
    for (int round = 0; round < 3; ++round) {  // the first discovers the engine, the others know it
        const Outcome outcome = probe("snmp", address, v3_options(), v3_secrets());
        EXPECT_EQ(outcome.state, ResultState::ok) << outcome.reason << " " << outcome.seen;
    }
}

TEST_F(Snmp, NamesTheReportOfAWrongPassword) {
    start_device();
    const Outcome right = probe("snmp", address, v3_options(), v3_secrets());
    ASSERT_EQ(right.state, ResultState::ok) << right.seen;
    const Outcome wrong = probe("snmp", address, v3_options(), v3_secrets("not-authentic"));
    EXPECT_EQ(wrong.state, ResultState::critical);
    EXPECT_EQ(wrong.reason, "authentication");
    EXPECT_THAT(wrong.seen, HasSubstr("usmStatsWrongDigests"));
    const Outcome again = probe("snmp", address, v3_options(), v3_secrets());
    EXPECT_EQ(again.state, ResultState::ok)
        << "changed passwords must reach the library: " << again.seen;
}

TEST_F(Snmp, NamesTheReportOfAnUnknownUser) {
    start_device();
    const Outcome outcome = probe("snmp", address, v3_options({{"user", "nobody"}}), v3_secrets());
    EXPECT_EQ(outcome.state, ResultState::critical);
    EXPECT_THAT(outcome.seen, HasSubstr("usmStatsUnknownUserNames"));
}

TEST_F(Snmp, NamesTheReportOfALevelTheDeviceDoesNotTake) {
    start_device();
    const Outcome outcome = probe("snmp", address, v3_options(), {});
    EXPECT_EQ(outcome.state, ResultState::critical) << "the user must encrypt";
    EXPECT_NE(outcome.reason, "timeout") << outcome.seen;
}

TEST_F(Snmp, IsSilentAboutAWrongCommunity) {
    start_device();
    const Outcome outcome =
        probe("snmp", address, options({{"retries", "1"}}), {{"community", "wrong"}}, 400ms);
    EXPECT_EQ(outcome.state, ResultState::critical);
    EXPECT_EQ(outcome.reason, "timeout");
    EXPECT_THAT(outcome.seen, HasSubstr("2 requests"));
}

TEST_F(Snmp, SaysWhichObjectIsMissing) {
    start_device();
    const Outcome outcome = probe(
        "snmp",
        address,
        options({{"oids", "1.3.6.1.2.1.1.3.0\n1.3.6.1.4.1.99999.1"}}),
        {{"community", "public"}}
    );
    EXPECT_EQ(outcome.state, ResultState::critical);
    EXPECT_EQ(outcome.reason, "missing");
    EXPECT_EQ(outcome.expected, "1.3.6.1.4.1.99999.1");
}

TEST_F(Snmp, SaysThatThePortIsClosed) {
    const auto begun = std::chrono::steady_clock::now();
    const Outcome outcome = probe("snmp", address, options(), {{"community", "public"}}, 5s);
    EXPECT_EQ(outcome.state, ResultState::critical);
    EXPECT_EQ(outcome.reason, "refused") << outcome.seen;
    EXPECT_LT(std::chrono::steady_clock::now() - begun, 3s) << "nothing to wait for";
}

TEST_F(Snmp, NoticesTheDeviceGoingAndComing) {
    start_device();
    ASSERT_EQ(probe("snmp", address, v3_options(), v3_secrets()).state, ResultState::ok);
    device->kill_now();
    EXPECT_EQ(
        probe("snmp", address, v3_options(), v3_secrets(), 500ms).state, ResultState::critical
    );
    start_device();
    const Outcome back = probe("snmp", address, v3_options(), v3_secrets());
    EXPECT_EQ(back.state, ResultState::ok) << back.reason << " " << back.seen;
}

TEST_F(Snmp, RefusesOptionsThatCannotWork) {
    const Outcome no_community = probe("snmp", address, options());
    EXPECT_EQ(no_community.state, ResultState::unknown);
    EXPECT_EQ(no_community.reason, "configuration");
    const Outcome no_user = probe("snmp", address, options({{"version", "3"}}));
    EXPECT_THAT(no_user.seen, HasSubstr("user"));
    const Outcome short_password = probe("snmp", address, v3_options(), v3_secrets("short"));
    EXPECT_THAT(short_password.seen, HasSubstr("8 characters"));
}

/// Answers a GET with the same message as a response, from `from`.
Task<void> answer(Udp::socket* device, Udp::socket* from) {
    std::array<char, 2048> buffer{};
    for (;;) {
        Udp::endpoint asker;
        const auto room = asio::buffer(buffer);
        const auto [problem, bytes] =
            co_await device->async_receive_from(room, asker, asio::as_tuple(asio::use_awaitable));
        if (problem) {
            co_return;
        }
        std::string message(buffer.data(), bytes);
        message[message.find('\xa0')] = '\xa2';  // GetRequest to Response, all else as asked
        from->send_to(asio::buffer(message), asker);
    }
}

TEST_F(Snmp, IgnoresAnAnswerFromAnotherPort) {
    const Udp::endpoint where(asio::ip::make_address(address), port);
    Udp::socket socket(loop, where);
    Udp::socket other(loop, Udp::endpoint(where.address(), port + 1));
    asio::co_spawn(loop, answer(&socket, &other), asio::detached);
    const Outcome outcome =
        probe("snmp", address, options({{"retries", "1"}}), {{"community", "public"}}, 600ms);
    EXPECT_EQ(outcome.state, ResultState::critical);
    EXPECT_EQ(outcome.reason, "timeout");
    EXPECT_THAT(outcome.seen, HasSubstr("2 from other addresses ignored"));
    socket.close();
}

TEST_F(Snmp, TakesTheSameAnswerFromThePortAsked) {
    Udp::socket socket(loop, Udp::endpoint(asio::ip::make_address(address), port));
    asio::co_spawn(loop, answer(&socket, &socket), asio::detached);
    const Outcome outcome = probe("snmp", address, options(), {{"community", "public"}});
    EXPECT_EQ(outcome.state, ResultState::ok) << outcome.seen;
    socket.close();
}

}  // namespace
}  // namespace muster::probes::test
