#include "collector/api/rows.hpp"

#include "base/bytes.hpp"
#include "collector/api/list_query.hpp"

#include <utility>
#include <vector>

namespace muster::collector {

Status visit_rows(
    StateConnection& connection,
    const NamedQuery& query,
    const Bind& bind,
    const std::function<void(const Statement&)>& visit
) {
    const Result<Statement*> statement = connection.prepared(query);
    if (!statement) {
        return failure(statement.error());
    }
    bind(**statement);
    Result<bool> row = (*statement)->step();
    while (row && *row) {
        visit(**statement);
        row = (*statement)->step();
    }
    if (!row) {
        return failure(row.error(), query.name);
    }
    return {};
}

Result<json::array> list_rows(
    StateConnection& connection,
    const NamedQuery& query,
    const Bind& bind,
    const std::function<json::value(const Statement&)>& make
) {
    json::array list;
    const Status read = visit_rows(connection, query, bind, [&](const Statement& row) {
        list.push_back(make(row));
    });
    if (!read) {
        return failure(read.error());
    }
    return list;
}

Result<std::optional<json::object>> one_row(
    StateConnection& connection,
    const NamedQuery& query,
    const Bind& bind,
    const std::function<json::object(const Statement&)>& make
) {
    std::optional<json::object> found;
    const Status read =
        visit_rows(connection, query, bind, [&](const Statement& row) { found = make(row); });
    if (!read) {
        return failure(read.error());
    }
    return found;
}

Result<std::int64_t> count_rows(
    StateConnection& connection, const NamedQuery& query, const Bind& bind
) {
    std::int64_t count = 0;
    const Status read =
        visit_rows(connection, query, bind, [&](const Statement& row) { count = row.integer(0); });
    if (!read) {
        return failure(read.error());
    }
    return count;
}

namespace {

bool is_wanted(
    const PageRequest& page, const PageSource& source, const PageKey& key, const json::object& item
) {
    const auto fields = [&](std::string_view name) {
        std::optional<std::string> value = source.meant ? source.meant(item, name) : std::nullopt;
        if (!value) {
            value = field_of(item, name);
        }
        return value || !source.more ? value : source.more(key, name);
    };
    return !page.q || page.q->matches(fields, source.is_a);
}

}  // namespace

Result<Page> read_page(
    StateConnection& connection, const PageRequest& page, const PageSource& source
) {
    const std::int64_t looked_at = page.q ? looked_at_most : page.limit;
    std::vector<PageKey> keys;
    const Status read = visit_rows(
        connection,
        source.keys,
        [&](Statement& statement) { source.bind(statement, looked_at + 1); },
        [&](const Statement& row) { keys.push_back(source.key(row)); }
    );
    if (!read) {
        return failure(read.error());
    }
    bool is_more = std::ssize(keys) > looked_at;
    if (is_more) {
        keys.pop_back();
    }
    Page result;
    for (const PageKey& key : keys) {
        Result<std::optional<json::object>> item = source.item(key);
        if (!item) {
            return failure(item.error());
        }
        if (item->has_value() && is_wanted(page, source, key, **item)) {
            result.items.push_back(std::move(**item));
        }
        if (std::ssize(result.items) == page.limit) {
            is_more = is_more || &key != &keys.back();
            result.next = key;
            break;
        }
    }
    if (result.next.empty() && !keys.empty()) {
        result.next = keys.back();
    }
    if (!is_more) {
        result.next.clear();
    }
    const Result<std::int64_t> counted =
        page.q ? 0 : count_rows(connection, source.counted, [&](Statement& statement) {
            source.bind(statement, counted_at_most);
        });
    if (!counted) {
        return failure(counted.error());
    }
    count_page(result, page, *counted);
    return result;
}

void count_page(Page& page, const PageRequest& request, std::int64_t counted) {
    page.total = counted;
    if (request.q) {
        const bool is_whole = request.after.empty() && page.next.empty();
        page.total = is_whole ? std::optional(std::ssize(page.items)) : std::nullopt;
    }
}

std::string id_part(std::string_view raw) {
    return to_hex(raw);
}

Result<std::string> raw_part(const PageRequest& page, std::size_t index) {
    if (page.after.empty()) {
        return std::string();
    }
    Result<std::string> raw = from_hex(page.after[index]);
    if (!raw) {
        return failure(ErrorKind::invalid, "expected the next_cursor of a page", "cursor");
    }
    return raw;
}

std::string text_part(const PageRequest& page, std::size_t index) {
    return page.after.empty() ? std::string() : page.after[index];
}

}  // namespace muster::collector
