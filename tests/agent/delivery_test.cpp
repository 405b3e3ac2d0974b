#include "agent/delivery.hpp"

#include "tests/agent/small_collector.hpp"
#include "tests/support/temp_dir.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

namespace muster::agent {
namespace {

using namespace std::chrono_literals;

class DeliveryTest : public ::testing::Test {
  protected:
    DeliveryTest() { collector.open(); }

    ~DeliveryTest() override {
        stop();
        away();
        run_for(20ms);
    }

    /// From within the loop, as everything that ends coroutines must be.
    void in_loop(const std::function<void()>& action) {
        bool done = false;
        asio::post(loop, [&] {
            action();
            done = true;
        });
        run_until([&] { return done; });
    }

    void away() {
        in_loop([this] { collector.close(); });
    }

    void start(DeliveryEvents events = {}) {
        DeliveryOptions options;
        options.spool_dir = dir / "spool";
        options.spool.segment_bytes = 20'000;
        options.spool_thread.upkeep.flush = 5ms;
        options.uplink.collector = {host, collector.port()};
        options.uplink.resolve = resolve;
        options.uplink.identity = collector.agent_identity();
        options.uplink.link.backoff_least = 1ms;
        options.uplink.link.backoff_most = 10ms;
        options.uplink.link.renew_after = renew_after;
        options.uplink.link.batch_bytes = batch_bytes;
        options.facts = {std::string(16, 'n'), std::string(16, 'b'), "hash", "0.1", "host"};
        delivery =
            std::make_unique<Delivery>(loop, clock, files, random, options, std::move(events));
        delivery->start();
    }

    static Task<void> say_goodbye(Delivery* delivery, bool* ended) {
        co_await delivery->stop("test", Deadline::in(5s));
        *ended = true;
    }

    void stop() {
        if (delivery) {
            bool ended = false;
            asio::co_spawn(loop, say_goodbye(delivery.get(), &ended), asio::detached);
            EXPECT_TRUE(run_until([&] { return ended; }));
            drop();
        }
    }

    /// As kill -9 of the process would, but for what the spool thread has not yet written.
    void drop() {
        in_loop([this] { delivery.reset(); });
    }

    bool run_until(const std::function<bool()>& condition, Duration patience = 20s) {
        const Deadline deadline = Deadline::in(patience);
        while (!condition() && deadline.left() > Duration{0}) {
            loop.restart();
            loop.run_one_for(10ms);
        }
        return condition();
    }

    void run_for(Duration time) {
        run_until([] { return false; }, time);
    }

    static std::string payload_of(std::uint64_t number) {
        return "record " + std::to_string(number) + std::string(number % 300, '.');
    }

    void append(std::uint64_t number) {
        wire::Record record;
        record.count = 3;
        record.drop_class = number % 10 == 0 ? wire::DropClass::state : wire::DropClass::results;
        record.wall = clock.wall();
        record.mono = clock.mono();
        record.payload = payload_of(number);
        record.raw_size = static_cast<std::uint32_t>(record.payload.size());
        ASSERT_TRUE(delivery->append(std::move(record)));
    }

    void expect_all(std::uint64_t count) {
        ASSERT_TRUE(run_until([&] { return collector.committed.size() >= count; }))
            << collector.committed.size() << " of " << count;
        ASSERT_EQ(collector.committed.size(), count);
        EXPECT_EQ(collector.results, 3 * count);
        EXPECT_EQ(collector.duplicates, 0U);
        for (const auto& [seq, record] : collector.committed) {
            ASSERT_EQ(record.payload, payload_of(seq));
        }
    }

