// Owns: the keys `classes:` and `relation_types:` of a file → declarations with the places of what they name. Leaves to
// model_builder: whether they fit together.
#pragma once

#include "cmdb/declaration.hpp"
#include "config/watch.hpp"

namespace muster::cmdb {

/// classes_only: other keys are wrong. configuration: they, and texts that cannot be read at all, are told elsewhere.
enum class FileKind { classes_only, configuration };

/// Adds to `into`. What is wrong lands in `issues`; nameless pieces are left out.
void read_declarations(
    const config::ConfigText& file, FileKind kind, config::Issues& issues, Declarations& into
);

}  // namespace muster::cmdb
