// Owns: what becomes of a fault that is over before it was decided: a receipt for the page that was not sent, or a record of
// what was found late. Leaves to faults: when that is.
#pragma once

#include "collector/brain/fold.hpp"

namespace muster::collector {

/// The fault is pending or held, and over: it has recovered, or is no more than the degradation that its incident tells of.
void note_undecided(Fold& fold, CiIndex ci, const Fault& fault);

/// When the last of its members recovered.
WallTime last_recovery(const Fault& fault);

}  // namespace muster::collector
