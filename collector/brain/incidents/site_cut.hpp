// Owns: the site that is cut off: at least half of its agents fell silent together. Leaves to
// correlation: faults in it.
#pragma once

#include "collector/brain/fold.hpp"

#include <optional>

namespace muster::collector {

/// An agent of it fell silent: perhaps the site did.
void suspect_site(Fold& fold, AgentIndex agent);
/// An agent of it is heard again, stopped or gone.
void reconsider_site(Fold& fold, AgentIndex agent);

/// Timer `site_cut`, of the agent that raised the suspicion.
void site_cut_is_certain(Fold& fold, AgentIndex agent, std::uint64_t timer);

/// The collector itself has been isolated since then: sites that have seemed cut off since are not.
void adopt_cuts(Fold& fold, std::uint64_t incident, WallTime since);

/// The cut that explains what is seen of a CI's site: its incident, 0 while it is only suspected;
/// nothing where there is none.
std::optional<std::uint64_t> cut_of(const State& state, CiIndex ci);

/// When the site of a CI was last cut off no more; nothing where it never was, or is.
std::optional<WallTime> cut_ended(const State& state, CiIndex ci);

/// At least half of the site's agents, and two, have not been heard since `since`, though none is
/// silent for long enough yet: soon it is clear.
bool may_be_cut_off(const State& state, CiIndex ci, WallTime since);

}  // namespace muster::collector
