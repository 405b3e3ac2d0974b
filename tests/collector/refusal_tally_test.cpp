#include "collector/enrolment/refusal_tally.hpp"

#include <gtest/gtest.h>

namespace muster::collector {
namespace {

using namespace std::chrono_literals;

TEST(RefusalTally, TellsSixtyAMinuteAndHowManyItDidNot) {
    RefusalTally tally;
    const MonoTime start{1000s};
    for (int i = 0; i < 60; ++i) {
        EXPECT_EQ(tally.admit(start), std::optional<std::uint64_t>(0));
    }
    for (int i = 0; i < 100'000; ++i) {
        ASSERT_FALSE(tally.admit(start + 59s).has_value());
    }
    EXPECT_EQ(tally.admit(start + 60s), std::optional<std::uint64_t>(100'000));
    EXPECT_EQ(tally.admit(start + 60s), std::optional<std::uint64_t>(0));
}

}  // namespace
}  // namespace muster::collector
