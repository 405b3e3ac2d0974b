#include "probes/worker_pool.hpp"

#include "tests/probes/probe_fixture.hpp"
#include "tests/support/temp_dir.hpp"

#include <boost/asio/ip/udp.hpp>
#include <gmock/gmock.h>

#include <csignal>
#include <sys/stat.h>

namespace muster::probes::test {
namespace {

using testing::HasSubstr;
using wire::ResultState;

ProbeRequest slow_request(const std::string& host) {
    const auto params = config::validate_params(
        find_probe_type("snmp")->params,
        {{"port", "16199"}, {"retries", "0"}, {"oids", "1.3.6.1.2.1.1.3.0"}}
    );
    ProbeRequest request;
    request.host = host;
    request.addresses = {host};
    request.params = *params;
    request.secrets = {{"community", "public"}};
    return request;
}

class WorkerPoolTest : public testing::Test {
  protected:
    /// A UDP port that takes everything and says nothing.
    void SetUp() override { silent.bind({asio::ip::make_address(address), 16199}); }

    void start(
        WorkerPool& pool,
        std::optional<WorkerAnswer>& answer,
        Duration timeout,
        std::string host = {}
    ) {
        const auto type = find_probe_type("snmp");
        asio::co_spawn(
            loop,
            pool.run(type, slow_request(host.empty() ? address : host), Deadline::in(timeout)),
            [&answer](std::exception_ptr, WorkerAnswer given) { answer = std::move(given); }
        );
    }

    Outcome finish(std::optional<WorkerAnswer>& answer) {
        EXPECT_TRUE(run_until(loop, [&] { return answer.has_value(); }));
        return answer ? answer->outcome : Outcome{};
    }

    /// A worker that says it is ready (an empty message) and then does as `body` says.
    std::string script(const std::string& body) {
        const std::string path = dir / "program";
        muster::test::write_text(
            path, "#!/bin/sh\nprintf '\\000\\000\\000\\000' >&3\n" + body + "\n"
        );
        chmod(path.c_str(), 0700);
        return path;
    }

