#include "collector/notify/channel_queue.hpp"

#include <gtest/gtest.h>

namespace muster::collector {
namespace {

using namespace std::chrono_literals;
using Kind = NotifyAction::Kind;

OutboxRow row(Lsn lsn) {
    return {"INC-" + std::to_string(lsn) + "/opened/ops", "{}", {lsn, 0}, 0};
}

class ChannelQueueTest : public ::testing::Test {
  protected:
    SeededRandom random_{7};
    MonoTime now_{};
    ChannelQueue queue_{{1s, 60s}};
};

TEST_F(ChannelQueueTest, LooksFirstThenWaitsForAPoke) {
    EXPECT_EQ(queue_.next(now_).kind, Kind::load);
    queue_.loaded({});
    EXPECT_EQ(queue_.next(now_).kind, Kind::wait);
    EXPECT_FALSE(queue_.next(now_).until);
    queue_.poke();
    EXPECT_EQ(queue_.next(now_).kind, Kind::load);
}

TEST_F(ChannelQueueTest, SendsInOrderAndNothingTwice) {
    queue_.loaded({row(1), row(2)});
    EXPECT_EQ(queue_.next(now_).row->position.lsn, 1U);
    queue_.delivered();
    EXPECT_EQ(queue_.next(now_).row->position.lsn, 2U);
    queue_.delivered();
    const NotifyAction look = queue_.next(now_);
    EXPECT_EQ(look.kind, Kind::load);
    EXPECT_EQ(look.after, (OutboxPosition{2, 0}));
}

TEST_F(ChannelQueueTest, HoldsBackWhatFollowsAFailureAndReadsItAgain) {
    queue_.loaded({row(1), row(2)});
    queue_.failed(now_, random_);
    const NotifyAction wait = queue_.next(now_);
    ASSERT_EQ(wait.kind, Kind::wait);
    ASSERT_TRUE(wait.until);
    queue_.poke();
    EXPECT_EQ(queue_.next(now_).kind, Kind::wait);
    EXPECT_EQ(queue_.next(*wait.until).kind, Kind::load);
    queue_.loaded({row(1), row(2)});
    EXPECT_EQ(queue_.next(*wait.until).row->position.lsn, 1U);
    EXPECT_EQ(queue_.attempts(), 1U);
}

TEST_F(ChannelQueueTest, GoesOnWithTheNextWhenAMessageWasGivenUp) {
    queue_.loaded({row(1), row(2)});
    queue_.failed(now_, random_);
    now_ += 2s;
    queue_.loaded({row(2)});
    EXPECT_EQ(queue_.next(now_).row->position.lsn, 2U);
    EXPECT_EQ(queue_.attempts(), 0U);
}

TEST_F(ChannelQueueTest, WaitsLongerAfterEachFailureUpToABound) {
    Duration before{};
    for (int attempt = 0; attempt < 40; ++attempt) {
        queue_.loaded({row(1)});
        queue_.failed(now_, random_);
        const Duration wait = *queue_.next(now_).until - now_;
        const Duration full = std::min<Duration>(1s * (1LL << std::min(attempt, 20)), 60s);
        EXPECT_GE(wait, full / 2) << attempt;
        EXPECT_LE(wait, full) << attempt;
        EXPECT_GE(wait * 2, before) << attempt;
        before = wait;
        now_ += wait;
    }
}

TEST_F(ChannelQueueTest, WaitsAsLongAsTheReceiverAsksButNotForEver) {
    queue_.loaded({row(1)});
    queue_.failed(now_, random_, 30s);
    EXPECT_EQ(*queue_.next(now_).until - now_, Duration(30s));
    now_ += 30s;
    queue_.loaded({row(1)});
    queue_.failed(now_, random_, 24h);
    EXPECT_EQ(*queue_.next(now_).until - now_, Duration(60s));
}

TEST_F(ChannelQueueTest, WaitsNoLongerOnceATestHasShownThatItWorks) {
    queue_.loaded({row(1)});
    queue_.failed(now_, random_, 30s);
    queue_.working();
    queue_.loaded({row(1)});
    EXPECT_EQ(queue_.next(now_).kind, NotifyAction::Kind::send);
}

TEST_F(ChannelQueueTest, CountsAnAttemptAsLongAsItTakes) {
    ChannelQueue queue({1s, 60s}, {}, {.messages = 3, .per = 6s});  // one every 2 s
    queue.loaded({row(1), row(2)});
    queue.attempting(now_);
    now_ += 1500ms;  // it may have arrived only now
    queue.attempted(now_);
    queue.delivered();
    EXPECT_EQ(queue.next(now_).until, now_ + 2s);
    EXPECT_EQ(queue.next(now_ + 2s).kind, Kind::send);
}

TEST_F(ChannelQueueTest, StartsOverWithTheBackOffAfterADelivery) {
    queue_.loaded({row(1), row(2)});
    for (int i = 0; i < 5; ++i) {
        queue_.failed(now_, random_);
        now_ = *queue_.next(now_).until;
        queue_.loaded({row(1), row(2)});
    }
    queue_.delivered();
    queue_.failed(now_, random_);
    EXPECT_LE(*queue_.next(now_).until - now_, Duration(1s));
}

}  // namespace
}  // namespace muster::collector
