// Owns: the moment that a read is about: `at`, when it was so, and `known_at`, up to where in the journal it was known.
#pragma once

#include "base/result.hpp"
#include "collector/api/routes.hpp"

#include <cstdint>
#include <limits>

namespace muster::collector {

/// A moment out there, and a position of the journal up to which it is known.
struct Moment {
    std::int64_t at = 0;        ///< nanoseconds since 1970
    std::int64_t known_at = 0;  ///< the last entry that counts
};

inline constexpr std::int64_t all_that_is_known = std::numeric_limits<std::int64_t>::max();

/// `at` and `known_at` of a call: now, and all that is known, where they are absent. `invalid` names the parameter.
Result<Moment> moment_of(const Call& call);
/// Whether the call asks for another moment than now.
bool asks_for_the_past(const Call& call);

}  // namespace muster::collector
