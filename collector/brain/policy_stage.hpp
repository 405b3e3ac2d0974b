// Owns: the set of probes and who runs which: changes of configuration and agents into assignments.
// Leaves to planning: what is wanted; to availability: what a removed probe leaves behind.
#pragma once

#include "collector/brain/fold.hpp"

namespace muster::collector {

/// "config.loaded". A text this release cannot read keeps the former configuration, with a log
/// line.
void fold_config(Fold& fold, const Entry& entry);
/// "agent.enrolled": a CI, its probes by policy, and probes that had nobody to run them.
void fold_enrolled(Fold& fold, const Entry& entry);
/// "agent.revoked": its probes go to another agent that fits.
void fold_revoked(Fold& fold, const Entry& entry);
/// "assignment.issued": from here on results of this epoch are understood. An epoch that is not
/// newer is ignored.
void fold_issued(Fold& fold, const Entry& entry);

/// The body of the "assignment.issued" that an agent waits for; empty when there is none.
std::string wanted_assignment(const State& state, AgentIndex agent);
/// The current epoch of an agent, to be sent.
IssuedAssignments issued_assignment(const State& state, AgentIndex agent);

}  // namespace muster::collector
