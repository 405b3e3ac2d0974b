// Owns: what people ask of incidents, and the verdicts. Leaves to ../commands: the table, idempotency; to api/: form and
// authority; to lifecycle: what is possible when; to record: the change.
#pragma once

#include "collector/brain/commands.hpp"

namespace muster::collector {

// All but create and bulk name an incident by {"number"}. A verdict of success shows it as it is then.

// commands.cpp
/// Somebody has seen it.
Verdict acknowledge_incident(Fold& fold, const CommandCall& call);
/// {"text"}: a remark.
Verdict comment_on_incident(Fold& fold, const CommandCall& call);
/// {"text", "code"}: it is over, says a person.
Verdict resolve_incident_by_person(Fold& fold, const CommandCall& call);
/// {"text"}: it is not over.
Verdict reopen_incident_by_person(Fold& fold, const CommandCall& call);
/// {"text"}: it is none, and why.
Verdict cancel_incident(Fold& fold, const CommandCall& call);
/// {"text"}: what people report closes on the word of whoever reported it: `text` says it where another closes it.
Verdict close_incident(Fold& fold, const CommandCall& call);

// work.cpp
/// {"assignee", "team"}, at least one of them.
Verdict assign_incident(Fold& fold, const CommandCall& call);
/// The actor works on it from now on.
Verdict take_incident(Fold& fold, const CommandCall& call);
/// {"reason", "text"}: it waits for something. `reason`: one of pending_reasons.
Verdict let_incident_wait(Fold& fold, const CommandCall& call);
/// {"text"}: it waits no more.
Verdict resume_incident(Fold& fold, const CommandCall& call);
/// {"title", "urgency", "impact", "kind"}, any of them. The kind only among those that people report.
Verdict edit_incident(Fold& fold, const CommandCall& call);
/// {"type", "to"}: it is `type` of the incident with that number.
Verdict link_incident(Fold& fold, const CommandCall& call);

// reports.cpp
/// {"title", "kind", "urgency", "description", "ci", "site", "team", "assignee", "reporter"}: somebody reports it. Only the
/// title is needed. `ci` is an id.
Verdict create_incident(Fold& fold, const CommandCall& call);

// bulk.cpp
/// {"action", "numbers" or "q", "sites"} and what the action takes: the same for many, each with a verdict of its own.
/// `sites`: of these alone; absent: of all.
Verdict change_incidents(Fold& fold, const CommandCall& call);

}  // namespace muster::collector
