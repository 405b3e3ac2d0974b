#include "collector/api/receipt_store.hpp"

#include "collector/api/rows.hpp"
#include "collector/api/sql_text.hpp"
#include "collector/api/why_store.hpp"

#include <array>
#include <charconv>
#include <limits>
#include <string_view>

namespace muster::collector {

namespace {

constexpr auto from_which = SqlText(R"(FROM receipt r LEFT JOIN ci c ON c.id = r.ci
       WHERE r.wall >= ?3 AND r.wall < ?4 AND (?5 = '' OR r.reason = ?5)
         AND (coalesce(length(?6), 0) = 0 OR r.ci = ?6) AND )") +
                            in_scope(SqlText("c.site"), SqlText("?8"));
constexpr auto page_text =
    SqlText("SELECT r.lsn, r.ordinal ") + from_which + SqlText(R"( AND (r.lsn, r.ordinal) < (?1, ?2)
       ORDER BY r.lsn DESC, r.ordinal DESC LIMIT ?7)");
constexpr auto count_text =
    SqlText("SELECT COUNT(*) FROM (SELECT 1 ") + from_which + SqlText(" LIMIT ?7)");
constexpr NamedQuery page_of_receipts{"receipts.page", page_text.view()};
constexpr NamedQuery count_of_receipts{"receipts.count", count_text.view()};
constexpr NamedQuery one_receipt{
    "receipts.one",
    R"(SELECT r.lsn, r.ordinal, r.wall, r.reason, r.data, r.ci, c.name, c.class, r.probe, p.name,
              p.host
       FROM receipt r LEFT JOIN ci c ON c.id = r.ci LEFT JOIN probe p ON p.id = r.probe
       WHERE r.lsn = ?1 AND r.ordinal = ?2
         AND (?3 IS NULL OR c.site IN (SELECT value FROM json_each(?3))))"
};
constexpr NamedQuery symptoms{
    "receipts.symptoms",
    R"(SELECT s.ci, s.name, s.text, s.since, s.until FROM incident_symptom s LEFT JOIN ci c ON c.id = s.ci
       WHERE s.incident = ?1 AND (?2 IS NULL OR c.site IN (SELECT value FROM json_each(?2)))
       ORDER BY s.lsn, s.ordinal LIMIT 1000)"
};
constexpr NamedQuery ci_then{
    "receipts.ci",
    R"(SELECT id, name, class, site, state, state_since FROM ci WHERE id = ?1
         AND (?2 IS NULL OR site IN (SELECT value FROM json_each(?2))))"
};
constexpr NamedQuery probes_then{
    "receipts.probes_then",
    R"(SELECT p.id, p.name, p.type, p.host, a.name, p.rule,
              COALESCE((SELECT i.state FROM probe_interval i WHERE i.probe = p.id
                        AND i.from_wall <= ?2 AND (i.to_wall IS NULL OR i.to_wall > ?2)
                        ORDER BY i.from_wall DESC LIMIT 1),
                       CASE WHEN p.state = 'unproven' THEN 'unproven' ELSE 'ok' END),
              (SELECT i.from_wall FROM probe_interval i WHERE i.probe = p.id
               AND i.from_wall <= ?2 AND (i.to_wall IS NULL OR i.to_wall > ?2)
               ORDER BY i.from_wall DESC LIMIT 1),
              (SELECT u.reason FROM agent_unobserved u WHERE u.agent = p.agent
               AND u.from_wall <= ?2 AND (u.to_wall IS NULL OR u.to_wall > ?2)
               ORDER BY u.from_wall DESC LIMIT 1), p.origin
       FROM probe p LEFT JOIN agent a ON a.id = p.agent
       WHERE p.ci = ?1 AND p.removed_lsn IS NULL ORDER BY p.name, p.row LIMIT 500)"
};
// An agent and the machine it runs on are two CIs, and one thing to whoever asks.
constexpr NamedQuery incidents_then{
    "receipts.incidents_then",
    R"(WITH one(ci, is_what) AS (
         SELECT ?1, ''
         UNION SELECT r.from_ci, 'agent' FROM ci_relation r JOIN agent a ON a.ci = r.from_ci
           WHERE r.to_ci = ?1 AND r.type = 'runs_on' AND r.superseded_lsn IS NULL
             AND r.valid_from <= ?2 AND (r.valid_to IS NULL OR r.valid_to > ?2)
         UNION SELECT r.to_ci, 'machine' FROM ci_relation r JOIN agent a ON a.ci = r.from_ci
           WHERE r.from_ci = ?1 AND r.type = 'runs_on' AND r.superseded_lsn IS NULL
             AND r.valid_from <= ?2 AND (r.valid_to IS NULL OR r.valid_to > ?2))
       SELECT i.number, i.kind, i.title, i.opened, i.resolved, o.is_what, c.id, c.name, c.class
       FROM one o JOIN incident i ON i.ci = o.ci JOIN ci c ON c.id = o.ci
       WHERE i.opened <= ?2 AND (i.resolved IS NULL OR i.resolved > ?2)
         AND (?3 IS NULL OR c.site IN (SELECT value FROM json_each(?3)))
       ORDER BY o.is_what <> '', i.number LIMIT 100)"
};
constexpr NamedQuery causes_then{
    "receipts.causes_then",
    R"(SELECT s.incident, i.title, s.text, s.since, s.until FROM incident_symptom s
         JOIN incident i ON i.number = s.incident
       WHERE s.ci = ?1 AND s.since <= ?2 AND (s.until IS NULL OR s.until > ?2)
       ORDER BY s.lsn, s.ordinal LIMIT 100)"
};
constexpr NamedQuery receipts_before{
    "receipts.before",
    R"(SELECT r.lsn, r.ordinal, r.wall, r.reason, r.data, r.ci, c.name, c.class, r.probe, p.name,
              p.host
       FROM receipt r LEFT JOIN ci c ON c.id = r.ci LEFT JOIN probe p ON p.id = r.probe
       WHERE r.ci = ?1 AND r.wall >= ?2 AND r.wall <= ?3 ORDER BY r.lsn DESC, r.ordinal DESC LIMIT 50)"
};

