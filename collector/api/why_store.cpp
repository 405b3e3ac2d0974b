#include "collector/api/why_store.hpp"

#include "base/human_duration.hpp"
#include "collector/api/json.hpp"
#include "collector/api/rows.hpp"

#include <array>

namespace muster::collector {

namespace json = boost::json;

namespace {

// An agent whose link broke is silent from then on; that its probes are unobserved is known later.
constexpr NamedQuery agents_then{
    "why.agents_then",
    R"(SELECT a.id, a.name, CASE WHEN a.ci = ?1 THEN NULL ELSE 'agent' END,
              CASE WHEN a.state IN ('revoked', 'enrolled') AND a.state_since <= ?2 THEN a.state
                   WHEN u.agent IS NOT NULL THEN u.reason
                   WHEN a.state = 'disconnected' AND a.state_since <= ?2 THEN 'silent' END,
              CASE WHEN a.state IN ('revoked', 'enrolled') AND a.state_since <= ?2 THEN a.state_since
                   WHEN u.agent IS NOT NULL THEN u.from_wall
                   WHEN a.state IN ('disconnected', 'connected') AND a.state_since <= ?2 THEN a.state_since END,
              CASE WHEN a.state = 'revoked' AND a.state_since <= ?2
                   THEN ifnull((SELECT max(l.from_wall) FROM agent_unobserved l
                                WHERE l.agent = a.id AND l.from_wall < a.state_since
                                  AND (l.to_wall IS NULL OR l.to_wall >= a.state_since)), a.state_since) END
       FROM agent a LEFT JOIN agent_unobserved u ON u.agent = a.id AND u.from_wall <= ?2
                                                    AND (u.to_wall IS NULL OR u.to_wall > ?2)
       WHERE (a.state <> 'revoked' OR a.ci = ?1)
         AND (a.ci = ?1
              OR a.ci IN (SELECT r.from_ci FROM ci_relation r
                          WHERE r.to_ci = ?1 AND r.type = 'runs_on' AND r.superseded_lsn IS NULL
                            AND r.valid_from <= ?2 AND (r.valid_to IS NULL OR r.valid_to > ?2)))
         AND (?3 IS NULL OR a.site IN (SELECT value FROM json_each(?3)))
       ORDER BY a.state = 'revoked', a.name, u.from_wall DESC LIMIT 100)"
};
constexpr NamedQuery windows_then{
    "why.windows_then",
    R"(SELECT w.number, w.from_wall, w.to_wall, w.reason
       FROM maintenance_window_ci m JOIN maintenance_window w ON w.number = m.window
       WHERE m.ci = ?1 AND m.from_wall <= ?2 AND (m.to_wall IS NULL OR m.to_wall > ?2)
       ORDER BY w.number LIMIT 100)"
};

constexpr std::array queries{agents_then, windows_then};

json::value agent_then(const Statement& row) {
    return json::object{
        {"id", json_id(row, 0)},
        {"name", json_text(row, 1)},
        {"of", row.is_null(2) ? json::value() : json_text(row, 2)},
        {"state", row.is_null(3) ? json::value() : json_text(row, 3)},
        {"since", json_time(row, 4)},
        {"last_heard", json_time(row, 5)}
    };
}

json::value window_then(const Statement& row) {
    return json::object{
        {"id", json_text("WIN-" + std::to_string(row.integer(0)))},
        {"from", json_time(row, 1)},
        {"to", json_time(row, 2)},
        {"reason", json_text(row, 3)}
    };
}

}  // namespace

Result<json::array> read_agents_of(
    StateConnection& connection, const ReadScope& scope, const std::string& ci, WallTime at
) {
    return list_rows(
        connection,
        agents_then,
        [&](Statement& statement) {
            statement.bind_blob(0, ci).bind(1, to_ns(at));
            scope.bind(statement, 2);
        },
        agent_then
    );
}

Result<json::array> read_windows_of(
    StateConnection& connection, const std::string& ci, WallTime at
) {
    return list_rows(
        connection,
        windows_then,
        [&](Statement& statement) { statement.bind_blob(0, ci).bind(1, to_ns(at)); },
        window_then
    );
}

std::string silence_words(const json::array& agents, WallTime at, Duration incident_after) {
    for (const json::value& agent : agents) {
        if (agent.at("state") != "silent") {
            continue;
        }
        const auto since = parse_rfc3339(agent.at("since").as_string().c_str());
        const Duration silent =
            since ? std::chrono::floor<std::chrono::seconds>(at - *since) : Duration{};
        std::string words = agent.at("of").is_null()
                                ? std::string("it")
                                : "its agent " + std::string(agent.at("name").as_string());
        words += " has been silent for " + human_duration(silent);
        if (silent < incident_after) {
            words += "; an incident opens after " + human_duration(incident_after);
        }
        return words;
    }
    return {};
}

std::string own_agent_words(const json::array& agents) {
    for (const json::value& agent : agents) {
        if (!agent.at("of").is_null()) {
            continue;
        }
        if (agent.at("state") == "revoked") {
            return "it has been revoked";
        }
        if (agent.at("state") == "enrolled") {
            return "it is enrolled and has not connected yet";
        }
        return agent.at("state").is_null() && !agent.at("since").is_null() ? "it is connected" : "";
    }
    return {};
}

std::string_view why_nobody_watches(std::string_view origin) {
    return origin == "host watch" ? "no other agent can watch this machine"
                                  : "no agent fits \"from\"";
}

std::span<const NamedQuery> why_queries() {
    return queries;
}

}  // namespace muster::collector
