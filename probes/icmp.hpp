// Owns: what an icmp run concludes from its round trips. Leaves to icmp_engine.hpp: sending and receiving.
#pragma once

#include "probes/icmp_engine.hpp"
#include "probes/outcome.hpp"

#include <string_view>

namespace muster::probes {

/// All replies: ok. Some: warning, reason "loss". None: critical, reason "timeout", or "unreachable" where somebody said so.
/// Values are those of the icmp probe's metrics, in order.
Outcome icmp_outcome(const PingReport& report, std::string_view target, Duration timeout);

}  // namespace muster::probes
