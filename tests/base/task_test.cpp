#include "base/task.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <gtest/gtest.h>

#include <optional>
#include <stdexcept>

namespace muster {
namespace {

using namespace std::chrono_literals;

constexpr Duration for_ever = std::chrono::hours(1);

template <class T>
Task<void> store(std::optional<T>* into, Task<T> task) {
    auto value = co_await std::move(task);
    into->emplace(std::move(value));
}

/// Runs one coroutine on a loop of its own until all is done.
template <class T>
T run(Task<T> task) {
    asio::io_context loop;
    std::optional<T> answer;
    asio::co_spawn(loop, store<T>(&answer, std::move(task)), asio::detached);
    loop.run();
    return std::move(answer).value();
}

Task<Result<int>> answer_after(Duration duration, int value) {
    if (!co_await sleep_for(duration)) {
        co_return failure(ErrorKind::closed, "the work was cancelled");
    }
    co_return value;
}

/// Asks for cancellation not to throw, and succeeds because of it.
Task<Result<int>> answer_when_cancelled() {
    co_await asio::this_coro::throw_if_cancelled(false);
    const bool slept = co_await sleep_for(for_ever);
    co_return slept ? 0 : 42;
}

Task<Result<int>> throw_after(Duration duration) {
    const bool slept = co_await sleep_for(duration);
    throw std::runtime_error(slept ? "a bug" : "cancelled");
}

TEST(Deadline, NeverHasLessThanNothingLeft) {
    EXPECT_EQ(Deadline::in(-5s).left(), 0s);
    EXPECT_GT(Deadline::in(10s).left(), 9s);
    EXPECT_GT(Deadline::in(Duration::max()).left(), 1000h) << "does not wrap";
}

TEST(SleepFor, ReturnsTrueWhenItSlept) {
    EXPECT_TRUE(run(sleep_for(1ms)));
}

TEST(Within, GivesTheAnswerThatCameInTime) {
    const auto answer = run(within(Deadline::in(10s), "work", answer_after(1ms, 7)));
    EXPECT_EQ(answer, 7);
}

TEST(Within, GivesTheAnswerThatCameAtOnce) {
    EXPECT_EQ(run(within(Deadline::in(10s), "work", answer_after(0s, 7))), 7);
}

TEST(Within, SaysWhatDidNotAnswer) {
    const auto answer = run(within(Deadline::in(5ms), "agent 7", answer_after(for_ever, 7)));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind(), ErrorKind::timeout);
    EXPECT_EQ(answer.error().what(), "agent 7: no answer within 5ms");
}

TEST(Within, KeepsAnAnswerThatCameWithTheDeadline) {
    EXPECT_EQ(run(within(Deadline::in(1ms), "work", answer_when_cancelled())), 42);
}

TEST(Within, NestsAndTheInnerDeadlineCounts) {
    Task<Result<int>> inner = within(Deadline::in(1ms), "inner", answer_after(for_ever, 7));
    const auto answer = run(within(Deadline::in(10s), "outer", std::move(inner)));
    ASSERT_FALSE(answer);
    EXPECT_TRUE(answer.error().what().starts_with("inner: no answer within "));
}

TEST(Within, NestsAndTheOuterDeadlineCounts) {
    Task<Result<int>> inner = within(Deadline::in(10s), "inner", answer_after(for_ever, 7));
    const auto answer = run(within(Deadline::in(1ms), "outer", std::move(inner)));
    ASSERT_FALSE(answer);
    EXPECT_TRUE(answer.error().what().starts_with("outer: no answer within "));
}

Task<bool> sees_the_exception() {
    bool seen = false;
    try {
        static_cast<void>(co_await within(Deadline::in(10s), "work", throw_after(1ms)));
    } catch (const std::runtime_error&) {
        seen = true;
    }
    co_return seen;
}

TEST(Within, PassesOnTheExceptionsOfItsWork) {
    EXPECT_TRUE(run(sees_the_exception()));
}

/// What one task of a group saw.
struct Seen {
    bool began = false;
    bool ended = false;
    std::optional<ErrorKind> error;
};

Task<void> sleep_through(Seen* seen) {
    seen->began = true;
    static_cast<void>(co_await sleep_for(for_ever));
    seen->ended = true;
}

Task<void> wait_within(Seen* seen) {
    const auto answer = co_await within(Deadline::in(for_ever), "work", answer_after(for_ever, 1));
    seen->error = answer.error().kind();
    seen->ended = true;
}

Task<void> await_again_and_again(Seen* seen) {
    seen->began = true;
    while (true) {
        static_cast<void>(co_await sleep_for(for_ever));
        seen->ended = true;
    }
}

Task<void> stop_soon(TaskGroup* group, bool* drained) {
    static_cast<void>(co_await sleep_for(2ms));
    group->stop();
    co_await group->drained();
    *drained = true;
}

class Group : public testing::Test {
  protected:
    /// Runs the loop; another coroutine stops the group after two milliseconds.
    void run_and_stop() {
        asio::co_spawn(loop_, stop_soon(&group_, &drained_), asio::detached);
        loop_.run();
    }

