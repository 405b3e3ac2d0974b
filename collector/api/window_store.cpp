#include "collector/api/window_store.hpp"

#include "collector/api/record_number.hpp"
#include "collector/api/rows.hpp"
#include "collector/api/sql_text.hpp"

#include <array>

namespace muster::collector {

namespace {

constexpr auto which_windows =
    SqlText(R"((?2 = '' OR state = ?2 OR (?2 = 'open' AND state IN ('planned', 'active')))
         AND (?4 IS NULL OR EXISTS (SELECT 1 FROM maintenance_window_ci m
                                    WHERE m.window = w.number AND m.ci = ?4) OR w.ci = ?4)
         AND (?5 IS NULL
              OR EXISTS (SELECT 1 FROM json_each(w.sites) s
                         WHERE s.value IN (SELECT value FROM json_each(?5)))
              OR EXISTS (SELECT 1 FROM maintenance_window_ci m JOIN ci c ON c.id = m.ci
                         WHERE m.window = w.number
                               AND c.site IN (SELECT value FROM json_each(?5)))))");
constexpr auto page_text =
    SqlText("SELECT number FROM maintenance_window w WHERE number < ?1 AND ") + which_windows +
    SqlText(" ORDER BY number DESC LIMIT ?3");
constexpr auto count_text =
    SqlText("SELECT COUNT(*) FROM (SELECT 1 FROM maintenance_window w WHERE ") + which_windows +
    SqlText(" LIMIT ?3)");
constexpr NamedQuery page_of_windows{"windows.page", page_text.view()};
constexpr NamedQuery count_of_windows{"windows.count", count_text.view()};
constexpr NamedQuery one{
    "windows.one",
    R"(SELECT w.number, w.scope, w.match, w.ci, c.name, w.sites, w.state, w.from_wall, w.to_wall,
              w.reason, w.created, w.created_by, w.ended, w.ended_by, w.version,
              (SELECT COUNT(*) FROM maintenance_window_ci m JOIN ci k ON k.id = m.ci
               WHERE m.window = w.number AND (m.to_wall IS NULL OR m.to_wall = w.to_wall)
                 AND (?2 IS NULL OR k.site IN (SELECT value FROM json_each(?2))))
       FROM maintenance_window w LEFT JOIN ci c ON c.id = w.ci
       WHERE w.number = ?1
         AND (?2 IS NULL
              OR EXISTS (SELECT 1 FROM json_each(w.sites) s
                         WHERE s.value IN (SELECT value FROM json_each(?2)))
              OR EXISTS (SELECT 1 FROM maintenance_window_ci m JOIN ci c ON c.id = m.ci
                         WHERE m.window = w.number
                               AND c.site IN (SELECT value FROM json_each(?2)))))"
};
constexpr NamedQuery members{
    "windows.members",
    R"(SELECT c.id, c.name, c.class, c.site, c.state, m.from_wall, m.to_wall
       FROM maintenance_window_ci m JOIN ci c ON c.id = m.ci
       WHERE m.window = ?1 AND (?2 IS NULL OR c.site IN (SELECT value FROM json_each(?2)))
       ORDER BY c.name, m.from_wall LIMIT 1000)"
};
constexpr NamedQuery may_cancel{
    "windows.may_cancel",
    R"(SELECT 1 FROM maintenance_window w
       WHERE w.number = ?1
         AND (?2 IS NULL
              OR (w.sites IS NOT NULL
                  AND NOT EXISTS (SELECT 1 FROM json_each(w.sites) s
                                  WHERE s.value NOT IN (SELECT value FROM json_each(?2))))))"
};
constexpr std::array queries{page_of_windows, count_of_windows, one, members, may_cancel};

json::object window_json(const Statement& row) {
    json::object window;
    window["number"] = row.integer(0);
    window["id"] = json_text("WIN-" + std::to_string(row.integer(0)));
    window["scope"] = json_text(row, 1);
    window["match"] = row.text(2).empty() ? json::value(nullptr) : json_text(row, 2);
    json::value ci = json_id(row, 3);
    window["ci"] = ci.is_null() ? json::value(nullptr)
                                : json::object{{"id", std::move(ci)}, {"name", json_text(row, 4)}};
    window["sites"] = row.is_null(5) ? json::value(nullptr) : json_embedded(row, 5);
    window["state"] = json_text(row, 6);
    window["from"] = json_time(row, 7);
    window["to"] = json_time(row, 8);
    window["reason"] = json_text(row, 9);
    window["created"] = json_time(row, 10);
    window["created_by"] = json_text(row, 11);
    window["ended"] = json_time(row, 12);
    window["ended_by"] = row.text(13).empty() ? json::value(nullptr) : json_text(row, 13);
    window["version"] = row.integer(14);
    window["covers"] = row.integer(15);
    return window;
}

void bind_ci(Statement& statement, int position, const std::string& ci) {
    if (ci.empty()) {
        statement.bind_null(position);
    } else {
        statement.bind_blob(position, ci);
    }
}

Bind one_of(const ReadScope& scope, std::int64_t number) {
    return [&scope, number](Statement& statement) {
        statement.bind(0, number);
        scope.bind(statement, 1);
    };
}

}  // namespace

std::int64_t window_number(std::string_view text) {
    return record_number(text, "WIN-");
}

Result<Page> read_windows(
    StateConnection& connection,
    const ReadScope& scope,
    const WindowFilter& filter,
    const PageRequest& page
) {
    const Result<std::int64_t> before = before_number(page);
    if (!before) {
        return failure(before.error());
    }
    const PageSource source{
        .keys = page_of_windows,
        .counted = count_of_windows,
        .bind =
            [&](Statement& statement, std::int64_t limit) {
                statement.bind(0, *before).bind_text(1, filter.state).bind(2, limit);
                bind_ci(statement, 3, filter.ci);
                scope.bind(statement, 4);
            },
        .key = [](const Statement& row) { return PageKey{std::to_string(row.integer(0))}; },
        .item = [&](const PageKey& key
                ) { return read_window(connection, scope, std::stoll(key[0])); }
    };
    return read_page(connection, page, source);
}

Result<std::optional<json::object>> read_window(
    StateConnection& connection, const ReadScope& scope, std::int64_t number
) {
    return one_row(connection, one, one_of(scope, number), window_json);
}

Result<json::array> read_window_members(
    StateConnection& connection, const ReadScope& scope, std::int64_t number
) {
    return list_rows(
        connection,
        members,
        one_of(scope, number),
        [](const Statement& row) -> json::value {
            return json::object{
                {"id", json_id(row, 0)},
                {"name", json_text(row, 1)},
                {"class", json_text(row, 2)},
                {"site", json_text(row, 3)},
                {"state", json_text(row, 4)},
                {"from", json_time(row, 5)},
                {"to", json_time(row, 6)}
            };
        }
    );
}

Result<bool> may_cancel_window(
    StateConnection& connection, const ReadScope& scope, std::int64_t number
) {
    const auto found = count_rows(connection, may_cancel, one_of(scope, number));
    if (!found) {
        return failure(found.error());
    }
    return *found == 1;
}

std::span<const NamedQuery> window_queries() {
    return queries;
}

}  // namespace muster::collector
