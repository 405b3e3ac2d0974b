// Owns: what an agent says is lost: kept for people, and unobserved time of its probes. Leaves to the spool: losing as little as
// can be.
#pragma once

#include "collector/brain/fold.hpp"

namespace muster::collector {

/// A gap record of the agent; `batch.gap` is set.
void fold_gap(Fold& fold, AgentIndex agent, const DecodedBatch& batch);
/// Once an entry: of each agent that told of gaps only the newest are kept.
void trim_gaps(Fold& fold);

}  // namespace muster::collector
