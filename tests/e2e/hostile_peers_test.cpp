// The real collector among many: a thousand agents that come back at once, and strangers that take every descriptor it has.
#include "agent/enrolment.hpp"
#include "agent/uplink.hpp"
#include "base/clock.hpp"
#include "collector/figures/process_figures.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/site.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <optional>
#include <sys/resource.h>
#include <thread>
#include <vector>

namespace muster::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using tcp = boost::asio::ip::tcp;

double ms(Duration time) {
    return static_cast<double>(time.count()) / 1e6;
}

/// One agent's link, as agents call and call again; without a spool behind it.
class Caller {
  public:
    Caller(
        asio::io_context& loop,
        const Clock& clock,
        Random& random,
        const wire::TlsIdentity& identity,
        std::uint16_t port
    ) {
        agent::UplinkOptions options;
        options.collector = {"localhost", port};
        options.identity = identity;
        options.resolve = [](std::string, Deadline) -> Task<Result<std::vector<std::string>>> {
            co_return std::vector<std::string>{"127.0.0.1"};
        };
        const wire::AgentFacts facts{
            std::string(Uuid::random(random).raw()), std::string(16, 'b'), "", "test", "test"
        };
        agent::UplinkEvents events;
        events.fetch = [](SpoolId, std::uint64_t, std::size_t) {};
        events.renew = [] {};
        events.acked = [](SpoolId, std::uint64_t, std::uint64_t) {};
        events.rewound = [](SpoolId, std::uint64_t) {};
        events.rekeyed = [](SpoolId, std::uint64_t) {};
        events.apply = [this](std::uint32_t epoch, const std::vector<wire::proto::Assignment>&) {
            uplink_->applied(epoch, {});
        };
        events.counters = [](wire::proto::Heartbeat&) {};
        wire::SpoolPosition position;
        position.spool = SpoolId{Uuid::random(random)};
        uplink_.emplace(loop, clock, random, options, facts, std::vector{position}, events);
        uplink_->start();
    }

    bool is_live() const { return uplink_->is_live(); }

  private:
    std::optional<agent::Uplink> uplink_;
};

class HostilePeers : public ::testing::Test {
  protected:
    void SetUp() override {
        // A thousand agents in one process are slow to say that they are there.
        site_.set_silence(30s, 5min);
        site_.configure("");
        ASSERT_NO_FATAL_FAILURE(site_.start_collector());
    }

    /// Until `done`, on the loop of this process.
    bool run_until(Duration patience, const std::function<bool()>& done) {
        const auto end = std::chrono::steady_clock::now() + patience;
        while (!done() && std::chrono::steady_clock::now() < end) {
            loop_.restart();
            loop_.run_one_for(20ms);
        }
        return done();
    }

    Task<void> enrol_one(
        std::string token, std::string name, std::vector<wire::TlsIdentity>* identities
    ) {
        agent::EnrolmentRequest request;
        request.collector_url = site_.url();
        request.token = Secret(token);
        request.name = name;
        request.hostname = name;
        request.version = "test";
        const auto identity = co_await agent::enrol(loop_, std::move(request), Deadline::in(20s));
        EXPECT_TRUE(identity) << identity.error().text();
        if (identity) {
            identities->push_back(identity->tls);
        }
    }

    std::vector<wire::TlsIdentity> enrol(std::size_t count) {
        const ApiAnswer token =
            site_.post("/join-tokens", R"({"ttl":"1h","max_uses":)" + std::to_string(count) + "}");
        EXPECT_EQ(token.status, 201) << token.body;
        std::vector<wire::TlsIdentity> identities;
        std::size_t ended = 0;
        for (std::size_t i = 0; i < count; ++i) {
            asio::co_spawn(
                loop_,
                enrol_one(text_of(token.body, "token"), "many" + std::to_string(i), &identities),
                [&ended](std::exception_ptr) { ++ended; }
            );
            // A few at a time: enrolment is no part of this test.
            EXPECT_TRUE(run_until(30s, [&] { return ended + 8 > i; }));
        }
        EXPECT_TRUE(run_until(30s, [&] { return ended == count; }));
        return identities;
    }

    double cpu_seconds() {
        return collector::read_process_figures(
                   files_, "/proc/" + std::to_string(site_.collector().pid())
        )
            .cpu_seconds;
    }

    std::size_t open_files() {
        return collector::read_process_figures(
                   files_, "/proc/" + std::to_string(site_.collector().pid())
        )
            .open_files;
    }

    Site site_;
    asio::io_context loop_;
    SystemClock clock_;
    SystemRandom random_;
    RealFiles files_;
};

