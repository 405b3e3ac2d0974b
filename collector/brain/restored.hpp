// Owns: what changes when the record was put back from a backup. Leaves to backup/restore.hpp: putting it back.
#pragma once

#include "collector/brain/fold.hpp"

namespace muster::collector {

/// Folds "collector.restored". Nobody is told late of what the backup still had to tell, no incident gets a number that another
/// may have had, and no assignment an epoch under which an agent's spool may hold results of other probes.
void fold_restored(Fold& fold, const Entry& entry);

}  // namespace muster::collector
