// Owns: when a CI that exceeds and recovers over and over is one incident that flaps, not a stream of them. Leaves to faults:
// the fault and its incident.
#pragma once

#include "collector/brain/fold.hpp"

namespace muster::collector {

/// The CI exceeded its threshold or recovered, at `at` in event time.
void note_transition(Fold& fold, CiIndex ci, WallTime at, const config::Flapping& rule);

/// Whether it did so often enough of late that its next incident flaps from the start.
bool is_restless(const Fold& fold, CiIndex ci, const config::Flapping& rule);

/// Its incident has opened while it was restless: from now on recovering does not resolve it. Told once.
void begin_flapping(Fold& fold, CiIndex ci, Incident& incident);

/// Its incident is kept open whatever its probes say.
bool is_flapping(const State& state, CiIndex ci);

/// Forgets what is counted, because the incident is over for another reason.
void stop_flapping(Fold& fold, CiIndex ci);

/// The same where it flaps; what is merely counted goes on counting.
void end_flapping(Fold& fold, CiIndex ci);

/// Timer `flapping`: nothing happened for as long as its rule says. True when flapping has ended with it.
bool calm_is_long(Fold& fold, CiIndex ci, std::uint64_t timer);

}  // namespace muster::collector
