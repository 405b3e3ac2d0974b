#include "collector/api/incident_store.hpp"

#include "collector/api/list_rules.hpp"
#include "collector/api/record_number.hpp"
#include "collector/api/rows.hpp"
#include "collector/api/sql_text.hpp"

#include <array>

namespace muster::collector {

namespace {

// An incident is where its CI is; without one, where its agent is; else where it is said to be.
constexpr SqlText place(
    R"(COALESCE((SELECT NULLIF(site, '') FROM ci WHERE id = i.ci),
               (SELECT NULLIF(site, '') FROM agent WHERE id = i.agent), i.site))"
);
constexpr auto is_seen = in_scope(place, SqlText("?2"));
constexpr auto which_incidents = SqlText(R"((?2 = '' OR state = ?2
             OR (?2 = 'open' AND state NOT IN ('resolved', 'closed', 'cancelled')))
         AND )") + in_scope(place, SqlText("?4"));
constexpr SqlText page_begin("SELECT number FROM incident i WHERE number < ?1 AND ");
constexpr SqlText page_end(" ORDER BY number DESC LIMIT ?3");
constexpr SqlText count_begin("SELECT COUNT(*) FROM (SELECT 1 FROM incident i WHERE ");
constexpr SqlText count_end(" LIMIT ?3)");
constexpr SqlText its_ci("ci = ?5 AND ");
constexpr auto page_of_all_text = page_begin + which_incidents + page_end;
constexpr auto page_of_ci_text = page_begin + its_ci + which_incidents + page_end;
constexpr auto count_of_all_text = count_begin + which_incidents + count_end;
constexpr auto count_of_ci_text = count_begin + its_ci + which_incidents + count_end;
constexpr NamedQuery page_of_all{"incidents.page", page_of_all_text.view()};
constexpr NamedQuery page_of_ci{"incidents.page_of_ci", page_of_ci_text.view()};
constexpr NamedQuery count_of_all{"incidents.count", count_of_all_text.view()};
constexpr NamedQuery count_of_ci{"incidents.count_of_ci", count_of_ci_text.view()};
constexpr auto one_text =
    SqlText(
        R"(SELECT i.number, i.kind, i.title, i.place, i.state, i.priority, i.urgency, i.expected, i.seen,
              i.reason, i.started, i.detected, i.opened, i.detected_late, i.acknowledged,
              i.acknowledged_by, i.resolved, i.resolved_by, i.resolution, i.version,
              i.ci, c.name, c.class, i.agent, a.name, i.probe, p.type, p.name, p.host,
              i.site, i.service, i.impact, i.impact_basis, i.team, i.assignee, i.pending_reason,
              i.pending_text, i.pending_since, i.closed, i.closed_by, i.reporter, i.description,
              i.previous, i.reopened, i.flapping_since, i.transitions
       FROM incident i LEFT JOIN ci c ON c.id = i.ci LEFT JOIN agent a ON a.id = i.agent
            LEFT JOIN probe p ON p.id = i.probe
       WHERE i.number = ?1 AND )"
    ) +
    is_seen;
constexpr NamedQuery one{"incidents.one", one_text.view()};
constexpr auto links_text =
    SqlText(R"(SELECT l.type, l.incident = ?1, i.number, i.title, i.state, l.actor, l.wall
       FROM incident_link l JOIN incident i
            ON i.number = CASE WHEN l.incident = ?1 THEN l.other ELSE l.incident END
       WHERE (l.incident = ?1 OR l.other = ?1)
         AND )") +
    is_seen + SqlText(R"(
       ORDER BY l.lsn, i.number LIMIT 1000)");
constexpr NamedQuery links{"incidents.links", links_text.view()};
// Those of the messages: of its CI and of what is listed under it.
constexpr auto services_text = SqlText(R"(SELECT service FROM (
           SELECT service FROM incident WHERE number = ?1
           UNION SELECT c.service FROM incident i JOIN ci c ON c.id = i.ci WHERE i.number = ?1
           UNION SELECT c.service FROM incident_symptom s JOIN ci c ON c.id = s.ci
                 WHERE s.incident = ?1 AND )") +
                               in_scope(SqlText("c.site"), SqlText("?2")) + SqlText(R"()
       WHERE service <> '' ORDER BY service LIMIT 20)");
constexpr NamedQuery services{"incidents.services", services_text.view()};
constexpr NamedQuery timeline{
    "incidents.timeline",
    R"(SELECT wall, kind, actor, text, data, lsn, ordinal FROM incident_timeline
       WHERE incident = ?1 ORDER BY lsn, ordinal LIMIT 10000)"
};
constexpr auto is_there_text = SqlText(R"(SELECT 1 FROM incident i
       WHERE number = ?1 AND )") +
                               is_seen;
constexpr NamedQuery is_there{"incidents.is_there", is_there_text.view()};
constexpr NamedQuery why{"incidents.why", "SELECT why FROM incident WHERE number = ?1"};
constexpr NamedQuery told{
    "incidents.told",
    R"(SELECT id, channel, transition, state, created, attempts, last_error, sent FROM outbox
       WHERE incident = ?1 ORDER BY lsn, ordinal LIMIT 1000)"
};

