#include "collector/fold_lag.hpp"

#include <gtest/gtest.h>

namespace muster::collector {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t full = 4U << 20U;

TEST(FoldLag, GivesFullCreditWhileTheFoldKeepsUp) {
    FoldLag lag;
    Lsn next = 1;
    for (Duration at = 0s; at < 20s; at += 200ms) {
        EXPECT_EQ(lag.credit(MonoTime(at), next, {.entries = 10, .bytes = 100}, full), full);
        next += 10;
    }
}

TEST(FoldLag, GivesNothingWhenTheFoldIsFiveSecondsBehind) {
    FoldLag lag;
    for (Duration at = 0s; at < 5s; at += 200ms) {
        EXPECT_EQ(lag.credit(MonoTime(at), 1, {.entries = 10, .bytes = 100}, full), full);
    }
    EXPECT_EQ(lag.credit(MonoTime(5s), 1, {.entries = 20, .bytes = 100}, full), 0U);
    EXPECT_EQ(lag.credit(MonoTime(6s), 100, {.entries = 0, .bytes = 0}, full), full);
}

TEST(FoldLag, GivesLessAsMemoryFills) {
    FoldLag lag;
    EXPECT_EQ(lag.credit(MonoTime(0s), 1, {.entries = 9, .bytes = 40U << 20U}, full), full / 8);
    EXPECT_EQ(lag.credit(MonoTime(0s), 1, {.entries = 9, .bytes = 60U << 20U}, full), 0U);
}

}  // namespace
}  // namespace muster::collector
