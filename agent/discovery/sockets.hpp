// Owns: sockets that wait for others: /proc/net. Leaves to processes.hpp: whose they are.
#pragma once

#include "agent/discovery/interfaces.hpp"
#include "agent/discovery/root.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace muster::agent {

/// A place where something answers. One for all sockets that share it (SO_REUSEPORT).
struct Listener {
    std::string protocol;  ///< "tcp" or "udp"
    std::string address;   ///< "0.0.0.0", "::", "127.0.0.1", …
    std::uint16_t port = 0;
    AddressScope reach = AddressScope::global;  ///< host: only from this machine itself
    std::vector<std::uint64_t> inodes;
};

/// The lines of /proc/net/tcp, tcp6, udp or udp6 that wait for others, as they come; what is malformed is left out.
///
///     0: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 12345 1 …
///     sl local         remote        state                                         uid        inode
std::vector<Listener> parse_listeners(std::string_view text, std::string_view protocol);

/// All of this network namespace, by protocol, address and port, at most `most`. UDP ports of the range from which the
/// kernel takes ports for clients are left out: they are questions under way. Appends to `lacking` what cannot be read.
std::vector<Listener> read_listeners(
    const Root& root, std::size_t most, std::vector<std::string>& lacking
);

}  // namespace muster::agent
