// Owns: what else fails where a CI fails, by the relations that are known and the way in which failure travels along each; where
// it stands. Leaves to priority: what that makes of an incident.
#pragma once

#include "collector/brain/fold.hpp"

#include <string_view>
#include <vector>

namespace muster::collector {

/// Steps from the CI, and CIs in all, beyond which nobody looks.
inline constexpr std::size_t farthest_dependant = 8;
inline constexpr std::size_t most_dependants = 1000;

/// Everything that failure of the CI reaches, nearest first, without the CI itself. Where members may stand in for each
/// other, it goes on only when no other of the same class is left that is not down.
std::vector<CiIndex> dependants_of(const State& state, const cmdb::Model& model, CiIndex ci);

/// The nearest place of that class ("rack", "room", "building", "site") in which the CI, or what it is a part of or runs on, is
/// said to be; `nothing` where nobody says.
CiIndex place_above(
    const State& state, const cmdb::Model& model, CiIndex ci, std::string_view place_class
);

}  // namespace muster::collector
