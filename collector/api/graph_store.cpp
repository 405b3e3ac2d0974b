#include "collector/api/graph_store.hpp"

#include "base/bytes.hpp"
#include "collector/api/relation_label.hpp"
#include "collector/api/relation_store.hpp"
#include "collector/api/rows.hpp"
#include "collector/relation_name.hpp"

#include <array>
#include <utility>

namespace muster::collector {

namespace {

constexpr NamedQuery attributes_at{
    "graph.attributes_at",
    R"(SELECT name, value, source, valid_from FROM ci_attribute
       WHERE ci = ?1 AND valid_from <= ?2 AND (valid_to IS NULL OR valid_to > ?2)
         AND recorded_lsn <= ?3 AND (superseded_lsn IS NULL OR superseded_lsn > ?3)
       ORDER BY name LIMIT 1000)"
};
// The other end is a CI of its own row; several sources that say the same are one relation.
constexpr NamedQuery relations{
    "graph.relations",
    R"(SELECT r.type, r.from_ci = ?1, o.id, o.name, o.class, o.site, o.state, MIN(r.valid_from),
              iif(COUNT(r.valid_to) < COUNT(*), NULL, MAX(r.valid_to)), json_group_array(DISTINCT r.source), o.retired IS NOT NULL
       FROM ci_relation r JOIN ci o ON o.id = iif(r.from_ci = ?1, r.to_ci, r.from_ci)
       WHERE (r.from_ci = ?1 OR r.to_ci = ?1) AND (?2 = '' OR r.type = ?2)
         AND r.valid_from <= ?3 AND (r.valid_to IS NULL OR r.valid_to > ?3)
         AND r.recorded_lsn <= ?4 AND (r.superseded_lsn IS NULL OR r.superseded_lsn > ?4)
         AND (?5 IS NULL OR o.site IN (SELECT value FROM json_each(?5)))
       GROUP BY r.type, r.from_ci = ?1, o.id ORDER BY r.type, r.from_ci = ?1, o.name, o.id LIMIT 2000)"
};
constexpr NamedQuery history{
    "graph.history",
    R"(SELECT lsn, kind, part, name, value, source, valid_from, valid_to, other_name, other_class, superseded FROM (
         SELECT a.recorded_lsn AS lsn, 'attribute' AS kind, a.name || char(31) || a.valid_from AS part, a.name AS name,
                a.value AS value, a.source AS source, a.valid_from AS valid_from, a.valid_to AS valid_to,
                NULL AS other_name, NULL AS other_class, a.superseded_lsn AS superseded
         FROM ci_attribute a WHERE a.ci = ?1
         UNION ALL
         SELECT r.recorded_lsn, 'relation', r.type || char(31) || r.valid_from || char(31) || r.source || char(31) || r.object
                || char(31) || r.target, iif(r.from_ci = ?1, r.type, 'inverse ' || r.type), NULL, r.source, r.valid_from,
                r.valid_to, o.name, o.class, r.superseded_lsn
         FROM ci_relation r JOIN ci o ON o.id = iif(r.from_ci = ?1, r.to_ci, r.from_ci)
         WHERE (r.from_ci = ?1 OR r.to_ci = ?1)
           AND (?6 IS NULL OR o.site IN (SELECT value FROM json_each(?6)))
         UNION ALL
         SELECT l.lsn, 'identity', printf('%010d', l.ordinal), l.kind, l.reason, l.actor, l.wall, NULL, o.name, o.class, NULL
         FROM ci_ledger l LEFT JOIN ci o ON o.id = iif(l.ci = ?1, l.other, l.ci)
         WHERE (l.ci = ?1 OR l.other = ?1)
           AND (o.id IS NULL OR ?6 IS NULL OR o.site IN (SELECT value FROM json_each(?6))))
       WHERE (lsn, kind, part) < (?2, ?3, ?4) ORDER BY lsn DESC, kind DESC, part DESC LIMIT ?5)"
};
constexpr NamedQuery duplicates{
    "graph.duplicates",
    R"(SELECT d.ci, a.name, a.class, a.site, d.other, b.name, b.class, b.site, d.reason, d.since
       FROM ci_duplicate d JOIN ci a ON a.id = d.ci JOIN ci b ON b.id = d.other
       WHERE (d.ci, d.other) > (?1, ?2) AND a.retired IS NULL AND b.retired IS NULL
         AND (?4 IS NULL OR (a.site IN (SELECT value FROM json_each(?4))
                             AND b.site IN (SELECT value FROM json_each(?4))))
       ORDER BY d.ci, d.other LIMIT ?3)"
};
constexpr std::array queries{attributes_at, relations, history, duplicates};

json::value attribute_json(const Statement& row) {
    return json::object{
        {"name", json_text(row, 0)},
        {"value", json_text(row, 1)},
        {"source", json_text(row, 2)},
        {"since", json_time(row, 3)}
    };
}

