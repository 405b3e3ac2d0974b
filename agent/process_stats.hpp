// Owns: what this process uses, for the heartbeat.
#pragma once

#include "base/files.hpp"

#include <cstdint>
#include <string>

namespace muster::agent {

struct ProcessStats {
    std::uint64_t rss_bytes = 0;
    std::uint32_t open_files = 0;
};

/// From /proc/self (proc(5): statm, fd); zero where it cannot be read.
ProcessStats read_process_stats(Files& files);

/// The 16 bytes of /proc/sys/kernel/random/boot_id; sixteen zero bytes where there is none.
std::string read_boot_id();

}  // namespace muster::agent
