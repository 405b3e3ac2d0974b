// Owns: what an agent's configuration may say and seldom means. Leaves to programs.hpp: what it may not say.
#pragma once

#include "config/programs.hpp"

#include <string>
#include <vector>

namespace muster::config {

/// A sentence each, with the key: "link.backoff_most: …".
std::vector<std::string> doubts_of(const AgentConfig& config);

}  // namespace muster::config
