// Owns: the SQL that reads lists as they were: configuration items and what is found by a value, at a moment. Leaves to
// ci_store and graph_store: what holds now, and one CI.
#pragma once

#include "collector/api/moment.hpp"
#include "collector/api/page.hpp"
#include "collector/api/read_scope.hpp"
#include "collector/api/state_reader.hpp"

#include <boost/json.hpp>

#include <span>
#include <string>

namespace muster::collector {

/// Empty members filter nothing.
struct PastFilter {
    std::string ci_class;  ///< the present one: classes have no history
    std::string site;      ///< as it was
};

/// What there was, with name, address, site and service as they were, by the present name and id. Pages have keys of four
/// parts: the last two are the moment, so that all pages are of one.
Result<Page> read_cis_at(
    StateConnection& connection,
    const ReadScope& scope,
    const PastFilter& filter,
    const PageRequest& page,
    Moment moment
);

/// What had this value then: at most 100 hits, each with the path to where it was. Keys without an attribute of that value
/// have no history and find nothing.
Result<json::array> find_at(
    StateConnection& connection,
    const ReadScope& scope,
    const std::string& text,
    const Moment& moment
);

std::span<const NamedQuery> past_queries();

}  // namespace muster::collector
