// Owns: SQL put together from constants when it is compiled, for conditions that several queries share. Values are bound, never
// pasted.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

namespace muster::collector {

/// A piece of SQL. A constant of its own: what is made of it refers to it.
template <std::size_t Size>
struct SqlText {
    std::array<char, Size> text{};

    constexpr SqlText() = default;

    constexpr SqlText(const char (&literal)[Size + 1]) { std::copy_n(literal, Size, text.begin()); }

    constexpr std::string_view view() const { return {text.data(), Size}; }
};

template <std::size_t WithEnd>
SqlText(const char (&)[WithEnd]) -> SqlText<WithEnd - 1>;

template <std::size_t A, std::size_t B>
constexpr SqlText<A + B> operator+(const SqlText<A>& a, const SqlText<B>& b) {
    SqlText<A + B> out;
    std::ranges::copy(b.text, std::ranges::copy(a.text, out.text.begin()).out);
    return out;
}

/// Whether the site is the caller's, as ReadScope::bind binds the parameter ("?7").
template <std::size_t A, std::size_t B>
constexpr auto in_scope(const SqlText<A>& site, const SqlText<B>& parameter) {
    return SqlText("(") + parameter + SqlText(" IS NULL OR ") + site +
           SqlText(" IN (SELECT value FROM json_each(") + parameter + SqlText(")))");
}

}  // namespace muster::collector
