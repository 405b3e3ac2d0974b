#include "agent/discovery/interfaces.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <bit>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <ifaddrs.h>
#include <memory>
#include <netinet/in.h>
#include <utility>

namespace muster::agent {

namespace {

constexpr std::size_t most_interfaces = 2000;
constexpr std::size_t most_addresses = 4000;
constexpr std::uint64_t megabit = 1'000'000;
// include/uapi/linux/if_arp.h
constexpr int arphrd_ether = 1;
constexpr int arphrd_infiniband = 32;
constexpr int arphrd_loopback = 772;

std::int64_t number_in(const std::string& text) {
    std::int64_t value = -1;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

std::string mac_of(std::string text) {
    const bool is_zero = text.find_first_not_of("0:") == std::string::npos;
    return is_zero ? "" : std::move(text);
}

/// "vlan", "bridge", "bond", "wlan", "vxlan", "wireguard": what the driver calls itself; empty for ordinary ones and pairs.
std::string device_type(const Root& root, const std::string& path) {
    const auto uevent = root.read(path + "/uevent");
    return uevent ? std::string(field_of(*uevent, "DEVTYPE", '=')) : "";
}

std::string type_of(const Root& root, const std::string& path, const std::string& device) {
    if (!device.empty()) {
        return device;
    }
    if (root.exists(path + "/tun_flags")) {
        return "tunnel";
    }
    switch (number_in(root.line(path + "/type"))) {
        case arphrd_ether:
            return "ethernet";
        case arphrd_infiniband:
            return "infiniband";
        case arphrd_loopback:
            return "loopback";
        default:
            return "other";
    }
}

std::string permanent_mac(const Root& root, const std::string& path, const std::string& mac) {
    // A member of a bond wears the bond's address.
    if (std::string own = mac_of(root.line(path + "/bonding_slave/perm_hwaddr")); !own.empty()) {
        return own;
    }
    constexpr std::string_view burnt_in = "0";  // NET_ADDR_PERM
    const bool is_real = root.exists(path + "/device");
    return is_real && root.line(path + "/addr_assign_type") == burnt_in ? mac : "";
}

std::uint32_t prefix_of(const sockaddr* mask) {
    if (mask == nullptr) {
        return 0;
    }
    std::array<std::uint8_t, 16> bytes{};
    if (mask->sa_family == AF_INET) {
        std::memcpy(bytes.data(), &reinterpret_cast<const sockaddr_in*>(mask)->sin_addr, 4);
    } else {
        std::memcpy(bytes.data(), &reinterpret_cast<const sockaddr_in6*>(mask)->sin6_addr, 16);
    }
    std::uint32_t bits = 0;
    for (const std::uint8_t byte : bytes) {
        bits += static_cast<std::uint32_t>(std::popcount(byte));
    }
    return bits;
}

std::string text_of(const sockaddr* address) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    const void* const bytes =
        address->sa_family == AF_INET
            ? static_cast<const void*>(&reinterpret_cast<const sockaddr_in*>(address)->sin_addr)
            : static_cast<const void*>(&reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr);
    const bool written =
        ::inet_ntop(address->sa_family, bytes, text.data(), text.size()) != nullptr;
    return written ? text.data() : "";
}

InterfaceFacts read_interface(const Root& root, const std::string& name) {
    const std::string path = "/sys/class/net/" + name;
    InterfaceFacts facts;
    facts.name = name;
    facts.type = type_of(root, path, device_type(root, path));
    facts.is_loopback = facts.type == "loopback";
    facts.mac = mac_of(root.line(path + "/address"));
    facts.permanent_mac = permanent_mac(root, path, facts.mac);
    facts.alias = root.line(path + "/ifalias");
    facts.oper_state = root.line(path + "/operstate");
    const std::string master = root.link(path + "/master");
    facts.master = master.substr(master.rfind('/') + 1);
    facts.mtu =
        static_cast<std::uint32_t>(std::max<std::int64_t>(0, number_in(root.line(path + "/mtu"))));
    // -1, or not readable at all, while there is no link.
    const std::int64_t speed = number_in(root.line(path + "/speed"));
    facts.speed_bps = speed > 0 ? static_cast<std::uint64_t>(speed) * megabit : 0;
    return facts;
}

/// One end of a pair whose other end is in a container.
bool is_leg(const Root& root, const InterfaceFacts& facts) {
    const std::string path = "/sys/class/net/" + facts.name;
    return facts.type == "ethernet" && facts.addresses.empty() && !root.exists(path + "/device") &&
           root.line(path + "/iflink") != root.line(path + "/ifindex");
}

}  // namespace

AddressScope scope_of(const std::string& address) {
    in_addr four{};
    if (::inet_pton(AF_INET, address.c_str(), &four) == 1) {
        const std::uint32_t number = ntohl(four.s_addr);
        return number >> 24U == 127      ? AddressScope::host
               : number >> 16U == 0xA9FE ? AddressScope::link
                                         : AddressScope::global;
    }
    in6_addr six{};
    if (::inet_pton(AF_INET6, address.c_str(), &six) != 1) {
        return AddressScope::global;
    }
    return IN6_IS_ADDR_LOOPBACK(&six)    ? AddressScope::host
           : IN6_IS_ADDR_LINKLOCAL(&six) ? AddressScope::link
                                         : AddressScope::global;
}

Result<std::vector<InterfaceAddress>> system_addresses() {
    ifaddrs* list = nullptr;
    if (::getifaddrs(&list) != 0) {
        return system_failure("cannot read the addresses of this machine", errno);
    }
    const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner(list, &::freeifaddrs);
    std::vector<InterfaceAddress> addresses;
    for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
        const bool is_ip = entry->ifa_addr != nullptr && (entry->ifa_addr->sa_family == AF_INET ||
                                                          entry->ifa_addr->sa_family == AF_INET6);
        if (!is_ip || addresses.size() >= most_addresses) {
            continue;
        }
        InterfaceAddress one;
        one.interface = entry->ifa_name;
        one.interface = one.interface.substr(0, one.interface.find(':'));  // "eth0:1", a label
        one.address = text_of(entry->ifa_addr);
        one.prefix_length = prefix_of(entry->ifa_netmask);
        one.scope = scope_of(one.address);
        addresses.push_back(std::move(one));
    }
    return addresses;
}

std::vector<InterfaceFacts> read_interfaces(
    const Root& root, const std::vector<InterfaceAddress>& addresses
) {
    std::vector<InterfaceFacts> interfaces;
    const auto names = root.list("/sys/class/net");
    for (const std::string& name : names ? *names : std::vector<std::string>{}) {
        // Beside the links to interfaces there is a file "bonding_masters".
        if (!root.exists("/sys/class/net/" + name + "/type")) {
            continue;
        }
        InterfaceFacts facts = read_interface(root, name);
        for (const InterfaceAddress& address : addresses) {
            if (address.interface == name) {
                facts.addresses.push_back(address);
            }
        }
        if (interfaces.size() < most_interfaces && !is_leg(root, facts)) {
            interfaces.push_back(std::move(facts));
        }
    }
    return interfaces;
}

}  // namespace muster::agent
