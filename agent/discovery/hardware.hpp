// Owns: operating system, processors, memory and disks. Leaves to items.hpp: what is said of them.
#pragma once

#include "agent/discovery/root.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace muster::agent {

/// Each empty where it is not known.
struct OperatingSystemFacts {
    std::string name;     ///< "Debian GNU/Linux"
    std::string version;  ///< "12 (bookworm)"
    std::string id;       ///< "debian"
    std::string kernel;   ///< "6.1.0-28-amd64"
    std::string architecture;
};

OperatingSystemFacts read_operating_system(const Root& root);

/// 0 and empty where it is not known.
struct ProcessorFacts {
    std::string model;
    std::uint32_t threads = 0;  ///< what the system calls a CPU
    std::uint32_t cores = 0;
    std::uint32_t sockets = 0;
};

ProcessorFacts read_processors(const Root& root);

/// 0 where it is not known.
struct MemoryFacts {
    std::uint64_t memory_bytes = 0;
    std::uint64_t swap_bytes = 0;
};

MemoryFacts read_memory(const Root& root);

struct DiskFacts {
    std::string name;  ///< "sda", "nvme0n1"
    std::string manufacturer;
    std::string model;
    std::string serial;
    std::string wwid;
    std::uint64_t size_bytes = 0;
    bool is_rotational = false;
};

/// Devices that stand for themselves: no partition, loop, memory or mapped device, no CD or floppy drive, nothing empty.
std::vector<DiskFacts> read_disks(const Root& root);

}  // namespace muster::agent
