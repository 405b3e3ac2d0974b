// Which of the collector's addresses an agent calls (T-28, T-30).
#include "agent/known_addresses.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace muster::agent {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(KnownAddressesOfACollector, AreCalledInTheirOrder) {
    KnownAddresses known;
    EXPECT_THAT(known.to_call({"::1", "10.0.0.1"}), ElementsAre("::1", "10.0.0.1"));
    EXPECT_THAT(known.to_call({"::1", "10.0.0.1"}), ElementsAre("::1", "10.0.0.1"));
    EXPECT_THAT(known.to_call({}), IsEmpty());
}

TEST(KnownAddressesOfACollector, TheOneThatWorkedIsCalledFirst) {
    KnownAddresses known;
    known.worked("10.0.0.1");
    for (int alone = 0; alone < KnownAddresses::tries_alone; ++alone) {
        EXPECT_THAT(known.to_call({"::1", "10.0.0.1"}), ElementsAre("10.0.0.1"));
    }
    EXPECT_THAT(known.to_call({"::1", "10.0.0.1"}), ElementsAre("10.0.0.1", "::1"));
    EXPECT_THAT(known.to_call({}), ElementsAre("10.0.0.1")) << "the name service is away";
    EXPECT_THAT(known.to_call({"::1", "10.0.0.2"}), ElementsAre("::1", "10.0.0.2")) << "it moved";
    known.forget();
    EXPECT_THAT(known.to_call({}), IsEmpty());
}

TEST(KnownAddressesOfACollector, OfAHundredAFewAreCalledAtOnceAndEachHasItsTurn) {
    std::vector<std::string> hundred;
    for (int i = 0; i < 100; ++i) {
        hundred.push_back("10.0.0." + std::to_string(i));
    }
    KnownAddresses known;
    known.worked("10.0.0.7");
    for (int alone = 0; alone < KnownAddresses::tries_alone; ++alone) {
        EXPECT_THAT(known.to_call(hundred), ElementsAre("10.0.0.7"));
    }
    std::set<std::string> called;
    for (int round = 0; round < 34; ++round) {
        const std::vector<std::string> now = known.to_call(hundred);
        ASSERT_EQ(now.size(), KnownAddresses::at_once);
        EXPECT_EQ(now.front(), "10.0.0.7");
        called.insert(now.begin(), now.end());
    }
    EXPECT_EQ(called.size(), 100U);
}

}  // namespace
}  // namespace muster::agent
