// Owns: one muster-probe-worker process: its start, its channel, its end. Leaves to worker_pool.cpp: what runs in it.
#pragma once

#include "base/result.hpp"
#include "probes/worker_channel.hpp"

#include <boost/asio/io_context.hpp>

#include <memory>
#include <optional>
#include <string>
#include <sys/types.h>

namespace muster::probes {

/// The descriptor number at which a worker finds its channel.
inline constexpr int worker_channel_descriptor = 3;

/// A child process and our end of its channel. Destruction kills and reaps it.
class WorkerProcess {
  public:
    /// Starts `program` in a process group of its own with an almost empty environment; standard error is ours.
    static Result<std::unique_ptr<WorkerProcess>> start(
        asio::io_context& loop, const std::string& program
    );
    ~WorkerProcess();
    WorkerProcess(const WorkerProcess&) = delete;
    WorkerProcess& operator=(const WorkerProcess&) = delete;

    pid_t pid() const { return pid_; }

    WorkerChannel& channel() { return channel_; }

    void kill();
    /// How it ended ("killed by signal 9", "exit status 1"); nothing while it lives. Reaps it.
    std::optional<std::string> ended();

  private:
    WorkerProcess(asio::io_context& loop, pid_t pid, int descriptor)
        : channel_(loop, descriptor), pid_(pid) {}

    WorkerChannel channel_;
    pid_t pid_;
    bool reaped_ = false;
};

}  // namespace muster::probes
