// Owns: what a network does to packets of the calling thread's own namespace: loses, slows and cuts them. By nftables and tc.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace muster::test {

/// Of the TCP packets from and to `port`, each is lost with a chance of `percent` in hundred, on the way there and back. Gives
/// what went wrong; empty: nothing. So do all of these.
std::string lose_packets(std::uint16_t port, int percent);

/// IPv4 packets from and to `port` that are longer than `bytes` vanish, and nobody is told: a tunnel on the way of which no ICMP
/// comes back. Loopback sends packets as a network card does from now on: one for each segment.
std::string lose_packets_longer_than(std::uint16_t port, int bytes);

/// IPv6 packets vanish.
std::string lose_ipv6();

/// TCP connections to these IPv4 addresses are refused at once.
std::string refuse_connections_to(const std::string& network);

/// What comes for `port` is answered by a reset: connections break, and nobody gets a new one.
std::string refuse_port(std::uint16_t port);

/// IPv4 packets to `network` vanish.
std::string lose_packets_to(const std::string& network);

/// No packet is lost any more.
std::string lose_nothing();

/// By the faults there are now.
std::uint64_t packets_lost();

/// `device` passes on so much at most, and queues up to half a second of it. `within`: a command to run by, where the device is in
/// another namespace.
std::string limit_rate(
    const std::string& device, int kbit_a_second, std::vector<std::string> within = {}
);

}  // namespace muster::test
