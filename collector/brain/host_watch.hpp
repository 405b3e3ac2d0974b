// Owns: who watches the host of every agent: planned by the brain itself, planned anew when agents
// come, go, move or fall silent. Leaves to incidents: what an unanswered watch means.
#pragma once

#include "collector/brain/fold.hpp"
#include "collector/brain/planning.hpp"

namespace muster::collector {

/// Something changed that may matter: a timer will plan soon, once for all that happens until then.
void want_host_watch(Fold& fold);

/// Timer `host_watch`: adds, moves and removes watches. Nothing else of the plan is touched.
void plan_host_watch(Fold& fold);

/// The watches there should be, into a plan of everything.
void add_host_watches(const State& state, Planner& planner);

/// Who should watch: `present` while that is still right, else the next agent after it that is
/// heard, of the same site where there is one. `nothing` where nobody can.
AgentIndex choose_watcher(const State& state, AgentIndex watched, AgentIndex present);

}  // namespace muster::collector
