// Owns: one run of a probe from its options to its outcome: options checked, name resolved, in process or in a worker.
// Leaves to the scheduler: when to run. Leaves to resolver.hpp and worker_pool.hpp: how.
#pragma once

#include "base/random.hpp"
#include "base/task.hpp"
#include "config/param_spec.hpp"
#include "probes/outcome.hpp"

#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace muster::probes {

struct RunnerOptions {
    std::string
        worker_program;  ///< path of muster-probe-worker; empty: worker types answer unknown, reason "worker"
    std::uint32_t workers = 1;  ///< processes; started when first needed
    /// Answers true for an address (text) that must never be probed; such runs are unknown, reason "denied".
    std::function<bool(std::string_view address)> denied = nullptr;
};

/// Option name → value, for options of kind `secret`.
using Secrets = std::vector<std::pair<std::string, std::string>>;

struct RunnerCounters {
    std::uint64_t runs = 0;
    std::uint64_t workers_started = 0;
    std::uint64_t workers_died = 0;       ///< ended without being asked to
    std::uint64_t targets_set_aside = 0;  ///< ever
};

/// Runs probes on one loop. Everything in it belongs to the loop's thread. The worker program is started on first use; while a
/// worker lives the loop has work, so a program that wants `io_context::run` to return calls `stop()` first.
class Runner {
  public:
    Runner(asio::io_context& loop, Random& random, RunnerOptions options);
    ~Runner();
    Runner(const Runner&) = delete;
    Runner& operator=(const Runner&) = delete;

    /// Opens the ICMP sockets while the process still has its capabilities; without it they open on first use. The error names
    /// the remedy; every other probe works all the same.
    Status prepare();

    /// Runs the probe `type` against `host` (a name or an address; empty: taken from the option `url`). Options are checked and
    /// defaults filled in here. Never fails: what cannot be run is an outcome `unknown` with reason "configuration", "resolve",
    /// "denied", "set_aside" or "worker". Ends within `timeout` and a few milliseconds, or at once when cancelled. The coroutine
    /// must end before the runner is destroyed.
    Task<Outcome> run(
        std::string type, std::string host, config::Params params, Secrets secrets, Duration timeout
    );

    /// Ends the workers; runs in flight answer `unknown`. No run may be started afterwards.
    void stop();

    RunnerCounters counters() const;
    /// Process ids of the workers that live now.
    std::vector<int> workers() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace muster::probes
