#include "collector/api/availability_store.hpp"

#include "base/uuid.hpp"
#include "collector/api/rows.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <utility>

namespace muster::collector {

namespace {

constexpr std::size_t most_intervals = 50'000;

constexpr NamedQuery subject_ci{
    "availability.ci",
    R"(SELECT id, name FROM ci
       WHERE id = ?1 AND (?2 IS NULL OR site IN (SELECT value FROM json_each(?2))))"
};
constexpr NamedQuery subject_probe{
    "availability.probe",
    R"(SELECT p.id, p.name, p.ci FROM probe p JOIN ci c ON c.id = p.ci
       WHERE p.id = ?1 AND p.removed_lsn IS NULL
         AND (?2 IS NULL OR c.site IN (SELECT value FROM json_each(?2))))"
};
constexpr NamedQuery probes_of{
    "availability.probes",
    R"(SELECT id, name, type, origin, agent, proven,
              ifnull(json_extract(rule, '$.quorum'), 1)
       FROM probe WHERE ci = ?1 AND (?2 = x'' OR id = ?2) AND removed_lsn IS NULL
       ORDER BY origin, name, row)"
};
constexpr NamedQuery intervals_of{
    "availability.intervals",
    R"(SELECT from_wall, to_wall, state FROM probe_interval
       WHERE probe = ?1 AND from_wall < ?3 AND (to_wall IS NULL OR to_wall > ?2)
       ORDER BY from_wall LIMIT ?4)"
};
constexpr NamedQuery gaps_of{
    "availability.gaps",
    R"(SELECT u.from_wall, u.to_wall, u.reason, a.name FROM agent_unobserved u
         JOIN agent a ON a.id = u.agent
       WHERE u.agent = ?1 AND u.from_wall < ?3 AND (u.to_wall IS NULL OR u.to_wall > ?2)
       ORDER BY u.from_wall LIMIT ?4)"
};

constexpr NamedQuery windows_of{
    "availability.windows",
    R"(SELECT from_wall, to_wall, window FROM maintenance_window_ci
       WHERE ci = ?1 AND from_wall < ?3 AND (to_wall IS NULL OR to_wall > ?2)
       ORDER BY from_wall LIMIT ?4)"
};

constexpr std::array queries{
    subject_ci, subject_probe, probes_of, intervals_of, gaps_of, windows_of
};

WallTime time_of(const Statement& row, int column, WallTime absent) {
    return row.is_null(column) ? absent : wall_from_ns(row.integer(column));
}

/// "agent a1: silent", "the collector was not running"
std::string gap_cause(const Statement& row) {
    return row.text(2) == "collector"
               ? std::string("the collector was not running")
               : "agent " + std::string(row.text(3)) + ": " + std::string(row.text(2));
}

/// A probe's row, before its times.
struct Found {
    std::string id;
    std::string agent;
    ProbeTimes times;
    KnownTimes::Named named;
};

Result<std::vector<Found>> find_probes(
    StateConnection& connection, const std::string& ci, const std::string& probe
) {
    std::vector<Found> out;
    std::map<std::pair<std::string, std::string>, std::size_t> groups;
    const Status read = visit_rows(
        connection,
        probes_of,
        [&](Statement& statement) { statement.bind_blob(0, ci).bind_blob(1, probe); },
        [&](const Statement& row) {
            Found found;
            found.id = std::string(row.blob(0));
            found.agent = row.is_null(4) ? std::string() : std::string(row.blob(4));
            const auto uuid = Uuid::from_bytes(row.blob(0));
            found.named = {
                uuid ? ProbeId(*uuid).text() : std::string(),
                std::string(row.text(1)),
                std::string(row.text(2))
            };
            const auto group = groups.emplace(
                std::pair(std::string(row.text(3)), found.named.name), groups.size()
            );
            found.times.group = group.first->second;
            // One probe asked for by itself is judged by itself.
            found.times.quorum =
                probe.empty()
                    ? static_cast<std::uint32_t>(std::max<std::int64_t>(1, row.integer(6)))
                    : 1;
            if (!row.is_null(5)) {
                found.times.proven = wall_from_ns(row.integer(5));
            }
            out.push_back(std::move(found));
        }
    );
    return read ? Result<std::vector<Found>>(std::move(out)) : failure(read.error());
}

