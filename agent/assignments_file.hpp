// Owns: the last assignments on disk, so that a cut-off agent goes on after a restart. Secrets stand there sealed, never in clear.
// Leaves to identity.hpp: the key.
#pragma once

#include "agent/assignments.hpp"
#include "base/files.hpp"
#include "base/secret.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace muster::agent {

/// Replaces the file atomically; an empty path keeps nothing, an empty key no secrets. `full` beyond 16 MiB: the file is
/// then removed.
Status save_assignments(
    Files& files,
    const std::string& path,
    const Secret& sealing_key,
    std::uint32_t epoch,
    const std::vector<wire::proto::Assignment>& items
);

/// Epoch 0 where nothing was kept. Probes whose secrets were not kept, or were sealed under another key, are among the problems.
Result<AssignmentTable> load_assignments(
    Files& files, const std::string& path, const Secret& sealing_key
);

}  // namespace muster::agent
