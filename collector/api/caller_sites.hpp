// Owns: telling the brain the sites of a caller, for commands whose scope the brain keeps.
#pragma once

#include "collector/api/routes.hpp"

#include <boost/json.hpp>

namespace muster::collector {

/// Sets "sites"; removes it where the caller sees everything.
void put_sites(const Call& call, boost::json::object& body);

}  // namespace muster::collector
