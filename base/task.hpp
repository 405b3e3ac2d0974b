// Owns: coroutines, deadlines, and groups of them that stop together. Leaves to wire/: sockets.
#pragma once

#include "base/result.hpp"
#include "base/time.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>
#include <string>

namespace muster {

namespace asio = boost::asio;

/// A coroutine on the loop of its caller. One thread runs each io_context.
template <class T>
using Task = asio::awaitable<T>;

/// An absolute moment, passed down through every await.
class Deadline {
  public:
    explicit Deadline(std::chrono::steady_clock::time_point at) : at_(at) {}

    static Deadline in(Duration from_now);

    std::chrono::steady_clock::time_point at() const { return at_; }

    /// Zero when it has passed.
    Duration left() const;

  private:
    std::chrono::steady_clock::time_point at_;
};

/// Waits on the loop; returns early (false) when the coroutine is cancelled.
Task<bool> sleep_for(Duration duration);

/// Runs `work` until it ends or `deadline` passes; then cancels it, waits for its end and answers `timeout`
/// ("what: no answer within 5s"), unless it succeeded after all. Cancelled from outside: cancels the work and answers
/// with the work's own error, or `closed`. Work that ignores cancellation is waited for without end.
template <class T>
Task<Result<T>> within(Deadline deadline, std::string what, Task<Result<T>> work);

/// Coroutines that live and stop together. `stop()` cancels all of them; `empty()` tells when the last has ended.
/// Not thread-safe: use it on the loop's own thread.
class TaskGroup {
  public:
    explicit TaskGroup(asio::io_context& loop);
    ~TaskGroup();
    TaskGroup(const TaskGroup&) = delete;
    TaskGroup& operator=(const TaskGroup&) = delete;

    /// `name` appears in the log when the task ends by an exception (our bug: the process aborts).
    /// A task that ends because it was cancelled ends normally. After `stop()` nothing is started any more.
    void start(std::string name, Task<void> task);
    /// Cancels (terminal and total); a cancelled coroutine's next co_await throws unless it asked otherwise.
    void stop();
    bool empty() const;
    /// Waits until every task has ended, or the waiting coroutine is itself cancelled.
    Task<void> drained();

  private:
    struct Impl;
    std::shared_ptr<Impl>
        impl_;  // shared with the completion handlers of tasks that end after the group is gone
};

}  // namespace muster

#include "base/task_within.ipp"
