// Owns: what an agent says is lost: kept for people, and unobserved time of its probes. Leaves to the spool: losing as little as
// can be.
#pragma once

#include "collector/brain/fold.hpp"

namespace muster::collector {

/// A gap record of the agent; `batch.gap` is set.
void fold_gap(Fold& fold, AgentIndex agent, const DecodedBatch& batch);

}  // namespace muster::collector
