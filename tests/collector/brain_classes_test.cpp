// The classes of the configuration entry decide what is folded, and are saved with the rest.
#include "brain_world.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <unistd.h>

namespace muster::collector::brain_test {
namespace {

using testing::Contains;

const std::string classes = R"(classes:
  - {name: kiosk, parent: endpoint, criticality: high}
  - {name: server, extend: true, attributes: [{name: rack_unit, type: integer}]}
relation_types:
  - {name: serves, reverse: {name: served_by}, pairs: [{from: kiosk, to: building}]}
)";

const std::string watch = R"(targets:
  - {name: till1, class: kiosk, address: 10.0.0.7}
policies:
  - {name: endpoints, match: class = endpoint, probes: [{type: icmp, name: p}]}
)";

/// Probes that are not removed.
std::size_t count_of_probes(const BrainWorld& world) {
    const auto rows = world.rows("probe");
    return static_cast<std::size_t>(std::ranges::count_if(rows, [](const auto& row) {
        return row.at(17) == "-";
    }));
}

TEST(BrainClasses, AreThoseOfTheEntry) {
    BrainWorld world;
    world.start();
    world.enrol("agent1");
    world.load_config(watch);
    EXPECT_EQ(count_of_probes(world), 0U) << "a kiosk is nothing but itself";
    world.load_config(classes + watch);
    EXPECT_EQ(count_of_probes(world), 1U);
    const Verdict made =
        world.command("ci.create", R"({"class":"kiosk","attributes":{"name":"x"}})");
    EXPECT_EQ(made.status, 201) << made.body;
    // Gone again, as when its file is taken away while nobody looks: what there is stays what it was.
    world.load_config(watch);
    EXPECT_EQ(count_of_probes(world), 0U);
    EXPECT_THAT(world.cis(), Contains("kiosk x"));
    const Verdict refused =
        world.command("ci.create", R"({"class":"kiosk","attributes":{"name":"y"}})");
    EXPECT_GE(refused.status, 400) << refused.body;
}

TEST(BrainClasses, ThatDoNotFitLeaveTheFormerOnesInForce) {
    BrainWorld world;
    world.start();
    world.enrol("agent1");
    world.load_config(classes + watch);
    world.load_config("classes: [{name: a, parent: b}, {name: b, parent: a}]\n");
    EXPECT_EQ(count_of_probes(world), 1U);
}

TEST(BrainClasses, AreSavedAndReadAgain) {
    const std::filesystem::path folder =
        std::filesystem::temp_directory_path() / ("muster-classes-" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder);
    BrainWorld world;
    world.start();
    world.enrol("agent1");
    world.load_config(classes + watch);
    const auto fold_all = [&world](Brain& brain) {
        for (Lsn next = brain.next_lsn(); next <= world.journal().size(); ++next) {
            ASSERT_TRUE(brain.fold(world.journal()[next - 1]));
            ASSERT_TRUE(brain.commit());
        }
    };
    {
        auto brain = Brain::open(options_at((folder / "state.db").string()));
        ASSERT_TRUE(brain);
        fold_all(*brain);
        ASSERT_TRUE(brain->snapshot_now());
    }
    world.command("ci.create", R"({"class":"kiosk","attributes":{"name":"x"}})");
    auto again = Brain::open(options_at((folder / "state.db").string()));
    ASSERT_TRUE(again) << again.error().text();
    fold_all(*again);
    EXPECT_EQ(again->memory_digest(), world.brain().memory_digest());
    std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace muster::collector::brain_test