/// Adds the spans of one query's rows; counts them in `total`.
template <class Make>
Status add_spans(
    StateConnection& connection,
    const NamedQuery& query,
    const std::string& id,
    WallTime from,
    WallTime to,
    std::size_t& total,
    std::vector<KnownSpan>& into,
    Make make
) {
    Status read = visit_rows(
        connection,
        query,
        [&](Statement& statement) {
            statement.bind_blob(0, id).bind(1, to_ns(from)).bind(2, to_ns(to));
            statement.bind(3, static_cast<std::int64_t>(most_intervals + 1 - total));
        },
        [&](const Statement& row) {
            ++total;
            KnownSpan span = make(row);
            span.from = time_of(row, 0, from);
            span.to = time_of(row, 1, to);
            if (span.share != Share::up) {
                into.push_back(std::move(span));
            }
        }
    );
    if (read && total > most_intervals) {
        return failure(
            ErrorKind::invalid, "more than 50,000 intervals; expected a shorter time", "from"
        );
    }
    return read;
}

KnownSpan interval_span(const Statement& row) {
    KnownSpan span;
    span.cause = row.text(2);
    // An answer in part is an answer; who cannot tell has observed nothing.
    span.share = span.cause == "critical"  ? Share::down
                 : span.cause == "unknown" ? Share::unobserved
                                           : Share::up;
    return span;
}

KnownSpan gap_span(const Statement& row) {
    return {{}, {}, Share::unobserved, gap_cause(row)};
}

KnownSpan window_span(const Statement& row) {
    return {{}, {}, Share::excluded, "WIN-" + std::to_string(row.integer(2))};
}

}  // namespace

Result<std::optional<KnownTimes>> read_times(
    StateConnection& connection,
    const ReadScope& scope,
    const AvailabilityOf& of,
    WallTime from,
    WallTime to
) {
    std::string ci = of.ci;
    const Result<std::optional<json::object>> subject = one_row(
        connection,
        of.probe.empty() ? subject_ci : subject_probe,
        [&](Statement& statement) {
            statement.bind_blob(0, of.probe.empty() ? of.ci : of.probe);
            scope.bind(statement, 1);
        },
        [&](const Statement& row) {
            ci = of.probe.empty() ? ci : std::string(row.blob(2));
            return json::object{{"id", json_id(row, 0)}, {"name", json_text(row, 1)}};
        }
    );
    if (!subject) {
        return failure(subject.error());
    }
    if (!subject->has_value()) {
        return std::optional<KnownTimes>();
    }
    KnownTimes out;
    out.subject = **subject;
    Result<std::vector<Found>> probes = find_probes(connection, ci, of.probe);
    std::size_t total = 0;
    const Status windows =
        add_spans(connection, windows_of, ci, from, to, total, out.excluded, window_span);
    if (!probes || !windows) {
        return failure(!probes ? probes.error() : windows.error());
    }
    for (Found& found : *probes) {
        std::vector<KnownSpan>& spans = found.times.spans;
        const Status failed =
            add_spans(connection, intervals_of, found.id, from, to, total, spans, interval_span);
        const Status gaps =
            !failed || found.agent.empty()
                ? failed
                : add_spans(connection, gaps_of, found.agent, from, to, total, spans, gap_span);
        if (!gaps) {
            return failure(gaps.error());
        }
        if (found.agent.empty()) {
            spans.push_back({from, to, Share::unobserved, "no agent runs it"});
        }
        out.probes.push_back(std::move(found.times));
        out.names.push_back(std::move(found.named));
    }
    return std::optional(std::move(out));
}

std::span<const NamedQuery> availability_queries() {
    return queries;
}

}  // namespace muster::collector
