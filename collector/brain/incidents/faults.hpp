// Owns: one incident for one fault: from the first exceeded threshold of a CI to the last recovery,
// through hold and catching up. Leaves to availability: thresholds; to record: the incident itself.
#pragma once

#include "collector/brain/fold.hpp"

namespace muster::collector {

/// Folds fold.events, in order, and empties it.
void fold_events(Fold& fold);

/// The probe is taken away: a fault that goes on without it forgets it, since its slot may be given
/// to another.
void forget_member(Fold& fold, Slot probe);

/// Timer `hold` of a CI: opens unless something is still to be heard.
void hold_is_over(Fold& fold, CiIndex ci, std::uint64_t timer);

/// The agent has delivered what it had when it said Hello: faults held for it are decided.
/// `nothing`: for every agent.
void decide_held(Fold& fold, AgentIndex agent);

/// The agent said Hello with a backlog: what it may yet tell comes before any hold runs out.
void hold_for_backlog(Fold& fold, AgentIndex agent);

/// A collector start: no hold runs out before there was time to hear that it is over.
void restart_holds(Fold& fold);

/// How long a fault whose cause is over waits before it is decided for itself: not at all, its hold, or as long
/// as a recovery takes.
enum class Patience { none, hold, recovery };
/// How long that is: as its slowest probe that still fails asks for.
Duration wait_of(const State& state, const Fault& fault, Patience patience);
/// What was withheld is asked again.
void decide_again(Fold& fold, CiIndex ci, Patience patience);

/// Timer `flapping` of a CI: its incident goes on as any other, or is resolved where nothing fails.
void flapping_is_over(Fold& fold, CiIndex ci, std::uint64_t timer);

/// A fault whose open incident is a degradation may fail by now: that has a hold of its own, and is decided as if nothing
/// were open.
void ask_if_worse(Fold& fold, CiIndex ci, Fault& fault);

/// Somebody watches it and has told all he knew.
bool is_observed(const Fold& fold, const Fault& fault);

// put_aside.cpp
enum class Again { if_failing, never };
/// A person ended the incident: the fault, if it goes on, is put aside until the timer `reopen`, or for good.
void put_aside(Fold& fold, const Incident& incident, Again again);
/// A person reopened it: the fault that was put aside ends it again when it is over.
void take_up_again(Fold& fold, const Incident& incident);
/// Timer `reopen`: an incident that a person resolved although the fault went on.
void reopen_if_failing(Fold& fold, std::uint64_t number);

}  // namespace muster::collector
