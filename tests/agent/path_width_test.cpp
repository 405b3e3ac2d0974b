#include "agent/path_width.hpp"

#include <gtest/gtest.h>

namespace muster::agent {
namespace {

using namespace std::chrono_literals;
using wire::Packets;

TEST(PathWidth, IsTheUsualOneWhileConnectionsLast) {
    PathWidth path;
    for (int connection = 0; connection < 5; ++connection) {
        EXPECT_FALSE(path.delivered(10min));
        path.in_vain();
        EXPECT_EQ(path.to_use(), Packets::usual);
    }
}

TEST(PathWidth, IsSmallAfterTwoConnectionsInVainAndUsualAfterTwoMore) {
    PathWidth path;
    path.in_vain();
    EXPECT_EQ(path.to_use(), Packets::usual);
    EXPECT_FALSE(path.delivered(1s)) << "what little there was got through";
    path.in_vain();
    EXPECT_EQ(path.to_use(), Packets::small);
    path.in_vain();
    path.in_vain();
    EXPECT_EQ(path.to_use(), Packets::usual) << "the collector hung";
}

TEST(PathWidth, StaysAsItDeliversAndIsToldOnce) {
    PathWidth path;
    path.in_vain();
    path.in_vain();
    EXPECT_TRUE(path.delivered(1s));
    EXPECT_FALSE(path.delivered(6min));
    path.in_vain();
    EXPECT_EQ(path.to_use(), Packets::small);
    EXPECT_FALSE(path.delivered(1s));
}

}  // namespace
}  // namespace muster::agent
