#include "brain_world.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::collector::brain_test {
namespace {

using std::chrono::seconds;
using testing::Contains;
using testing::ElementsAre;

constexpr std::size_t event_lsn = 1;
constexpr std::size_t event_ordinal = 2;
constexpr std::size_t event_kind = 4;
constexpr std::size_t event_change = 5;

/// "kind change" of every event, in order.
std::vector<std::string> told(const BrainWorld& world) {
    std::vector<std::string> all;
    for (const BrainWorld::Row& row : world.rows("event")) {
        all.push_back(row[event_kind] + " " + row[event_change]);
    }
    return all;
}

void fail_one_target(BrainWorld& world) {
    world.start();
    TestAgent& agent = world.enrol("a1");
    world.load_config(simple_targets(1));
    world.connect(agent);
    for (const auto state : {ok, ok, critical, critical, critical}) {
        world.advance(seconds(1));
        world.deliver(agent, {{"t1/p", state}});
    }
    world.pass(seconds(6));
}

TEST(BrainEvents, TellWhatChangedOnceAndInOrder) {
    BrainWorld world;
    fail_one_target(world);
    EXPECT_THAT(
        told(world),
        ElementsAre(
            "agent enrolled",
            "ci unproven",
            "configuration loaded",
            "agent connected",
            "ci up",
            "ci up",
            "ci degraded",
            "ci down",
            "incident opened"
        )
    );
}

TEST(BrainEvents, StandAtTheEntryTheyComeFrom) {
    BrainWorld world;
    fail_one_target(world);
    const auto timeline = world.rows("incident_timeline");
    ASSERT_EQ(timeline.size(), 1U);
    const auto events = world.rows("event");
    EXPECT_EQ(events.back()[event_lsn], timeline[0][1]);
    std::pair<std::uint64_t, std::uint64_t> before{0, 0};
    for (const BrainWorld::Row& row : events) {
        const std::pair<std::uint64_t, std::uint64_t> here{
            std::stoull(row[event_lsn]), std::stoull(row[event_ordinal])
        };
        EXPECT_LT(before, here);
        EXPECT_LE(here.first, world.journal().back().lsn);
        before = here;
    }
}

TEST(BrainEvents, AreReleasedWithTheirCommit) {
    BrainWorld world;
    world.start();
    TestAgent& agent = world.enrol("a1");
    world.load_config(simple_targets(1));
    world.pass(seconds(1));
    const Effects idle = world.append(EntryKind::tick);
    EXPECT_FALSE(idle.events);
    world.connect(agent);
    EXPECT_THAT(told(world), Contains("agent connected"));
}

}  // namespace
}  // namespace muster::collector::brain_test
