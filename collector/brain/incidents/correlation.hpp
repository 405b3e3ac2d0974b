// Owns: the question asked of every fault before it becomes an incident: is there a cause? In this
// order: maintenance window, isolated vantage, quorum, site cut off, host down, storm. Leaves to its neighbours: each
// cause; to silences: agents that say nothing; to faults: holds, members, opening.
#pragma once

#include "collector/brain/fold.hpp"

#include <cstdint>
#include <string>

namespace muster::collector {

/// What becomes of a fault whose hold is over. open: an incident. wait: ask again after `wait`.
/// withheld: it is a symptom, or not a fault; the receipt is written. The same is asked of a degradation that fails as well
/// before its incident is a fault.
struct Course {
    enum class Kind : std::uint8_t { open, wait, withheld };
    Kind kind = Kind::open;
    Duration wait{};
    AgentIndex host_down = nothing;  ///< open: the host of this agent is what is down
};

Course correlate(Fold& fold, CiIndex ci, const Fault& fault);

/// The incident was opened for the fault: what it explains from now on.
void fault_opened(Fold& fold, CiIndex ci, const Fault& fault, const Course& course);

/// Nothing explains the fault any more: neither a cause nor a storm counts it.
void leave_cause(Fold& fold, CiIndex ci);

/// The fault is gone: everything that failed answers again, or is no longer probed.
void fault_ended(Fold& fold, CiIndex ci);

/// The open incident of the fault turns out to be a symptom.
void absorb_fault(Fold& fold, CiIndex ci, Withholding why, std::uint64_t cause);

}  // namespace muster::collector
