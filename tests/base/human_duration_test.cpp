#include "base/human_duration.hpp"

#include <gtest/gtest.h>

namespace muster {
namespace {

using namespace std::chrono_literals;

TEST(HumanDuration, HasAtMostTwoUnits) {
    EXPECT_EQ(human_duration(0s), "0 s");
    EXPECT_EQ(human_duration(300us), "under 1 ms");
    EXPECT_EQ(human_duration(250ms), "250 ms");
    EXPECT_EQ(human_duration(1500ms), "1.5 s");
    EXPECT_EQ(human_duration(2s), "2 s");
    EXPECT_EQ(human_duration(15391ms), "15 s");
    EXPECT_EQ(human_duration(90s), "1 min 30 s");
    EXPECT_EQ(human_duration(3h + 12min + 59s), "3 h 12 min");
    EXPECT_EQ(human_duration(3h + 59s), "3 h");
    EXPECT_EQ(human_duration(48h), "2 d");
    EXPECT_EQ(human_duration(50h), "2 d 2 h");
    EXPECT_EQ(human_duration(-90s), "-1 min 30 s");
}

}  // namespace
}  // namespace muster
