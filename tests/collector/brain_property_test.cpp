#include "brain_script.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace muster::collector::brain_test {
namespace {

std::size_t faults_of(const BrainWorld& world) {
    const auto kinds = world.column("incident", incident_kind);
    return static_cast<std::size_t>(std::ranges::count(kinds, "fault"));
}

/// Every incident that was told of was told of once, and once that it was over.
void expect_told_in_pairs(const BrainWorld& world) {
    std::size_t opened = 0;
    std::size_t resolved = 0;
    for (const std::string& id : world.outbox()) {
        opened += id.find("/opened/") != std::string::npos ? 1 : 0;
        resolved += id.find("/resolved/") != std::string::npos ? 1 : 0;
    }
    EXPECT_EQ(opened, resolved);
    const auto told = world.column("receipt", receipt_reason);
    const auto late = static_cast<std::size_t>(std::ranges::count(told, "detected late"));
    EXPECT_EQ(opened + late, world.rows("incident").size());
}

bool is_told(const BrainWorld& world, const std::string& number) {
    return testing::Value(world.outbox(), testing::Contains("INC-" + number + "/opened/ops"));
}

TEST(BrainProperty, OneIncidentForEveryFault) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        SCOPED_TRACE(seed);
        BrainWorld world;
        RandomScript script(world, seed, Turmoil::faults_only);
        script.set_up(2, 6, 3);
        script.run(200);
        script.calm_down();
        EXPECT_GE(script.faults(), 5U);
        EXPECT_EQ(faults_of(world), script.faults());
        EXPECT_EQ(world.incidents("resolved"), world.rows("incident").size());
        expect_told_in_pairs(world);
    }
}

/// Eight seeds a part.
class BrainProperties : public testing::TestWithParam<std::uint64_t> {};

INSTANTIATE_TEST_SUITE_P(Parts, BrainProperties, testing::Range<std::uint64_t>(0, 4));

TEST_P(BrainProperties, OneIncidentForEveryFaultWhateverHappensToAgentsAndCollector) {
    std::size_t told_late = 0;
    std::size_t recorded_late = 0;
    std::size_t in_time = 0;
    const std::uint64_t first = 100 + 8 * GetParam();
    for (std::uint64_t seed = first; seed < first + 8; ++seed) {
        SCOPED_TRACE(seed);
        BrainWorld world;
        RandomScript script(world, seed, Turmoil::everything);
        script.set_up(3, 6, 2);
        script.run(250);
        script.calm_down();
        EXPECT_GE(script.faults(), 5U);
        EXPECT_EQ(faults_of(world), script.faults());
        EXPECT_EQ(world.incidents("resolved"), world.rows("incident").size());
        expect_told_in_pairs(world);
        for (const auto& row : world.rows("incident")) {
            const bool late = row[incident_late] == "1";
            const bool told = row[incident_resolved_by] == "system" && is_told(world, row[0]);
            (late ? (told ? told_late : recorded_late) : in_time) += 1;
        }
    }
    EXPECT_GT(told_late, 0U);
    EXPECT_GT(recorded_late, 0U);
    EXPECT_GT(in_time, 25U);
}

}  // namespace
}  // namespace muster::collector::brain_test
