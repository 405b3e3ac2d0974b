#include "base/own_addresses.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cstdint>
#include <fstream>
#include <linux/if_addr.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sstream>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace muster {

namespace {

constexpr std::size_t most_addresses = 64;
constexpr std::size_t most_interfaces = 256;

bool is_told_to_others(std::uint32_t address) {
    const std::uint32_t first = address >> 24U;
    return first != 0 && first != 127 && address >> 16U != 0xa9fe;  // 169.254/16, RFC 3927
}

void add_ipv4(std::vector<std::string>& out) {
    const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (socket < 0) {
        return;
    }
    std::array<ifreq, most_interfaces> interfaces{};
    ifconf question{};
    question.ifc_len = sizeof interfaces;
    question.ifc_req = interfaces.data();
    const bool told = ::ioctl(socket, SIOCGIFCONF, &question) == 0;
    ::close(socket);
    const std::size_t count =
        told ? static_cast<std::size_t>(question.ifc_len) / sizeof(ifreq) : std::size_t{0};
    for (std::size_t at = 0; at < count; ++at) {
        sockaddr_in address{};
        std::copy_n(
            reinterpret_cast<const char*>(&interfaces[at].ifr_addr),
            sizeof address,
            reinterpret_cast<char*>(&address)
        );
        std::array<char, INET_ADDRSTRLEN> text{};
        if (address.sin_family == AF_INET && is_told_to_others(ntohl(address.sin_addr.s_addr)) &&
            ::inet_ntop(AF_INET, &address.sin_addr, text.data(), text.size()) != nullptr) {
            out.emplace_back(text.data());
        }
    }
}

/// "fe80000000000000021122fffe334455 02 40 20 80     eth0": address, interface, prefix, scope, flags, name; hexadecimal.
void add_ipv6(const std::string& line, std::vector<std::string>& out) {
    std::istringstream fields(line);
    std::string digits;
    unsigned interface = 0;
    unsigned prefix = 0;
    unsigned scope = 0;
    unsigned flags = 0;
    fields >> digits >> std::hex >> interface >> prefix >> scope >> flags;
    constexpr unsigned passing =
        IFA_F_TEMPORARY | IFA_F_DEPRECATED | IFA_F_TENTATIVE | IFA_F_DADFAILED;
    if (!fields || digits.size() != 32 || scope != 0 || (flags & passing) != 0) {
        return;
    }
    std::string text;
    for (std::size_t at = 0; at < digits.size(); at += 4) {
        text += (at == 0 ? "" : ":") + digits.substr(at, 4);
    }
    in6_addr address{};
    std::array<char, INET6_ADDRSTRLEN> canonical{};
    if (::inet_pton(AF_INET6, text.c_str(), &address) == 1 &&
        ::inet_ntop(AF_INET6, &address, canonical.data(), canonical.size()) != nullptr) {
        out.emplace_back(canonical.data());
    }
}

}  // namespace

std::vector<std::string> own_addresses() {
    std::vector<std::string> out;
    add_ipv4(out);
    std::ifstream table("/proc/thread-self/net/if_inet6");
    for (std::string line; std::getline(table, line);) {
        add_ipv6(line, out);
    }
    std::ranges::sort(out);
    const auto repeated = std::ranges::unique(out);
    out.erase(repeated.begin(), repeated.end());
    out.resize(std::min(out.size(), most_addresses));
    return out;
}

}  // namespace muster
