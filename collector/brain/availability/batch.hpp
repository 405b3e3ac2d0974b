// Owns: the hot path: one decoded batch into the states of its probes. Leaves to judgement: results
// that change something.
#pragma once

#include "collector/brain/fold.hpp"

namespace muster::collector {

/// Slots of one page of the hot array, the unit of saving.
inline constexpr std::size_t hot_page_slots = 4096;

/// Folds the results of one batch; events go to fold.events, conditions of CIs are refreshed. A
/// batch of an epoch that is not known (any more) changes nothing. A few ns a result: no
/// allocation, look-up or row but at a change.
void fold_results(Fold& fold, AgentIndex agent, const DecodedBatch& batch);

}  // namespace muster::collector
