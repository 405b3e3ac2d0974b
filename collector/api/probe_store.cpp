#include "collector/api/probe_store.hpp"

#include "base/bytes.hpp"
#include "collector/api/rows.hpp"
#include "collector/api/sql_text.hpp"
#include "collector/api/why_store.hpp"

#include <array>

namespace muster::collector {

namespace {

// Nobody watches a probe whose agent has an open interval; one without any success stays unproven.
constexpr SqlText page_begin(
    R"(SELECT ci_name, ci, name, id FROM
         (SELECT c.name AS ci_name, c.id AS ci, p.name AS name, p.id AS id,
                 CASE WHEN p.state <> 'unproven' AND EXISTS
                   (SELECT 1 FROM agent_unobserved u WHERE u.agent = p.agent AND u.to_wall IS NULL)
                 THEN 'unobserved' ELSE p.state END AS state )"
);
constexpr auto from_which =
    SqlText("FROM ci c JOIN probe p ON p.ci = c.id WHERE p.removed_lsn IS NULL AND ") +
    in_scope(SqlText("c.site"), SqlText("?7"));
constexpr SqlText page_end(
    R"( AND (c.name, c.id, p.name, p.id) > (?1, ?2, ?3, ?4))
       WHERE ?5 = '' OR state = ?5
       ORDER BY ci_name, ci, name, id LIMIT ?6)"
);
constexpr SqlText count_begin("SELECT COUNT(*) FROM (SELECT 1 ");
constexpr SqlText count_end(" LIMIT ?6)");
constexpr SqlText its_ci(" AND c.id = ?8");
constexpr auto page_of_all_text = page_begin + from_which + SqlText(" AND c.name >= ?1") + page_end;
constexpr auto page_of_ci_text = page_begin + from_which + its_ci + page_end;
constexpr auto count_of_all_text = count_begin + from_which + count_end;
constexpr auto count_of_ci_text = count_begin + from_which + its_ci + count_end;
constexpr NamedQuery page_of_all{"probes.page", page_of_all_text.view()};
constexpr NamedQuery page_of_ci{"probes.page_of_ci", page_of_ci_text.view()};
constexpr NamedQuery count_of_all{"probes.count", count_of_all_text.view()};
constexpr NamedQuery count_of_ci{"probes.count_of_ci", count_of_ci_text.view()};
constexpr NamedQuery one{
    "probes.one",
    R"(SELECT p.id, p.ci, c.name, c.class, p.agent, a.name, p.type, p.name, p.origin, p.host,
              p.interval_ms, p.timeout_ms, p.state, p.state_since, p.exceeded_since, p.reason,
              p.expected, p.seen,
              (SELECT MAX(u.from_wall) FROM agent_unobserved u
               WHERE u.agent = p.agent AND u.to_wall IS NULL),
              p.params, p.rule, p.removed_lsn
       FROM probe p LEFT JOIN ci c ON c.id = p.ci LEFT JOIN agent a ON a.id = p.agent
       WHERE p.id = ?1 AND (?2 IS NULL OR c.site IN (SELECT value FROM json_each(?2))))"
};
constexpr NamedQuery intervals{
    "probes.intervals",
    R"(SELECT from_wall, to_wall, state FROM probe_interval WHERE probe = ?1
       ORDER BY from_wall DESC, lsn DESC, ordinal DESC LIMIT 50)"
};

constexpr std::array queries{page_of_all, page_of_ci, count_of_all, count_of_ci, one, intervals};

