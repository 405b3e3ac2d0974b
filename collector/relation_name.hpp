// Owns: what a relation between two configuration items is called outside. Leaves to cmdb/: relations.
#pragma once

#include "base/uuid.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace muster::collector {

/// What tells a relation from every other, whoever says it.
struct RelationName {
    std::string type;
    Uuid from;
    Uuid to;
    bool operator==(const RelationName&) const = default;
};

/// "depends_on:FROM:TO", with ids.
std::string to_text(const RelationName& name);
/// Nothing for what is none.
std::optional<RelationName> parse_relation_name(std::string_view text);

}  // namespace muster::collector
