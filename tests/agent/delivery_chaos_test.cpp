// Delivery over a network that breaks off, drips, falls silent or loses what comes back (T-22, T-23, T-26).
#include "agent/delivery.hpp"
#include "tests/agent/small_collector.hpp"
#include "tests/support/chaos_proxy.hpp"
#include "tests/support/temp_dir.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace muster::agent {
namespace {

using namespace std::chrono_literals;

class ChaoticDelivery : public ::testing::Test {
  protected:
    ChaoticDelivery() {
        collector.open();
        proxy.emplace(loop, collector.port());
    }

    ~ChaoticDelivery() override {
        bool ended = !delivery;
        if (delivery) {
            asio::co_spawn(loop, end(&ended), asio::detached);
        }
        EXPECT_TRUE(run_until([&] { return ended; }));
        delivery.reset();
        proxy.reset();
        collector.close();
        run_until([] { return false; }, 20ms);
    }

    void start() {
        DeliveryOptions options;
        options.spool_dir = dir / "spool";
        options.spool_thread.upkeep.flush = 1ms;
        options.uplink.collector = {"127.0.0.1", proxy->port()};
        options.uplink.identity = collector.agent_identity();
        options.uplink.connect_within = 1s;
        options.uplink.link.answer_within = answer_within;
        options.uplink.link.heartbeat = 50ms;
        options.uplink.link.backoff_least = 1ms;
        options.uplink.link.backoff_most = 5ms;
        options.uplink.link.batch_bytes = 300;
        options.facts = {std::string(16, 'n'), std::string(16, 'b'), "hash", "0.1", "host"};
        delivery =
            std::make_unique<Delivery>(loop, clock, files, random, options, DeliveryEvents{});
        delivery->start();
    }

    Task<void> end(bool* ended) {
        co_await delivery->stop("test", Deadline::in(100ms));
        *ended = true;
    }

    void append(std::uint64_t count) {
        for (std::uint64_t at = 0; at < count; ++at) {
            wire::Record record;
            record.count = 1;
            record.wall = clock.wall();
            record.mono = clock.mono();
            record.payload = "record " + std::to_string(++made);
            record.raw_size = static_cast<std::uint32_t>(record.payload.size());
            ASSERT_TRUE(delivery->append(std::move(record)));
        }
    }

    template <class Condition>
    bool run_until(Condition condition, Duration patience = 20s) {
        const Deadline deadline = Deadline::in(patience);
        while (!condition() && deadline.left() > Duration{0}) {
            loop.restart();
            loop.run_one_for(10ms);
        }
        return condition();
    }

    /// Everything made is there once, in order.
    void expect_all() {
        ASSERT_TRUE(run_until([&] { return collector.in_order.size() >= made; }))
            << collector.in_order.size() << " of " << made;
        std::vector<std::string> wanted;
        for (std::uint64_t number = 1; number <= made; ++number) {
            wanted.push_back("record " + std::to_string(number));
        }
        EXPECT_EQ(collector.in_order, wanted);
        EXPECT_TRUE(run_until([&] { return delivery->unacked_records() == 0; }));
    }

    test::TempDir dir;
    asio::io_context loop{1};
    SystemClock clock;
    RealFiles files;
    SystemRandom random;
    SmallCollector collector{loop};
    std::optional<test::ChaosProxy> proxy;
    Duration answer_within = 30s;
    std::uint64_t made = 0;
    std::unique_ptr<Delivery> delivery;
};

TEST_F(ChaoticDelivery, T26_AConnectionThatBreaksOffAtAnyByteAppliesNothingByHalf) {
    start();
    append(20);
    expect_all();
    const std::uint64_t greeting = proxy->bytes_to_server();
    ASSERT_GT(greeting, 1'000U);
    // Each connection lives a byte longer: through the end of Hello, and every byte of some batches.
    const std::uint64_t first = greeting - 500;
    for (std::uint64_t bytes = first; bytes < first + 800; ++bytes) {
        proxy->to_server.reset_after = bytes;
        const std::uint64_t before = proxy->connections();
        proxy->reset_all();
        append(2);
        ASSERT_TRUE(run_until([&] {
            return proxy->connections() > before + 1 || delivery->unacked_records() == 0;
        })) << bytes;
    }
    proxy->to_server.reset_after = test::ChaosWay::never;
    proxy->reset_all();
    expect_all();
    EXPECT_EQ(collector.duplicates, 0U);
}

TEST_F(ChaoticDelivery, T23_AcknowledgementsThatAreLostAreMadeUpFor) {
    start();
    append(20);
    expect_all();
    for (int round = 0; round < 20; ++round) {
        proxy->to_client.swallows = true;
        append(10);
        const std::uint64_t wanted = made;
        ASSERT_TRUE(run_until([&] { return collector.in_order.size() == wanted; }))
            << "they arrive, and nobody hears of it";
        EXPECT_GT(delivery->unacked_records(), 0U);
        proxy->to_client.swallows = false;
        proxy->reset_all();
        ASSERT_TRUE(run_until([&] { return delivery->unacked_records() == 0; }));
    }
    expect_all();
    EXPECT_EQ(collector.duplicates, 0U);
}

TEST_F(ChaoticDelivery, T22_ASilentNetworkIsNoticedAndEverythingComesThroughAfterwards) {
    collector.heartbeat = 50ms;
    start();
    append(20);
    expect_all();
    const std::uint64_t before = proxy->connections();
    proxy->to_client.swallows = proxy->to_server.swallows = true;
    append(100);
    // Three heartbeats, but five seconds at least.
    ASSERT_TRUE(run_until([&] { return proxy->connections() > before; }));
    EXPECT_FALSE(delivery->is_live());
    EXPECT_EQ(collector.in_order.size(), 20U);
    proxy->to_client.swallows = proxy->to_server.swallows = false;
    proxy->reset_all();
    expect_all();
}

TEST_F(ChaoticDelivery, ANetworkThatDripsIsSlowAndNothingElse) {
    proxy->to_server.piece = 7;
    proxy->to_client.piece = 3;
    start();
    append(200);
    expect_all();
    EXPECT_EQ(proxy->connections(), 1U);
}

TEST_F(ChaoticDelivery, ALongWayIsBridgedByBatchesInFlight) {
    proxy->to_server.delay = proxy->to_client.delay = 20ms;
    start();
    append(200);
    expect_all();
    EXPECT_EQ(proxy->connections(), 1U);
}

}  // namespace
}  // namespace muster::agent
