// Owns: which times and numbers a peer may say at all. Leaves to whoever reads them: what they mean.
#pragma once

#include "base/result.hpp"
#include "base/time.hpp"

#include <cstdint>
#include <string_view>

namespace muster::wire {

// Sums and differences of what is within these do not overflow, so nobody behind the link has to ask again.
inline constexpr std::int64_t wall_end_ns = std::int64_t{1} << 62U;  ///< in the year 2116
inline constexpr std::int64_t mono_end_ns = std::int64_t{1} << 60U;  ///< up for 36 years
inline constexpr std::uint64_t seq_end = std::uint64_t{1} << 62U;    ///< also of counts of results

constexpr bool is_possible_wall(std::int64_t ns) {
    return ns >= 0 && ns < wall_end_ns;
}

/// `corrupt` where either lies outside of [0, its end): "a heartbeat of an impossible time: …". `of` names what carries them.
Status check_clocks(std::string_view of, std::int64_t wall_ns, std::int64_t mono_ns);

}  // namespace muster::wire
