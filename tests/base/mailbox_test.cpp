#include "base/mailbox.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace muster {
namespace {

using namespace std::chrono_literals;

TEST(Mailbox, KeepsTheOrderOfEachSender) {
    Mailbox<std::pair<int, int>> mailbox;
    constexpr int messages = 1000;
    const auto send = [&](int sender) {
        for (int n = 0; n < messages; ++n) {
            mailbox.post({sender, n});
        }
    };
    std::jthread first(send, 0);
    std::jthread second(send, 1);
    std::array<int, 2> next{};
    while (next[0] + next[1] < 2 * messages) {
        for (const auto& [sender, n] : mailbox.take_all(10s)) {
            ASSERT_EQ(n, next[static_cast<std::size_t>(sender)]++);
        }
    }
    EXPECT_EQ(mailbox.size(), 0U);
}

TEST(Mailbox, GivesUpWaitingAfterItsPatience) {
    Mailbox<int> mailbox;
    EXPECT_TRUE(mailbox.take_all(1ms).empty());
    mailbox.post(1);
    EXPECT_EQ(mailbox.size(), 1U);
    EXPECT_EQ(mailbox.take_all(0ms).size(), 1U);
}

}  // namespace
}  // namespace muster
