// Owns: a network namespace for one test, so that daemons, addresses and kernel settings are its own.
#pragma once

#include <string>

namespace muster::test {

/// Moves the calling thread (and the processes and threads it starts from then on) into a fresh network namespace with
/// loopback up. False, with the reason in `why`, where the machine forbids it.
bool enter_own_network(std::string& why);

/// Whether 127.0.0.0/8 (or ::1) of this namespace answers pings.
enum class Pings { answered, ignored };
void set_pings_v4(Pings pings);
void set_pings_v6(Pings pings);

}  // namespace muster::test
