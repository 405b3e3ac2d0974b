// Owns: probes whose CI is another one now, after a merge or a split, or when a machine is found: they go on there, proven as they are. Leaves to
// planning: what is wanted; to incidents/moving: their faults.
#pragma once

#include "collector/brain/fold.hpp"
#include "collector/brain/planning.hpp"

#include <vector>

namespace muster::collector {

/// Moves probes of CIs that were merged to the survivors. True when any moved.
bool follow_merges(Fold& fold);

/// Machines and agents among the changed CIs: the watch of a host goes to whatever CI the host is now.
void follow_machines(Fold& fold, const std::vector<CiIndex>& changed);

/// What is wanted of a CI and is there, by origin and name, under an id of another time, keeps that id: a CI that
/// is known by an older statement now is no new one. `specs` and `names` are those of the plan.
void keep_ids(
    const State& state,
    const std::vector<Spec>& specs,
    const Names& names,
    std::vector<DesiredProbe>& desired
);

/// Moves probes to the CIs they are wanted of. True when any moved.
bool follow_wanted(Fold& fold, const std::vector<DesiredProbe>& desired);

}  // namespace muster::collector