    asio::io_context loop_;
    TaskGroup group_{loop_};
    bool drained_ = false;
};

TEST_F(Group, StopsEveryTask) {
    Seen first;
    Seen second;
    Seen third;
    group_.start("first", sleep_through(&first));
    group_.start("second", wait_within(&second));
    group_.start("third", await_again_and_again(&third));
    EXPECT_FALSE(group_.empty());
    run_and_stop();
    EXPECT_TRUE(first.ended);
    EXPECT_TRUE(second.ended);
    EXPECT_EQ(second.error, ErrorKind::closed);
    EXPECT_TRUE(third.ended) << "its next co_await threw, and that was its end";
    EXPECT_TRUE(group_.empty());
    EXPECT_TRUE(drained_);
}

TEST_F(Group, StartsNothingAfterStop) {
    Seen late;
    group_.stop();
    group_.start("late", sleep_through(&late));
    EXPECT_TRUE(group_.empty());
    run_and_stop();
    EXPECT_FALSE(late.began);
    EXPECT_TRUE(drained_);
}

Task<void> sleep_a_little(Seen* seen) {
    seen->ended = co_await sleep_for(1ms);
}

Task<void> wait_for(TaskGroup* group, bool* drained) {
    co_await group->drained();
    *drained = true;
}

TEST_F(Group, IsDrainedWhenTasksEndByThemselves) {
    Seen seen;
    group_.start("short", sleep_a_little(&seen));
    asio::co_spawn(loop_, wait_for(&group_, &drained_), asio::detached);
    loop_.run();
    EXPECT_TRUE(seen.ended);
    EXPECT_TRUE(drained_);
}

TEST(TaskGroup, MayDieBeforeItsTasks) {
    asio::io_context loop;
    Seen seen;
    {
        TaskGroup group(loop);
        group.start("orphan", sleep_through(&seen));
        loop.poll();
        EXPECT_TRUE(seen.began);
    }
    loop.run();
    EXPECT_TRUE(seen.ended);
}

TEST(TaskGroup, MayBeTornDownWithItsLoop) {
    Seen seen;
    auto loop = std::make_unique<asio::io_context>();
    auto group = std::make_unique<TaskGroup>(*loop);
    group->start("sleeper", sleep_through(&seen));
    group->start("waiter", wait_within(&seen));
    loop->poll();
    group.reset();
    loop.reset();
    EXPECT_FALSE(seen.ended);
}

Task<void> fail_badly() {
    static_cast<void>(co_await sleep_for(1ms));
    throw std::runtime_error("unforeseen");
}

TEST(TaskGroupDeathTest, AnExceptionOutOfATaskIsOurBug) {
    const auto run_it = [] {
        asio::io_context loop;
        TaskGroup group(loop);
        group.start("uplink", fail_badly());
        loop.run();
    };
    EXPECT_DEATH(run_it(), "task.failed task=uplink why=unforeseen");
}

}  // namespace
}  // namespace muster