/// T-25, with 200 agents; MUSTER_TEST_AGENTS=1000 for as many as it is about (which takes a limit of open files of 4,096).
TEST_F(HostilePeers, T25ManyAgentsComeBackAtOnceAfterARestartAndPeopleAreAnsweredMeanwhile) {
    const char* wish = std::getenv("MUSTER_TEST_AGENTS");
    const std::size_t count = wish == nullptr ? 200 : std::strtoul(wish, nullptr, 10);
    const std::vector<wire::TlsIdentity> identities = enrol(count);
    ASSERT_EQ(identities.size(), count);
    std::vector<std::unique_ptr<Caller>> agents;
    for (const wire::TlsIdentity& identity : identities) {
        agents.push_back(
            std::make_unique<Caller>(loop_, clock_, random_, identity, site_.agents_port())
        );
    }
    const auto live = [&] {
        return static_cast<std::size_t>(std::ranges::count_if(agents, [](const auto& each) {
            return each->is_live();
        }));
    };
    ASSERT_TRUE(run_until(60s, [&] { return live() == count; })) << live();
    site_.collector().kill_now();
    ASSERT_TRUE(run_until(20s, [&] { return live() == 0; })) << live();
    ASSERT_NO_FATAL_FAILURE(site_.start_collector());
    const auto began = std::chrono::steady_clock::now();
    std::atomic<bool> is_over = false;
    std::vector<Duration> took;
    std::thread people([&] {
        while (!is_over) {
            const auto asked = std::chrono::steady_clock::now();
            const ApiAnswer answer = site_.get("/agents?limit=10");
            EXPECT_EQ(answer.status, 200);
            took.push_back(std::chrono::steady_clock::now() - asked);
        }
    });
    const bool is_back = run_until(60s, [&] { return live() == count; });
    const Duration lasted = std::chrono::steady_clock::now() - began;
    is_over = true;
    people.join();
    EXPECT_TRUE(is_back) << live() << " of " << count;
    ASSERT_FALSE(took.empty());
    std::ranges::sort(took);
    const Duration p99 = took[took.size() * 99 / 100];
    std::cout << count << " agents were back " << ms(lasted) / 1000 << " s after the restart; "
              << took.size() << " requests of people meanwhile, p99 " << ms(p99) << " ms\n";
    EXPECT_LT(p99, 1s);
}

/// T-32. The limit is set while it runs, so that it starts as it does; 1,000 strangers then hold connections to both ports.
TEST_F(HostilePeers, T32AThousandConnectionsWith256DescriptorsNeitherSpinNorStopIt) {
    const rlimit few{256, 256};
    ASSERT_EQ(::prlimit(site_.collector().pid(), RLIMIT_NOFILE, &few, nullptr), 0);
    const std::vector<wire::TlsIdentity> identity = enrol(1);
    ASSERT_EQ(identity.size(), 1U);
    Caller honest(loop_, clock_, random_, identity.front(), site_.agents_port());
    ASSERT_TRUE(run_until(20s, [&] { return honest.is_live(); }));
    const std::size_t before = open_files();
    std::vector<tcp::socket> strangers;
    for (int i = 0; i < 1000; ++i) {
        const std::uint16_t port = i % 2 == 0 ? site_.people_port() : site_.agents_port();
        strangers.emplace_back(loop_);
        boost::system::error_code refused;
        strangers.back().connect({boost::asio::ip::address_v4::loopback(), port}, refused);
    }
    const double cpu_then = cpu_seconds();
    EXPECT_GT(cpu_then, 0.0) << "or nothing is measured";
    const auto then = std::chrono::steady_clock::now();
    const std::size_t crowded = open_files();
    // People and a new agent come in all the same: who says nothing gives way.
    std::vector<Duration> took;
    for (int i = 0; i < 5; ++i) {
        const auto asked = std::chrono::steady_clock::now();
        ApiAnswer answer;
        EXPECT_TRUE(eventually(10s, [&] {
            answer = site_.get("/agents");
            return answer.status == 200;
        })) << answer.status;
        took.push_back(std::chrono::steady_clock::now() - asked);
    }
    EXPECT_TRUE(run_until(3s, [&] { return std::chrono::steady_clock::now() - then > 2s; }));
    const double share =
        (cpu_seconds() - cpu_then) /
        std::chrono::duration<double>(std::chrono::steady_clock::now() - then).count();
    EXPECT_TRUE(honest.is_live()) << "who was there stays";
    EXPECT_LE(crowded, 256U);
    strangers.clear();
    EXPECT_TRUE(eventually(15s, [&] { return open_files() <= before + 8; })) << open_files();
    EXPECT_EQ(site_.get("/agents").status, 200);
    std::cout << before << " descriptors before, " << crowded
              << " with 1,000 strangers; people waited at most "
              << ms(*std::ranges::max_element(took)) << " ms; the collector took " << share
              << " of a processor meanwhile\n";
    EXPECT_LT(share, 0.7);
    const std::string log = site_.collector_log();
    EXPECT_THAT(log, HasSubstr("too many open files"));
    std::size_t lines = 0;
    for (std::size_t at = log.find("accept"); at != std::string::npos;
         at = log.find("accept", at + 1)) {
        ++lines;
    }
    EXPECT_LT(lines, 40U) << "told, not repeated for each";
    EXPECT_TRUE(site_.collector().running());
}

}  // namespace
}  // namespace muster::test
