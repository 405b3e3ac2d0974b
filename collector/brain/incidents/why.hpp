// Owns: reasons for people: why an incident opened, why a page was not sent. Leaves to record and
// faults: deciding.
#pragma once

#include "collector/brain/fold.hpp"

#include <string>
#include <string_view>

namespace muster::collector {

/// JSON: rule, inputs, times, and what would have kept it from opening. `host_down`: the agent whose host is down;
/// `nothing`: it is another fault.
std::string fault_why(
    const State& state,
    const Incident& incident,
    const Spec& spec,
    WallTime opened,
    AgentIndex host_down
);
/// "ping failed: no reply", "ping exceeded: rtt_avg 231 ms, …"
std::string symptom_text(const State& state, const Fault::Member& member);
std::string silence_why(const Fold& fold, const Agent& agent);

/// A page not sent. `incident`: 0 where there is none.
void add_receipt(
    Fold& fold,
    CiIndex ci,
    ProbeId probe,
    std::string_view reason,
    std::string_view text,
    std::uint64_t incident
);

}  // namespace muster::collector
