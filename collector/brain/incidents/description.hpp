// Owns: what a fault is: fault or degradation, which of its probes speaks for it, the words of its incident. Leaves to faults:
// what becomes of it.
#pragma once

#include "collector/brain/fold.hpp"

#include <string_view>

namespace muster::collector {

/// Some probe of it fails: what else exceeds answers, and is slow.
bool is_any_failing(const State& state, const Fault& fault);

/// Whether a member tells of what is wrong now: it fails, or it exceeds and none fails.
bool is_pertinent(const State& state, const Fault& fault, const Fault::Member& member);

/// The member that speaks for the fault: the first that fails, else the first that still exceeds, else the first.
const Fault::Member& spokesman(const State& state, const Fault& fault);

/// What a probe is asked, and by which rule it is judged.
const Spec& spec_of(const State& state, Slot probe);
/// That of the probe which speaks for the fault.
const Spec& spec_of(const State& state, const Fault& fault);

/// The incident it makes: a fault where enough of its vantages see it fail, else a degradation. Not yet located or ranked.
Incident describe_fault(const State& state, CiIndex ci, const Fault& fault);

/// It is not one probe that fails: the whole host does not answer, and its agent is silent.
void describe_host(const State& state, Incident& incident, AgentIndex host);

/// The higher of two urgencies.
std::string_view more_urgent(std::string_view one, std::string_view other);

}  // namespace muster::collector
