#include "probes/icmp_packet.hpp"

#include "base/bytes.hpp"

#include <algorithm>

namespace muster::probes {

namespace {

constexpr std::size_t header_bytes = 8;
constexpr std::size_t nonce_bytes = 8;

struct Types {
    std::uint8_t request;
    std::uint8_t reply;
};

constexpr Types types_of(Family family) {
    // RFC 792 and RFC 4443 §4.1.
    return family == Family::ip4 ? Types{.request = 8, .reply = 0}
                                 : Types{.request = 128, .reply = 129};
}

std::uint8_t byte_at(std::string_view bytes, std::size_t position) {
    return static_cast<std::uint8_t>(bytes[position]);
}

std::uint16_t u16_at(std::string_view bytes, std::size_t position) {
    return static_cast<std::uint16_t>(
        (byte_at(bytes, position) << 8) | byte_at(bytes, position + 1)
    );
}

void put_u16_at(std::string& bytes, std::size_t position, std::uint16_t value) {
    bytes[position] = static_cast<char>(value >> 8);
    bytes[position + 1] = static_cast<char>(value & 0xff);
}

// RFC 1071 §4.1.
std::uint16_t checksum(std::string_view bytes) {
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) {
        sum += u16_at(bytes, i);
    }
    if (bytes.size() % 2 == 1) {
        sum += static_cast<std::uint32_t>(byte_at(bytes, bytes.size() - 1)) << 8;
    }
    while (sum > 0xffff) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return static_cast<std::uint16_t>(~sum & 0xffff);
}

}  // namespace

std::string encode_echo_request(Family family, const Echo& echo, std::uint32_t payload) {
    std::string bytes(header_bytes, '\0');
    bytes[0] = static_cast<char>(types_of(family).request);
    put_u16_at(bytes, 4, echo.id);
    put_u16_at(bytes, 6, echo.sequence);
    put_u64(bytes, echo.nonce);
    bytes.resize(header_bytes + std::max<std::size_t>(payload, nonce_bytes), 'M');
    if (family == Family::ip4) {
        put_u16_at(bytes, 2, checksum(bytes));
    }
    return bytes;
}

std::optional<Echo> decode_echo_reply(Family family, Header header, std::string_view bytes) {
    if (header == Header::present) {
        const std::size_t skip = bytes.empty() ? 0 : (byte_at(bytes, 0) & 0x0fu) * 4u;
        if (skip < 20 || bytes.size() < skip) {
            return std::nullopt;
        }
        bytes.remove_prefix(skip);
    }
    if (bytes.size() < header_bytes + nonce_bytes || byte_at(bytes, 0) != types_of(family).reply ||
        byte_at(bytes, 1) != 0) {
        return std::nullopt;
    }
    return Echo{
        .id = u16_at(bytes, 4),
        .sequence = u16_at(bytes, 6),
        .nonce = load_u64(bytes.data() + header_bytes),
    };
}

std::optional<Echo> decode_quoted_request(Family family, std::string_view bytes) {
    if (bytes.size() < header_bytes || byte_at(bytes, 0) != types_of(family).request) {
        return std::nullopt;
    }
    Echo echo{.id = u16_at(bytes, 4), .sequence = u16_at(bytes, 6), .nonce = 0};
    // RFC 792 promises 8 bytes of what we sent; most routers quote more.
    if (bytes.size() >= header_bytes + nonce_bytes) {
        echo.nonce = load_u64(bytes.data() + header_bytes);
    }
    return echo;
}

}  // namespace muster::probes
