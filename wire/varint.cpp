#include "wire/varint.hpp"

#include <limits>
#include <type_traits>

namespace muster::wire {

namespace {

constexpr std::uint64_t continuation_bits = 0x8080'8080'8080'8080U;
constexpr std::size_t window = sizeof(std::uint64_t);

static_assert(
    std::endian::native == std::endian::little, "the wire is little-endian, and so are we"
);

std::uint64_t load_window(const char* at) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, sizeof word);
    return word;
}

/// Joins the seven-bit groups of up to eight bytes: pairs, then fours, then all.
constexpr std::uint64_t join_groups(std::uint64_t word) {
    word &= ~continuation_bits;
    word = (word & 0x007f'007f'007f'007fU) | ((word & 0x7f00'7f00'7f00'7f00U) >> 1);
    word = (word & 0x0000'3fff'0000'3fffU) | ((word & 0x3fff'0000'3fff'0000U) >> 2);
    return (word & 0x0fff'ffffU) | ((word & 0x0fff'ffff'0000'0000U) >> 4);
}

template <class Value>
bool store(std::uint64_t value, Value* out) {
    if constexpr (std::is_same_v<Value, std::int64_t>) {
        *out = unzigzag(value);
        return true;
    } else {
        *out = static_cast<Value>(value);
        return value <= std::numeric_limits<Value>::max();
    }
}

template <class Value>
bool read_one(const char*& at, const char* end, Value* out) {
    ByteReader reader(std::string_view(at, static_cast<std::size_t>(end - at)));
    std::uint64_t value = 0;
    if (!reader.varint(value)) {
        return false;
    }
    at = end - reader.left();
    return store(value, out);
}

/// All values that end within one window; gives the bytes they took. What comes next depends on `ends` alone, so the joining of
/// one value overlaps with the finding of the next.
template <class Value>
std::size_t read_window(
    std::uint64_t word, std::uint64_t ends, Value*& out, const Value* out_end, bool& good
) {
    std::size_t bits = 0;
    do {
        const auto last = static_cast<std::size_t>(std::countr_zero(ends));
        const std::uint64_t up_to_end = ends ^ (ends - 1);
        good &= store(join_groups(word & up_to_end), out++);
        // Two shifts: one by 64 would be undefined.
        word = word >> last >> 1;
        ends = ends >> last >> 1;
        bits += last + 1;
    } while (ends != 0 && out != out_end);
    return bits / 8;
}

/// A branch per byte would be mispredicted on mixed lengths, which is what real delays look like; so the length is computed
/// from the continuation bits. Eight values of one byte each, the common case of differences, go at once.
template <class Value>
bool read_all(std::string_view bytes, const char* readable, std::size_t count, Value* out) {
    const char* at = bytes.data();
    const char* const end = at + bytes.size();
    Value* const out_end = out + count;
    bool good = true;
    while (good && out != out_end) {
        const bool has_window = static_cast<std::size_t>(readable - at) >= window;
        const std::uint64_t word = has_window ? load_window(at) : 0;
        const std::uint64_t ends = has_window ? ~word & continuation_bits : 0;
        if (ends == 0) {  // near the end of the memory, or nine and ten bytes
            good = read_one(at, end, out++);
        } else if (ends == continuation_bits &&
                   out_end - out >= static_cast<std::ptrdiff_t>(window)) {
            for (std::size_t i = 0; i < window; ++i) {
                store((word >> (8 * i)) & 0xffU, out + i);
            }
            out += window;
            at += window;
        } else {
            const std::size_t taken = read_window(word, ends, out, out_end, good);
            at += taken;
        }
    }
    return good && at == end;
}

}  // namespace

std::size_t count_varints(std::string_view bytes) {
    std::size_t count = 0;
    for (const char byte : bytes) {
        count += static_cast<std::size_t>((static_cast<std::uint8_t>(byte) >> 7) ^ 1U);
    }
    return count;
}

bool read_varints(
    std::string_view bytes, const char* readable, std::size_t count, std::uint32_t* out
) {
    return read_all(bytes, readable, count, out);
}

bool read_signed_varints(
    std::string_view bytes, const char* readable, std::size_t count, std::int64_t* out
) {
    return read_all(bytes, readable, count, out);
}

}  // namespace muster::wire
