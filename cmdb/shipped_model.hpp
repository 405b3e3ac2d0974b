// Owns: the one reading of the classes and kinds of relations compiled in.
#pragma once

#include "cmdb/model.hpp"

namespace muster::cmdb {

/// Read at the first call; safe to call from any thread. A file of ours that is wrong is a bug: the process ends, saying where.
const Model& shipped_model();

}  // namespace muster::cmdb