constexpr std::array queries{
    page_of_receipts,
    one_receipt,
    count_of_receipts,
    symptoms,
    ci_then,
    probes_then,
    incidents_then,
    causes_then,
    receipts_before
};

constexpr Duration looked_back = std::chrono::hours(1);

json::object receipt_json(const Statement& row) {
    json::object receipt;
    receipt["id"] =
        json_text(std::to_string(row.integer(0)) + "." + std::to_string(row.integer(1)));
    receipt["at"] = json_time(row, 2);
    receipt["reason"] = json_text(row, 3);
    json::value data = json_embedded(row, 4);
    const auto member = [&data](std::string_view name) -> json::value {
        const json::value* found = data.is_object() ? data.get_object().if_contains(name) : nullptr;
        return found == nullptr ? json::value() : *found;
    };
    for (const std::string_view name : {"text", "rule", "inputs", "incident", "counterfactual"}) {
        receipt[name] = member(name);
    }
    receipt["ci"] = nullptr;
    if (!row.is_null(5)) {
        receipt["ci"] = json::object{
            {"id", json_id(row, 5)}, {"name", json_text(row, 6)}, {"class", json_text(row, 7)}
        };
    }
    receipt["probe"] = nullptr;
    if (!row.is_null(8)) {
        receipt["probe"] = json::object{
            {"id", json_id(row, 8)}, {"name", json_text(row, 9)}, {"host", json_text(row, 10)}
        };
    }
    return receipt;
}

Result<std::int64_t> number_part(const PageRequest& page, std::size_t index) {
    std::int64_t number = std::numeric_limits<std::int64_t>::max();
    const std::string text = text_part(page, index);
    if (text.empty()) {
        return number;
    }
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (problem != std::errc{} || end != text.data() + text.size()) {
        return failure(ErrorKind::invalid, "expected the next_cursor of a page", "cursor");
    }
    return number;
}

