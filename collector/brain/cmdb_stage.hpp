// Owns: statements into CIs and their rows. Leaves to cmdb/: identity and projection; to
// policy_stage: what is watched.
#pragma once

#include "collector/brain/fold.hpp"

#include <optional>
#include <string_view>

namespace muster::collector {

/// A source says something of an object of its own. Gives the CI it belongs to.
CiIndex declare(Fold& fold, cmdb::Statement statement);
/// The source no longer says it; a CI that nobody names is retired.
void withdraw_statement(Fold& fold, std::string_view source, std::string_view object);

/// class, name, address, site, service, label.<name> and every other attribute; nothing where there
/// is none.
std::optional<std::string> ci_field(const CiState& ci, std::string_view field);

/// Targets of the configuration, and the absence of those that are no longer there. Gives the CI of
/// each target.
std::vector<CiIndex> declare_targets(Fold& fold, std::span<const config::Target> targets);

}  // namespace muster::collector
