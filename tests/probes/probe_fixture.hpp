// Owns: running probes in a test: a loop, a runner with the real worker, addresses of this test process alone.
#pragma once

#include "base/random.hpp"
#include "probes/runner.hpp"
#include "tests/support/eventually.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <string>
#include <unistd.h>
#include <utility>

namespace muster::probes::test {

using namespace std::chrono_literals;

/// 127.x.y.n, with x and y of this process: tests run beside each other.
inline std::string own_address(int n) {
    const int pid = getpid();
    return "127." + std::to_string(1 + pid % 250) + "." + std::to_string(pid / 250 % 250) + "." +
           std::to_string(n);
}

inline std::string worker_program() {
    return std::string(MUSTER_BIN_DIR) + "/muster-probe-worker";
}

/// Runs the loop until `done`, at most `patience`; true when it came to be.
inline bool run_until(
    asio::io_context& loop, const std::function<bool()>& done, Duration patience = 20s
) {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (!done() && std::chrono::steady_clock::now() < end) {
        loop.restart();
        loop.run_one_for(10ms);
    }
    return done();
}

template <class T>
Task<void> keep_result(std::optional<T>* kept, Task<T> work) {
    T result = co_await std::move(work);
    kept->emplace(std::move(result));
}

/// Runs one coroutine to its end.
template <class T>
T run(asio::io_context& loop, Task<T> work) {
    std::optional<T> kept;
    bool ended = false;
    asio::co_spawn(loop, keep_result<T>(&kept, std::move(work)), [&ended](std::exception_ptr) {
        ended = true;
    });
    run_until(loop, [&] { return ended; });
    if (!kept) {
        ADD_FAILURE() << "a coroutine did not end by itself";
        std::abort();
    }
    return std::move(*kept);
}

class ProbeTest : public testing::Test {
  protected:
    Outcome probe(
        const std::string& type,
        const std::string& host,
        config::Params params,
        Secrets secrets = {},
        Duration timeout = 2s
    ) {
        return run(loop, runner.run(type, host, std::move(params), std::move(secrets), timeout));
    }

    asio::io_context loop{1};
    SystemRandom random;
    Runner runner{loop, random, RunnerOptions{.worker_program = worker_program(), .workers = 1}};
};

}  // namespace muster::probes::test
