// Owns: observations as people and scripts read them: `muster-agent inventory`. Leaves to discovery/: seeing.
#pragma once

#include "wire/observations.hpp"

#include <string>

namespace muster::agent {

/// One line an item, its attributes and keys below it; then what is lacking.
std::string inventory_table(const wire::Observations& seen);

/// `{"full", "items": [{"object", "class", "keys": [{"space", "kind", "value"}], "attributes": {}}], "relations": [{"from", "type",
/// "to"}], "lacking": []}`; relations name objects.
std::string inventory_json(const wire::Observations& seen);

}  // namespace muster::agent
