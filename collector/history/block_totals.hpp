// Owns: what blocks of one kind take together.
#pragma once

#include <cstdint>

namespace muster::collector {

struct BlockTotals {
    std::uint64_t blocks = 0;
    std::uint64_t samples = 0;  ///< results, or rows of roll-ups
    std::uint64_t bytes = 0;
};

}  // namespace muster::collector
