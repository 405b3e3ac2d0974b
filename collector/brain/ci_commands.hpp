// Owns: what a person decides of configuration items: making, pinning, retiring, merging and taking back, splitting,
// telling apart, reclassifying. A person is the source "manual" and its words outrank every key. Leaves to ci_plan: trying
// out and doing; to api/: form and authority.
#pragma once

#include "collector/brain/commands.hpp"

namespace muster::collector {

// Each takes "dry_run": true for a preview alone, and answers what it does: ci_plan.hpp, with "ci" and "dry_run".

/// {"class", "attributes": {}}
Verdict create_ci_by_hand(Fold& fold, const CommandCall& call);
/// {"id", "set": {}, "unset": []}: pins values, or lets go of what was pinned.
Verdict edit_ci_by_hand(Fold& fold, const CommandCall& call);
/// {"id"}
Verdict retire_ci_by_hand(Fold& fold, const CommandCall& call);
/// {"id", "other"}: both are one from now on, whatever keys say.
Verdict merge_cis_by_hand(Fold& fold, const CommandCall& call);
/// {"id"}: every merge by hand within it is taken back.
Verdict unmerge_ci_by_hand(Fold& fold, const CommandCall& call);
/// {"id", "statements": [{"source", "object"}]}: these are of another thing.
Verdict split_ci_by_hand(Fold& fold, const CommandCall& call);
/// {"id", "other"}
Verdict tell_cis_apart_by_hand(Fold& fold, const CommandCall& call);
/// {"id", "class"}
Verdict reclassify_ci_by_hand(Fold& fold, const CommandCall& call);

/// Observations of another tool: {"run", "completeness", "items", "relations", "site"}; the source is bound to the actor.
Verdict take_observations(Fold& fold, const CommandCall& call);

}  // namespace muster::collector
