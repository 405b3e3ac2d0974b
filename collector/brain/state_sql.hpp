// Owns: the text of every statement of state_store, by name. A test prepares each of them.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace muster::collector {

/// Positions in `state_sql`.
enum class StateQuery : std::size_t {
    insert_ci,
    update_ci,
    update_ci_state,
    put_statement,
    remove_statement,
    move_statement,
    put_key,
    remove_keys,
    insert_attribute,
    supersede_attributes,
    forget_attributes,
    put_attributes,
    insert_relation,
    close_relation,
    supersede_relation,
    cut_relation,
    move_relations,
    supersede_relations,
    turn_relations,
    insert_ledger,
    remove_duplicates,
    put_duplicate,
    update_agent_ci,
    insert_agent,
    update_agent,
    update_agent_epoch,
    insert_unobserved,
    close_unobserved,
    delete_unobserved,
    insert_gap,
    trim_gaps,
    extend_lost,
    insert_lost,
    trim_lost,
    insert_probe,
    update_probe_definition,
    remove_probe,
    update_probe_state,
    update_probe_seen,
    update_probe_exceeded,
    update_probe_proven,
    insert_interval,
    close_interval,
    insert_incident,
    update_incident,
    describe_incident,
    update_flapping,
    insert_link,
    insert_window,
    update_window,
    insert_window_ci,
    end_window_ci,
    insert_timeline,
    insert_event,
    insert_outbox,
    update_outbox,
    insert_verdict,
    delete_verdict,
    insert_receipt,
    insert_symptom,
    end_symptom,
    put_channel,
    delete_channel,
    read_position,
    write_folded,
    write_snapshot,
    put_page,
    cut_pages,
    read_pages,
    count,
};

