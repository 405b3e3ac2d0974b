// The plan's pool of specs: equal ones are one, however often everything is planned.
#include "cmdb/model.hpp"
#include "collector/brain/planning.hpp"

#include <gtest/gtest.h>

#include <string>

namespace muster::collector::brain_test {
namespace {

config::Threshold threshold(const std::string& of, std::int64_t clear) {
    config::Threshold made;
    made.name = "rtt of " + of;
    made.pin = of;
    made.parts.metrics = {
        {.probe_type = "icmp", .metric = "rtt_avg", .unit = "ms", .limit = 200, .clear = clear}
    };
    return made;
}

TEST(Planning, ThresholdsThatDifferInWhatIsClearAloneAreFoundAgain) {
    const auto model = cmdb::Model::parse(cmdb::shipped_classes());
    ASSERT_TRUE(model);
    State state;
    state.thresholds = {threshold("a", 150), threshold("b", 140)};
    for (const std::string name : {"a", "b"}) {
        CiState& ci = state.cis.emplace_back();
        ci.name = name;
        ci.address = "127.0.0.1";
    }
    config::Policy policy;
    policy.name = "ping";
    policy.probes.emplace_back().type = "icmp";
    for (int plan = 0; plan < 100; ++plan) {
        Planner planner(state, *model, state.specs, state.names);
        planner.add_policy(policy, state.cis[0], 0);
        planner.add_policy(policy, state.cis[1], 1);
        ASSERT_EQ(planner.take().size(), 2U);
    }
    ASSERT_EQ(state.specs.size(), 2U);
    EXPECT_EQ(state.specs[0].rule.metrics.at(0).clear, 150);
    EXPECT_EQ(state.specs[1].rule.metrics.at(0).clear, 140);
}

}  // namespace
}  // namespace muster::collector::brain_test
