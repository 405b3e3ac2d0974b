// Owns: commands about what to watch. Leaves to policy_stage: taking a configuration.
#pragma once

#include "collector/brain/commands.hpp"

namespace muster::collector {

/// {"hash"}: who applied the configuration with this hash (hex). Written behind its config.loaded, so that its verdict
/// tells that it is folded; 409 when another was loaded since.
Verdict confirm_configuration(Fold& fold, const CommandCall& call);

}  // namespace muster::collector
