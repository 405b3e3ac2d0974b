#include "collector/api/past_store.hpp"

#include "base/bytes.hpp"
#include "base/uuid.hpp"
#include "collector/api/find_store.hpp"
#include "collector/api/rows.hpp"
#include "collector/api/sql_text.hpp"

#include <array>
#include <charconv>
#include <map>
#include <set>
#include <utility>
#include <vector>

namespace muster::collector {

namespace {

constexpr int longest_path = 4;
constexpr std::size_t most_hits = 100;

// It was there while any of its values held, and no person had retired it.
constexpr auto held = SqlText(R"(EXISTS (SELECT 1 FROM ci_attribute a WHERE a.ci = c.id
               AND a.valid_from <= ?5 AND (a.valid_to IS NULL OR a.valid_to > ?5)
               AND a.recorded_lsn <= ?6 AND (a.superseded_lsn IS NULL OR a.superseded_lsn > ?6))");
constexpr auto which_cis =
    SqlText("(?3 = '' OR c.class = ?3) AND ") + in_scope(SqlText("c.site"), SqlText("?8")) +
    SqlText(" AND ") + held + SqlText(") AND NOT ") + held +
    SqlText(
        " AND a.name = 'lifecycle' AND a.value = 'retired' AND a.source = 'manual') AND (?4 = "
        "'' OR "
    ) +
    held + SqlText(" AND a.name = 'site' AND a.value = ?4))");
constexpr auto page_text =
    SqlText("SELECT c.id, c.name FROM ci c WHERE (c.name, c.id) > (?1, ?2) AND ") + which_cis +
    SqlText(" ORDER BY c.name, c.id LIMIT ?7");
constexpr auto count_text =
    SqlText("SELECT COUNT(*) FROM (SELECT 1 FROM ci c WHERE ") + which_cis + SqlText(" LIMIT ?7)");
constexpr NamedQuery page_at{"past.page", page_text.view()};
constexpr NamedQuery count_at{"past.count", count_text.view()};
constexpr NamedQuery class_of{"past.class", "SELECT class FROM ci WHERE id = ?1"};
constexpr NamedQuery values_at{
    "past.values",
    R"(SELECT name, value FROM ci_attribute
       WHERE ci = ?1 AND valid_from <= ?2 AND (valid_to IS NULL OR valid_to > ?2)
         AND recorded_lsn <= ?3 AND (superseded_lsn IS NULL OR superseded_lsn > ?3)
         AND (?4 = '' OR name = ?4))"
};
constexpr NamedQuery found_at{
    "past.found",
    R"(SELECT DISTINCT c.id, c.class, a.name FROM ci_attribute a JOIN ci c ON c.id = a.ci
       WHERE a.value IN (SELECT value FROM json_each(?1))
         AND a.name IN ('name', 'address', 'mac', 'permanent_mac', 'serial', 'hostname', 'fqdn', 'asset_number', 'smbios_uuid', 'machine_id', 'url')
         AND a.valid_from <= ?2 AND (a.valid_to IS NULL OR a.valid_to > ?2)
         AND a.recorded_lsn <= ?3 AND (a.superseded_lsn IS NULL OR a.superseded_lsn > ?3)
         AND (?4 IS NULL OR c.site IN (SELECT value FROM json_each(?4)))
       ORDER BY c.name, c.id, a.name LIMIT 400)"
};
// What it was a part of, or on, or in: nearest first.
constexpr NamedQuery place_at{
    "past.place",
    R"(SELECT o.id, o.class FROM ci_relation r
         JOIN ci o ON o.id = iif(r.from_ci = ?1, r.to_ci, r.from_ci)
       WHERE ((r.to_ci = ?1 AND r.type IN ('contains', 'has_address', 'provides'))
              OR (r.from_ci = ?1 AND r.type IN ('runs_on', 'hosted_on', 'member_of', 'located_in')))
         AND r.valid_from <= ?2 AND (r.valid_to IS NULL OR r.valid_to > ?2)
         AND r.recorded_lsn <= ?3 AND (r.superseded_lsn IS NULL OR r.superseded_lsn > ?3)
         AND (?4 IS NULL OR o.site IN (SELECT value FROM json_each(?4)))
       ORDER BY r.type = 'located_in', r.type = 'member_of', o.name, o.id LIMIT 1)"
};

constexpr std::array queries{page_at, count_at, class_of, values_at, found_at, place_at};

/// The values of a CI then; of one name, or of all where that is empty.
Result<std::map<std::string, std::string>> read_values(
    StateConnection& connection,
    const std::string& id,
    const Moment& moment,
    std::string_view name = {}
) {
    std::map<std::string, std::string> out;
    const Status read = visit_rows(
        connection,
        values_at,
        [&](Statement& statement) {
            statement.bind_blob(0, id).bind(1, moment.at);
            statement.bind(2, moment.known_at).bind_text(3, name);
        },
        [&](const Statement& row) { out[std::string(row.text(0))] = row.text(1); }
    );
    return read ? Result<std::map<std::string, std::string>>(std::move(out))
                : failure(read.error());
}

json::value value_in(const std::map<std::string, std::string>& values, const std::string& name) {
    const auto found = values.find(name);
    return found == values.end() ? json_text("") : json_text(found->second);
}

