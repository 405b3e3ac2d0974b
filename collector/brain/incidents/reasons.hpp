// Owns: what an open fault says was seen, once it is another thing than at first. Leaves to faults: when it opens and ends; to
// availability: what is seen.
#pragma once

#include "collector/brain/fold.hpp"

namespace muster::collector {

/// `reason_changed`: the member of the fault says so at once, the incident it speaks for too, at most once a minute. No
/// channel is told.
void fold_reason(Fold& fold, const AvailabilityEvent& event);

/// Timer `reason` of an incident: a minute after it said something new it may do so again.
void reason_is_old(Fold& fold, std::uint64_t number, std::uint64_t timer);

}  // namespace muster::collector