    muster::test::TempDir dir;
    asio::io_context loop{1};
    std::string address = own_address(4);
    asio::ip::udp::socket silent{loop, asio::ip::udp::v4()};
};

TEST_F(WorkerPoolTest, StartsAWorkerWhenFirstNeededAndKeepsIt) {
    WorkerPool pool(loop, {.program = worker_program()});
    EXPECT_TRUE(pool.processes().empty());
    for (int i = 0; i < 3; ++i) {
        std::optional<WorkerAnswer> answer;
        start(pool, answer, 100ms);
        EXPECT_EQ(finish(answer).reason, "timeout");
    }
    EXPECT_EQ(pool.counters().started, 1u);
    EXPECT_EQ(pool.processes().size(), 1u);
}

TEST_F(WorkerPoolTest, AnswersUnknownWhenTheWorkerIsKilledAndStartsAnother) {
    WorkerPool pool(loop, {.program = worker_program()});
    std::optional<WorkerAnswer> answer;
    start(pool, answer, 10s);
    ASSERT_TRUE(run_until(loop, [&] { return silent.available() > 0; }))
        << "the request is on its way";
    ASSERT_EQ(pool.processes().size(), 1u);
    kill(pool.processes().front(), SIGKILL);
    const Outcome lost = finish(answer);
    EXPECT_EQ(lost.state, ResultState::unknown);
    EXPECT_EQ(lost.reason, "worker");
    EXPECT_EQ(pool.counters().died, 1u);
    std::optional<WorkerAnswer> next;
    start(pool, next, 100ms);
    EXPECT_EQ(finish(next).reason, "timeout");
    EXPECT_EQ(pool.counters().started, 2u);
}

TEST_F(WorkerPoolTest, SetsATargetAsideThatKillsThreeWorkers) {
    WorkerPool pool(loop, {.program = script("head -c 4 <&3 >/dev/null; exit 1")});
    for (int i = 0; i < 3; ++i) {
        std::optional<WorkerAnswer> answer;
        start(pool, answer, 2s);
        EXPECT_EQ(finish(answer).reason, "worker");
    }
    std::optional<WorkerAnswer> answer;
    start(pool, answer, 2s);
    const Outcome outcome = finish(answer);
    EXPECT_EQ(outcome.state, ResultState::unknown);
    EXPECT_EQ(outcome.reason, "set_aside");
    EXPECT_THAT(outcome.seen, HasSubstr("set aside for 1h"));
    EXPECT_EQ(pool.counters().set_aside, 1u);
    EXPECT_EQ(pool.counters().started, 3u);
}

TEST_F(WorkerPoolTest, BlamesOnlyTheTargetThatKills) {
    WorkerPool pool(loop, {.program = worker_program(), .strikes = 2});
    const std::string innocent = own_address(5);
    asio::ip::udp::socket quiet(loop, {asio::ip::make_address(innocent), 16199});
    std::optional<WorkerAnswer> killer;
    std::optional<WorkerAnswer> bystander;
    start(pool, killer, 10s);
    start(pool, bystander, 10s, innocent);
    ASSERT_TRUE(run_until(loop, [&] { return silent.available() > 0 && quiet.available() > 0; }));
    kill(pool.processes().front(), SIGKILL);
    EXPECT_EQ(finish(killer).reason, "worker");
    EXPECT_EQ(finish(bystander).reason, "worker");
    // Both are suspects now and run alone; one answers (a timeout is an answer), the other kills again.
    bystander.reset();
    start(pool, bystander, 100ms, innocent);
    EXPECT_EQ(finish(bystander).reason, "timeout");
    killer.reset();
    start(pool, killer, 10s);
    ASSERT_TRUE(run_until(loop, [&] { return pool.processes().size() == 1; }));
    std::array<char, 2048> first{};
    silent.receive(asio::buffer(first));
    ASSERT_TRUE(run_until(loop, [&] { return silent.available() > 0; }));
    kill(pool.processes().front(), SIGKILL);
    EXPECT_EQ(finish(killer).reason, "worker");
    killer.reset();
    start(pool, killer, 1s);
    EXPECT_EQ(finish(killer).reason, "set_aside");
    bystander.reset();
    start(pool, bystander, 100ms, innocent);
    EXPECT_EQ(finish(bystander).reason, "timeout");
}

TEST_F(WorkerPoolTest, KillsAWorkerThatOverrunsTheDeadline) {
    WorkerPool pool(loop, {.program = script("exec sleep 1000"), .overrun = 100ms});
    std::optional<WorkerAnswer> answer;
    const auto begun = std::chrono::steady_clock::now();
    start(pool, answer, 200ms);
    const Outcome outcome = finish(answer);
    EXPECT_EQ(outcome.reason, "worker");
    EXPECT_LT(std::chrono::steady_clock::now() - begun, 1s)
        << "the caller does not wait for the killing";
    EXPECT_TRUE(run_until(loop, [&] {
        return pool.counters().died == 1 && pool.processes().empty();
    }));
}

TEST_F(WorkerPoolTest, ReplacesAWorkerThatHasGrown) {
    WorkerPool pool(loop, {.program = worker_program(), .most_resident = 1});
    for (std::uint64_t i = 1; i <= 2; ++i) {
        std::optional<WorkerAnswer> answer;
        start(pool, answer, 100ms);
        EXPECT_EQ(finish(answer).reason, "timeout");
        EXPECT_TRUE(run_until(loop, [&] { return pool.processes().empty(); }));
        EXPECT_EQ(pool.counters().started, i);
    }
    EXPECT_EQ(pool.counters().died, 0u);
}

TEST_F(WorkerPoolTest, BlamesNoTargetForAWorkerThatDoesNotStart) {
    WorkerPool pool(loop, {.program = "/bin/false"});
    for (int i = 0; i < 5; ++i) {
        std::optional<WorkerAnswer> answer;
        start(pool, answer, 1s);
        EXPECT_EQ(finish(answer).reason, "worker");
    }
    EXPECT_EQ(pool.counters().set_aside, 0u);
    EXPECT_LT(pool.counters().started, 5u) << "it pauses between starts";
}

TEST_F(WorkerPoolTest, SaysWhatIsWrongWithAProgramThatIsNotThere) {
    WorkerPool pool(loop, {.program = "/nonexistent/muster-probe-worker"});
    std::optional<WorkerAnswer> answer;
    start(pool, answer, 1s);
    const Outcome outcome = finish(answer);
    EXPECT_EQ(outcome.state, ResultState::unknown);
    EXPECT_THAT(outcome.seen, HasSubstr("/nonexistent/muster-probe-worker"));
}

TEST_F(WorkerPoolTest, AnswersWhatIsInFlightWhenItStops) {
    WorkerPool pool(loop, {.program = worker_program(), .workers = 2});
    std::optional<WorkerAnswer> first;
    std::optional<WorkerAnswer> second;
    start(pool, first, 10s);
    start(pool, second, 10s);
    ASSERT_TRUE(run_until(loop, [&] { return pool.processes().size() == 2; }));
    pool.stop();
    EXPECT_EQ(finish(first).reason, "worker");
    EXPECT_EQ(finish(second).reason, "worker");
    loop.restart();
    loop.run_for(5s);
    EXPECT_TRUE(loop.stopped()) << "nothing keeps the loop busy";
}

}  // namespace
}  // namespace muster::probes::test
