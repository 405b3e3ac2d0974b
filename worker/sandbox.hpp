// Owns: what a worker gives up before it meets the first peer. Leaves to systemd/: what the agent's unit gives up.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace muster::worker {

struct SandboxOptions {
    std::uint64_t address_space =
        1ull << 30;  ///< RLIMIT_AS in bytes; 0: unlimited (sanitizers reserve terabytes)
};

/// Closes what the parent may have left open above `last`. Before anything opens a descriptor of its own.
void close_descriptors_above(int last);

/// Drops capabilities, forbids new privileges and dumps, bounds memory, shuts the file system (Landlock) and
/// every system call that sockets, memory and waiting do not need (seccomp). One thread, before any other exists. Cannot be
/// undone. What this kernel lacks is left out and named in the result, one line each.
std::vector<std::string> enter_sandbox(const SandboxOptions& options);

}  // namespace muster::worker
