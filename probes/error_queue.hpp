// Owns: reading what a socket's error queue says (ip(7), IP_RECVERR). Leaves to its users: whose request it was about.
#pragma once

#include <optional>
#include <string>

namespace muster::probes {

/// A router's, a peer's or this machine's word that something sent did not arrive.
struct QueuedError {
    int number = 0;        ///< EHOSTUNREACH, ECONNREFUSED, …
    std::string offender;  ///< address of who said so; empty: this machine
    std::string quoted;    ///< our message, as far as it was quoted
};

/// Asks the kernel to queue them for a socket of IPv4 or IPv6.
void queue_errors(int descriptor);
/// The next one, without waiting; nothing where the queue is empty.
std::optional<QueuedError> next_queued_error(int descriptor);

/// "host unreachable" for EHOSTUNREACH and so on.
std::string describe_unreachable(int error_number);

}  // namespace muster::probes
