// Owns: reading a key that holds a query, with the place of what is wrong. Leaves to query.hpp: the language.
#pragma once

#include "config/query.hpp"
#include "config/reader.hpp"

#include <string>
#include <string_view>

namespace muster::config {

/// What is wrong with the query under `key`: errors of queries begin with "column N: ", and N moves into the place.
void wrong_query(
    const Source& source, std::string_view key, const YamlNode& node, const std::string& what
);

/// An empty query where the key is absent, empty or wrong.
Query read_query(const Source& source, const MapReader& reader, std::string_view key);

}  // namespace muster::config
