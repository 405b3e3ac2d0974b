#include "probes/icmp.hpp"

#include "probes/icmp_socket.hpp"
#include "tests/probes/probe_fixture.hpp"
#include "tests/support/own_network.hpp"

#include <boost/asio/detached.hpp>
#include <gmock/gmock.h>

#include <array>
#include <linux/capability.h>
#include <sys/syscall.h>
#include <thread>

namespace muster::probes::test {
namespace {

using testing::HasSubstr;
using wire::ResultState;

enum Metric : std::size_t { rtt_avg, rtt_min, rtt_max, jitter, loss };

TEST(IcmpOutcome, IsOkWithEveryReply) {
    const PingReport report{.round_trips = {1ms, 3ms, 2ms}, .refusal = {}};
    const Outcome outcome = icmp_outcome(report, "r1", 1s);
    EXPECT_EQ(outcome.state, ResultState::ok);
    EXPECT_EQ(outcome.values, (std::vector<std::int64_t>{2000, 1000, 3000, 1500, 0}));
    EXPECT_EQ(outcome.reason, "");
}

TEST(IcmpOutcome, IsDegradedWithSomeReplies) {
    const PingReport report{.round_trips = {1ms, std::nullopt, 2ms}, .refusal = {}};
    const Outcome outcome = icmp_outcome(report, "r1", 1s);
    EXPECT_EQ(outcome.state, ResultState::warning);
    EXPECT_EQ(outcome.reason, "loss");
    EXPECT_EQ(outcome.values[loss], 333);
    EXPECT_EQ(outcome.expected, "3 of 3 replies within 1s");
    EXPECT_EQ(outcome.seen, "2 of 3 replies from r1");
}

TEST(IcmpOutcome, IsCriticalWithoutAReply) {
    const Outcome silent = icmp_outcome({.round_trips = {std::nullopt}, .refusal = {}}, "r1", 1s);
    EXPECT_EQ(silent.state, ResultState::critical);
    EXPECT_EQ(silent.reason, "timeout");
    EXPECT_EQ(silent.seen, "no reply from r1");
    EXPECT_EQ(silent.values[loss], 1000);
    EXPECT_EQ(silent.values[rtt_avg], wire::absent_value);
    const Outcome refused =
        icmp_outcome({.round_trips = {std::nullopt}, .refusal = "host unreachable"}, "r1", 1s);
    EXPECT_EQ(refused.reason, "unreachable");
    EXPECT_EQ(refused.seen, "r1: host unreachable");
}

using Icmp = ProbeTest;

TEST_F(Icmp, PingsThisMachineByIp4AndIp6) {
    for (const std::string& address : {own_address(3), std::string("::1")}) {
        const Outcome outcome = probe("icmp", address, {{"spacing", "10ms"}});
        EXPECT_EQ(outcome.state, ResultState::ok) << address << " " << outcome.seen;
        EXPECT_GT(outcome.values[rtt_min], 0);
        EXPECT_LT(outcome.values[rtt_max], 100'000) << "microseconds";
        EXPECT_EQ(outcome.values[loss], 0);
    }
}

TEST_F(Icmp, EndsWithTheLastReplyNotWithTheTimeout) {
    const auto begun = std::chrono::steady_clock::now();
    (void)probe("icmp", own_address(3), {{"count", "1"}}, {}, 10s);
    EXPECT_LT(std::chrono::steady_clock::now() - begun, 2s);
}

Task<void> count_ok(Runner* runner, std::string address, int* good, int* ended) {
    const config::Params params{{"count", "2"}, {"spacing", "50ms"}};
    const Secrets none;
    const Outcome outcome = co_await runner->run("icmp", address, params, none, 5s);
    *good += outcome.state == ResultState::ok ? 1 : 0;
    ++*ended;
}

TEST_F(Icmp, KeepsManyTargetsOnOneSocketApart) {
    int good = 0;
    int ended = 0;
    constexpr int targets = 500;
    for (int i = 0; i < targets; ++i) {
        const std::string address =
            "127.77." + std::to_string(i / 250) + "." + std::to_string(1 + i % 250);
        asio::co_spawn(loop, count_ok(&runner, address, &good, &ended), asio::detached);
    }
    ASSERT_TRUE(run_until(loop, [&] { return ended == targets; }));
    EXPECT_EQ(good, targets);
}

TEST_F(Icmp, TellsSilenceFromRefusal) {
    std::string why;
    std::thread alone([&] {
        if (!muster::test::enter_own_network(why)) {
            return;
        }
        muster::test::set_pings_v4(muster::test::Pings::ignored);
        const Outcome silent =
            probe("icmp", "127.0.0.1", {{"count", "2"}, {"spacing", "10ms"}}, {}, 300ms);
        EXPECT_EQ(silent.state, ResultState::critical);
        EXPECT_EQ(silent.reason, "timeout");
        EXPECT_EQ(silent.seen, "no reply from 127.0.0.1");
        // This network has no route to anywhere.
        const Outcome nowhere = probe("icmp", "192.0.2.1", {{"count", "1"}}, {}, 300ms);
        EXPECT_EQ(nowhere.reason, "unreachable");
        EXPECT_EQ(nowhere.seen, "192.0.2.1: network unreachable");
        muster::test::set_pings_v4(muster::test::Pings::answered);
        EXPECT_EQ(probe("icmp", "127.0.0.1", {{"spacing", "10ms"}}).state, ResultState::ok);
    });
    alone.join();
    if (!why.empty()) {
        GTEST_SKIP() << why;
    }
}

TEST(IcmpSocketRights, NamesTheRemedyWithoutThem) {
    std::string said;
    std::string why;
    std::thread unprivileged([&] {
        // A network of its own has the kernel's default ping_group_range, "1 0": nobody.
        if (!muster::test::enter_own_network(why)) {
            return;
        }
        __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
        const std::array<__user_cap_data_struct, 2> none{};
        ASSERT_EQ(syscall(SYS_capset, &header, none.data()), 0);
        const auto socket = IcmpSocket::open(Family::ip4);
        said = socket ? "it opened" : socket.error().text();
    });
    unprivileged.join();
    if (!why.empty()) {
        GTEST_SKIP() << why;
    }
    EXPECT_THAT(said, HasSubstr("CAP_NET_RAW"));
    EXPECT_THAT(said, HasSubstr("ping_group_range"));
}

TEST_F(Icmp, UsesTheWantedIpVersion) {
    const Outcome none = probe("icmp", "::1", {{"ip", "4"}});
    EXPECT_EQ(none.state, ResultState::unknown);
    EXPECT_EQ(none.reason, "resolve");
    EXPECT_EQ(probe("icmp", "localhost", {{"ip", "4"}, {"count", "1"}}).state, ResultState::ok);
}

}  // namespace
}  // namespace muster::probes::test