constexpr std::array queries{
    page_of_all,
    page_of_ci,
    count_of_all,
    count_of_ci,
    one,
    links,
    services,
    timeline,
    is_there,
    why,
    told
};

json::value thing_or_null(
    json::value id, const Statement& row, int name, const char* more, int column
) {
    if (id.is_null()) {
        return nullptr;
    }
    json::object thing{{"id", std::move(id)}, {"name", json_text(row, name)}};
    if (more != nullptr) {
        thing[more] = json_text(row, column);
    }
    return thing;
}

json::value probe_or_null(const Statement& row) {
    json::value id = json_id(row, 25);
    if (id.is_null()) {
        return nullptr;
    }
    return json::object{
        {"id", std::move(id)},
        {"type", json_text(row, 26)},
        {"name", json_text(row, 27)},
        {"host", json_text(row, 28)}
    };
}

json::value text_or_null(const Statement& row, int column) {
    return row.text(column).empty() ? json::value(nullptr) : json_text(row, column);
}

json::value pending_or_null(const Statement& row) {
    if (row.is_null(37)) {
        return nullptr;
    }
    return json::object{
        {"reason", json_text(row, 35)}, {"text", json_text(row, 36)}, {"since", json_time(row, 37)}
    };
}

json::object incident_json(const Statement& row) {
    json::object incident;
    incident["number"] = row.integer(0);
    incident["id"] = json_text("INC-" + std::to_string(row.integer(0)));
    incident["kind"] = json_text(row, 1);
    incident["title"] = json_text(row, 2);
    incident["place"] = json_text(row, 3);
    incident["state"] = json_text(row, 4);
    incident["priority"] = row.integer(5);
    incident["urgency"] = json_text(row, 6);
    incident["expected"] = json_text(row, 7);
    incident["seen"] = json_text(row, 8);
    incident["reason"] = json_text(row, 9);
    incident["started"] = json_time(row, 10);
    incident["detected"] = json_time(row, 11);
    incident["opened"] = json_time(row, 12);
    incident["detected_late"] = row.integer(13) != 0;
    incident["acknowledged"] = json_time(row, 14);
    incident["acknowledged_by"] = json_text(row, 15);
    incident["resolved"] = json_time(row, 16);
    incident["resolved_by"] = json_text(row, 17);
    incident["resolution"] = json_text(row, 18);
    incident["version"] = row.integer(19);
    incident["ci"] = thing_or_null(json_id(row, 20), row, 21, "class", 22);
    incident["agent"] = thing_or_null(json_id(row, 23), row, 24, nullptr, 0);
    incident["probe"] = probe_or_null(row);
    incident["site"] = json_text(row, 29);
    incident["service"] = text_or_null(row, 30);
    incident["impact"] = json_text(row, 31);
    incident["impact_basis"] = json_text(row, 32);
    incident["team"] = text_or_null(row, 33);
    incident["assignee"] = text_or_null(row, 34);
    incident["pending"] = pending_or_null(row);
    incident["closed"] = json_time(row, 38);
    incident["closed_by"] = text_or_null(row, 39);
    incident["reporter"] = text_or_null(row, 40);
    incident["description"] = text_or_null(row, 41);
    incident["previous"] = row.is_null(42) ? json::value(nullptr)
                                           : json_text("INC-" + std::to_string(row.integer(42)));
    incident["reopened"] = row.integer(43);
    incident["flapping"] = nullptr;
    if (row.integer(45) != 0) {
        incident["flapping"] =
            json::object{{"since", json_time(row, 44)}, {"transitions", row.integer(45)}};
    }
    return incident;
}

json::value timeline_line(const Statement& row) {
    const std::string id = std::to_string(row.integer(5)) + "." + std::to_string(row.integer(6));
    return json::object{
        {"id", json_text(id)},
        {"at", json_time(row, 0)},
        {"kind", json_text(row, 1)},
        {"actor", json_text(row, 2)},
        {"text", json_text(row, 3)},
        {"data", json_embedded(row, 4)}
    };
}

json::value message_json(const Statement& row) {
    return json::object{
        {"id", json_text(row, 0)},
        {"channel", json_text(row, 1)},
        {"transition", json_text(row, 2)},
        {"state", json_text(row, 3)},
        {"created", json_time(row, 4)},
        {"attempts", row.integer(5)},
        {"last_error", json_text(row, 6)},
        {"sent", json_time(row, 7)}
    };
}

/// For queries whose first parameter is a number, the second a scope. What it captures outlives the query.
Bind one_of(const ReadScope& scope, std::int64_t number) {
    return [&scope, number](Statement& statement) {
        statement.bind(0, number);
        scope.bind(statement, 1);
    };
}

