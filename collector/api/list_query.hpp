// Owns: what every list may be asked beyond a page: `q` in the query language, `sort`; and both over a list that is in memory.
// Leaves to page.hpp: limit and cursor; to rows.hpp: lists that are read row by row.
#pragma once

#include "collector/api/page.hpp"
#include "config/query.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster::collector {

/// What a list may be asked.
struct ListRules {
    std::string_view name;                ///< sealed into its cursors
    std::size_t parts = 1;                ///< of its key
    config::Vocabulary words = {};        ///< what `q` may name
    std::vector<std::string> sorts = {};  ///< what `sort` may be; the first is the default
};

/// `limit`, `cursor`, `q` and `sort`; `invalid` names the parameter, and for `q` the column.
Result<PageRequest> page_request(
    const std::map<std::string, std::string>& query, const ListRules& rules
);

/// A field of an item as `q` sees it: "state"; "ci", the name of the record it refers to; "ci.class". Nothing where it is null or
/// not there.
std::optional<std::string> field_of(const json::object& item, std::string_view field);

/// A page of a whole list: filtered, sorted by a field ("name", "-created") and then by `key`, which tells items apart. The key of
/// its cursors has two parts.
Result<Page> page_of(json::array items, std::string_view key, const PageRequest& request);

/// The answer of a list that is read as a whole: page_of, or what is wrong with the query.
HttpResponse whole_list(
    const std::map<std::string, std::string>& query,
    const ListRules& rules,
    json::array items,
    std::string_view key
);

}  // namespace muster::collector
