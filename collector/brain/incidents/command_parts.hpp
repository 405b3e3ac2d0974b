// Owns: what the commands about one incident share: finding it, what is possible now, how it looks in a verdict. Leaves to
// them: what they change.
#pragma once

#include "collector/brain/commands.hpp"

#include <array>
#include <span>
#include <string>
#include <string_view>

namespace muster::collector {

/// Why an incident waits: so that waiting for a supplier can be measured.
inline constexpr std::array<std::string_view, 6> pending_reasons = {
    "supplier", "customer", "change", "spare_part", "observation", "other"
};
/// What an incident can be of another.
inline constexpr std::array<std::string_view, 4> link_types = {
    "duplicate_of", "caused_by", "related", "parent"
};
inline constexpr std::array<std::string_view, 3> incident_levels = {"high", "medium", "low"};

/// Bounds of what people write, in bytes.
inline constexpr std::size_t longest_incident_title = 300;
inline constexpr std::size_t longest_incident_name = 64;

/// The incident a command is about, or the verdict that it cannot be done.
struct FoundIncident {
    Incident* incident = nullptr;
    Verdict verdict{};
};

/// 404 where there is none, 412 where it has changed, 409 where `action` (of lifecycle) is not possible now.
FoundIncident find_incident(Fold& fold, const CommandCall& call, std::string_view action);

/// The incident as it is now, with its ETag.
Verdict incident_verdict(const Incident& incident, int status = 200);

/// "a, b, c"
std::string listed(std::span<const std::string_view> words);
/// Whether `value` is one of `words`.
bool is_one_of(std::string_view value, std::span<const std::string_view> words);

}  // namespace muster::collector
