#include "collector/api/incident_changes.hpp"

#include "collector/api/relation_label.hpp"
#include "collector/api/rows.hpp"
#include "collector/api/sql_text.hpp"

#include <array>
#include <utility>

namespace muster::collector {

namespace {

// What was believed at the position at which the incident opened.
constexpr SqlText a_known(
    "a.recorded_lsn <= i.lsn AND (a.superseded_lsn IS NULL OR a.superseded_lsn > i.lsn)"
);
constexpr SqlText b_known(
    "b.recorded_lsn <= i.lsn AND (b.superseded_lsn IS NULL OR b.superseded_lsn > i.lsn)"
);
constexpr SqlText r_known(
    "r.recorded_lsn <= i.lsn AND (r.superseded_lsn IS NULL OR r.superseded_lsn > i.lsn)"
);
constexpr SqlText s_known(
    "s.recorded_lsn <= i.lsn AND (s.superseded_lsn IS NULL OR s.superseded_lsn > i.lsn)"
);

// The item of the incident, and what it was related to; at most 200 neighbours. CROSS JOIN: from those few to their rows, not
// from all rows of a time.
constexpr auto near_text = SqlText(R"(WITH i AS MATERIALIZED (
         SELECT x.ci AS ci, x.opened AS till, x.opened - ?3 AS since,
                (SELECT MIN(t.lsn) FROM incident_timeline t WHERE t.incident = x.number) AS lsn
         FROM incident x WHERE x.number = ?1 AND x.ci IS NOT NULL),
       near AS MATERIALIZED (
         SELECT o.id AS ci, o.name AS name, o.class AS class, o.created AS created FROM i JOIN (
           SELECT ci FROM i UNION SELECT ci FROM (
             SELECT DISTINCT iif(r.from_ci = i.ci, r.to_ci, r.from_ci) AS ci
             FROM i JOIN ci_relation r ON r.from_ci = i.ci OR r.to_ci = i.ci
             WHERE r.valid_from <= i.till AND (r.valid_to IS NULL OR r.valid_to > i.since) AND )") +
                           r_known + SqlText(R"(
             ORDER BY 1 LIMIT 200)) n JOIN ci o ON o.id = n.ci
         WHERE o.id = i.ci OR )") +
                           in_scope(SqlText("o.site"), SqlText("?2")) + SqlText(R"(),
       link AS MATERIALIZED (
         SELECT n.ci AS ci, n.name AS name, n.class AS class, n.created AS created, r.type AS type,
                iif(r.from_ci = n.ci, r.type, 'inverse ' || r.type) AS shown, r.from_ci AS from_ci, r.to_ci AS to_ci,
                r.source AS source, r.valid_from AS valid_from, r.valid_to AS valid_to, o.name AS other_name,
                o.class AS other_class, r.recorded_lsn AS lsn
         FROM i CROSS JOIN near n CROSS JOIN ci_relation r ON r.from_ci = n.ci OR r.to_ci = n.ci
              JOIN ci o ON o.id = iif(r.from_ci = n.ci, r.to_ci, r.from_ci)
         WHERE )") + r_known +
                           SqlText(R"(
           AND (r.valid_from > i.since OR r.valid_to > i.since) AND r.valid_from <= i.till
           -- Between two of them it is told of the incident's own, else of the lesser.
           AND (n.ci = i.ci OR o.id <> i.ci AND (n.ci < o.id OR o.id NOT IN (SELECT ci FROM near)))
           AND (o.id = i.ci OR )") +
                           in_scope(SqlText("o.site"), SqlText("?2")) + SqlText(R"())
)");
// What came with an item that is new is told by its being new.
constexpr auto changes_text =
    near_text +
    SqlText(
        R"(SELECT at, ci, name, class, kind, what, before, after, source, reason, other_name, other_class FROM (
         SELECT a.valid_from AS at, n.ci AS ci, n.name AS name, n.class AS class, 'attribute' AS kind, a.name AS what,
                (SELECT b.value FROM ci_attribute b WHERE b.ci = a.ci AND b.name = a.name
                   AND b.valid_to = a.valid_from AND )"
    ) +
    b_known + SqlText(R"( ORDER BY b.valid_from DESC LIMIT 1) AS before,
                a.value AS after, a.source AS source, NULL AS reason, NULL AS other_name, NULL AS other_class,
                a.recorded_lsn AS lsn, 0 AS ordinal, n.created > i.since AS is_new
         FROM i CROSS JOIN near n CROSS JOIN ci_attribute a ON a.ci = n.ci
         WHERE a.valid_from > i.since AND a.valid_from <= i.till AND )") +
    a_known + SqlText(R"(
         UNION ALL
         SELECT a.valid_to, n.ci, n.name, n.class, 'attribute', a.name, a.value, NULL, a.source, NULL, NULL, NULL,
                a.recorded_lsn, 0, 0
         FROM i CROSS JOIN near n CROSS JOIN ci_attribute a ON a.ci = n.ci
         WHERE a.valid_to > i.since AND a.valid_to <= i.till AND )") +
    a_known + SqlText(R"(
           AND NOT EXISTS (SELECT 1 FROM ci_attribute b WHERE b.ci = a.ci AND b.name = a.name
                             AND b.valid_from = a.valid_to AND )") +
    b_known +
    SqlText(R"()
         UNION ALL
         SELECT r.valid_from, r.ci, r.name, r.class, 'relation', r.shown, NULL, r.other_name, MIN(r.source), NULL,
                r.other_name, r.other_class, MIN(r.lsn), 0, r.created > i.since
         FROM i JOIN link r
         WHERE r.valid_from > i.since AND NOT EXISTS (
           SELECT 1 FROM ci_relation s WHERE s.from_ci = r.from_ci AND s.to_ci = r.to_ci AND s.type = r.type
             AND s.valid_from < r.valid_from AND (s.valid_to IS NULL OR s.valid_to >= r.valid_from) AND )"
    ) +
    s_known +
    SqlText(R"()
         GROUP BY r.type, r.from_ci, r.to_ci, r.valid_from
         UNION ALL
         SELECT r.valid_to, r.ci, r.name, r.class, 'relation', r.shown, r.other_name, NULL, MIN(r.source), NULL,
                r.other_name, r.other_class, MIN(r.lsn), 0, 0
         FROM i JOIN link r
         WHERE r.valid_to > i.since AND r.valid_to <= i.till AND NOT EXISTS (
           SELECT 1 FROM ci_relation s WHERE s.from_ci = r.from_ci AND s.to_ci = r.to_ci AND s.type = r.type
             AND s.valid_from <= r.valid_to AND (s.valid_to IS NULL OR s.valid_to > r.valid_to) AND )"
    ) +
    s_known + SqlText(R"()
         GROUP BY r.type, r.from_ci, r.to_ci, r.valid_to
         UNION ALL
         SELECT l.wall, n.ci, n.name, n.class, 'identity', l.kind, NULL, NULL, l.actor, l.reason, o.name, o.class,
                l.lsn, l.ordinal, 0
         FROM i CROSS JOIN near n CROSS JOIN ci_ledger l ON l.ci = n.ci LEFT JOIN ci o ON o.id = l.other
         WHERE l.wall > i.since AND l.lsn <= i.lsn AND l.kind <> 'kept_apart'
           AND (o.id IS NULL OR )") +
    in_scope(SqlText("o.site"), SqlText("?2")) + SqlText(R"())
       WHERE (before IS NOT after OR kind = 'identity')
       AND NOT (is_new AND before IS NULL AND kind <> 'identity')
       ORDER BY at DESC, lsn DESC, ordinal DESC, name, kind, what, other_name LIMIT ?4)");
constexpr NamedQuery changes{"incidents.changes_before", changes_text.view()};
constexpr std::array queries{changes};

json::value text_or_null(const Statement& row, int column) {
    return row.is_null(column) ? json::value(nullptr) : json_text(row, column);
}

json::value change_json(const Statement& row, const cmdb::Model& model) {
    const std::string_view what = row.text(5);
    const bool is_inverse = what.starts_with("inverse ");
    const std::string_view bare = is_inverse ? what.substr(8) : what;
    json::object change{
        {"at", json_time(row, 0)},
        {"ci",
         json::object{
             {"id", json_id(row, 1)}, {"name", json_text(row, 2)}, {"class", json_text(row, 3)}
         }},
        {"kind", json_text(row, 4)},
        {"name", json_text(bare)},
        {"before", text_or_null(row, 6)},
        {"after", text_or_null(row, 7)},
        {"by", json_text(row, 8)},
        {"reason", text_or_null(row, 9)}
    };
    if (row.text(4) == "relation") {
        change["direction"] = is_inverse ? "incoming" : "outgoing";
        change["label"] =
            relation_label(model, bare, is_inverse ? RelationEnd::to : RelationEnd::from);
    }
    if (!row.is_null(10)) {
        change["other"] = json::object{{"name", json_text(row, 10)}, {"class", json_text(row, 11)}};
    }
    return change;
}

}  // namespace

Result<json::array> read_changes_before(
    StateConnection& connection, const ReadScope& scope, std::int64_t number
) {
    const Bind bind = [&](Statement& statement) {
        statement.bind(0, number);
        scope.bind(statement, 1);
        statement.bind(2, std::int64_t{changes_within.count()}).bind(3, most_changes);
    };
    return list_rows(connection, changes, bind, [&](const Statement& row) {
        return change_json(row, connection.model());
    });
}

std::span<const NamedQuery> incident_change_queries() {
    return queries;
}

}  // namespace muster::collector
