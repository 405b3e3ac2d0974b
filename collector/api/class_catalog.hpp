// Owns: how classes and kinds of relations look in JSON. Leaves to cmdb/model: which there are.
#pragma once

#include "cmdb/model.hpp"

#include <boost/json.hpp>

namespace muster::collector {

/// {"classes": [{"name", "parent", "label", "attributes", "keys", …}], "relations": […]}, by name.
boost::json::object classes_json(const cmdb::Model& model);

}  // namespace muster::collector