Result<json::object> item_at(
    StateConnection& connection, const std::string& id, const Moment& moment
) {
    const auto values = read_values(connection, id, moment);
    if (!values) {
        return failure(values.error());
    }
    json::object item;
    const Status read = visit_rows(
        connection,
        class_of,
        [&](Statement& statement) { statement.bind_blob(0, id); },
        [&](const Statement& row) { item["class"] = json_text(row, 0); }
    );
    if (!read) {
        return failure(read.error());
    }
    item["id"] = json_text(Uuid::from_bytes(id)->text());
    for (const char* name : {"name", "address", "site", "service"}) {
        item[name] = value_in(*values, name);
    }
    return item;
}

Result<json::array> path_at(
    StateConnection& connection, const ReadScope& scope, std::string id, const Moment& moment
) {
    json::array path;
    std::set<std::string> seen{id};
    for (int step = 0; step < longest_path; ++step) {
        std::string next;
        std::string its_class;
        const Status read = visit_rows(
            connection,
            place_at,
            [&](Statement& statement) {
                statement.bind_blob(0, id).bind(1, moment.at).bind(2, moment.known_at);
                scope.bind(statement, 3);
            },
            [&](const Statement& row) {
                next = row.blob(0);
                its_class = row.text(1);
            }
        );
        if (!read) {
            return failure(read.error());
        }
        if (next.empty() || !seen.insert(next).second) {
            break;
        }
        const auto name = read_values(connection, next, moment, "name");
        if (!name) {
            return failure(name.error());
        }
        path.push_back(json::object{
            {"id", json_text(Uuid::from_bytes(next)->text())},
            {"name", value_in(*name, "name")},
            {"class", json_text(its_class)}
        });
        id = next;
    }
    return path;
}

/// The moment that the first page was of.
Result<Moment> moment_of_page(const PageRequest& page, const Moment& asked) {
    if (page.after.empty()) {
        return asked;
    }
    Moment out;
    for (const auto& [part, into] : {std::pair(2, &out.at), std::pair(3, &out.known_at)}) {
        const std::string& text = page.after.at(static_cast<std::size_t>(part));
        const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), *into);
        if (problem != std::errc{} || end != text.data() + text.size()) {
            return failure(ErrorKind::invalid, "expected the next_cursor of a page", "cursor");
        }
    }
    return out;
}

}  // namespace

Result<Page> read_cis_at(
    StateConnection& connection,
    const ReadScope& scope,
    const PastFilter& filter,
    const PageRequest& page,
    Moment asked
) {
    const Result<std::string> after = raw_part(page, 1);
    const Result<Moment> moment = moment_of_page(page, asked);
    if (!after || !moment) {
        return failure(!after ? after.error() : moment.error());
    }
    PageSource source{
        .keys = page_at,
        .counted = count_at,
        .bind =
            [&](Statement& statement, std::int64_t limit) {
                statement.bind_text(0, text_part(page, 0)).bind_blob(1, *after);
                statement.bind_text(2, filter.ci_class).bind_text(3, filter.site);
                statement.bind(4, moment->at).bind(5, moment->known_at).bind(6, limit);
                scope.bind(statement, 7);
            },
        .key =
            [&](const Statement& row) {
                return PageKey{
                    std::string(row.text(1)),
                    id_part(row.blob(0)),
                    std::to_string(moment->at),
                    std::to_string(moment->known_at)
                };
            },
        .item = [&](const PageKey& key) -> Result<std::optional<json::object>> {
            Result<json::object> item = item_at(connection, *from_hex(key[1]), *moment);
            return item ? Result<std::optional<json::object>>(std::move(*item))
                        : failure(item.error());
        },
        .more = [&](const PageKey& key, std::string_view field) -> std::optional<std::string> {
            const auto found = read_values(connection, *from_hex(key[1]), *moment, field);
            return found && !found->empty() ? std::optional(found->begin()->second) : std::nullopt;
        },
        .is_a = [&](std::string_view name,
                    std::string_view wanted) { return connection.model().is_a(name, wanted); }
    };
    return read_page(connection, page, source);
}

Result<json::array> find_at(
    StateConnection& connection,
    const ReadScope& scope,
    const std::string& text,
    const Moment& moment
) {
    const std::string forms = forms_of(text);
    std::vector<std::pair<std::string, json::array>> found;
    const Status read = visit_rows(
        connection,
        found_at,
        [&](Statement& statement) {
            statement.bind_text(0, forms).bind(1, moment.at).bind(2, moment.known_at);
            scope.bind(statement, 3);
        },
        [&](const Statement& row) {
            const std::string id(row.blob(0));
            if (found.empty() || found.back().first != id) {
                if (found.size() == most_hits) {
                    return;
                }
                found.emplace_back(id, json::array{});
            }
            found.back().second.push_back(json_text(row, 2));
        }
    );
    if (!read) {
        return failure(read.error());
    }
    json::array hits;
    for (auto& [id, matched] : found) {
        Result<json::object> item = item_at(connection, id, moment);
        Result<json::array> path = path_at(connection, scope, id, moment);
        if (!item || !path) {
            return failure(!item ? item.error() : path.error());
        }
        hits.push_back(json::object{
            {"kind", "ci"},
            {"matched", std::move(matched)},
            {"id", item->at("id")},
            {"name", item->at("name")},
            {"class", item->at("class")},
            {"site", item->at("site")},
            {"state", nullptr},
            {"retired", false},
            {"path", std::move(*path)}
        });
    }
    return hits;
}

std::span<const NamedQuery> past_queries() {
    return queries;
}

}  // namespace muster::collector
