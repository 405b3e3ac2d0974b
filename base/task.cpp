#include "base/task.hpp"

#include "base/expect.hpp"
#include "base/log.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <exception>
#include <list>
#include <utility>

namespace muster {

namespace {

constexpr auto quietly = asio::as_tuple(asio::use_awaitable);
constexpr auto every_kind = asio::cancellation_type::terminal | asio::cancellation_type::total;

/// Asio reports a cancelled await inside a coroutine by this exception; it is the normal end of a stopped task.
bool is_cancellation(const std::exception_ptr& problem) {
    try {
        std::rethrow_exception(problem);
    } catch (const boost::system::system_error& error) {
        return error.code() == asio::error::operation_aborted;
    } catch (...) {
        return false;
    }
}

std::string describe(const std::exception_ptr& problem) {
    try {
        std::rethrow_exception(problem);
    } catch (const std::exception& error) {
        return error.what();
    } catch (...) {
        return "an unknown exception";
    }
}

}  // namespace

Deadline Deadline::in(Duration from_now) {
    const auto now = std::chrono::steady_clock::now();
    // A very long wait must not wrap round into the past.
    const Duration longest = std::chrono::steady_clock::time_point::max() - now;
    return Deadline(now + std::min(from_now, longest));
}

Duration Deadline::left() const {
    const Duration rest = at_ - std::chrono::steady_clock::now();
    return std::max(rest, Duration{0});
}

Task<bool> sleep_for(Duration duration) {
    const auto before = co_await asio::this_coro::cancellation_state;
    if (before.cancelled() != asio::cancellation_type::none) {
        co_return false;
    }
    const bool throws = co_await asio::this_coro::throw_if_cancelled();
    co_await asio::this_coro::throw_if_cancelled(false);
    asio::steady_timer timer(co_await asio::this_coro::executor);
    timer.expires_at(Deadline::in(duration).at());
    const auto [problem] = co_await timer.async_wait(quietly);
    const auto state = co_await asio::this_coro::cancellation_state;
    co_await asio::this_coro::throw_if_cancelled(throws);
    co_return !problem && state.cancelled() == asio::cancellation_type::none;
}

namespace detail {

namespace {

struct Race {
    explicit Race(const asio::any_io_executor& executor) : timer(executor) {}

    asio::steady_timer timer;
    asio::cancellation_signal stop_work;
    std::exception_ptr problem;
    bool done = false;
};

}  // namespace

Task<RaceEnd> race(Deadline deadline, Task<void> work) {
    const auto before = co_await asio::this_coro::cancellation_state;
    if (before.cancelled() != asio::cancellation_type::none) {
        co_return RaceEnd::stopped;
    }
    const bool throws = co_await asio::this_coro::throw_if_cancelled();
    co_await asio::this_coro::throw_if_cancelled(false);
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    // Shared by this coroutine and the work's completion handler, which may outlive it when the loop is torn down.
    const auto state = std::make_shared<Race>(executor);
    state->timer.expires_at(deadline.at());
    auto finished = [state](std::exception_ptr problem) {
        state->done = true;
        state->problem = std::move(problem);
        state->timer.cancel();
    };
    asio::co_spawn(
        executor,
        std::move(work),
        asio::bind_cancellation_slot(state->stop_work.slot(), std::move(finished))
    );
    co_await state->timer.async_wait(quietly);
    RaceEnd end = RaceEnd::finished;
    if (!state->done) {
        const auto cancelled = co_await asio::this_coro::cancellation_state;
        end = cancelled.cancelled() == asio::cancellation_type::none ? RaceEnd::timed_out
                                                                     : RaceEnd::stopped;
        state->timer.expires_at(std::chrono::steady_clock::time_point::max());
        state->stop_work.emit(every_kind);
    }
    while (!state->done) {
        co_await state->timer.async_wait(quietly);
    }
    co_await asio::this_coro::throw_if_cancelled(throws);
    if (state->problem && (end == RaceEnd::finished || !is_cancellation(state->problem))) {
        std::rethrow_exception(state->problem);
    }
    co_return end;
}

}  // namespace detail

struct TaskGroup::Impl {
    struct Running {
        std::string name;
        asio::cancellation_signal stop;
    };

    explicit Impl(asio::io_context& on) : loop(on), ended(on) {
        ended.expires_at(std::chrono::steady_clock::time_point::max());
    }

    asio::io_context& loop;
    asio::steady_timer ended;  // never fires; cancelled when the last task ends
    std::list<Running> running;
    bool stopped = false;
};

TaskGroup::TaskGroup(asio::io_context& loop) : impl_(std::make_shared<Impl>(loop)) {}

TaskGroup::~TaskGroup() {
    stop();
}

void TaskGroup::start(std::string name, Task<void> task) {
    if (impl_->stopped) {
        return;
    }
    const auto entry = impl_->running.emplace(impl_->running.end());
    entry->name = std::move(name);
    auto finished = [impl = impl_, entry](const std::exception_ptr& problem) {
        if (problem && !is_cancellation(problem)) {
            log(LogLevel::error, "task.failed", {{"task", entry->name}, {"why", describe(problem)}}
            );
            expect(false, "a task ended by an exception");
        }
        // A stop from outside the loop is still under way to the signal as a posted handler: the signal goes after it.
        const auto ended = std::make_shared<std::list<Impl::Running>>();
        ended->splice(ended->end(), impl->running, entry);
        asio::post(impl->loop, [ended] {});
        if (impl->running.empty()) {
            impl->ended.cancel();
        }
    };
    asio::co_spawn(
        impl_->loop,
        std::move(task),
        asio::bind_cancellation_slot(entry->stop.slot(), std::move(finished))
    );
}

void TaskGroup::stop() {
    impl_->stopped = true;
    for (Impl::Running& task : impl_->running) {
        task.stop.emit(every_kind);
    }
}

bool TaskGroup::empty() const {
    return impl_->running.empty();
}

Task<void> TaskGroup::drained() {
    const auto impl = impl_;
    const bool throws = co_await asio::this_coro::throw_if_cancelled();
    co_await asio::this_coro::throw_if_cancelled(false);
    while (!impl->running.empty()) {
        co_await impl->ended.async_wait(quietly);
        const auto state = co_await asio::this_coro::cancellation_state;
        if (state.cancelled() != asio::cancellation_type::none) {
            break;
        }
    }
    co_await asio::this_coro::throw_if_cancelled(throws);
}

}  // namespace muster
