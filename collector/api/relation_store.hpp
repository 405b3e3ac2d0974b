// Owns: the SQL that reads relations as such, whichever CIs they join. Leaves to graph_store: those of one CI, as it stands in them.
#pragma once

#include "collector/api/moment.hpp"
#include "collector/api/page.hpp"
#include "collector/api/read_scope.hpp"
#include "collector/api/state_reader.hpp"

#include <span>
#include <string>

namespace muster::collector {

struct RelationFilter {
    std::string ci;    ///< 16 raw bytes: one of the ends; empty: any
    std::string type;  ///< empty: every kind
    Moment moment;
};

/// Relations both of whose ends the scope allows, by the id of the first. Several sources that say the same are one relation.
/// Pages have keys of three parts, and look at 2,000 statements: one may be short and yet have a next.
Result<Page> read_all_relations(
    StateConnection& connection,
    const ReadScope& scope,
    const RelationFilter& filter,
    const PageRequest& page
);

/// "manual" where people alone state it, else "observed".
std::string evidence_of(const json::array& sources);

std::span<const NamedQuery> relation_queries();

}  // namespace muster::collector
