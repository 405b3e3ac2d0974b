// Owns: what the kernel says of this process (proc(5)). Leaves to collector_figures.hpp: everything else.
#pragma once

#include "base/files.hpp"

#include <cstdint>
#include <string>

namespace muster::collector {

/// 0 where the kernel does not say.
struct ProcessFigures {
    std::uint64_t resident_bytes = 0;
    std::uint64_t threads = 0;
    double cpu_seconds = 0;  ///< user and system
    std::uint64_t open_files = 0;
    std::uint64_t most_files = 0;  ///< the soft limit
};

/// `folder` is "/proc/self", or its like in a test.
ProcessFigures read_process_figures(Files& files, const std::string& folder);

}  // namespace muster::collector
