// Owns: waiting for a word from a callback. Leaves to base/task.hpp: waiting for time and for other coroutines.
#pragma once

#include "base/task.hpp"

#include <boost/asio/io_context.hpp>

#include <memory>

namespace muster::probes {

enum class WaitEnd { woken, timed_out, cancelled };

/// One coroutine waits, anybody on the same loop wakes it. A word that comes before the wait is kept.
class Waiter {
  public:
    explicit Waiter(asio::io_context& loop);
    ~Waiter();
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;

    /// After `cancelled` the coroutine must end without another await.
    Task<WaitEnd> wait(Deadline deadline);
    void wake();

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace muster::probes
