// Owns: what a person states of how two configuration items are related, and takes back. Leaves to said_by_hand: where it is kept;
// to cmdb/model: which kinds there are.
#pragma once

#include "collector/brain/commands.hpp"

namespace muster::collector {

// Both take "dry_run" and answer as the commands of ci_commands.hpp do.

/// {"from", "type", "to"}, the two by id: it holds from now on. 201; 200 where a person has stated it already. 422 for an unknown
/// kind, or one that does not join such classes, with those that do.
Verdict relate_cis_by_hand(Fold& fold, const CommandCall& call);

/// The same members: it ends now, unless another source says it too. 404 where nobody says it, 409 where no person does.
Verdict withdraw_relation_by_hand(Fold& fold, const CommandCall& call);

}  // namespace muster::collector