json::value relation_json(const Statement& row, const Uuid& of, const cmdb::Model& model) {
    const Result<Uuid> other_id = Uuid::from_bytes(row.blob(2));
    const bool is_outgoing = row.integer(1) != 0;
    json::value sources = json_embedded(row, 9);
    const std::string evidence =
        sources.is_array() ? evidence_of(sources.get_array()) : std::string("observed");
    const Uuid there = other_id ? *other_id : Uuid{};
    const std::string type(row.text(0));
    json::object other{
        {"id", json_id(row, 2)},
        {"name", json_text(row, 3)},
        {"class", json_text(row, 4)},
        {"site", json_text(row, 5)},
        {"state", json_text(row, 6)},
        {"retired", row.integer(10) != 0}
    };
    return json::object{
        {"id", to_text(is_outgoing ? RelationName{type, of, there} : RelationName{type, there, of})
        },
        {"type", json_text(row, 0)},
        {"label", relation_label(model, type, is_outgoing ? RelationEnd::from : RelationEnd::to)},
        {"direction", is_outgoing ? "outgoing" : "incoming"},
        {"ci", std::move(other)},
        {"since", json_time(row, 7)},
        {"until", json_time(row, 8)},
        {"sources", std::move(sources)},
        {"evidence", evidence}
    };
}

json::object history_json(const Statement& row, const cmdb::Model& model) {
    json::object item{{"position", row.integer(0)}, {"kind", json_text(row, 1)}};
    const std::string_view kind = row.text(1);
    if (kind == "identity") {
        item["what"] = json_text(row, 3);
        item["reason"] = json_text(row, 4);
        item["actor"] = json_text(row, 5);
        item["at"] = json_time(row, 6);
    } else {
        const std::string_view name = row.text(3);
        const bool is_inverse = name.starts_with("inverse ");
        const std::string_view bare = is_inverse ? name.substr(8) : name;
        item["name"] = json_text(bare);
        item["value"] = json_text(row, 4);
        item["source"] = json_text(row, 5);
        item["from"] = json_time(row, 6);
        item["to"] = json_time(row, 7);
        item["superseded"] = row.is_null(10) ? json::value(nullptr) : json::value(row.integer(10));
        if (kind == "relation") {
            item["direction"] = is_inverse ? "incoming" : "outgoing";
            item["label"] =
                relation_label(model, bare, is_inverse ? RelationEnd::to : RelationEnd::from);
        }
    }
    if (!row.is_null(8)) {
        item["other"] = json::object{{"name", json_text(row, 8)}, {"class", json_text(row, 9)}};
    }
    return item;
}

json::object side_json(const Statement& row, int column) {
    return {
        {"id", json_id(row, column)},
        {"name", json_text(row, column + 1)},
        {"class", json_text(row, column + 2)},
        {"site", json_text(row, column + 3)}
    };
}

}  // namespace

Result<json::array> read_attributes_at(
    StateConnection& connection, const std::string& id, const Moment& moment
) {
    const Bind bind = [&](Statement& statement) {
        statement.bind_blob(0, id).bind(1, moment.at);
        statement.bind(2, moment.known_at);
    };
    return list_rows(connection, attributes_at, bind, attribute_json);
}

Result<json::array> read_relations(
    StateConnection& connection,
    const ReadScope& scope,
    const std::string& id,
    const std::string& type,
    const Moment& moment
) {
    const Bind bind = [&](Statement& statement) {
        statement.bind_blob(0, id).bind_text(1, type);
        statement.bind(2, moment.at).bind(3, moment.known_at);
        scope.bind(statement, 4);
    };
    const Result<Uuid> of = Uuid::from_bytes(id);
    return list_rows(connection, relations, bind, [&](const Statement& row) {
        return relation_json(row, of ? *of : Uuid{}, connection.model());
    });
}

Result<Page> read_history(
    StateConnection& connection,
    const ReadScope& scope,
    const std::string& id,
    const PageRequest& page
) {
    const bool is_first = page.after.empty();
    const std::int64_t after = is_first ? INT64_MAX : std::atoll(page.after[0].c_str());
    Page found;
    PageKey last;
    const Status read = visit_rows(
        connection,
        history,
        [&](Statement& statement) {
            statement.bind_blob(0, id).bind(1, after);
            statement.bind_text(2, text_part(page, 1)).bind_text(3, text_part(page, 2));
            statement.bind(4, page.limit + 1);
            scope.bind(statement, 5);
        },
        [&](const Statement& row) {
            if (std::ssize(found.items) == page.limit) {
                found.next = last;
                return;
            }
            found.items.push_back(history_json(row, connection.model()));
            last = {
                std::to_string(row.integer(0)), std::string(row.text(1)), std::string(row.text(2))
            };
        }
    );
    if (!read) {
        return failure(read.error());
    }
    found.total = std::ssize(found.items);
    return found;
}

Result<Page> read_duplicates(
    StateConnection& connection, const ReadScope& scope, const PageRequest& page
) {
    const Result<std::string> ci = raw_part(page, 0);
    const Result<std::string> other = page.after.empty() ? std::string() : from_hex(page.after[1]);
    if (!ci || !other) {
        return failure(ErrorKind::invalid, "expected the next_cursor of a page", "cursor");
    }
    Page found;
    PageKey last;
    const Status read = visit_rows(
        connection,
        duplicates,
        [&](Statement& statement) {
            statement.bind_blob(0, *ci).bind_blob(1, *other);
            statement.bind(2, page.limit + 1);
            scope.bind(statement, 3);
        },
        [&](const Statement& row) {
            if (std::ssize(found.items) == page.limit) {
                found.next = last;
                return;
            }
            found.items.push_back(json::object{
                {"ci", side_json(row, 0)},
                {"other", side_json(row, 4)},
                {"reason", json_text(row, 8)},
                {"since", json_time(row, 9)}
            });
            last = {id_part(row.blob(0)), id_part(row.blob(4))};
        }
    );
    if (!read) {
        return failure(read.error());
    }
    found.total = std::ssize(found.items);
    return found;
}

std::span<const NamedQuery> graph_queries() {
    return queries;
}

}  // namespace muster::collector
