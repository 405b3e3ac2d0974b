// Owns: the classes and kinds of relations compiled in, and those with what a configuration declares beside them.
#pragma once

#include "cmdb/model.hpp"
#include "config/query.hpp"

#include <span>

namespace muster::cmdb {

/// Read at the first call; safe to call from any thread. A file of ours that is wrong is a bug: the process ends, saying where.
const Model& shipped_model();

/// The shipped one with what `classes:` and `relation_types:` of these files declare. What is wrong with those lands in
/// `issues`; the files' other keys are for others to read.
Model declared_model(std::span<const config::ConfigText> files, config::Issues& issues);

/// What `match:` may name over CIs: the attributes of all classes, labels, and the classes themselves.
config::Vocabulary ci_vocabulary(const Model& model);

/// The vocabulary of `declared_model`: what reads a configuration asks for it.
config::Vocabulary declared_vocabulary(
    std::span<const config::ConfigText> files, config::Issues& issues
);

}  // namespace muster::cmdb
