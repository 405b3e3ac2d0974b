#include "collector/enrolment/tokens.hpp"

#include "base/bytes.hpp"
#include "base/crypto.hpp"

#include <array>
#include <optional>
#include <span>
#include <vector>

namespace muster::collector {

namespace {

constexpr std::size_t id_bytes = 8;
constexpr std::size_t secret_bytes = 32;
constexpr std::size_t longest_token = 512;

template <std::size_t size>
std::string random_bytes(Random& random) {
    std::array<std::byte, size> bytes{};
    random.fill(bytes);
    std::string raw;
    raw.reserve(size);
    for (const std::byte byte : bytes) {
        raw.push_back(static_cast<char>(byte));
    }
    return raw;
}

MadeToken make_token(Random& random, std::string_view kind, std::string_view ending) {
    const std::string id = to_hex(random_bytes<id_bytes>(random));
    const std::string secret = to_base64url(random_bytes<secret_bytes>(random));
    std::string text = std::string(kind) + "." + id + "." + secret;
    if (!ending.empty()) {
        text += "." + std::string(ending);
    }
    return {.token = Secret(std::move(text)), .parts = {.id = id, .secret_hash = sha256(secret)}};
}

std::vector<std::string_view> split(std::string_view text) {
    std::vector<std::string_view> parts;
    while (true) {
        const std::size_t dot = text.find('.');
        parts.push_back(text.substr(0, dot));
        if (dot == std::string_view::npos) {
            return parts;
        }
        text.remove_prefix(dot + 1);
    }
}

std::optional<TokenParts> take_apart(
    const Secret& token, std::string_view kind, std::size_t count
) {
    if (token.reveal().size() > longest_token) {
        return std::nullopt;
    }
    const auto parts = split(token.reveal());
    if (parts.size() != count || parts[0] != kind || parts[1].size() != 2 * id_bytes) {
        return std::nullopt;
    }
    const auto secret = from_base64url(parts[2]);
    if (!from_hex(parts[1]) || !secret || secret->size() != secret_bytes) {
        return std::nullopt;
    }
    return TokenParts{.id = std::string(parts[1]), .secret_hash = sha256(parts[2])};
}

}  // namespace

MadeToken make_join_token(Random& random, std::string_view pin) {
    return make_token(random, "jt1", pin);
}

MadeToken make_api_token(Random& random) {
    return make_token(random, "it1", "");
}

MadeToken make_session_cookie(Random& random) {
    return make_token(random, "se1", "");
}

Result<TokenParts> parse_join_token(const Secret& token) {
    auto parts = take_apart(token, "jt1", 4);
    if (!parts) {
        return failure(
            ErrorKind::refused, "this is not a join token (jt1.<id>.<secret>.<pin>); copy it whole"
        );
    }
    return *std::move(parts);
}

Result<TokenParts> parse_api_token(const Secret& token) {
    auto parts = take_apart(token, "it1", 3);
    if (!parts) {
        return failure(ErrorKind::refused, "this is not an API token (it1.<id>.<secret>)");
    }
    return *std::move(parts);
}

Result<TokenParts> parse_session_cookie(const Secret& cookie) {
    auto parts = take_apart(cookie, "se1", 3);
    if (!parts) {
        return failure(ErrorKind::refused, "this is not the cookie of a session");
    }
    return *std::move(parts);
}

}  // namespace muster::collector
