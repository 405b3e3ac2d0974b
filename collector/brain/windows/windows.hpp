// Owns: when maintenance windows begin and end, which CIs they cover, what becomes of what failed inside. Leaves to
// incidents/: asking before an incident opens; to windows/commands: making and cancelling them.
#pragma once

#include "collector/brain/fold.hpp"
#include "collector/brain/incidents/symptoms.hpp"

#include <cstddef>
#include <string_view>
#include <vector>

namespace muster::collector {

/// Begins and ends what is due by the calendar, and waits for the next.
void run_windows(Fold& fold);
/// Timer `window`.
void window_is_due(Fold& fold, std::uint64_t timer);

/// It is over, as planned or cancelled: what still fails gets its hold again and is decided.
void end_window(Fold& fold, Window& window, Window::Phase phase, std::string_view by);

/// The window that a CI is in now; null where there is none.
const Window* window_over(const State& state, CiIndex ci);
/// The one that covers the agent or its machine; null: none.
const Window* window_over_agent(const State& state, AgentIndex agent);
/// A window, active or ended within a day, that a CI was in for all of that time; null where there is none.
const Window* window_during(const State& state, CiIndex ci, WallTime from, WallTime to);

/// Time of [from, to) that a CI spent in windows, active or ended within a day; in order, without overlaps.
std::vector<WindowMember> times_in_windows(
    const State& state, CiIndex ci, WallTime from, WallTime to
);

/// Whether the scope names the CI itself.
bool is_in_scope(const Fold& fold, const Window& window, CiIndex ci);

/// How many CIs a window that has not begun would cover if it began now, those that they bring among them.
std::size_t would_cover(const Fold& fold, Window window);

/// What is known of a CI has changed: it may join a window, or leave it.
void reconsider_window_member(Fold& fold, CiIndex ci);

/// The receipt for what it withholds. `what`: "web4 fails".
WithheldPage withheld_by_window(const Window& window, std::string_view what);

}  // namespace muster::collector