json::value probe_then(const Statement& row) {
    const bool unobserved = !row.is_null(8) && row.text(6) != std::string_view("unproven");
    return json::object{
        {"id", json_id(row, 0)},
        {"name", json_text(row, 1)},
        {"type", json_text(row, 2)},
        {"host", json_text(row, 3)},
        {"agent", json_text(row, 4)},
        {"rule", json_embedded(row, 5)},
        {"state", unobserved ? json_text("unobserved") : json_text(row, 6)},
        {"since", json_time(row, 7)},
        {"unobserved", json_text(row, 8)},
        {"nobody",
         row.is_null(4) ? json_text(why_nobody_watches(row.text(9))) : json::value(nullptr)}
    };
}

json::value incident_then(const Statement& row) {
    return json::object{
        {"id", json_text("INC-" + std::to_string(row.integer(0)))},
        {"kind", json_text(row, 1)},
        {"title", json_text(row, 2)},
        {"opened", json_time(row, 3)},
        {"resolved", json_time(row, 4)},
        {"of", row.text(5).empty() ? json::value() : json_text(row, 5)},
        {"ci",
         json::object{
             {"id", json_id(row, 6)}, {"name", json_text(row, 7)}, {"class", json_text(row, 8)}
         }}
    };
}

json::value cause_then(const Statement& row) {
    return json::object{
        {"id", json_text("INC-" + std::to_string(row.integer(0)))},
        {"title", json_text(row, 1)},
        {"text", json_text(row, 2)},
        {"since", json_time(row, 3)},
        {"until", json_time(row, 4)}
    };
}

std::string text_of(const json::value& object, std::string_view name) {
    const json::value* found = object.as_object().if_contains(name);
    return found != nullptr && found->is_string() ? std::string(found->get_string().c_str()) : "";
}

std::string words(const json::value& object, std::initializer_list<std::string_view> names) {
    std::string out;
    for (const std::string_view name : names) {
        out += (out.empty() ? "" : ": ") + text_of(object, name);
    }
    return out;
}

/// The answer to "why did it (not) page", from what was found.
std::string verdict_of(const json::object& found, const WhyQuestion& question) {
    const std::string be = question.tense == WhyQuestion::Tense::present ? "is" : "was";
    const json::array& incidents = found.at("incidents").as_array();
    const std::string of = incidents.empty() ? "" : text_of(incidents.front(), "of");
    if (!incidents.empty() && of.empty()) {
        return "an incident " + be + " open: " + words(incidents.front(), {"id", "title"});
    }
    const json::array& causes = found.at("symptom_of").as_array();
    if (!causes.empty()) {
        return "it " + be + " a symptom of " + words(causes.front(), {"id", "title"});
    }
    if (!incidents.empty()) {
        return "an incident " + be + " open of " +
               std::string(
                   of == "agent" ? "the agent that runs on it, " : "the machine it runs on, "
               ) +
               text_of(incidents.front().at("ci"), "name") + ": " +
               words(incidents.front(), {"id", "title"});
    }
    const json::array& receipts = found.at("receipts").as_array();
    bool failing = false;
    bool unobserved = true;
    bool unproven = true;
    for (const json::value& probe : found.at("probes").as_array()) {
        const std::string state = text_of(probe, "state");
        failing = failing || state == "critical" || state == "warning" || state == "unknown";
        unobserved = unobserved && state == "unobserved";
        unproven = unproven && state == "unproven";
    }
    const std::string silence =
        silence_words(found.at("agents").as_array(), question.at, question.silent_incident_after);
    if (!silence.empty() && (!failing || receipts.empty())) {
        return silence;
    }
    if (found.at("probes").as_array().empty()) {
        const std::string own = own_agent_words(found.at("agents").as_array());
        return own.empty() ? "nothing probes it" : own + "; nothing probes it";
    }
    if (unobserved) {
        return "nobody watched it";
    }
    if (unproven) {
        return "it had not answered once: a fault is what answered before (muster probes shows "
               "what is wrong)";
    }
    if (failing && !receipts.empty()) {
        return "a page was withheld: " + words(receipts.front(), {"reason", "text"});
    }
    return failing ? "it failed, and no threshold was exceeded for long enough"
                   : "nothing had failed";
}

}  // namespace

