// Owns: the incident of a machine that lives twice. Leaves to collector/intake: finding out, and setting one of the two aside.
#pragma once

#include "collector/brain/fold.hpp"

namespace muster::collector {

/// Entry agent.copied: two machines use the certificate of one agent.
void fold_copied(Fold& fold, const Entry& entry);
/// Timer `copied`: resolved unless the copy came back since.
void copy_is_gone(Fold& fold, AgentIndex agent, std::uint64_t timer);

}  // namespace muster::collector
