// Owns: the loop of a worker: runs come in, outcomes go out. Leaves to probes/*_run.cpp: the runs.
#pragma once

#include "base/clock.hpp"
#include "base/task.hpp"

#include <boost/asio/io_context.hpp>

#include <memory>

namespace muster::worker {

/// Belongs to its loop's thread.
class Worker {
  public:
    /// Makes the engines, which read what they need of the file system. Takes the channel's descriptor over.
    static Result<std::unique_ptr<Worker>> open(
        asio::io_context& loop, const Clock& clock, int channel
    );
    ~Worker();
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    /// Serves until the channel ends. Any number of runs in flight; each ends by its own deadline.
    Task<void> serve();

  private:
    struct Impl;
    explicit Worker(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace muster::worker
