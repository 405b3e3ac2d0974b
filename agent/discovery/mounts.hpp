// Owns: which file systems are mounted. Leaves to a probe: how full they are.
#pragma once

#include "agent/discovery/root.hpp"

#include <string>
#include <vector>

namespace muster::agent {

/// "/ ext4 rw, /data xfs ro": those that keep something, as the first process sees them (a sandbox shows all read-only), at
/// most 4 KiB. Appends to `lacking` when they may not be read.
std::string read_mounts(const Root& root, std::vector<std::string>& lacking);

}  // namespace muster::agent
