#include "tests/support/seed.hpp"

#include "base/random.hpp"

#include <cstdlib>
#include <iostream>
#include <limits>

namespace muster::test {

bool is_long_run() {
    return std::getenv("MUSTER_TEST_LONG") != nullptr;
}

std::uint64_t fresh_seed() {
    const char* given = std::getenv("MUSTER_TEST_SEED");
    const std::uint64_t seed =
        given != nullptr ? std::strtoull(given, nullptr, 10)
                         : SystemRandom().below(std::numeric_limits<std::uint32_t>::max());
    std::cout << "seed " << seed << " (again by MUSTER_TEST_SEED=" << seed << ")\n";
    return seed;
}

std::uint64_t usual_seed(std::uint64_t usual) {
    return is_long_run() || std::getenv("MUSTER_TEST_SEED") != nullptr ? fresh_seed() : usual;
}

}  // namespace muster::test
