// Owns: living through many seeds of one kind, and saying of each that fails how to live through it again.
#pragma once

#include "tests/sim/delivery_world.hpp"
#include "tests/sim/sim_seeds.hpp"

#include <functional>
#include <string>

namespace muster::test {

/// A failure of the test that is running for each seed of which something does not add up; of the first everything that happened is
/// printed. Sums, printed as well, of all the rest.
DeliveryVerdict live_through_all(
    const std::string& test,
    SeedRange seeds,
    const std::function<DeliveryPlan(std::uint64_t seed)>& plan_of
);

}  // namespace muster::test
