// Owns: protobuf's variable-length integers and tags, for the hand-written codec of results (protobuf encoding guide,
// "Base 128 Varints"). Leaves to results.cpp: which field means what.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace muster::wire {

/// Bytes of `value` as a varint, 1 to 10.
constexpr std::size_t varint_size(std::uint64_t value) {
    // 9/64 ≈ 1/7: exact for every bit width, without a division.
    return (static_cast<std::size_t>(std::bit_width(value | 1U)) * 9 + 64) / 64;
}

constexpr std::uint32_t zigzag(std::int32_t value) {
    return (static_cast<std::uint32_t>(value) << 1) ^ static_cast<std::uint32_t>(value >> 31);
}

constexpr std::uint64_t zigzag(std::int64_t value) {
    return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}

constexpr std::int32_t unzigzag(std::uint32_t value) {
    return static_cast<std::int32_t>((value >> 1) ^ (~(value & 1U) + 1U));
}

constexpr std::int64_t unzigzag(std::uint64_t value) {
    return static_cast<std::int64_t>((value >> 1) ^ (~(value & 1U) + 1U));
}

/// Writes at `at`, which has room for 10 bytes; gives the end.
inline char* put_varint(char* at, std::uint64_t value) {
    while (value >= 0x80) {
        *at++ = static_cast<char>(value | 0x80U);
        value >>= 7;
    }
    *at++ = static_cast<char>(value);
    return at;
}

inline void append_varint(std::string& out, std::uint64_t value) {
    char room[10];
    out.append(room, static_cast<std::size_t>(put_varint(room, value) - room));
}

/// A position in bytes that came from somewhere else. Every read is checked.
class ByteReader {
  public:
    explicit ByteReader(std::string_view bytes)
        : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

    bool empty() const { return at_ == end_; }

    std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }

    /// False at the end of the bytes or after ten of them.
    bool varint(std::uint64_t& value) {
        value = 0;
        for (unsigned shift = 0; shift < 70 && at_ != end_; shift += 7) {
            const auto byte = static_cast<std::uint8_t>(*at_++);
            value |= static_cast<std::uint64_t>(byte & 0x7fU) << shift;
            if (byte < 0x80) {
                return shift < 63 || byte <= 1;
            }
        }
        return false;
    }

    /// A length and that many bytes.
    bool bytes(std::string_view& value) {
        std::uint64_t length = 0;
        if (!varint(length)) {
            return false;
        }
        return fixed(static_cast<std::size_t>(length), value);
    }

    bool fixed(std::size_t length, std::string_view& value) {
        if (length > static_cast<std::size_t>(end_ - at_)) {
            return false;
        }
        value = std::string_view(at_, length);
        at_ += length;
        return true;
    }

  private:
    const char* at_;
    const char* end_;
};

/// How many varints end in `bytes`: those without the continuation bit.
std::size_t count_varints(std::string_view bytes);

/// Decodes exactly `count` varints of at most 32 bits from `bytes` (as told by count_varints) to `out`. `readable` is where
/// the memory around `bytes` ends: up to there it may be looked at, for speed. False: a value is too long, or bytes are left.
bool read_varints(
    std::string_view bytes, const char* readable, std::size_t count, std::uint32_t* out
);
/// The same for 64 bits, decoding zigzag.
bool read_signed_varints(
    std::string_view bytes, const char* readable, std::size_t count, std::int64_t* out
);

}  // namespace muster::wire
