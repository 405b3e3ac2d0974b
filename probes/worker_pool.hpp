// Owns: the muster-probe-worker processes: starting, watching, ending them, and runs in them. Leaves to worker/: what they are.
#pragma once

#include "base/task.hpp"
#include "probes/probe_type.hpp"

#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <sys/types.h>
#include <vector>

namespace muster::probes {

struct WorkerPoolOptions {
    std::string program;
    std::uint32_t workers = 1;
    std::uint32_t runs_in_flight =
        4096;  ///< a worker; beyond it runs answer unknown, reason "worker"
    Duration overrun = std::chrono::seconds(2);  ///< after a run's deadline its worker is killed
    Duration most_age = std::chrono::hours(6);   ///< then replaced
    std::uint64_t most_resident = 192u << 20;    ///< bytes; then replaced
    std::uint32_t strikes = 3;                   ///< workers a target may kill in a row
    Duration set_aside = std::chrono::hours(1);
};

struct WorkerAnswer {
    Outcome outcome;
    std::string redirect;  ///< where an HTTP answer points, when it may be followed
};

struct WorkerPoolCounters {
    std::uint64_t started = 0;
    std::uint64_t died = 0;
    std::uint64_t set_aside = 0;
};

/// Belongs to its loop's thread. Workers start when first needed; while one lives, the loop has work until `stop()`.
///
/// A worker that dies takes its runs along: they answer unknown, reason "worker". Their targets are suspects: until they
/// answer once, they run one at a time in a worker of their own, so that only who kills workers is set aside for it.
class WorkerPool {
  public:
    WorkerPool(asio::io_context& loop, WorkerPoolOptions options);
    ~WorkerPool();
    WorkerPool(const WorkerPool&) = delete;
    WorkerPool& operator=(const WorkerPool&) = delete;

    /// Never fails: outcome `unknown` with reason "worker" or "set_aside" where there is no answer. Ends at the deadline, or half a
    /// second later where the worker is late; a run that waits for a worker to start gets that time on top.
    /// `type` is one of probe_types().
    Task<WorkerAnswer> run(const ProbeType* type, ProbeRequest request, Deadline deadline);

    /// Ends the workers; runs in flight answer unknown.
    void stop();

    WorkerPoolCounters counters() const;
    /// The processes that live now.
    std::vector<pid_t> processes() const;

  private:
    struct Impl;
    std::shared_ptr<Impl> impl_;  // shared with the coroutines that watch workers
};

}  // namespace muster::probes
