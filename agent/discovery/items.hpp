// Owns: the facts of a machine as observations: items, keys and relations. Leaves to the readers beside it: the facts; to
// agent/inventory.hpp: when.
#pragma once

#include "agent/discovery/interfaces.hpp"
#include "agent/discovery/root.hpp"
#include "base/time.hpp"
#include "base/uuid.hpp"
#include "wire/observations.hpp"

#include <string>
#include <string_view>

namespace muster::agent {

/// The object that stands for the machine itself.
inline constexpr std::string_view host_object = "host";

/// What anybody may read: host, operating system, disks, interfaces, addresses. Takes a few milliseconds.
wire::Observations observe_open(const Root& root, const ReadAddresses& addresses, WallTime now);

/// What needs rights: serial number and UUID of the host, its file systems, what listens and which programs those are. Read
/// without rights it holds what may be read, and `lacking` says what not. Milliseconds; tens of them with 2,000 processes.
wire::Observations observe_privileged(const Root& root, WallTime now);

/// Adds what `more` says: attributes of `more` go first, keys and relations are united, `lacking` too. `run` and `full`
/// stay.
void merge(wire::Observations& into, wire::Observations more);

/// Who saw it.
struct Observer {
    AgentId agent;
    std::string version;
};

/// Makes the host the machine of this agent, and names the agent itself.
void add_observer(wire::Observations& seen, const Observer& observer, WallTime now);

}  // namespace muster::agent
