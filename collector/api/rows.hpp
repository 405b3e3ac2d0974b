// Owns: running one named query and gathering its rows. Leaves to the stores: the queries and what a row means.
#pragma once

#include "collector/api/page.hpp"
#include "collector/api/state_reader.hpp"

#include <boost/json.hpp>

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace muster::collector {

/// Binds a query's parameters. Blobs bound here must live until the query has run.
using Bind = std::function<void(Statement&)>;

Status visit_rows(
    StateConnection& connection,
    const NamedQuery& query,
    const Bind& bind,
    const std::function<void(const Statement&)>& visit
);

Result<json::array> list_rows(
    StateConnection& connection,
    const NamedQuery& query,
    const Bind& bind,
    const std::function<json::value(const Statement&)>& make
);

/// Nothing where there is no row.
Result<std::optional<json::object>> one_row(
    StateConnection& connection,
    const NamedQuery& query,
    const Bind& bind,
    const std::function<json::object(const Statement&)>& make
);

/// The first column of the first row; 0 where there is none.
Result<std::int64_t> count_rows(
    StateConnection& connection, const NamedQuery& query, const Bind& bind
);

/// A page and how many there are in all. The page comes in two steps: the keys of its items (one more than asked for tells whether
/// there is a next page), then each item by its key.
struct PageSource {
    /// Gives a key for each row of `keys`; bind `limit` rows.
    const NamedQuery& keys;
    /// How many there are in all, counted up to `limit`; takes the same parameters, of which it may leave out some.
    const NamedQuery& counted;
    std::function<void(Statement&, std::int64_t limit)> bind;
    std::function<PageKey(const Statement&)> key;
    /// The item of a key.
    std::function<Result<std::optional<json::object>>(const PageKey&)> item;
    /// What `q` means by a field of an item, where that is not the member of that name; asked first.
    std::function<std::optional<std::string>(const json::object& item, std::string_view field)>
        meant = {};
    /// A field of an item that `q` names, where it is not a member of it.
    std::function<std::optional<std::string>(const PageKey&, std::string_view field)> more = {};
    config::Query::IsA is_a = {};
};

/// With `q` so many items are looked at for one page: it may then be short, or empty, and yet have a next one.
inline constexpr std::int64_t looked_at_most = 2000;

Result<Page> read_page(
    StateConnection& connection, const PageRequest& page, const PageSource& source
);

/// How many there are: `counted`, which knows nothing of `q`, or what the page itself tells. For pages that are not read here.
void count_page(Page& page, const PageRequest& request, std::int64_t counted);

/// Ids in a page key: hex, since a cursor is JSON text.
std::string id_part(std::string_view raw);
/// The raw bytes of part `index`; empty (before all ids) on the first page. `invalid` for what is no hex.
Result<std::string> raw_part(const PageRequest& page, std::size_t index);
/// The text of part `index`; empty on the first page.
std::string text_part(const PageRequest& page, std::size_t index);

}  // namespace muster::collector
