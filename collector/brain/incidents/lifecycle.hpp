// Owns: which command is possible in which state of an incident. Leaves to the commands: what they do.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>

namespace muster::collector {

/// new → assigned → in_progress → pending ⇄ → resolved → closed, or cancelled.
inline constexpr std::array<std::string_view, 7> incident_states = {
    "new", "assigned", "in_progress", "pending", "resolved", "closed", "cancelled"
};

/// What a person may do with an incident and in which states, in the order of the documentation.
struct Transition {
    std::string_view command;                       ///< "incident." + it is the name in the journal
    std::array<bool, incident_states.size()> from;  ///< by position in incident_states
};

std::span<const Transition> incident_transitions();

/// False for states and commands there are not.
bool is_possible(std::string_view command, std::string_view state);
/// "acknowledge, assign, …"; "nothing more" for what is over for good.
std::string possible_commands(std::string_view state);

}  // namespace muster::collector
