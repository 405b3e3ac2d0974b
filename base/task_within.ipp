// Owns: the part of within() that depends on its result type; included by task.hpp alone.
#pragma once

#include <optional>
#include <utility>

namespace muster {

namespace detail {

enum class RaceEnd { finished, timed_out, stopped };

/// Runs `work` beside a timer; returns when the work has ended, however it came to that.
Task<RaceEnd> race(Deadline deadline, Task<void> work);

/// `kept` lives in the frame of within(), which waits for this.
template <class T>
Task<void> keep(std::optional<Result<T>>* kept, Task<Result<T>> work) {
    auto result = co_await std::move(work);
    kept->emplace(std::move(result));
}

}  // namespace detail

template <class T>
Task<Result<T>> within(Deadline deadline, std::string what, Task<Result<T>> work) {
    const Duration patience = std::chrono::ceil<std::chrono::milliseconds>(deadline.left());
    std::optional<Result<T>> kept;
    Task<void> keeper = detail::keep<T>(&kept, std::move(work));
    const detail::RaceEnd end = co_await detail::race(deadline, std::move(keeper));
    const bool useful =
        kept.has_value() && (kept->has_value() || end != detail::RaceEnd::timed_out);
    if (useful) {
        co_return std::move(*kept);
    }
    if (end == detail::RaceEnd::timed_out) {
        co_return failure(
            ErrorKind::timeout, what + ": no answer within " + format_duration(patience)
        );
    }
    co_return failure(ErrorKind::closed, what + ": stopped");
}

}  // namespace muster
