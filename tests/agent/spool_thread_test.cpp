#include "agent/spool_thread.hpp"

#include "base/clock.hpp"
#include "tests/agent/spool_fixture.hpp"
#include "wire/gap.hpp"

#include <gtest/gtest.h>

namespace muster::agent {
namespace {

class SpoolThreadTest : public SpoolTest {
  protected:
    void start() {
        thread.emplace(
            loop,
            clock,
            SpoolSet::open(files, "/spool", random, options, now, wall),
            thread_options,
            SpoolEvents{
                .reported = [](const SpoolReport&) {},
                .records = [this](
                               SpoolId, std::vector<wire::SequencedRecord> records
                           ) { fetched = std::move(records); },
            }
        );
    }

    const wire::SpoolPosition& growing() const { return thread->report().positions.front(); }

    template <class Condition>
    void wait_for(Condition condition) {
        while (!condition()) {
            ASSERT_GT(loop.run_one_for(20s), 0U);
        }
    }

    asio::io_context loop;
    asio::executor_work_guard<asio::io_context::executor_type> work{loop.get_executor()};
    SystemClock clock;
    SpoolThreadOptions thread_options{.upkeep = {.flush = 1ms}, .queue_bytes = 500};
    std::vector<wire::SequencedRecord> fetched;
    std::optional<SpoolThread> thread;
};

TEST_F(SpoolThreadTest, WhatItsQueueRefusesIsToldInItsPlace) {
    start();
    EXPECT_FALSE(thread->append(record(std::string(600, 'x'), 4)));
    EXPECT_FALSE(thread->append(record(std::string(600, 'x'), 5)));
    EXPECT_EQ(thread->produced_results(), 9U);
    ASSERT_TRUE(thread->append(record("small", 2)));
    wait_for([this] { return thread->all_synced() && growing().synced == 2; });
    thread->fetch(growing().spool, 1, 1000);
    wait_for([this] { return !fetched.empty(); });
    ASSERT_EQ(fetched.size(), 2U);
    EXPECT_EQ(wire::read_gap(fetched[0].record)->reason, wire::GapReason::refused);
    EXPECT_EQ(fetched[0].record.count, 9U);
    EXPECT_EQ(fetched[1].record.payload, "small");
    EXPECT_EQ(thread->produced_results(), 11U);
    EXPECT_EQ(thread->report().counters.gaps(wire::GapReason::refused), 9U);
    EXPECT_EQ(thread->unacked_records(), 2U);
    thread->ack(growing().spool, 2);
    wait_for([this] { return thread->unacked_records() == 0; });
    EXPECT_EQ(thread->report().waiting_results, 0U);
}

TEST_F(SpoolThreadTest, TakesAnotherName) {
    start();
    ASSERT_TRUE(thread->append(record("one")));
    ASSERT_TRUE(thread->append(record("two")));
    wait_for([this] { return growing().synced == 2; });
    const SpoolId name(Uuid::random(random));
    thread->rename(growing().spool, name, 2);
    wait_for([this, name] { return growing().spool == name; });
    EXPECT_EQ(growing().begins_at, 2U);
    thread->fetch(growing().spool, 1, 1000);
    wait_for([this] { return !fetched.empty(); });
    EXPECT_EQ(fetched[0].record.payload, "two");
    EXPECT_TRUE(fetched[0].record.possible_duplicate);
}

}  // namespace
}  // namespace muster::agent
