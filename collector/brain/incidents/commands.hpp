// Owns: what people ask of incidents, and the verdicts. Leaves to ../commands: the table, idempotency; to api/: form and
// authority; to record: the change.
#pragma once

#include "collector/brain/commands.hpp"

namespace muster::collector {

/// {"number"}: somebody has seen it.
Verdict acknowledge_incident(Fold& fold, const CommandCall& call);
/// {"number", "text"}: a remark.
Verdict comment_on_incident(Fold& fold, const CommandCall& call);
/// {"number", "text", "code"}: it is over, says a person.
Verdict resolve_incident_by_person(Fold& fold, const CommandCall& call);

}  // namespace muster::collector
