#include "cmdb/keys.hpp"

#include "base/bytes.hpp"
#include "base/uuid.hpp"
#include "wire/placeholder.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cctype>
#include <utility>

namespace muster::cmdb {

namespace {

constexpr std::uint32_t rank_of_unknown = 99;
constexpr std::size_t longest_key = 512;

std::string lower(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](unsigned char c) {
        return static_cast<char>(std::tolower(c));
    });
    return out;
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front())) != 0) {
        text.remove_prefix(1);
    }
    while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0) {
        text.remove_suffix(1);
    }
    return text;
}

bool is_all(std::string_view text, std::string_view set) {
    return text.find_first_not_of(set) == std::string_view::npos;
}

/// MAC addresses that a group of routers shares (VRRP for IPv4 and IPv6, HSRP 1 and 2, GLBP).
bool is_virtual_router(std::string_view mac) {
    constexpr std::string_view groups[] = {
        "00:00:5e:00:01:", "00:00:5e:00:02:", "00:00:0c:07:ac:", "00:00:0c:9f:f", "00:07:b4:"
    };
    return std::ranges::any_of(groups, [&](std::string_view group) {
        return mac.starts_with(group);
    });
}

bool is_made_up(std::string_view mac) {
    return mac.size() > 1 && std::string_view("2367abef").find(mac[1]) != std::string_view::npos;
}

bool is_useless_uuid(std::string_view uuid) {
    return is_all(uuid, "0-") || is_all(uuid, "f-") ||
           uuid == canonical_uuid("03000200-0400-0500-0006-000700080009");
}

std::string_view word_without_dot(std::string_view word) {
    while (!word.empty() && (word.back() == '.' || word.back() == ',')) {
        word.remove_suffix(1);
    }
    return word;
}

bool is_legal_form(std::string_view word) {
    constexpr std::string_view forms[] = {
        "inc", "corp", "corporation", "co", "ltd", "limited", "gmbh", "ag"
    };
    return std::ranges::find(forms, word_without_dot(word)) != std::end(forms);
}

/// The value in its one form; empty where it tells nothing apart.
std::string canonical_value(std::string_view kind, std::string_view value) {
    if (kind == "mac") {
        std::string mac = canonical_mac(value);
        const bool is_useless = is_all(mac, "0:") || is_all(mac, "f:") || is_virtual_router(mac);
        return is_useless ? std::string{} : mac;
    }
    if (kind == "uuid" || kind == "instance_uuid") {
        std::string uuid = canonical_uuid(value);
        return is_useless_uuid(uuid) ? std::string{} : uuid;
    }
    if (kind == "address" || kind == "management" || kind == "named") {
        return canonical_address(value);
    }
    if (kind == "serial") {
        return canonical_serial(value);
    }
    if (kind == "hostname" || kind == "fqdn") {
        std::string name = lower(value);
        while (name.ends_with('.')) {
            name.pop_back();
        }
        return name;
    }
    return std::string(value);
}

}  // namespace

std::string canonical_mac(std::string_view text) {
    std::string digits;
    for (const char c : trimmed(text)) {
        if (std::isxdigit(static_cast<unsigned char>(c)) != 0) {
            digits += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        } else if (c != ':' && c != '-' && c != '.' && c != ' ') {
            return {};
        }
    }
    if (digits.size() != 12) {
        return {};
    }
    std::string out;
    for (std::size_t at = 0; at < digits.size(); at += 2) {
        out += (at == 0 ? "" : ":") + digits.substr(at, 2);
    }
    return out;
}

std::string canonical_address(std::string_view text) {
    const std::string address(trimmed(text));
    std::array<char, INET6_ADDRSTRLEN> out{};
    in_addr v4{};
    if (::inet_pton(AF_INET, address.c_str(), &v4) == 1) {
        return ::inet_ntop(AF_INET, &v4, out.data(), out.size()) != nullptr ? out.data() : "";
    }
    in6_addr v6{};
    if (::inet_pton(AF_INET6, address.c_str(), &v6) != 1) {
        return {};
    }
    if (IN6_IS_ADDR_V4MAPPED(&v6)) {
        std::copy_n(std::begin(v6.s6_addr) + 12, 4, reinterpret_cast<std::uint8_t*>(&v4));
        return ::inet_ntop(AF_INET, &v4, out.data(), out.size()) != nullptr ? out.data() : "";
    }
    return ::inet_ntop(AF_INET6, &v6, out.data(), out.size()) != nullptr ? out.data() : "";
}

std::string canonical_uuid(std::string_view text) {
    const auto uuid = Uuid::parse(trimmed(text));
    if (!uuid) {
        return {};
    }
    // The first three fields are numbers, which some tell with their lowest byte first.
    Uuid swapped = *uuid;
    std::reverse(swapped.bytes.begin(), swapped.bytes.begin() + 4);
    std::reverse(swapped.bytes.begin() + 4, swapped.bytes.begin() + 6);
    std::reverse(swapped.bytes.begin() + 6, swapped.bytes.begin() + 8);
    return std::min(*uuid, swapped).text();
}

std::string canonical_serial(std::string_view text) {
    const std::string all = lower(text);
    std::string out;
    std::string last;
    for (std::size_t at = 0; at < all.size();) {
        const std::size_t from = all.find_first_not_of(" \t\r\n", at);
        if (from == std::string::npos) {
            break;
        }
        const std::size_t to = std::min(all.find_first_of(" \t\r\n", from), all.size());
        last = all.substr(from, to - from);
        at = to;
        if (!is_legal_form(last)) {
            out += (out.empty() ? "" : " ") + std::string(word_without_dot(last));
        }
    }
    // "maker number": a maker alone, or with a filler in place of the number, is nobody's serial number.
    const std::size_t number = all.find(' ');
    const bool is_filler =
        wire::is_placeholder(last) || wire::is_placeholder(all) ||
        (number != std::string::npos && wire::is_placeholder(all.substr(number + 1)));
    return is_filler ? std::string{} : out;
}

std::optional<Key> canonical_key(
    const Model& model,
    std::string_view ci_class,
    std::string_view space,
    std::string_view kind,
    std::string_view value
) {
    if (wire::is_placeholder(value)) {
        return std::nullopt;
    }
    Key key;
    key.space = space;
    key.kind = kind;
    key.value = printable(canonical_value(kind, trimmed(value)), longest_key);
    if (key.value.empty()) {
        return std::nullopt;
    }
    key.rank = rank_of_unknown;
    key.trust = KeyTrust::supporting;
    for (const KeyRule& rule : model.identification(ci_class)) {
        if (rule.space == space && rule.kind == kind) {
            key.rank = rule.rank;
            key.values = rule.values;
            key.trust =
                kind == "mac" && is_made_up(key.value) ? KeyTrust::supporting : KeyTrust::trusted;
            break;
        }
    }
    return key;
}

}  // namespace muster::cmdb
