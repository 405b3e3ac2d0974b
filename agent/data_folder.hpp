// Owns: the agent's data directory: made, writable, ours alone. Leaves to identity.hpp and spool.hpp: what is in it.
#pragma once

#include "base/files.hpp"
#include "base/result.hpp"

#include <string>

namespace muster::agent {

/// Makes the folder and holds it until the process ends: two agents in one would write the same spool. `unavailable`
/// when another agent runs in it; every error names the remedy.
Status prepare_data_folder(Files& files, const std::string& data_dir);

}  // namespace muster::agent
