#include "agent/discovery/sockets.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <charconv>
#include <cstring>
#include <map>
#include <netinet/in.h>
#include <optional>
#include <tuple>
#include <utility>

namespace muster::agent {

namespace {

/// Sockets that listen come first in /proc/net/tcp, before all connections (tcp_seq_start): 25,000 of them fit.
constexpr std::size_t table_bytes = 4U << 20U;
constexpr std::size_t inodes_a_listener = 64;

template <class Number>
std::optional<Number> number_in(std::string_view text, int base) {
    Number value = 0;
    const auto [end, problem] =
        std::from_chars(text.data(), text.data() + text.size(), value, base);
    return problem == std::errc{} && end == text.data() + text.size() ? std::optional(value)
                                                                      : std::nullopt;
}

std::string_view next_word(std::string_view& line) {
    line = trimmed(line);
    const std::string_view word = line.substr(0, line.find_first_of(" \t"));
    line.remove_prefix(word.size());
    return word;
}

/// "0100007F" → "127.0.0.1": words of 32 bits, each printed as a number of this machine.
std::optional<std::string> address_in(std::string_view hex) {
    constexpr std::size_t word = 8;
    if (hex.size() != word && hex.size() != 4 * word) {
        return std::nullopt;
    }
    std::array<std::uint32_t, 4> words{};
    for (std::size_t at = 0; at * word < hex.size(); ++at) {
        const auto number = number_in<std::uint32_t>(hex.substr(at * word, word), 16);
        if (!number) {
            return std::nullopt;
        }
        words[at] = *number;
    }
    const int family = hex.size() == word ? AF_INET : AF_INET6;
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (::inet_ntop(family, words.data(), text.data(), text.size()) == nullptr) {
        return std::nullopt;
    }
    return std::string(text.data());
}

std::optional<Listener> parse_line(std::string_view line, std::string_view protocol) {
    next_word(line);
    const std::string_view local = next_word(line);
    const std::string_view remote = next_word(line);
    const std::string_view state = next_word(line);
    // TCP_LISTEN; a UDP socket that has no peer stands as TCP_CLOSE.
    const bool waits = protocol == "tcp" ? state == "0A" : state == "07";
    const std::size_t colon = local.find(':');
    if (!waits || colon == std::string_view::npos || !remote.ends_with(":0000")) {
        return std::nullopt;
    }
    for (int skipped = 0; skipped < 5; ++skipped) {  // queues, timer, retransmits, uid, timeout
        next_word(line);
    }
    auto address = address_in(local.substr(0, colon));
    const auto port = number_in<std::uint16_t>(local.substr(colon + 1), 16);
    const auto inode = number_in<std::uint64_t>(next_word(line), 10);
    if (!address || !port || *port == 0 || !inode) {
        return std::nullopt;
    }
    Listener listener;
    listener.protocol = protocol;
    listener.address = std::move(*address);
    listener.port = *port;
    // "::ffff:127.0.0.1": an IPv4 address of an IPv6 socket.
    constexpr std::string_view mapped = "::ffff:";
    if (listener.address.starts_with(mapped)) {
        listener.address.erase(0, mapped.size());
    }
    listener.reach = scope_of(listener.address);
    if (*inode != 0) {
        listener.inodes.push_back(*inode);  // 0: the kernel's own, such as NFS
    }
    return listener;
}

/// "32768\t60999"
std::pair<std::uint16_t, std::uint16_t> client_ports(const Root& root) {
    const std::string range = root.line("/proc/sys/net/ipv4/ip_local_port_range");
    std::string_view rest = range;
    const auto least = number_in<std::uint16_t>(next_word(rest), 10);
    const auto most = number_in<std::uint16_t>(next_word(rest), 10);
    return {least.value_or(32768), most.value_or(60999)};
}

}  // namespace

std::vector<Listener> parse_listeners(std::string_view text, std::string_view protocol) {
    std::vector<Listener> listeners;
    while (!text.empty()) {
        if (auto listener = parse_line(next_line(text), protocol)) {
            listeners.push_back(std::move(*listener));
        }
    }
    return listeners;
}

std::vector<Listener> read_listeners(
    const Root& root, std::size_t most, std::vector<std::string>& lacking
) {
    std::map<std::tuple<std::string, std::string, std::uint16_t>, Listener> found;
    const auto [least_client, most_client] = client_ports(root);
    bool are_left_out = false;
    for (const std::string_view table : {"tcp", "tcp6", "udp", "udp6"}) {
        const std::string_view protocol = table.substr(0, 3);
        const auto text = root.read("/proc/net/" + std::string(table), table_bytes);
        if (!text) {
            if (text.error().kind() != ErrorKind::not_found) {  // no IPv6
                lacking.push_back("listening sockets: " + text.error().text());
            }
            continue;
        }
        for (Listener& one : parse_listeners(*text, protocol)) {
            if (protocol == "udp" && one.port >= least_client && one.port <= most_client) {
                continue;
            }
            const std::tuple key(one.protocol, one.address, one.port);
            const auto known = found.find(key);
            if (known == found.end() && found.size() >= most) {
                are_left_out = true;
            } else if (known == found.end()) {
                found.emplace(key, std::move(one));
            } else if (known->second.inodes.size() < inodes_a_listener) {
                std::ranges::copy(one.inodes, std::back_inserter(known->second.inodes));
            }
        }
    }
    if (are_left_out) {
        lacking.push_back("listening sockets: all but " + std::to_string(most));
    }
    std::vector<Listener> listeners;
    listeners.reserve(found.size());
    for (auto& [key, listener] : found) {
        listeners.push_back(std::move(listener));
    }
    return listeners;
}

}  // namespace muster::agent
