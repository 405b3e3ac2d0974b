// Owns: what configuration and enrolment say, as statements; a CI's fields by name. Leaves to cmdb_work: their rows; to
// observations_stage: what is found; to policy_stage: what is watched.
#pragma once

#include "collector/brain/fold.hpp"

#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace muster::collector {

/// A source says everything it knows of objects of its own. Gives the CI that the first belongs to.
CiIndex declare(Fold& fold, std::vector<cmdb::Statement> statements, WallTime at);

/// What a source says of a site or a service that it names: object "site/NAME".
cmdb::Statement place_statement(
    const cmdb::Model& model,
    std::string_view source,
    std::string_view ci_class,
    const std::string& name,
    WallTime observed
);

/// class, name, address, site, service, label.<name> and every other attribute; nothing where there
/// is none.
std::optional<std::string> ci_field(const CiState& ci, std::string_view field);

/// Targets of the configuration, and the absence of those that are no longer there.
void declare_targets(Fold& fold, std::span<const config::Target> targets);

}  // namespace muster::collector
