// Owns: network interfaces and their addresses. Leaves to items.hpp: what is said of them.
#pragma once

#include "agent/discovery/root.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace muster::agent {

enum class AddressScope { global, link, host };

struct InterfaceAddress {
    std::string interface;
    std::string address;  ///< as text, without zone and prefix
    std::uint32_t prefix_length = 0;
    AddressScope scope = AddressScope::global;
};

/// The seam to the kernel: /sys tells everything of interfaces but their addresses.
using ReadAddresses = std::function<Result<std::vector<InterfaceAddress>>()>;

/// Of this machine's own network namespace (getifaddrs, which needs AF_NETLINK).
Result<std::vector<InterfaceAddress>> system_addresses();

/// The scope of an address by what it is (RFC 4291 §2.4, RFC 3927, RFC 1122 §3.2.1.3).
AddressScope scope_of(const std::string& address);

struct InterfaceFacts {
    std::string name;
    std::string mac;            ///< as it is now; empty for none or zeros
    std::string permanent_mac;  ///< burnt in; empty where it is not known
    std::string alias;
    std::string type;        ///< "ethernet", "loopback", "bridge", "vlan", "bond", "tunnel", …
    std::string oper_state;  ///< "up", "down", "unknown", …
    std::string master;      ///< the bridge or bond it belongs to
    std::uint32_t mtu = 0;
    std::uint64_t speed_bps = 0;  ///< 0: not known
    bool is_loopback = false;
    std::vector<InterfaceAddress> addresses;
};

/// By name. Legs of containers (virtual pairs without an address here) come and go and are left out. `addresses` are given
/// to the interfaces they are on.
std::vector<InterfaceFacts> read_interfaces(
    const Root& root, const std::vector<InterfaceAddress>& addresses
);

}  // namespace muster::agent
