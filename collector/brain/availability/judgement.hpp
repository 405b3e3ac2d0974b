// Owns: what a result that is not routine does to its probe: state, interval, threshold. Leaves to
// batch: the routine.
#pragma once

#include "collector/brain/fold.hpp"

#include <span>

namespace muster::collector {

/// One result, out of the columns.
struct Judged {
    Slot probe = nothing;
    AgentIndex agent = nothing;  ///< who sent it
    std::uint32_t boot = 0;      ///< Agent::Boot::id
    std::int64_t at_ms = 0;      ///< agent's monotonic time
    WallTime at{};               ///< event time, sane
    std::uint8_t state = 0;      ///< wire::ResultState
    const wire::ResultNote* note = nullptr;
    std::span<const std::int64_t> values{};  ///< of a probe whose rule has limits on metrics
};

/// Changes the probe, writes the rows of a transition and adds events for incidents. Results older
/// than the probe's latest, in the order of (boot, monotonic time), and results of an agent that
/// lost the probe change nothing.
void judge(Fold& fold, const Judged& result);

/// The stored text: unproven, ok, warning, critical, unknown.
std::string_view probe_state(const HotProbe& probe);

/// Ends an open interval and any trouble because the probe is taken away. Adds `removed` where its
/// threshold was exceeded.
void withdraw(Fold& fold, Slot probe);

/// The probe counts for `to` from now on, no more for `from`.
void count_for(State& state, Slot probe, CiIndex from, CiIndex to);

/// Recomputes and writes the condition of fold.touched_cis, and empties it.
void refresh_cis(Fold& fold);

}  // namespace muster::collector
