// Owns: the last assignments on disk, so that a cut-off agent goes on after a restart. Never a
// secret: probes that need one wait for the collector.
#pragma once

#include "agent/assignments.hpp"
#include "base/files.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace muster::agent {

/// Replaces the file atomically; an empty path keeps nothing. `full` beyond 16 MiB: the file is
/// then removed.
Status save_assignments(
    Files& files,
    const std::string& path,
    std::uint32_t epoch,
    const std::vector<wire::proto::Assignment>& items
);

/// Epoch 0 where nothing was kept. Probes with secrets are among the problems.
Result<AssignmentTable> load_assignments(Files& files, const std::string& path);

}  // namespace muster::agent
