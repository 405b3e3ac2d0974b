#include "base/bytes.hpp"

#include <algorithm>

namespace muster {

namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD

struct Character {
    char32_t code = 0;
    std::size_t length = 0;  ///< 0: not valid UTF-8 here
};

/// One character of UTF-8 (RFC 3629 §4): no overlong forms, no surrogates, nothing above U+10FFFF.
Character decode(std::string_view text) {
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
    const unsigned char lead = byte(0);
    if (lead < 0x80) {
        return {.code = lead, .length = 1};
    }
    const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || text.size() < length) {
        return {};
    }
    char32_t code = lead & (0x7FU >> length);
    for (std::size_t at = 1; at < length; ++at) {
        if ((byte(at) & 0xC0U) != 0x80) {
            return {};
        }
        code = (code << 6U) | (byte(at) & 0x3FU);
    }
    const bool overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
    const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
    if (overlong || surrogate || code > 0x10FFFF) {
        return {};
    }
    return {.code = code, .length = length};
}

bool is_harmless(char32_t code) {
    const bool control = code < 0x20 || (code >= 0x7F && code < 0xA0);
    const bool line_break = code == 0x2028 || code == 0x2029;
    const bool turns_text = (code >= 0x202A && code <= 0x202E) ||
                            (code >= 0x2066 && code <= 0x2069) || code == 0x200E ||
                            code == 0x200F || code == 0x061C;
    return !control && !line_break && !turns_text;
}

bool is_plain(std::string_view text) {
    return std::ranges::all_of(text, [](char byte) { return byte >= 0x20 && byte < 0x7F; });
}

}  // namespace

std::string printable(std::string_view text, std::size_t limit) {
    if (is_plain(text)) {
        return std::string(text.substr(0, limit));
    }
    std::string out;
    while (!text.empty()) {
        const Character next = decode(text);
        const bool keep = next.length > 0 && is_harmless(next.code);
        const std::size_t taken = std::max<std::size_t>(next.length, 1);
        const bool space = next.code == '\n' || next.code == '\r' || next.code == '\t';
        const std::string_view piece = keep ? text.substr(0, taken) : space ? " " : replacement;
        if (out.size() + piece.size() > limit) {
            break;
        }
        out += piece;
        text.remove_prefix(taken);
    }
    return out;
}

}  // namespace muster