Result<Page> read_receipts(
    StateConnection& connection,
    const ReadScope& scope,
    const ReceiptFilter& filter,
    const PageRequest& page
) {
    const Result<std::int64_t> lsn = number_part(page, 0);
    const Result<std::int64_t> ordinal = number_part(page, 1);
    if (!lsn || !ordinal) {
        return failure(!lsn ? lsn.error() : ordinal.error());
    }
    PageSource source{
        .keys = page_of_receipts,
        .counted = count_of_receipts,
        .bind =
            [&](Statement& statement, std::int64_t limit) {
                statement.bind(0, *lsn).bind(1, *ordinal);
                statement.bind(2, to_ns(filter.from)).bind(3, to_ns(filter.to));
                statement.bind_text(4, filter.reason).bind_blob(5, filter.ci).bind(6, limit);
                scope.bind(statement, 7);
            },
        .key =
            [](const Statement& row) {
                return PageKey{std::to_string(row.integer(0)), std::to_string(row.integer(1))};
            },
        .item =
            [&](const PageKey& key) {
                return one_row(
                    connection,
                    one_receipt,
                    [&](Statement& statement) {
                        statement.bind(0, std::int64_t{std::stoll(key[0])});
                        statement.bind(1, std::int64_t{std::stoll(key[1])});
                        scope.bind(statement, 2);
                    },
                    receipt_json
                );
            }
    };
    return read_page(connection, page, source);
}

Result<json::array> read_symptoms(
    StateConnection& connection, const ReadScope& scope, std::int64_t incident
) {
    return list_rows(
        connection,
        symptoms,
        [&](Statement& statement) {
            statement.bind(0, incident);
            scope.bind(statement, 1);
        },
        [](const Statement& row) -> json::value {
            return json::object{
                {"ci", json::object{{"id", json_id(row, 0)}, {"name", json_text(row, 1)}}},
                {"text", json_text(row, 2)},
                {"since", json_time(row, 3)},
                {"until", json_time(row, 4)}
            };
        }
    );
}

Result<json::object> read_ci_why(
    StateConnection& connection,
    const ReadScope& scope,
    const std::string& ci,
    const WhyQuestion& question
) {
    const WallTime at = question.at;
    const Bind at_then = [&](Statement& statement) {
        statement.bind_blob(0, ci).bind(1, to_ns(at));
    };
    const auto brief = one_row(
        connection,
        ci_then,
        [&](Statement& statement) {
            statement.bind_blob(0, ci);
            scope.bind(statement, 1);
        },
        [](const Statement& row) {
            return json::object{
                {"id", json_id(row, 0)},
                {"name", json_text(row, 1)},
                {"class", json_text(row, 2)},
                {"site", json_text(row, 3)},
                {"state", json_text(row, 4)},
                {"state_since", json_time(row, 5)}
            };
        }
    );
    Result<json::array> probes = list_rows(connection, probes_then, at_then, probe_then);
    Result<json::array> incidents = list_rows(
        connection,
        incidents_then,
        [&](Statement& statement) {
            at_then(statement);
            scope.bind(statement, 2);
        },
        incident_then
    );
    Result<json::array> causes = list_rows(connection, causes_then, at_then, cause_then);
    Result<json::array> receipts = list_rows(
        connection,
        receipts_before,
        [&](Statement& statement) {
            statement.bind_blob(0, ci).bind(1, to_ns(at - looked_back)).bind(2, to_ns(at));
        },
        [](const Statement& row) -> json::value { return receipt_json(row); }
    );
    Result<json::array> agents = read_agents_of(connection, scope, ci, at);
    Result<json::array> windows = read_windows_of(connection, ci, at);
    if (!brief) {
        return failure(brief.error());
    }
    for (const auto* list : {&probes, &incidents, &causes, &receipts, &agents, &windows}) {
        if (!*list) {
            return failure(list->error());
        }
    }
    json::object found;
    found["ci"] = brief->value_or(json::object{});
    found["at"] = json_time(at);
    found["probes"] = std::move(*probes);
    found["agents"] = std::move(*agents);
    found["windows"] = std::move(*windows);
    found["incidents"] = std::move(*incidents);
    found["symptom_of"] = std::move(*causes);
    found["receipts"] = std::move(*receipts);
    found["verdict"] = json_text(verdict_of(found, question));
    return found;
}

std::span<const NamedQuery> receipt_queries() {
    return queries;
}

}  // namespace muster::collector
