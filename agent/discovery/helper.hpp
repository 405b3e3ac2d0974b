// Owns: what passes between the agent and muster-inventory: length u32 (little-endian), then one proto::Observations.
// Leaves to inventory/main.cpp: making it.
#pragma once

#include "base/task.hpp"
#include "wire/observations.hpp"

#include <string>

namespace muster::agent {

/// Of the message.
inline constexpr std::size_t helper_bytes = 4U << 20U;
/// How long the helper may take.
inline constexpr Duration helper_within = std::chrono::seconds(10);

/// The bytes the helper writes. `full` beyond `helper_bytes`.
Result<std::string> frame_for_agent(const wire::Observations& seen);

/// Connects to the socket at `path` and reads what the helper has seen. Blocks at most until `deadline`. `not_found`: there is
/// no such socket; `refused`: we may not use it, or it belongs to neither root nor ourselves; `timeout`; `corrupt`: it says
/// something else; `unavailable`: it hung up.
Result<wire::Observations> ask_helper(const std::string& path, Deadline deadline);

}  // namespace muster::agent
