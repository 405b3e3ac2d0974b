// Owns: the three details in which history keeps results, finest first. Leaves to roll_up.hpp: making one of another.
#pragma once

#include "base/result.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace muster::collector {

/// The stored text is the enumerator's. A block of a kind is at least of the level of the kind's number: merging to the next
/// level is what makes the next kind of it.
enum class HistoryKind : std::uint8_t { raw, five_minutes, hourly };

inline constexpr std::array history_kinds{
    HistoryKind::raw, HistoryKind::five_minutes, HistoryKind::hourly
};

/// One of these for each kind.
template <class T>
using ByKind = std::array<T, history_kinds.size()>;

constexpr std::size_t number(HistoryKind kind) {
    return static_cast<std::size_t>(kind);
}

/// Length of a bucket; 1 for raw.
constexpr std::int64_t resolution_ms(HistoryKind kind) {
    constexpr ByKind<std::int64_t> lengths{1, 5 * 60 * 1000, 60 * 60 * 1000};
    return lengths[number(kind)];
}

/// The largest multiple of `length` that is not beyond `ms`, also before 1970.
constexpr std::int64_t floor_to(std::int64_t ms, std::int64_t length) {
    const std::int64_t rest = ms % length;
    return ms - (rest < 0 ? rest + length : rest);
}

constexpr std::int64_t ceil_to(std::int64_t ms, std::int64_t length) {
    return floor_to(ms + length - 1, length);
}

std::string_view to_string(HistoryKind kind);
/// `corrupt` for a text this release does not know.
Result<HistoryKind> parse_history_kind(std::string_view text);

}  // namespace muster::collector