/// Fields of incident_words() that are no members of an incident, or others of that name.
std::optional<std::string> meant_by(
    const json::object& incident, std::string_view field, WallTime now
) {
    const auto truth = [](bool is) { return std::optional<std::string>(is ? "true" : "false"); };
    if (field == "class") {
        return field_of(incident, "ci.class");
    }
    if (field == "pending_reason") {
        return field_of(incident, "pending.reason");
    }
    if (field == "acknowledged") {
        return truth(!incident.at("acknowledged").is_null());
    }
    if (field == "open") {
        const std::string state = field_of(incident, "state").value_or("");
        return truth(state != "resolved" && state != "closed" && state != "cancelled");
    }
    if (field == "age_minutes") {
        const auto opened = parse_rfc3339(field_of(incident, "opened").value_or(""));
        const Duration age = opened ? now - *opened : Duration{};
        return std::to_string(std::chrono::duration_cast<std::chrono::minutes>(age).count());
    }
    return std::nullopt;
}

}  // namespace

std::int64_t incident_number(std::string_view text) {
    return record_number(text, "INC-");
}

Result<Page> read_incidents(
    StateConnection& connection,
    const ReadScope& scope,
    const IncidentFilter& filter,
    const PageRequest& page
) {
    const Result<std::int64_t> before = before_number(page);
    if (!before) {
        return failure(before.error());
    }
    const bool of_ci = !filter.ci.empty();
    PageSource source{
        .keys = of_ci ? page_of_ci : page_of_all,
        .counted = of_ci ? count_of_ci : count_of_all,
        .bind =
            [&](Statement& statement, std::int64_t limit) {
                statement.bind(0, *before).bind_text(1, filter.state).bind(2, limit);
                scope.bind(statement, 3);
                if (of_ci) {
                    statement.bind_blob(4, filter.ci);
                }
            },
        .key = [](const Statement& row) { return PageKey{std::to_string(row.integer(0))}; },
        .item = [&](const PageKey& key
                ) { return read_incident(connection, scope, std::stoll(key[0])); },
        .meant = [&](const json::object& item,
                     std::string_view field) { return meant_by(item, field, filter.now); },
        .is_a = [&](std::string_view name,
                    std::string_view wanted) { return connection.model().is_a(name, wanted); }
    };
    return read_page(connection, page, source);
}

Result<std::optional<json::object>> read_incident(
    StateConnection& connection, const ReadScope& scope, std::int64_t number
) {
    return one_row(connection, one, one_of(scope, number), incident_json);
}

Result<bool> is_incident_there(
    StateConnection& connection, const ReadScope& scope, std::int64_t number
) {
    const Result<std::int64_t> found = count_rows(connection, is_there, one_of(scope, number));
    if (!found) {
        return failure(found.error());
    }
    return *found == 1;
}

Result<json::array> read_services(
    StateConnection& connection, const ReadScope& scope, std::int64_t number
) {
    return list_rows(connection, services, one_of(scope, number), [](const Statement& row) {
        return json_text(row, 0);
    });
}

Result<json::array> read_links(
    StateConnection& connection, const ReadScope& scope, std::int64_t number
) {
    return list_rows(
        connection,
        links,
        one_of(scope, number),
        [](const Statement& row) -> json::value {
            return json::object{
                {"type", json_text(row, 0)},
                {"direction", row.integer(1) != 0 ? "to" : "from"},
                {"incident", json_text("INC-" + std::to_string(row.integer(2)))},
                {"title", json_text(row, 3)},
                {"state", json_text(row, 4)},
                {"by", json_text(row, 5)},
                {"at", json_time(row, 6)}
            };
        }
    );
}

Result<std::optional<json::array>> read_timeline(
    StateConnection& connection, const ReadScope& scope, std::int64_t number
) {
    const Result<bool> found = is_incident_there(connection, scope, number);
    if (!found) {
        return failure(found.error());
    }
    if (!*found) {
        return std::nullopt;
    }
    Result<json::array> lines = list_rows(
        connection,
        timeline,
        [&](Statement& statement) { statement.bind(0, number); },
        timeline_line
    );
    if (!lines) {
        return failure(lines.error());
    }
    return std::move(*lines);
}

Result<std::optional<json::object>> read_why(
    StateConnection& connection, const ReadScope& scope, std::int64_t number
) {
    const Result<bool> there = is_incident_there(connection, scope, number);
    if (!there) {
        return failure(there.error());
    }
    if (!*there) {
        return std::nullopt;
    }
    const Bind bind = [&](Statement& statement) { statement.bind(0, number); };
    Result<std::optional<json::object>> answer =
        one_row(connection, why, bind, [](const Statement& row) {
            return json::object{{"why", json_embedded(row, 0)}};
        });
    Result<json::array> messages = list_rows(connection, told, bind, message_json);
    if (!answer || !messages) {
        return failure(!answer ? answer.error() : messages.error());
    }
    json::object found = answer->value_or(json::object{});
    found["told"] = std::move(*messages);
    return found;
}

std::span<const NamedQuery> incident_queries() {
    return queries;
}

}  // namespace muster::collector
