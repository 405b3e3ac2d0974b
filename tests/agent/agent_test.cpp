#include "agent/agent.hpp"

#include "agent/assignments_file.hpp"
#include "base/sealed.hpp"
#include "tests/agent/small_collector.hpp"
#include "tests/support/temp_dir.hpp"
#include "wire/results.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

namespace muster::agent {
namespace {

using namespace std::chrono_literals;

class AgentTest : public ::testing::Test {
  protected:
    AgentTest() { collector.open(); }

    ~AgentTest() override {
        stop();
        in_loop([this] { collector.close(); });
        run_until([] { return false; }, 20ms);
    }

    static wire::proto::Assignment assignment(
        std::uint32_t dense, const std::string& type, const std::string& host
    ) {
        wire::proto::Assignment item;
        item.set_dense(dense);
        const Uuid id = Uuid::named(host);
        item.set_probe_id(std::string(id.raw()));
        item.set_type(type);
        item.set_host(host);
        item.set_interval_ms(50);
        item.set_timeout_ms(1000);
        return item;
    }

    static Task<probes::Outcome> run_probe(
        AgentTest* self, std::shared_ptr<const ScheduledProbe> probe
    ) {
        ++self->runs[probe->host];
        for (const auto& [option, value] : probe->secrets) {
            self->communities.insert(value);
        }
        if (self->slow) {
            co_await sleep_for(10s);
        }
        probes::Outcome outcome;
        outcome.state = self->state;
        outcome.seen = "what was seen";
        outcome.values = {self->runs[probe->host]};
        co_return outcome;
    }

    void start() {
        AgentOptions options;
        options.batcher.flush = 10ms;
        options.scheduler.first_within = 10ms;
        options.assignments_file = dir / "assignments";
        options.sealing_key = key.clone();
        options.delivery.spool_dir = dir / "spool";
        options.delivery.spool_thread.upkeep.flush = 5ms;
        options.delivery.uplink.collector = {"127.0.0.1", collector.port()};
        options.delivery.uplink.identity = collector.agent_identity();
        options.delivery.uplink.link.backoff_least = 1ms;
        options.delivery.uplink.link.backoff_most = 10ms;
        options.delivery.facts = {
            std::string(16, 'n'), std::string(16, 'b'), "hash", "0.1", "host"
        };
        auto run = [this](std::shared_ptr<const ScheduledProbe> probe) {
            return run_probe(this, std::move(probe));
        };
        agent = Agent::open(loop, clock, files, random, std::move(options), std::move(run));
        agent->start();
    }

    static Task<void> say_goodbye(Agent* agent, bool* ended) {
        co_await agent->stop("test", Deadline::in(5s));
        *ended = true;
    }

    void stop() {
        if (agent) {
            bool ended = false;
            asio::co_spawn(loop, say_goodbye(agent.get(), &ended), asio::detached);
            EXPECT_TRUE(run_until([&] { return ended; }));
            in_loop([this] { agent.reset(); });
        }
    }

    bool run_until(const std::function<bool()>& condition, Duration patience = 10s) {
        const Deadline deadline = Deadline::in(patience);
        while (!condition() && deadline.left() > Duration{0}) {
            loop.restart();
            loop.run_one_for(10ms);
        }
        return condition();
    }

    void in_loop(const std::function<void()>& action) {
        bool done = false;
        asio::post(loop, [&] {
            action();
            done = true;
        });
        run_until([&] { return done; });
    }

    /// Values by probe, in the order of time, of everything committed.
    std::map<std::uint32_t, std::vector<std::int64_t>> delivered() const {
        std::map<std::uint32_t, std::vector<std::int64_t>> out;
        for (const auto& [seq, record] : collector.committed) {
            std::string raw;
            wire::ResultBatch batch;
            EXPECT_TRUE(wire::open_payload(record, raw));
            EXPECT_TRUE(wire::decode_results(raw, batch));
            for (std::size_t at = 0; at < batch.size(); ++at) {
                out[batch.probe[at]].push_back(batch.values[at]);
            }
        }
        return out;
    }

