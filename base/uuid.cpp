#include "base/uuid.hpp"

#include "base/bytes.hpp"
#include "base/crypto.hpp"

#include <algorithm>
#include <cstring>

namespace muster {

namespace {

/// RFC 9562 §4.1, §4.2: version in the high half of byte 6, variant 10 in the top bits of byte 8.
void mark(Uuid& id, unsigned version) {
    id.bytes[6] = static_cast<std::uint8_t>((id.bytes[6] & 0x0FU) | (version << 4U));
    id.bytes[8] = static_cast<std::uint8_t>((id.bytes[8] & 0x3FU) | 0x80U);
}

constexpr std::size_t text_length = 36;

bool is_dash_position(std::size_t at) {
    return at == 8 || at == 13 || at == 18 || at == 23;
}

}  // namespace

Uuid Uuid::random(Random& random) {
    Uuid id;
    random.fill(std::as_writable_bytes(std::span(id.bytes)));
    mark(id, 4);
    return id;
}

Uuid Uuid::named(std::string_view text) {
    const std::string digest = sha256(text);
    Uuid id;
    std::memcpy(id.bytes.data(), digest.data(), id.bytes.size());
    mark(id, 8);
    return id;
}

Result<Uuid> Uuid::from_bytes(std::string_view raw) {
    Uuid id;
    if (raw.size() != id.bytes.size()) {
        return failure(ErrorKind::corrupt, "an id has 16 bytes, not " + std::to_string(raw.size()));
    }
    std::memcpy(id.bytes.data(), raw.data(), id.bytes.size());
    return id;
}

Result<Uuid> Uuid::parse(std::string_view text) {
    std::string digits;
    bool shaped = text.size() == text_length;
    for (std::size_t at = 0; shaped && at < text_length; ++at) {
        if (is_dash_position(at)) {
            shaped = text[at] == '-';
        } else {
            digits += text[at];
        }
    }
    const auto raw = from_hex(digits);
    if (!shaped || !raw) {
        return failure(
            ErrorKind::invalid,
            "\"" + printable(text, 64) +
                "\" is not an id of the form "
                "01234567-89ab-cdef-0123-456789abcdef"
        );
    }
    return from_bytes(*raw);
}

std::string Uuid::text() const {
    const std::string digits = to_hex(raw());
    std::string out;
    out.reserve(text_length);
    for (const char digit : digits) {
        if (is_dash_position(out.size())) {
            out += '-';
        }
        out += digit;
    }
    return out;
}

std::size_t UuidHash::operator()(const Uuid& id) const {
    // Ids are random or digests, so any eight bytes are spread well; both halves guard against crafted ones.
    std::array<std::uint64_t, 2> halves{};
    std::memcpy(halves.data(), id.bytes.data(), sizeof(halves));
    return static_cast<std::size_t>(halves[0] ^ (halves[1] * 0x9E3779B97F4A7C15U));
}

}  // namespace muster
