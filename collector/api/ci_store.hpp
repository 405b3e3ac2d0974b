// Owns: the SQL that reads configuration items, and how one looks in JSON.
#pragma once

#include "collector/api/page.hpp"
#include "collector/api/read_scope.hpp"
#include "collector/api/state_reader.hpp"

#include <boost/json.hpp>

#include <optional>
#include <span>
#include <string>

namespace muster::collector {

/// Empty members filter nothing.
struct CiFilter {
    std::string ci_class;
    std::string state;  ///< as shown: unobserved where nobody watches
    std::string site;
};

/// By name, then id. Retired and merged ones are left out.
Result<Page> read_cis(
    StateConnection& connection,
    const ReadScope& scope,
    const CiFilter& filter,
    const PageRequest& page
);

/// By UUID text, natural name, or class and name ("server:web1"): 16 raw bytes. `not_found`; `conflict`, which names them, where
/// several have that name. What is part of something (precedence from 60 on) is meant by its name alone where nothing else is.
Result<std::string> find_ci(
    StateConnection& connection, const ReadScope& scope, const std::string& id_or_name
);

/// The CI with its keys, attributes (those that hold now) and statements. `id`: 16 raw bytes.
Result<std::optional<json::object>> read_ci(
    StateConnection& connection, const ReadScope& scope, const std::string& id
);

std::span<const NamedQuery> ci_queries();

}  // namespace muster::collector