    test::TempDir dir;
    asio::io_context loop{1};
    SystemClock clock;
    RealFiles files;
    SystemRandom random;
    SmallCollector collector{loop};
    std::unique_ptr<Agent> agent;
    std::map<std::string, std::int64_t> runs;
    std::set<std::string> communities;  // the secrets of what was run
    Secret key = make_sealing_key();
    wire::ResultState state = wire::ResultState::ok;
    bool slow = false;
};

TEST_F(AgentTest, RunsWhatItIsAssignedAndDeliversEveryResult) {
    collector.assignments = {
        assignment(0, "icmp", "192.0.2.1"), assignment(1, "icmp", "192.0.2.2")
    };
    start();
    ASSERT_TRUE(run_until([&] { return runs["192.0.2.1"] >= 10 && runs["192.0.2.2"] >= 10; }));
    stop();
    auto got = delivered();
    ASSERT_EQ(got.size(), 2U);
    for (const auto& [dense, host] : {std::pair{0U, "192.0.2.1"}, std::pair{1U, "192.0.2.2"}}) {
        ASSERT_EQ(static_cast<std::int64_t>(got[dense].size()), runs[host]);
        for (std::size_t at = 0; at < got[dense].size(); ++at) {
            EXPECT_EQ(got[dense][at], static_cast<std::int64_t>(at) + 1);
        }
    }
    EXPECT_EQ(collector.applied, std::vector<std::uint32_t>{1});
}

TEST_F(AgentTest, RunsTheOthersWhenOneAssignmentIsWrong) {
    collector.assignments = {
        assignment(0, "tea-leaves", "192.0.2.1"), assignment(1, "icmp", "192.0.2.2")
    };
    start();
    ASSERT_TRUE(run_until([&] { return delivered().contains(1); }));
    EXPECT_FALSE(runs.contains("192.0.2.1"));
}

TEST_F(AgentTest, GoesOnAfterARestartThoughTheCollectorIsAway) {
    collector.assignments = {
        assignment(0, "icmp", "192.0.2.1"), assignment(1, "icmp", "192.0.2.2")
    };
    (*collector.assignments[1].mutable_secrets())["community"] = "private";
    start();
    ASSERT_TRUE(run_until([&] { return delivered().size() == 2; }));
    stop();
    in_loop([this] { collector.close(); });
    runs.clear();
    const auto kept = read_file(files, dir / "assignments", 100'000);
    ASSERT_TRUE(kept);
    EXPECT_EQ(kept->find("private"), std::string::npos) << "sealed";
    start();
    ASSERT_TRUE(run_until([&] { return runs["192.0.2.1"] >= 5 && runs["192.0.2.2"] >= 5; }));
    EXPECT_EQ(communities, std::set<std::string>{"private"});
    stop();
    // The key is another, or gone: the probe waits, the others go on.
    key = make_sealing_key();
    runs.clear();
    start();
    ASSERT_TRUE(run_until([&] { return runs["192.0.2.1"] >= 5; }));
    EXPECT_FALSE(runs.contains("192.0.2.2")) << "it waits for its secret";
    const std::size_t before = delivered()[0].size();
    collector.open();
    ASSERT_TRUE(run_until([&] {
        return delivered()[0].size() >= before + 5 && runs["192.0.2.2"] > 0;
    }));
}

TEST_F(AgentTest, TellsAProbeWithoutItsSecretAsUnknownAndDoesNotRunIt) {
    collector.assignments = {assignment(0, "icmp", "192.0.2.1")};
    (*collector.assignments[0].mutable_unread_secrets())["community"] = "/etc/key: No such file";
    start();
    ASSERT_TRUE(run_until([&] { return !collector.committed.empty(); }));
    std::string raw;
    wire::ResultBatch batch;
    ASSERT_TRUE(wire::open_payload(collector.committed.begin()->second, raw));
    ASSERT_TRUE(wire::decode_results(raw, batch));
    EXPECT_EQ(batch.state.at(0), static_cast<std::uint8_t>(wire::ResultState::unknown));
    ASSERT_EQ(batch.notes.size(), 1U);
    EXPECT_EQ(batch.notes[0].reason, "configuration");
    EXPECT_EQ(
        batch.notes[0].seen,
        "the collector cannot read the secret `community`: /etc/key: No such file"
    );
    EXPECT_TRUE(runs.empty());
}

TEST_F(AgentTest, SaysNothingOfRunsItCutShortItself) {
    slow = true;
    collector.assignments = {assignment(0, "icmp", "192.0.2.1")};
    start();
    ASSERT_TRUE(run_until([&] { return runs["192.0.2.1"] == 1; }));
    const MonoTime before = clock.mono();
    stop();
    EXPECT_LT(clock.mono() - before, 3s);
    EXPECT_TRUE(collector.committed.empty());
}

TEST(Assignments, ShareALaneWhereTheyMeetOneHost) {
    wire::proto::Assignment ping;
    const Uuid id = Uuid::named("x");
    ping.set_probe_id(std::string(id.raw()));
    ping.set_type("icmp");
    ping.set_host("www.example.net");
    ping.set_interval_ms(1000);
    ping.set_timeout_ms(100);
    wire::proto::Assignment page = ping;
    page.set_dense(1);
    page.set_type("http");
    page.clear_host();
    (*page.mutable_params())["url"] = "https://www.example.net:8443/login";
    const AssignmentTable table = read_assignments(3, {ping, page});
    ASSERT_EQ(table.probes.size(), 2U) << (table.problems.empty() ? "" : table.problems[0]);
    EXPECT_EQ(table.probes[0].lane, table.probes[1].lane);
    EXPECT_EQ(table.epoch, 3U);
    EXPECT_EQ(table.ids.size(), 2U);
}

TEST(Assignments, NameWhatCannotBeRun) {
    const Uuid id = Uuid::named("x");
    wire::proto::Assignment good;
    good.set_probe_id(std::string(id.raw()));
    good.set_type("icmp");
    good.set_host("192.0.2.1");
    good.set_interval_ms(1000);
    good.set_timeout_ms(100);
    std::vector<wire::proto::Assignment> items(5, good);
    items[0].set_probe_id("short");
    items[1].set_interval_ms(0);
    (*items[2].mutable_params())["no_such_option"] = "1";
    items[3].set_dense(17);
    for (std::uint32_t dense : {0U, 1U, 2U, 4U}) {
        items[dense].set_dense(dense);
    }
    const AssignmentTable table = read_assignments(1, items);
    EXPECT_EQ(table.problems.size(), 4U);
    ASSERT_EQ(table.probes.size(), 1U);
    EXPECT_EQ(table.probes[0].dense, 4U);
    EXPECT_NE(table.problems[2].find("no_such_option"), std::string::npos);
}

}  // namespace
}  // namespace muster::agent
