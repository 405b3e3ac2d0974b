// Owns: the units in which the tables of keys write their ranges. Only those tables include it.
#pragma once

#include "config/schema.hpp"

#include <cstdint>

namespace muster::config {

inline constexpr std::int64_t ms = 1;
inline constexpr std::int64_t second = 1000 * ms;
inline constexpr std::int64_t minute = 60 * second;
inline constexpr std::int64_t hour = 60 * minute;
inline constexpr std::int64_t day = 24 * hour;
inline constexpr std::int64_t mib = 1 << 20;
inline constexpr std::int64_t gib = 1 << 30;
inline constexpr std::int64_t tib = 1024 * gib;

}  // namespace muster::config
