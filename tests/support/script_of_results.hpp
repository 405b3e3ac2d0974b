// Owns: results computed from a seed and a sequence number, so that what an agent must have delivered is known without asking it.
#pragma once

#include "base/time.hpp"

#include <cstdint>
#include <vector>

namespace muster::test {

/// Record number `seq` (from 1) holds one result of every probe, taken at t0 + (seq − 1) × period.
struct ScriptOfResults {
    std::uint64_t seed = 1;
    std::uint32_t probes = 6;
    Duration period = std::chrono::milliseconds(50);
    std::uint64_t quiet = 40;   ///< records before the first fault
    std::uint64_t cycle = 200;  ///< records from one fault of a probe to the next
    std::uint64_t down = 80;    ///< records a fault lasts; 0: nothing ever fails

    bool is_down(std::uint32_t probe, std::uint64_t seq) const;
    std::int64_t value(std::uint32_t probe, std::uint64_t seq) const;

    struct Fault {
        std::uint32_t probe;
        std::uint64_t first;  ///< seq of the first failed result
        bool is_over;         ///< it ended at least `after` records before the end
    };

    /// All faults that begin by `last`; a fault counts as seen when `needed` failed results of it are there.
    std::vector<Fault> faults(std::uint64_t last, std::uint64_t needed, std::uint64_t after) const;
    /// The first record from `seq` on at which no probe is down, nor was within the `calm` records before.
    std::uint64_t calm_from(std::uint64_t seq, std::uint64_t calm) const;
};

}  // namespace muster::test
