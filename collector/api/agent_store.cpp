#include "collector/api/agent_store.hpp"

#include "base/bytes.hpp"
#include "base/uuid.hpp"
#include "collector/api/rows.hpp"
#include "collector/api/sql_text.hpp"

#include <array>

namespace muster::collector {

namespace {

constexpr auto which_agents =
    SqlText("(?3 = '' OR state = ?3) AND ") + in_scope(SqlText("site"), SqlText("?5"));
constexpr auto page_text = SqlText("SELECT name, id FROM agent WHERE (name, id) > (?1, ?2) AND ") +
                           which_agents + SqlText(" ORDER BY name, id LIMIT ?4");
constexpr auto count_text = SqlText("SELECT COUNT(*) FROM (SELECT 1 FROM agent WHERE ") +
                            which_agents + SqlText(" LIMIT ?4)");
constexpr NamedQuery page_of_agents{"agents.page", page_text.view()};
constexpr NamedQuery count_of_agents{"agents.count", count_text.view()};
constexpr NamedQuery by_name{
    "agents.by_name",
    R"(SELECT id FROM agent WHERE name = ?1 AND (?2 IS NULL OR site IN (SELECT value FROM json_each(?2)))
       ORDER BY state = 'revoked', enrolled DESC LIMIT 1)"
};
constexpr NamedQuery one{
    "agents.one",
    R"(SELECT a.id, a.name, a.site, a.hostname, a.version, a.address, a.state, a.state_since,
              a.enrolled, a.epoch, a.probes, a.ci, c.name,
              (SELECT MAX(u.from_wall) FROM agent_unobserved u
               WHERE u.agent = a.id AND u.to_wall IS NULL)
       FROM agent a LEFT JOIN ci c ON c.id = a.ci
       WHERE a.id = ?1 AND (?2 IS NULL OR a.site IN (SELECT value FROM json_each(?2))))"
};
constexpr NamedQuery unobserved{
    "agents.unobserved",
    R"(SELECT from_wall, to_wall, reason FROM agent_unobserved WHERE agent = ?1
       ORDER BY from_wall DESC LIMIT 50)"
};

constexpr NamedQuery gaps{
    "agents.gaps",
    R"(SELECT wall, from_wall, to_wall, results, span, reason FROM agent_gap WHERE agent = ?1
       ORDER BY lsn DESC, ordinal DESC LIMIT 50)"
};

constexpr NamedQuery name_of{"agents.name", "SELECT name FROM agent WHERE id = ?1"};

constexpr std::array queries{
    page_of_agents, count_of_agents, by_name, one, unobserved, gaps, name_of
};

json::object agent_json(const Statement& row) {
    json::object agent;
    agent["id"] = json_id(row, 0);
    agent["name"] = json_text(row, 1);
    agent["site"] = json_text(row, 2);
    agent["hostname"] = json_text(row, 3);
    agent["version"] = json_text(row, 4);
    agent["address"] = json_text(row, 5);
    agent["state"] = json_text(row, 6);
    agent["state_since"] = json_time(row, 7);
    agent["enrolled"] = json_time(row, 8);
    agent["assignment_epoch"] = row.integer(9);
    agent["probes"] = row.integer(10);
    agent["ci"] = nullptr;
    if (json::value ci = json_id(row, 11); !ci.is_null()) {
        agent["ci"] = json::object{{"id", std::move(ci)}, {"name", json_text(row, 12)}};
    }
    agent["unobserved_since"] = json_time(row, 13);
    return agent;
}

Result<std::optional<json::object>> read_brief(
    StateConnection& connection, const ReadScope& scope, const std::string& id
) {
    const Bind bind = [&](Statement& statement) {
        statement.bind_blob(0, id);
        scope.bind(statement, 1);
    };
    return one_row(connection, one, bind, agent_json);
}

Result<std::string> find_agent(
    StateConnection& connection, const ReadScope& scope, const std::string& id_or_name
) {
    if (const Result<Uuid> id = Uuid::parse(id_or_name); id) {
        return std::string(id->raw());
    }
    std::string found;
    const Status read = visit_rows(
        connection,
        by_name,
        [&](Statement& statement) {
            statement.bind_text(0, id_or_name);
            scope.bind(statement, 1);
        },
        [&](const Statement& row) { found = row.blob(0); }
    );
    if (!read) {
        return failure(read.error());
    }
    return found;
}

}  // namespace

Result<Page> read_agents(
    StateConnection& connection,
    const ReadScope& scope,
    const std::string& state,
    const PageRequest& page
) {
    const Result<std::string> after = raw_part(page, 1);
    if (!after) {
        return failure(after.error());
    }
    PageSource source{
        .keys = page_of_agents,
        .counted = count_of_agents,
        .bind =
            [&](Statement& statement, std::int64_t limit) {
                statement.bind_text(0, text_part(page, 0)).bind_blob(1, *after);
                statement.bind_text(2, state).bind(3, limit);
                scope.bind(statement, 4);
            },
        .key = [](const Statement& row
               ) { return PageKey{std::string(row.text(0)), id_part(row.blob(1))}; },
        .item = [&](const PageKey& key) { return read_brief(connection, scope, *from_hex(key[1])); }
    };
    return read_page(connection, page, source);
}

Result<std::optional<json::object>> read_agent(
    StateConnection& connection, const ReadScope& scope, const std::string& id_or_name
) {
    const Result<std::string> id = find_agent(connection, scope, id_or_name);
    if (!id) {
        return failure(id.error());
    }
    Result<std::optional<json::object>> agent = read_brief(connection, scope, *id);
    if (!agent || !agent->has_value()) {
        return agent;
    }
    Result<json::array> intervals = list_rows(
        connection,
        unobserved,
        [&](Statement& statement) { statement.bind_blob(0, *id); },
        [](const Statement& row) -> json::value {
            return json::object{
                {"from", json_time(row, 0)},
                {"to", json_time(row, 1)},
                {"reason", json_text(row, 2)}
            };
        }
    );
    if (!intervals) {
        return failure(intervals.error());
    }
    Result<json::array> lost = list_rows(
        connection,
        gaps,
        [&](Statement& statement) { statement.bind_blob(0, *id); },
        [](const Statement& row) -> json::value {
            return json::object{
                {"told", json_time(row, 0)},
                {"from", json_time(row, 1)},
                {"to", json_time(row, 2)},
                {"results", row.integer(3)},
                {"records", row.integer(4)},
                {"reason", json_text(row, 5)}
            };
        }
    );
    if (!lost) {
        return failure(lost.error());
    }
    (**agent)["unobserved"] = std::move(*intervals);
    (**agent)["gaps"] = std::move(*lost);
    return agent;
}

Result<json::value> read_agent_name(StateConnection& connection, const std::string& agent) {
    json::value name;
    const Status read = visit_rows(
        connection,
        name_of,
        [&](Statement& statement) { statement.bind_blob(0, agent); },
        [&](const Statement& row) { name = json_text(row, 0); }
    );
    return read ? Result<json::value>(std::move(name)) : failure(read.error());
}

std::span<const NamedQuery> agent_queries() {
    return queries;
}

}  // namespace muster::collector