// clang-format off
inline constexpr std::array<std::string_view, static_cast<std::size_t>(StateQuery::count)>
    state_sql{
        "INSERT INTO ci (id, class, name, address, site, service, source, state, state_since, "
        "created, created_lsn) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, ?10)",
        "UPDATE ci SET class = ?2, name = ?3, address = ?4, site = ?5, service = ?6, source = "
        "?7, retired = ?8, merged_into = ?9, missing = ?10 WHERE id = ?1",
        "UPDATE ci SET state = ?2, state_since = ?3 WHERE id = ?1",
        "INSERT INTO ci_statement (source, object, ci, class, keys, attributes, observed, "
        "lsn, missing) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (source, object) "
        "DO UPDATE SET ci = ?3, class = ?4, keys = ?5, attributes = ?6, observed = ?7, lsn = ?8, "
        "removed_lsn = NULL, missing = ?9",
        "UPDATE ci_statement SET removed_lsn = ?3 WHERE source = ?1 AND object = ?2",
        "UPDATE ci_statement SET ci = ?3 WHERE source = ?1 AND object = ?2",
        "INSERT OR REPLACE INTO ci_key (namespace, kind, value, ci, state) VALUES (?1, ?2, "
        "?3, ?4, ?5)",
        "DELETE FROM ci_key WHERE ci = ?1",
        "INSERT OR REPLACE INTO ci_attribute (ci, name, value, source, valid_from, valid_to, "
        "recorded_lsn) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        // ?3: [[name, value, source, from, to], ...]. What ended before all of them stays.
        "UPDATE ci_attribute SET superseded_lsn = ?2 WHERE ci = ?1 AND superseded_lsn IS NULL AND "
        "recorded_lsn < ?2 AND (valid_to IS NULL OR valid_to > (SELECT MIN(value ->> 3) FROM "
        "json_each(?3) WHERE value ->> 0 = ci_attribute.name)) AND NOT EXISTS (SELECT 1 FROM "
        "json_each(?3) j WHERE j.value ->> 0 = ci_attribute.name AND j.value ->> 1 = "
        "ci_attribute.value AND j.value ->> 2 = ci_attribute.source AND j.value ->> 3 = valid_from "
        "AND j.value ->> 4 IS valid_to)",
        "DELETE FROM ci_attribute WHERE ci = ?1 AND superseded_lsn IS NULL AND recorded_lsn = ?2 "
        "AND NOT EXISTS (SELECT 1 FROM json_each(?3) j WHERE j.value ->> 0 = ci_attribute.name AND "
        "j.value ->> 1 = ci_attribute.value AND j.value ->> 2 = ci_attribute.source AND j.value "
        "->> 3 = valid_from AND j.value ->> 4 IS valid_to)",
        "INSERT OR REPLACE INTO ci_attribute (ci, name, value, source, valid_from, valid_to, "
        "recorded_lsn) SELECT ?1, j.value ->> 0, j.value ->> 1, j.value ->> 2, j.value ->> 3, "
        "j.value ->> 4, ?2 FROM json_each(?3) j WHERE NOT EXISTS (SELECT 1 FROM ci_attribute a "
        "WHERE a.ci = ?1 AND a.name = j.value ->> 0 AND a.value = j.value ->> 1 AND a.source = "
        "j.value ->> 2 AND a.valid_from = j.value ->> 3 AND a.valid_to IS j.value ->> 4 AND "
        "a.superseded_lsn IS NULL)",
        "INSERT OR REPLACE INTO ci_relation (source, object, type, target, from_ci, to_ci, "
        "valid_from, recorded_lsn) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        // Ending one: the belief that it goes on is superseded, the belief that it ended begins.
        "INSERT OR REPLACE INTO ci_relation (source, object, type, target, from_ci, to_ci, "
        "valid_from, valid_to, recorded_lsn) SELECT source, object, type, target, from_ci, to_ci, "
        "valid_from, ?5, ?6 FROM ci_relation WHERE source = ?1 AND object = ?2 AND type = ?3 AND "
        "target = ?4 AND superseded_lsn IS NULL AND valid_to IS NULL AND valid_from < ?5 AND "
        "recorded_lsn < ?6",
        "UPDATE ci_relation SET superseded_lsn = ?5 WHERE source = ?1 AND object = ?2 AND type = "
        "?3 AND target = ?4 AND superseded_lsn IS NULL AND valid_to IS NULL AND recorded_lsn < ?5",
        "UPDATE ci_relation SET valid_to = max(valid_from, ?5) WHERE source = ?1 AND object = ?2 "
        "AND type = ?3 AND target = ?4 AND superseded_lsn IS NULL AND valid_to IS NULL AND "
        "recorded_lsn = ?6",
        // Moving: the same for rows of one statement, ?3 is its CI now.
        "INSERT OR REPLACE INTO ci_relation (source, object, type, target, from_ci, to_ci, "
        "valid_from, valid_to, recorded_lsn) SELECT source, object, type, target, iif(object = ?2, "
        "?3, from_ci), iif(target = ?2, ?3, to_ci), valid_from, valid_to, ?4 FROM ci_relation "
        "WHERE source = ?1 AND (object = ?2 OR target = ?2) AND superseded_lsn IS NULL AND "
        "recorded_lsn < ?4",
        "UPDATE ci_relation SET superseded_lsn = ?3 WHERE source = ?1 AND (object = ?2 OR target = "
        "?2) AND superseded_lsn IS NULL AND recorded_lsn < ?3",
        "UPDATE ci_relation SET from_ci = iif(object = ?2, ?3, from_ci), to_ci = iif(target = ?2, "
        "?3, to_ci) WHERE source = ?1 AND (object = ?2 OR target = ?2) AND superseded_lsn IS NULL "
        "AND recorded_lsn = ?4",
        // What is kept apart as before is no news.
        "INSERT INTO ci_ledger (lsn, ordinal, wall, kind, ci, other, actor, reason) SELECT ?1, ?2, "
        "?3, ?4, ?5, ?6, ?7, ?8 WHERE ?4 <> 'kept_apart' OR NOT EXISTS (SELECT 1 FROM ci_duplicate "
        "WHERE ci = min(?5, ?6) AND other = max(?5, ?6) AND reason = ?8)",
        "DELETE FROM ci_duplicate WHERE ci = ?1 OR other = ?1",
        "INSERT OR IGNORE INTO ci_duplicate (ci, other, reason, since) VALUES (?1, ?2, ?3, ?4)",
        "UPDATE agent SET ci = ?2 WHERE id = ?1",
        "INSERT INTO agent (id, name, ci, site, hostname, version, address, state, "
        "state_since, enrolled, epoch, probes) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, "
        "?9, 0, 0)",
        "UPDATE agent SET name = ?2, site = ?3, hostname = ?4, version = ?5, address = ?6, "
        "state = ?7, state_since = ?8 WHERE id = ?1",
        "UPDATE agent SET epoch = ?2, probes = ?3 WHERE id = ?1",
        "INSERT INTO agent_unobserved (agent, from_wall, reason, lsn) VALUES (?1, ?2, ?3, ?4) "
        "ON CONFLICT (agent, from_wall) DO UPDATE SET to_wall = NULL, reason = ?3, lsn = ?4",
        "UPDATE agent_unobserved SET to_wall = ?3 WHERE agent = ?1 AND from_wall = ?2",
        "DELETE FROM agent_unobserved WHERE agent = ?1 AND from_wall = ?2",
        "INSERT INTO agent_gap (agent, lsn, ordinal, spool, seq, span, results, reason, "
        "from_wall, to_wall, wall) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        "DELETE FROM agent_gap WHERE agent = ?1 AND (lsn, ordinal) < (SELECT lsn, ordinal FROM "
        "agent_gap WHERE agent = ?1 ORDER BY lsn DESC, ordinal DESC LIMIT 1 OFFSET ?2 - 1)",
        "UPDATE agent_unobserved SET to_wall = MAX(to_wall, ?3) WHERE agent = ?1 AND from_wall = "
        "(SELECT MAX(from_wall) FROM agent_unobserved WHERE agent = ?1 AND from_wall <= ?2 AND "
        "reason = 'results lost') AND to_wall >= ?2",
        "INSERT INTO agent_unobserved (agent, from_wall, to_wall, reason, lsn) SELECT ?1, since, ?3, "
        "'results lost', ?4 FROM (SELECT MAX(?2, enrolled + 1) AS since FROM agent WHERE id = ?1) WHERE "
        "since < ?3 AND NOT EXISTS (SELECT 1 FROM agent_unobserved WHERE agent = ?1 AND "
        "from_wall <= since AND to_wall >= ?3 AND reason = 'results lost') ON CONFLICT (agent, "
        "from_wall) DO UPDATE SET to_wall = MAX(to_wall, excluded.to_wall)",
        "DELETE FROM agent_unobserved WHERE agent = ?1 AND reason = 'results lost' AND from_wall < "
        "(SELECT from_wall FROM agent_unobserved WHERE agent = ?1 AND reason = 'results lost' ORDER "
        "BY from_wall DESC LIMIT 1 OFFSET ?2 - 1)",
        "INSERT INTO probe (id, ci, agent, type, name, origin, host, interval_ms, timeout_ms, "
        "params, rule, state, state_since, reason, expected, seen, row) VALUES (?1, ?2, ?3, "
        "?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, '', '', '', ?14) ON CONFLICT (id) DO "
        "UPDATE SET ci = ?2, agent = ?3, type = ?4, name = ?5, origin = ?6, host = ?7, "
        "interval_ms = ?8, timeout_ms = ?9, params = ?10, rule = ?11, state = ?12, "
        "state_since = ?13, exceeded_since = NULL, proven = NULL, reason = '', expected = '', seen = '', "
        "removed_lsn = NULL, row = ?14",
        "UPDATE probe SET ci = ?2, agent = ?3, type = ?4, name = ?5, origin = ?6, host = ?7, "
        "interval_ms = ?8, timeout_ms = ?9, params = ?10, rule = ?11 WHERE row = ?1",
        "UPDATE probe SET removed_lsn = ?2, agent = NULL WHERE row = ?1",
        "UPDATE probe SET state = ?2, state_since = ?3, exceeded_since = ?4, reason = ?5, "
        "expected = ?6, seen = ?7 WHERE row = ?1",
        "UPDATE probe SET reason = ?2, expected = ?3, seen = ?4 WHERE row = ?1",
        "UPDATE probe SET exceeded_since = ?2 WHERE row = ?1",
        "UPDATE probe SET proven = ?2 WHERE row = ?1",
        "INSERT INTO probe_interval (probe, from_wall, state, lsn, ordinal) VALUES (?1, ?2, "
        "?3, ?4, ?5)",
        "UPDATE probe_interval SET to_wall = ?5 WHERE probe = ?1 AND from_wall = ?2 AND lsn = "
        "?3 AND ordinal = ?4",
        "INSERT INTO incident (number, kind, key, ci, agent, probe, title, place, state, "
        "priority, urgency, expected, seen, reason, started, detected, opened, detected_late, "
        "why, version, site, service, impact, impact_basis, team, assignee, reporter, "
        "description, previous) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, "
        "?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29) "
        // What it is about may be another CI by now: it stays the same incident.
        "ON CONFLICT (number) DO UPDATE SET key = ?3, ci = ?4",
        "UPDATE incident SET state = ?2, acknowledged = ?3, acknowledged_by = ?4, resolved = "
        "?5, resolved_by = ?6, resolution = ?7, version = ?8, kind = ?9, title = ?10, priority = "
        "?11, urgency = ?12, impact = ?13, impact_basis = ?14, expected = ?15, seen = ?16, reason "
        "= ?17, team = ?18, assignee = ?19, pending_reason = ?20, pending_text = ?21, "
        "pending_since = ?22, closed = ?23, closed_by = ?24, reopened = ?25 WHERE number = ?1",
        "UPDATE incident SET agent = ?2, probe = ?3, started = ?4, detected = ?5, detected_late = ?6, "
        "why = ?7 WHERE number = ?1",
        "UPDATE incident SET flapping_since = ?2, transitions = ?3 WHERE number = ?1",
        "INSERT OR IGNORE INTO incident_link (incident, type, other, actor, wall, lsn) VALUES "
        "(?1, ?2, ?3, ?4, ?5, ?6)",
        "INSERT INTO maintenance_window (number, scope, match, ci, sites, state, from_wall, "
        "to_wall, reason, created, created_by, ended, ended_by, version) VALUES (?1, ?2, ?3, ?4, "
        "?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
        "UPDATE maintenance_window SET state = ?2, to_wall = ?3, ended = ?4, ended_by = ?5, "
        "version = ?6 WHERE number = ?1",
        "INSERT INTO maintenance_window_ci (window, ci, from_wall, lsn, ordinal) VALUES (?1, ?2, "
        "?3, ?4, ?5)",
        "UPDATE maintenance_window_ci SET to_wall = max(from_wall, ?3) WHERE window = ?1 AND ci = "
        "?2 AND to_wall IS NULL",
        "INSERT INTO incident_timeline (incident, lsn, ordinal, wall, kind, actor, text, "
        "data) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        "INSERT INTO event (lsn, ordinal, wall, kind, change, incident, ci, agent, actor, "
        "text) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        "INSERT INTO outbox (id, incident, transition, channel, created, payload, state, "
        "attempts, last_error, lsn, ordinal) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'waiting', 0, "
        "'', ?7, ?8)",
        "UPDATE outbox SET state = ?2, attempts = ?3, last_error = ?4, sent = ?5 WHERE id = "
        "?1",
        "INSERT INTO verdict (actor, idempotency_key, lsn, status, body, etag) VALUES (?1, "
        "?2, ?3, ?4, ?5, ?6)",
        "DELETE FROM verdict WHERE actor = ?1 AND idempotency_key = ?2",
        "INSERT INTO receipt (lsn, ordinal, wall, ci, probe, reason, data) VALUES (?1, ?2, "
        "?3, ?4, ?5, ?6, ?7)",
        "INSERT INTO incident_symptom (incident, lsn, ordinal, ci, name, text, since) VALUES "
        "(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        "UPDATE incident_symptom SET until = ?3 WHERE incident = ?1 AND ci = ?2 AND until IS "
        "NULL",
        "INSERT OR REPLACE INTO channel (name, position, type, target, match, rate_messages, "
        "rate_per_ms, state, state_since, failures, last_error, delivered, waiting, merged) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
        "DELETE FROM channel WHERE name = ?1",
        "SELECT folded, snapshot, elapsed FROM fold WHERE id = 1",
        "UPDATE fold SET folded = ?1, elapsed = ?2 WHERE id = 1",
        "UPDATE fold SET folded = ?1, snapshot = ?1, elapsed = ?2 WHERE id = 1",
        "INSERT OR REPLACE INTO snapshot_page (section, page, data) VALUES (?1, ?2, ?3)",
        "DELETE FROM snapshot_page WHERE section = ?1 AND page >= ?2",
        "SELECT page, data FROM snapshot_page WHERE section = ?1 ORDER BY page",
};
// clang-format on

}  // namespace muster::collector
