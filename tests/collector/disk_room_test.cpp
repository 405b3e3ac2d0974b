#include "collector/disk_room.hpp"

#include "tests/support/small_disk.hpp"

#include <gtest/gtest.h>

#include <filesystem>

namespace muster::collector {
namespace {

constexpr std::uint64_t mib = 1U << 20U;

TEST(DiskRoom, KeepsSixtyFourMebibytesOrASixteenthOfASmallDisk) {
    EXPECT_EQ(reserve_of({.free = 0, .all = 500 * 1024 * mib}), 64 * mib);
    EXPECT_EQ(reserve_of({.free = 0, .all = 160 * mib}), 10 * mib);
}

TEST(DiskRoom, ComesOutOfTroubleLaterThanItGotIn) {
    const auto now = [](std::uint64_t free, Room before) {
        return judge({.free = free * mib, .all = 160 * mib}, 0, before);
    };
    EXPECT_EQ(now(20, Room::ample), Room::ample);
    EXPECT_EQ(now(19, Room::ample), Room::scarce);
    EXPECT_EQ(now(22, Room::scarce), Room::scarce);
    EXPECT_EQ(now(23, Room::scarce), Room::ample);
    EXPECT_EQ(now(9, Room::scarce), Room::none);
    EXPECT_EQ(now(12, Room::none), Room::none);
    EXPECT_EQ(now(13, Room::none), Room::scarce);
}

TEST(DiskRoom, CountsNotWhatTheBallastLeft) {
    EXPECT_EQ(judge({.free = 30 * mib, .all = 160 * mib}, 0, Room::ample), Room::ample);
    EXPECT_EQ(judge({.free = 30 * mib, .all = 160 * mib}, 10 * mib, Room::none), Room::scarce);
    EXPECT_EQ(judge({.free = 5 * mib, .all = 160 * mib}, 10 * mib, Room::ample), Room::none);
}

TEST(DiskRoom, GivesUpItsBallastAndMakesItAnewWhenThereIsRoom) {
    test::SmallDisk disk(64 * mib);
    if (!disk.problem().empty()) {
        GTEST_SKIP() << "needs the right to mount: " << disk.problem();
    }
    const std::string ballast = disk / "ballast";
    DiskRoom room(disk.path());
    EXPECT_EQ(room.look(), Room::ample);
    EXPECT_EQ(std::filesystem::file_size(ballast), 4 * mib);
    EXPECT_EQ(room.missing(), 0U);
    disk.fill();
    EXPECT_EQ(room.look(), Room::none);
    EXPECT_FALSE(std::filesystem::exists(ballast));
    EXPECT_GE(std::filesystem::space(disk.path()).available, 4 * mib) << "for the collector";
    EXPECT_EQ(room.free(), 0U) << "not for results";
    EXPECT_EQ(room.look(), Room::none);
    disk.make_room();
    EXPECT_EQ(room.look(), Room::ample);
    EXPECT_TRUE(std::filesystem::exists(ballast));
    EXPECT_EQ(room.look(), Room::ample);
}

}  // namespace
}  // namespace muster::collector
