// Owns: a few minutes of agents, a network and a collector, all of it drawn from one seed, and the verdict on what is left in the end.
// Leaves to delivery_book.hpp: the oracle; to delivery_plan.hpp: what happens.
#pragma once

#include "tests/sim/delivery_agent.hpp"
#include "tests/sim/delivery_collector.hpp"
#include "tests/sim/delivery_network.hpp"
#include "tests/sim/delivery_plan.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace muster::test {

/// What became of one seed.
struct DeliveryVerdict {
    std::string problem;  ///< empty: nothing is wrong
    std::vector<std::string> trace;
    Duration simulated{};
    std::uint64_t made = 0;       ///< records
    std::uint64_t delivered = 0;  ///< records
    std::uint64_t lost = 0;       ///< results in gaps
    std::uint64_t refused = 0;    ///< results that were not taken
    std::uint64_t connections = 0;
    std::uint64_t disturbances = 0;
    std::uint64_t rekeys = 0;
    std::uint64_t renewals = 0;
    std::uint64_t restores = 0;
    std::uint64_t finished_gaps = 0;     ///< of streams that were drained and gone
    std::uint64_t power_cuts = 0;        ///< the collector's
    std::uint64_t ends = 0;              ///< of the collector, by an error of its disk
    std::uint64_t refusals = 0;          ///< of the collector's disk, which it lived with
    std::vector<std::string> incidents;  ///< with a brain
    std::vector<std::string> told;
};

/// Lives through the plan, heals everything, lets the agents bring what they have, and looks.
DeliveryVerdict live_through(const DeliveryPlan& plan, Trace::Detail detail);

}  // namespace muster::test
