// Owns: what becomes of a fault and its incident when its probes are another CI's. Leaves to probe_moves: the probes.
#pragma once

#include "collector/brain/fold.hpp"

namespace muster::collector {

/// Probes that were `from`'s are `to`'s now, already: so is the fault in which they are, with its hold, its incident and
/// whatever explains it. Where `to` has a fault too, the graver goes on with the members of both, and one incident stays
/// open. What still fails of other probes of `from` stays there.
void move_fault(Fold& fold, CiIndex from, CiIndex to);

}  // namespace muster::collector
