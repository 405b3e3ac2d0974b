#include "wire/send_window.hpp"

#include <gtest/gtest.h>

namespace muster::wire {
namespace {

using namespace std::chrono_literals;

class SendWindows : public ::testing::Test {
  protected:
    /// A full window over a line of so many bytes a second.
    Duration send_all(std::uint64_t bytes_a_second) {
        const auto took = Duration(1s) * static_cast<std::int64_t>(window_.bytes()) /
                          static_cast<std::int64_t>(bytes_a_second);
        window_.sent(now_, spool_, ++seq_);
        now_ += took;
        window_.confirmed(now_, spool_, seq_);
        return took;
    }

    SendWindow window_;
    SpoolId spool_ = SpoolId(Uuid::named("s"));
    MonoTime now_{100s};
    std::uint64_t seq_ = 0;
};

TEST_F(SendWindows, AreNoLimitWhereTheLineIsFast) {
    for (int i = 0; i < 20; ++i) {
        send_all(100'000'000);
    }
    EXPECT_EQ(window_.bytes(), SendWindow::most);
}

// T-21: a heartbeat behind it is late by a few seconds, and the line is never empty.
TEST_F(SendWindows, T21OfASlowLineHoldAFewSecondsOfIt) {
    for (const std::uint64_t rate : {32'000U, 8'000U, 250'000U}) {
        for (int i = 0; i < 20; ++i) {
            send_all(rate);
        }
        for (int i = 0; i < 20; ++i) {
            const Duration took = send_all(rate);
            EXPECT_LE(took, SendWindow::slow) << rate;
            EXPECT_GE(took, SendWindow::quick / 2) << rate;
        }
    }
}

TEST_F(SendWindows, AreSmallerAfterAConnectionThatConfirmedNothing) {
    for (int i = 0; i < 20; ++i) {
        send_all(100'000'000);
    }
    window_.broken();
    EXPECT_EQ(window_.bytes(), SendWindow::first) << "what was so fast may be another line now";
    window_.sent(now_, spool_, ++seq_);
    window_.broken();
    EXPECT_EQ(window_.bytes(), SendWindow::first / 2);
    for (int i = 0; i < 20; ++i) {
        window_.sent(now_, spool_, ++seq_);
        window_.broken();
    }
    EXPECT_EQ(window_.bytes(), SendWindow::least);
}

TEST_F(SendWindows, TimeTheRecordsThatWereSentAndNoOthers) {
    window_.sent(now_, spool_, 10);
    window_.sent(now_ + 1s, spool_, 20);
    window_.confirmed(now_ + 1s, SpoolId(Uuid::named("another")), 10);
    window_.confirmed(now_ + 1s, spool_, 9);
    EXPECT_EQ(window_.bytes(), SendWindow::first);
    window_.confirmed(now_ + 5s, spool_, 10);
    EXPECT_EQ(window_.bytes(), SendWindow::first / 2);
    window_.confirmed(now_ + 5s, spool_, 20);
    EXPECT_EQ(window_.bytes(), SendWindow::first / 2) << "it was not timed";
}

}  // namespace
}  // namespace muster::wire
