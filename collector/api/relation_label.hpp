// Owns: how a relation reads from one of its ends. Leaves to cmdb/: the kinds of relations.
#pragma once

#include "cmdb/model.hpp"

#include <string>
#include <string_view>

namespace muster::collector {

/// The end that looks: it goes out from `from` and comes in at `to`.
enum class RelationEnd { from, to };

/// "runs on" from one end, "runs" from the other; of a kind that is not known any more its name, with an arrow from behind.
std::string relation_label(const cmdb::Model& model, std::string_view type, RelationEnd seen_from);

}  // namespace muster::collector
