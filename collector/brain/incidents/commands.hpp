// Owns: what people ask of incidents, and the verdicts. Leaves to api/: form and authority; to
// record: the change.
#pragma once

#include "collector/brain/fold.hpp"

namespace muster::collector {

/// "command": incident.acknowledge, incident.comment, incident.resolve. Sets fold.verdict. The same
/// idempotency key of the same actor gets the same verdict within a day and changes nothing again.
void fold_command(Fold& fold, const Entry& entry);

/// Timer `forget_verdict`.
void forget_old_verdicts(Fold& fold);

}  // namespace muster::collector
