// Owns: the addresses by which other machines may reach this one.
#pragma once

#include <string>
#include <vector>

namespace muster {

/// IPv4 and IPv6, sorted; without those of loopback and of one link, and without IPv6 addresses that are temporary (RFC 8981)
/// or on their way out. Works without netlink, which our units forbid. At most 64; empty also where the kernel tells nothing.
std::vector<std::string> own_addresses();

}  // namespace muster
