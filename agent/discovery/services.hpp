// Owns: what listens on a machine, as observations: software instances and application endpoints. Leaves to sockets.hpp and
// processes.hpp: finding them.
#pragma once

#include "agent/discovery/root.hpp"
#include "base/time.hpp"
#include "wire/observations.hpp"

#include <cstdint>

namespace muster::agent {

/// Adds to `seen` one item for each place where something listens and each program that does; what cannot be seen goes to
/// `seen.lacking`. An endpoint whose program is not known is provided by the host.
void add_services(wire::Observations& seen, const Root& root, std::uint32_t host, WallTime now);

}  // namespace muster::agent
