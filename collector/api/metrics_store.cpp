#include "collector/api/metrics_store.hpp"

#include "collector/api/rows.hpp"

#include <algorithm>
#include <array>

namespace muster::collector {

namespace {

constexpr NamedQuery agents{"metrics.agents", "SELECT state, COUNT(*) FROM agent GROUP BY state"};
constexpr NamedQuery agent_names{"metrics.agent_names", "SELECT id, name FROM agent LIMIT 20000"};
// States as the lists derive them: what nobody watches is unobserved.
constexpr NamedQuery probes{
    "metrics.probes",
    R"(SELECT CASE WHEN state <> 'unproven' AND agent IN
                (SELECT u.agent FROM agent_unobserved u WHERE u.to_wall IS NULL)
              THEN 'unobserved' ELSE state END AS shown, COUNT(*)
       FROM probe WHERE removed_lsn IS NULL GROUP BY shown)"
};
constexpr NamedQuery cis{
    "metrics.cis",
    "SELECT state, COUNT(*) FROM ci WHERE retired IS NULL AND merged_into IS NULL GROUP BY state"
};
constexpr NamedQuery incidents{
    "metrics.incidents",
    R"(SELECT priority, kind, COUNT(*) FROM incident
       WHERE state IN ('new', 'assigned', 'in_progress', 'pending') GROUP BY priority, kind)"
};
constexpr NamedQuery duplicates{
    "metrics.duplicates",
    R"(SELECT COUNT(*) FROM ci_duplicate d JOIN ci a ON a.id = d.ci JOIN ci b ON b.id = d.other
       WHERE a.retired IS NULL AND b.retired IS NULL)"
};
constexpr NamedQuery windows{
    "metrics.windows",
    "SELECT state, COUNT(*) FROM maintenance_window WHERE state IN ('planned', 'active') GROUP BY "
    "state"
};
constexpr NamedQuery window_cis{
    "metrics.window_cis",
    R"(SELECT COUNT(DISTINCT m.ci) FROM maintenance_window w
         JOIN maintenance_window_ci m ON m.window = w.number
       WHERE w.state = 'active' AND m.to_wall IS NULL)"
};
constexpr NamedQuery messages{
    "metrics.messages",
    R"(SELECT channel, state, COUNT(*) FROM outbox WHERE state IN ('waiting', 'given_up')
       GROUP BY channel, state)"
};
constexpr NamedQuery channels{
    "metrics.channels", "SELECT name, state, failures, merged FROM channel ORDER BY position, name"
};

constexpr std::array queries{
    agents, agent_names, probes, cis, incidents, duplicates, windows, window_cis, messages, channels
};

void nothing_to_bind(Statement& /*statement*/) {}

std::uint64_t whole(const Statement& row, int column) {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(row.integer(column), 0));
}

}  // namespace

Result<RecordFigures> count_records(StateConnection& connection) {
    RecordFigures found;
    Status good;
    const auto visit = [&](const NamedQuery& query, const auto& take) {
        if (good) {
            good = visit_rows(connection, query, nothing_to_bind, take);
        }
    };
    visit(agents, [&](const Statement& row) {
        found.agents[std::string(row.text(0))] = whole(row, 1);
    });
    visit(agent_names, [&](const Statement& row) {
        found.agent_names[std::string(row.blob(0))] = std::string(row.text(1));
    });
    visit(probes, [&](const Statement& row) {
        found.probes[std::string(row.text(0))] = whole(row, 1);
    });
    visit(cis, [&](const Statement& row) { found.cis[std::string(row.text(0))] = whole(row, 1); });
    visit(incidents, [&](const Statement& row) {
        found.incidents[{row.integer(0), std::string(row.text(1))}] = whole(row, 2);
    });
    visit(duplicates, [&](const Statement& row) { found.duplicates = whole(row, 0); });
    visit(windows, [&](const Statement& row) {
        found.windows[std::string(row.text(0))] = whole(row, 1);
    });
    visit(window_cis, [&](const Statement& row) { found.window_cis = whole(row, 0); });
    visit(messages, [&](const Statement& row) {
        found.messages[{std::string(row.text(0)), std::string(row.text(1))}] = whole(row, 2);
    });
    visit(channels, [&](const Statement& row) {
        found.channels.push_back(
            {std::string(row.text(0)), std::string(row.text(1)), whole(row, 2), whole(row, 3)}
        );
    });
    if (!good) {
        return failure(good.error());
    }
    return found;
}

std::span<const NamedQuery> metrics_queries() {
    return queries;
}

}  // namespace muster::collector