json::object brief_json(const Statement& row) {
    const bool unobserved = !row.is_null(18) && row.text(12) != std::string_view("unproven");
    json::object probe;
    probe["id"] = json_id(row, 0);
    probe["ci"] = json::object{
        {"id", json_id(row, 1)}, {"name", json_text(row, 2)}, {"class", json_text(row, 3)}
    };
    probe["ci_name"] = json_text(row, 2);
    probe["agent"] = nullptr;
    if (!row.is_null(4)) {
        probe["agent"] = json::object{{"id", json_id(row, 4)}, {"name", json_text(row, 5)}};
    }
    probe["type"] = json_text(row, 6);
    probe["name"] = json_text(row, 7);
    probe["origin"] = json_text(row, 8);
    probe["host"] = json_text(row, 9);
    probe["interval"] = json_text(format_duration(std::chrono::milliseconds(row.integer(10))));
    probe["timeout"] = json_text(format_duration(std::chrono::milliseconds(row.integer(11))));
    probe["state"] = unobserved ? json_text("unobserved") : json_text(row, 12);
    probe["state_since"] = json_time(row, unobserved ? 18 : 13);
    probe["exceeded_since"] = json_time(row, 14);
    probe["reason"] = json_text(row, 15);
    probe["expected"] = json_text(row, 16);
    probe["seen"] = json_text(row, 17);
    if (row.is_null(4) && row.is_null(21) && row.text(17).empty()) {
        probe["seen"] = json_text(why_nobody_watches(row.text(8)));
    }
    return probe;
}

json::object full_json(const Statement& row) {
    json::object probe = brief_json(row);
    probe["last_state"] = json_text(row, 12);
    probe["params"] = json_embedded(row, 19);
    probe["rule"] = json_embedded(row, 20);
    probe["removed"] = !row.is_null(21);
    return probe;
}

json::value interval_json(const Statement& row) {
    return json::object{
        {"from", json_time(row, 0)}, {"to", json_time(row, 1)}, {"state", json_text(row, 2)}
    };
}

/// Where a page of probes begins.
struct Start {
    std::string ci_name;
    std::string ci;
    std::string name;
    std::string id;
};

Result<Start> start_of(const PageRequest& page) {
    Result<std::string> ci = raw_part(page, 1);
    Result<std::string> id = raw_part(page, 3);
    if (!ci || !id) {
        return failure(!ci ? ci.error() : id.error());
    }
    return Start{text_part(page, 0), std::move(*ci), text_part(page, 2), std::move(*id)};
}

}  // namespace

Result<Page> read_probes(
    StateConnection& connection,
    const ReadScope& scope,
    const ProbeFilter& filter,
    const PageRequest& page
) {
    const Result<Start> start = start_of(page);
    if (!start) {
        return failure(start.error());
    }
    const bool of_ci = !filter.ci.empty();
    PageSource source{
        .keys = of_ci ? page_of_ci : page_of_all,
        .counted = of_ci ? count_of_ci : count_of_all,
        .bind =
            [&](Statement& statement, std::int64_t limit) {
                statement.bind_text(0, start->ci_name).bind_blob(1, start->ci);
                statement.bind_text(2, start->name).bind_blob(3, start->id);
                statement.bind_text(4, filter.state).bind(5, limit);
                scope.bind(statement, 6);
                if (of_ci) {
                    statement.bind_blob(7, filter.ci);
                }
            },
        .key =
            [](const Statement& row) {
                return PageKey{
                    std::string(row.text(0)),
                    id_part(row.blob(1)),
                    std::string(row.text(2)),
                    id_part(row.blob(3))
                };
            },
        .item =
            [&](const PageKey& key) {
                const std::string id = *from_hex(key[3]);
                return one_row(
                    connection,
                    one,
                    [&](Statement& statement) {
                        statement.bind_blob(0, id);
                        scope.bind(statement, 1);
                    },
                    brief_json
                );
            }
    };
    return read_page(connection, page, source);
}

Result<std::optional<json::object>> read_probe(
    StateConnection& connection, const ReadScope& scope, const std::string& id
) {
    const Bind bind = [&](Statement& statement) { statement.bind_blob(0, id); };
    const Bind bind_scoped = [&](Statement& statement) {
        bind(statement);
        scope.bind(statement, 1);
    };
    Result<std::optional<json::object>> probe = one_row(connection, one, bind_scoped, full_json);
    if (!probe || !probe->has_value()) {
        return probe;
    }
    Result<json::array> failed = list_rows(connection, intervals, bind, interval_json);
    if (!failed) {
        return failure(failed.error());
    }
    (**probe)["intervals"] = std::move(*failed);
    return probe;
}

std::span<const NamedQuery> probe_queries() {
    return queries;
}

}  // namespace muster::collector