    test::TempDir dir;
    asio::io_context loop{1};
    SystemClock clock;
    RealFiles files;
    SystemRandom random;
    SmallCollector collector{loop};
    std::string host = "127.0.0.1";
    Resolve resolve;
    Duration renew_after = 1min;
    std::size_t batch_bytes = 512U << 10U;
    std::unique_ptr<Delivery> delivery;
};

TEST_F(DeliveryTest, DeliversEveryRecordOnceAndInOrder) {
    start();
    for (std::uint64_t number = 1; number <= 500; ++number) {
        append(number);
    }
    EXPECT_EQ(delivery->unacked_records(), 500U);
    expect_all(500);
    EXPECT_TRUE(run_until([&] { return delivery->unacked_records() == 0; }));
    EXPECT_EQ(delivery->report().counters.acked_results, 1500U);
    EXPECT_EQ(collector.connections, 1U);
}

TEST_F(DeliveryTest, SendsAgainWhatACollectorThatDiedHadNotCommitted) {
    int commits = 0;
    collector.dies = [&] { return ++commits % 5 == 0; };
    collector.dies_after = [&] { return commits % 7 == 0; };
    start();
    for (std::uint64_t number = 1; number <= 300; ++number) {
        append(number);
        loop.restart();
        loop.run_for(1ms);
    }
    expect_all(300);
    EXPECT_GT(collector.connections, 3U);
}

TEST_F(DeliveryTest, SpoolsWhileTheCollectorIsAwayAndDrainsWhenItIsBack) {
    start();
    append(1);
    expect_all(1);
    away();
    for (std::uint64_t number = 2; number <= 400; ++number) {
        append(number);
    }
    ASSERT_TRUE(run_until([&] {
        return delivery->report().positions.front().synced == 400 && !delivery->is_live();
    }));
    EXPECT_EQ(collector.committed.size(), 1U);
    collector.open();
    expect_all(400);
}

TEST_F(DeliveryTest, WhatIsNewDoesNotWaitForWhatPiledUpInAnOutage) {
    renew_after = 200ms;
    batch_bytes = 500;
    away();
    start();
    for (std::uint64_t number = 1; number <= 200; ++number) {
        append(number);
    }
    const WallTime made = clock.wall();
    ASSERT_TRUE(run_until([&] {
        return delivery->report().positions.front().synced == 200 && clock.wall() - made > 250ms;
    }));
    bool is_dying = true;
    collector.dies = [&is_dying] { return is_dying; };
    collector.open();
    ASSERT_TRUE(run_until([&] { return delivery->report().positions.size() > 1; }));
    append(201);
    ASSERT_TRUE(run_until([&] { return delivery->report().positions.front().synced > 0; }));
    is_dying = false;
    ASSERT_TRUE(run_until([&] { return collector.in_order.size() == 201; }));
    const auto is_new = std::ranges::find(collector.in_order, payload_of(201));
    std::size_t before = 0;
    for (auto each = collector.in_order.begin(); each != is_new; ++each) {
        before += each->size();
    }
    EXPECT_LE(before, 10 * batch_bytes) << "after what was on its way, and a turn of the old ones";
    std::ranges::sort(collector.in_order);
    EXPECT_EQ(std::ranges::adjacent_find(collector.in_order), collector.in_order.end());
    EXPECT_TRUE(run_until([&] { return delivery->unacked_records() == 0; }));
}

TEST_F(DeliveryTest, GoesOnAfterItsOwnRestart) {
    for (std::uint64_t round = 0; round < 5; ++round) {
        start();
        for (std::uint64_t number = 1; number <= 40; ++number) {
            append(40 * round + number);
        }
        if (round % 2 == 0) {
            drop();
        } else {
            stop();
        }
    }
    start();
    expect_all(200);
}

TEST_F(DeliveryTest, SaysGoodbyeAfterEverythingIsThrough) {
    start();
    ASSERT_TRUE(run_until([&] { return delivery->is_live(); }));
    for (std::uint64_t number = 1; number <= 100; ++number) {
        append(number);
    }
    stop();
    EXPECT_EQ(collector.committed.size(), 100U);
    EXPECT_TRUE(run_until([&] { return collector.goodbyes == 1; }));
}

TEST_F(DeliveryTest, StopsInTimeThoughTheCollectorIsAway) {
    away();
    start();
    append(1);
    const MonoTime before = clock.mono();
    stop();
    EXPECT_LT(clock.mono() - before, 2s);
    collector.open();
    start();
    expect_all(1);
}

TEST_F(DeliveryTest, CountsItselfInTheHeartbeat) {
    start({.assignments = {}, .progressed = {}, .heartbeat = [](wire::proto::Heartbeat& heartbeat) {
               heartbeat.set_skipped(42);
           }});
    ASSERT_TRUE(run_until([&] { return !collector.heartbeats.empty(); }));
    const wire::proto::Heartbeat& heartbeat = collector.heartbeats.front();
    EXPECT_GT(heartbeat.rss_bytes(), 1U << 20U);
    EXPECT_GT(heartbeat.open_files(), 3U);
    EXPECT_EQ(heartbeat.skipped(), 42U);
    EXPECT_EQ(heartbeat.config_hash(), "hash");
}

TEST_F(DeliveryTest, HandsAssignmentsOverAndReportsThem) {
    wire::proto::Assignment item;
    item.set_type("icmp");
    item.set_host("192.0.2.1");
    collector.assignments = {item};
    std::vector<wire::proto::Assignment> got;
    start(
        {.assignments =
             [&](std::uint32_t epoch, std::vector<wire::proto::Assignment> items) {
                 got = std::move(items);
                 delivery->applied(epoch, {});
             },
         .progressed = {},
         .heartbeat = {}}
    );
    ASSERT_TRUE(run_until([&] { return !collector.applied.empty(); }));
    ASSERT_EQ(got.size(), 1U);
    EXPECT_EQ(got[0].host(), "192.0.2.1");
    EXPECT_EQ(collector.applied.front(), 1U);
}

TEST_F(DeliveryTest, RefusesACollectorOfAnotherAuthority) {
    start();
    ASSERT_TRUE(run_until([&] { return delivery->is_live(); }));
    stop();
    SmallCollector other(loop);
    DeliveryOptions options;
    options.spool_dir = dir / "other";
    options.uplink.collector = {"127.0.0.1", collector.port()};
    options.uplink.identity = other.agent_identity();
    options.uplink.link.backoff_least = 1ms;
    options.uplink.link.backoff_most = 5ms;
    options.facts = {std::string(16, 'n'), std::string(16, 'b'), "", "0.1", "host"};
    const std::uint64_t before = collector.connections;
    auto second = std::make_unique<Delivery>(loop, clock, files, random, options, DeliveryEvents{});
    second->start();
    run_for(300ms);
    EXPECT_FALSE(second->is_live());
    EXPECT_EQ(collector.connections, before);
    in_loop([&] { second.reset(); });
}

/// Two names of one listener. While the first is looked up the second is configured, and has no address.
class AnotherCollector : public DeliveryTest {
  protected:
    static Task<Result<std::vector<std::string>>> look_up(
        AnotherCollector* self, std::string name
    ) {
        if (name == "localhost") {
            self->delivery->reconfigure(
                {.spool = {},
                 .collector = {"127.0.0.1", self->collector.port()},
                 .backoff_least = 1ms,
                 .backoff_most = 10ms,
                 .config_hash = "other"}
            );
            co_return std::vector<std::string>{"127.0.0.1"};
        }
        ++self->looked_up;
        co_return failure(ErrorKind::not_found, "the name has no address", name);
    }

