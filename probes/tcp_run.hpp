// Owns: the tcp probe's run. Linked into the worker alone.
#pragma once

#include "base/task.hpp"
#include "probes/probe_type.hpp"

namespace muster::probes {

/// Connects to the request's addresses, one after the other, each with an equal share of the time that is left; sends, and reads
/// until the expected answer is there. Reads at most 64 KiB. `critical` with "refused", "unreachable", "timeout", "reset",
/// "closed" (before the first byte), "answer" (not the expected one) or "connect" (anything else).
Task<Outcome> run_tcp(ProbeRequest request, Deadline deadline);

}  // namespace muster::probes
