// Owns: the grammar of the query language. Leaves to query.cpp: evaluating.
#pragma once

#include "config/query.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace muster::config {

enum class QueryKind { all_of, any_of, none_of, equal, not_equal, like, in };

/// all_of, any_of and none_of have children; the others a field and values (one, for `in` one or more).
struct Query::Node {
    QueryKind kind = QueryKind::all_of;
    std::vector<Node> children;
    std::string field;
    std::vector<std::string> values;
};

/// At most 4096 bytes and 32 levels of parentheses and `not`. Errors begin with "column N: ", counted from 1 in characters.
Result<Query::Node> parse_query(std::string_view text);

/// Shell wildcards over the whole text: `*`, `?`, `[a-z]`, `[!a-z]`; other bytes stand for themselves.
bool wildcard_matches(std::string_view pattern, std::string_view text);

}  // namespace muster::config