    int looked_up = 0;  // the second name
};

TEST_F(AnotherCollector, IsNotCalledWhereTheOneBeforeWasReached) {
    host = "localhost";
    resolve = [this](std::string name, Deadline) { return look_up(this, std::move(name)); };
    start();
    ASSERT_TRUE(run_until([&] { return collector.connections > 0; })) << "to the first";
    const int before = looked_up;
    ASSERT_TRUE(run_until([&] { return looked_up > before + 5 || delivery->is_live(); }));
    EXPECT_FALSE(delivery->is_live());
}

TEST(AgentEndpoint, IsAHostAndAPort) {
    EXPECT_EQ(parse_endpoint("collector.example.net:9", 8444)->port, 9);
    EXPECT_EQ(parse_endpoint("collector.example.net", 8444)->port, 8444);
    EXPECT_EQ(parse_endpoint("[::1]:9", 8444)->host, "::1");
    EXPECT_EQ(parse_endpoint("[::1]", 8444)->host, "::1");
    EXPECT_EQ(parse_endpoint("::1", 8444)->host, "::1");
    EXPECT_EQ(parse_endpoint("::1", 8444)->port, 8444);
    for (const char* wrong : {"", ":1", "host:", "host:0", "host:65536", "host:x"}) {
        EXPECT_FALSE(parse_endpoint(wrong, 8444)) << wrong;
    }
}

}  // namespace
}  // namespace muster::agent
