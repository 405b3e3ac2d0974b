// Owns: the bytes of echo requests and replies. Leaves to icmp_engine.cpp: the sockets they travel on.
//
//   ICMP header (RFC 792, RFC 4443)            payload
//   type u8 | code u8 | checksum u16 | id u16 | sequence u16 | nonce u64 | 0x4d 0x4d … up to the size
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace muster::probes {

enum class Family { ip4, ip6 };
/// Whether the kernel hands over the IPv4 header before the message (raw sockets do).
enum class Header { present, absent };

struct Echo {
    std::uint16_t id = 0;
    std::uint16_t sequence = 0;
    std::uint64_t nonce = 0;
};

/// An echo request with `payload` bytes after the header, at least 8. The IPv6 checksum is left to the kernel.
std::string encode_echo_request(Family family, const Echo& echo, std::uint32_t payload);

/// An echo reply; nothing where the bytes are anything else. Hostile input.
std::optional<Echo> decode_echo_reply(Family family, Header header, std::string_view bytes);

/// The sequence number of our own request, quoted behind an ICMP error; nothing where it is not an echo request.
std::optional<Echo> decode_quoted_request(Family family, std::string_view bytes);

}  // namespace muster::probes
