// Owns: the grammar of the query language. Leaves to query.cpp: evaluating.
#pragma once

#include "config/query.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster::config {

enum class QueryKind {
    all_of,
    any_of,
    none_of,
    equal,
    not_equal,
    like,
    in,
    less,
    less_equal,
    greater,
    greater_equal
};

/// all_of, any_of and none_of have children; the others a field and values (one, for `in` one or more).
struct Query::Node {
    QueryKind kind = QueryKind::all_of;
    std::vector<Node> children;
    std::string field;
    std::size_t field_column = 0;  ///< from 1, in characters
    std::vector<std::string> values;
    std::vector<std::size_t> value_columns;  ///< as many
    double number = 0;                       ///< of less … greater_equal
};

/// At most 4096 bytes and 32 levels of parentheses and `not`. Errors begin with "column N: ", counted from 1 in characters.
Result<Query::Node> parse_query(std::string_view text);

/// A finite decimal number and nothing else.
std::optional<double> number_of(std::string_view text);

/// Shell wildcards over the whole text: `*`, `?`, `[a-z]`, `[!a-z]`; other bytes stand for themselves.
bool wildcard_matches(std::string_view pattern, std::string_view text);

}  // namespace muster::config
