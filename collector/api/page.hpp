// Owns: pages of a list: limit, opaque cursor, next_cursor. Leaves to the stores: the order (by key, never by offset).
#pragma once

#include "base/result.hpp"
#include "collector/api/json.hpp"
#include "config/query.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster::collector {

inline constexpr std::int64_t default_page = 100;
inline constexpr std::int64_t largest_page = 500;
/// Counting stops here; a total of this size means "or more".
inline constexpr std::int64_t counted_at_most = 10'000;

/// Where the next page begins: the key of the last item of this one, in the order of the list.
using PageKey = std::vector<std::string>;

struct PageRequest {
    std::int64_t limit = default_page;
    PageKey after;  ///< empty: from the start
    std::optional<config::Query> q =
        std::nullopt;       ///< which items; checked against the list's words
    std::string sort = {};  ///< "name", "-created"; empty where the list has one order
};

/// What a store found.
struct Page {
    json::array items;
    PageKey next;                           ///< empty: that was the last
    std::optional<std::int64_t> total = 0;  ///< nothing: only reading on would tell
};

/// base64url of a JSON array; `list` is sealed in, so that a cursor of another list is refused.
std::string encode_cursor(std::string_view list, const PageKey& key);
/// `invalid` unless it is a cursor of this list with `parts` parts.
Result<PageKey> decode_cursor(std::string_view list, std::string_view cursor, std::size_t parts);

/// `limit` and `cursor` of a query; `invalid` names the parameter.
Result<PageRequest> page_request(
    const std::map<std::string, std::string>& query, std::string_view list, std::size_t parts
);

/// {"items", "next_cursor", "total_estimate"}
HttpResponse page_answer(Page page, std::string_view list);

}  // namespace muster::collector
