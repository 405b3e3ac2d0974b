// Owns: planning single CIs again when what is known of them changes. Leaves to policy_stage: planning everything; to
// planning: what is wanted.
#pragma once

#include "collector/brain/fold.hpp"

namespace muster::collector {

/// The probes of fold.changed_cis as targets, policies and thresholds want them now, and empties it: new ones are added,
/// those of retired CIs go, probes of targets follow their CI, everything else stays as it is. O(probes) where any of these CIs has or wants one.
void plan_changed_cis(Fold& fold);

}  // namespace muster::collector
