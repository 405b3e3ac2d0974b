// Owns: the SQL that finds what has a name, address, serial number or part of one, and tells where it is. Leaves to ci_store: the
// one CI that a name stands for.
#pragma once

#include "collector/api/read_scope.hpp"
#include "collector/api/state_reader.hpp"

#include <boost/json.hpp>

#include <span>
#include <string>

namespace muster::collector {

namespace json = boost::json;

/// Everything that has this MAC or IP address, serial number, UUID, name or number of an incident: at most 100 hits, each
/// with `kind`, `matched` and the path to where it is.
Result<json::array> find_anything(
    StateConnection& connection, const ReadScope& scope, const std::string& text
);

/// CIs that have it only in part: 2 characters of a name, address or value, 4 digits of a MAC address in any notation; what begins
/// with it first, at most 20. None for less.
Result<json::array> find_close(
    StateConnection& connection, const ReadScope& scope, const std::string& text
);

/// A JSON list of all forms in which a text that is looked for may be stored: as it is, in small and capital letters, and as
/// the address, UUID or number it may be.
std::string forms_of(const std::string& text);

std::span<const NamedQuery> find_queries();

}  // namespace muster::collector
