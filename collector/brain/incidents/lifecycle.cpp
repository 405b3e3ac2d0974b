#include "collector/brain/incidents/lifecycle.hpp"

#include <algorithm>

namespace muster::collector {

namespace {

// new, assigned, in_progress, pending, resolved, closed, cancelled
constexpr Transition transitions[] = {
    {"acknowledge", {true, true, true, true, false, false, false}},
    {"assign", {true, true, true, true, false, false, false}},
    {"take", {true, true, true, true, false, false, false}},
    {"pending", {false, true, true, false, false, false, false}},
    {"resume", {false, false, false, true, false, false, false}},
    {"resolve", {true, true, true, true, false, false, false}},
    {"reopen", {false, false, false, false, true, false, false}},
    {"cancel", {true, true, true, true, false, false, false}},
    {"close", {false, false, false, false, true, false, false}},
    {"comment", {true, true, true, true, true, false, false}},
    {"link", {true, true, true, true, true, false, false}},
    {"edit", {true, true, true, true, false, false, false}},
};

/// incident_states.size() where there is no such state.
std::size_t position_of(std::string_view state) {
    return static_cast<std::size_t>(
        std::ranges::find(incident_states, state) - incident_states.begin()
    );
}

}  // namespace

std::span<const Transition> incident_transitions() {
    return transitions;
}

bool is_possible(std::string_view command, std::string_view state) {
    const auto* const row = std::ranges::find(transitions, command, &Transition::command);
    const std::size_t at = position_of(state);
    return row != std::end(transitions) && at < incident_states.size() && row->from[at];
}

std::string possible_commands(std::string_view state) {
    std::string text;
    for (const Transition& row : transitions) {
        if (is_possible(row.command, state)) {
            text += (text.empty() ? "" : ", ") + std::string(row.command);
        }
    }
    return text.empty() ? "nothing more" : text;
}

}  // namespace muster::collector
