#include "collector/enrolment/join_rules.hpp"

#include "collector/enrolment/store_tools.hpp"

#include <boost/asio/ip/address.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <optional>

namespace muster::collector {

namespace {

namespace ip = boost::asio::ip;

constexpr unsigned int v4_bits = 32;
constexpr unsigned int v6_bits = 128;
/// An IPv4 address is the last 32 bits of ::ffff:0:0/96, so that both families are compared in one way.
constexpr unsigned int v4_offset = v6_bits - v4_bits;
constexpr std::string_view expected =
    "expected a network or an address, such as 10.0.0.0/8 or 2001:db8::/32";

using Bytes = ip::address_v6::bytes_type;

struct Range {
    Bytes bytes{};
    unsigned int bits = 0;  ///< of the 128
};

bool is_name_character(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '.';
}

Bytes bytes_of(const ip::address& address) {
    return (address.is_v4() ? ip::make_address_v6(ip::v4_mapped, address.to_v4()) : address.to_v6())
        .to_bytes();
}

/// The first `bits` bits, then zeros.
Bytes cut(Bytes bytes, unsigned int bits) {
    for (unsigned int at = 0; at < bytes.size(); ++at) {
        const unsigned int kept = std::clamp(bits, at * 8, at * 8 + 8) - at * 8;
        bytes[at] = static_cast<unsigned char>(bytes[at] & (0xff00U >> kept));
    }
    return bytes;
}

std::string text_of(const Range& range, bool is_v4) {
    const ip::address_v6 whole(range.bytes);
    return is_v4 ? ip::make_address_v4(ip::v4_mapped, whole).to_string() + "/" +
                       std::to_string(range.bits - v4_offset)
                 : whole.to_string() + "/" + std::to_string(range.bits);
}

struct Read {
    Range range;
    bool is_v4 = false;
};

std::optional<Read> read(std::string_view text) {
    const std::size_t slash = text.find('/');
    boost::system::error_code problem;
    const ip::address address = ip::make_address(std::string(text.substr(0, slash)), problem);
    if (problem || (address.is_v6() && address.to_v6().scope_id() != 0)) {
        return std::nullopt;
    }
    const unsigned int most = address.is_v4() ? v4_bits : v6_bits;
    unsigned int bits = most;
    if (slash != std::string_view::npos) {
        const std::string_view digits = text.substr(slash + 1);
        const char* const end = digits.data() + digits.size();
        const auto [stop, wrong] = std::from_chars(digits.data(), end, bits);
        if (wrong != std::errc{} || stop != end || bits > most) {
            return std::nullopt;
        }
    }
    return Read{
        .range = {.bytes = bytes_of(address), .bits = bits + v6_bits - most},
        .is_v4 = address.is_v4()
    };
}

/// "192.0.2.7:40312" → 192.0.2.7, "[2001:db8::7]:40312" → 2001:db8::7
std::string_view host_of(std::string_view peer) {
    peer = peer.substr(0, peer.rfind(':'));
    if (peer.starts_with('[') && peer.ends_with(']')) {
        peer = peer.substr(1, peer.size() - 2);
    }
    return peer;
}

}  // namespace

bool is_good_agent_name(std::string_view name) {
    return !name.empty() && name.size() <= longest_access_name &&
           std::ranges::all_of(name, is_name_character);
}

bool is_name_pattern(std::string_view name) {
    return name.find_first_of("*?") != std::string_view::npos;
}

Status check_token_name(std::string_view name) {
    const bool good = name.size() <= longest_access_name && std::ranges::all_of(name, [](char c) {
                          return is_name_character(c) || c == '*' || c == '?';
                      });
    if (good) {
        return {};
    }
    return failure(
        ErrorKind::invalid,
        "an agent's name has letters, digits, '-', '_' and '.', at most " +
            std::to_string(longest_access_name) + "; in a token '*' and '?' stand for others"
    );
}

/// The usual walk with one place to go back to: linear in practice, never worse than the product of both lengths.
bool fits_pattern(std::string_view pattern, std::string_view name) {
    std::size_t p = 0;
    std::size_t n = 0;
    std::optional<std::size_t> star;
    std::size_t taken = 0;
    while (n < name.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            taken = n;
        } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == name[n])) {
            ++p;
            ++n;
        } else if (star) {
            p = *star + 1;
            n = ++taken;
        } else {
            return false;
        }
    }
    return std::ranges::all_of(pattern.substr(p), [](char c) { return c == '*'; });
}

Result<std::string> read_source_range(std::string_view text) {
    const std::optional<Read> found = read(text);
    if (!found) {
        return failure(ErrorKind::invalid, std::string(expected));
    }
    const Range whole{
        .bytes = cut(found->range.bytes, found->range.bits), .bits = found->range.bits
    };
    if (whole.bytes != found->range.bytes) {
        return failure(
            ErrorKind::invalid, "this network is written " + text_of(whole, found->is_v4)
        );
    }
    return text_of(whole, found->is_v4);
}

bool comes_from(const std::vector<std::string>& ranges, std::string_view peer) {
    if (ranges.empty()) {
        return true;
    }
    const std::optional<Read> client = read(host_of(peer));
    return client && std::ranges::any_of(ranges, [&client](const std::string& text) {
               const std::optional<Read> range = read(text);
               return range && cut(client->range.bytes, range->range.bits) == range->range.bytes;
           });
}

}  // namespace muster::collector
