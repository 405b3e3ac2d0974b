// Owns: the SQL that reads the past of configuration items, their relations, and what may be the same twice. Leaves to ci_store:
// what holds of one now.
#pragma once

#include "collector/api/moment.hpp"
#include "collector/api/page.hpp"
#include "collector/api/read_scope.hpp"
#include "collector/api/state_reader.hpp"

#include <boost/json.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace muster::collector {

/// Attributes as they held then, as they were known then. `id`: 16 raw bytes.
Result<json::array> read_attributes_at(
    StateConnection& connection, const std::string& id, const Moment& moment
);

/// Relations in both directions, each with the other end as far as the scope allows. Empty `type`: every kind.
Result<json::array> read_relations(
    StateConnection& connection,
    const ReadScope& scope,
    const std::string& id,
    const std::string& type,
    const Moment& moment
);

/// What was learnt of a CI: values, relations, decisions on its identity. Newest first; pages have keys of three parts.
Result<Page> read_history(
    StateConnection& connection,
    const ReadScope& scope,
    const std::string& id,
    const PageRequest& page
);

/// Pairs that are probably the same, and what speaks against it. Pages have keys of two parts.
Result<Page> read_duplicates(
    StateConnection& connection, const ReadScope& scope, const PageRequest& page
);

std::span<const NamedQuery> graph_queries();

}  // namespace muster::collector
