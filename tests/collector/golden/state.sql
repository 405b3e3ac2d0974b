-- state.db, schema version 3
CREATE TRIGGER event_kept AFTER INSERT ON event WHEN NEW.row % 1000 = 0 BEGIN DELETE FROM event WHERE row <= NEW.row - 100000; END;
CREATE TABLE agent (
    id BLOB PRIMARY KEY, name TEXT NOT NULL, ci BLOB NOT NULL, site TEXT NOT NULL, hostname TEXT NOT NULL, version TEXT NOT NULL, address TEXT NOT NULL,
    state TEXT NOT NULL,              -- enrolled, connected, disconnected, stopped (said goodbye), silent, revoked
    state_since INTEGER NOT NULL, enrolled INTEGER NOT NULL, epoch INTEGER NOT NULL, probes INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE agent_gap (
    agent BLOB NOT NULL, lsn INTEGER NOT NULL, ordinal INTEGER NOT NULL, spool BLOB NOT NULL,
    seq INTEGER NOT NULL, span INTEGER NOT NULL,    -- the records that are not there
    results INTEGER NOT NULL, reason TEXT NOT NULL, -- "full", "damaged", … as in wire/gap.hpp
    from_wall INTEGER, to_wall INTEGER,             -- when they were made, where that is known
    wall INTEGER NOT NULL, PRIMARY KEY (agent, lsn, ordinal)
) STRICT, WITHOUT ROWID;
CREATE TABLE agent_unobserved (agent BLOB NOT NULL, from_wall INTEGER NOT NULL, to_wall INTEGER, reason TEXT NOT NULL, lsn INTEGER NOT NULL, PRIMARY KEY (agent, from_wall)) STRICT, WITHOUT ROWID;
CREATE TABLE channel (
    name TEXT PRIMARY KEY, position INTEGER NOT NULL, type TEXT NOT NULL, target TEXT NOT NULL, match TEXT NOT NULL,
    rate_messages INTEGER NOT NULL, rate_per_ms INTEGER NOT NULL,
    state TEXT NOT NULL,              -- untested, working, failing, dead
    state_since INTEGER NOT NULL, failures INTEGER NOT NULL, last_error TEXT NOT NULL, delivered INTEGER,
    waiting INTEGER NOT NULL,         -- messages that no receiver has confirmed
    merged INTEGER NOT NULL           -- messages that go with the next digest
) STRICT, WITHOUT ROWID;
CREATE TABLE ci (
    id BLOB PRIMARY KEY, class TEXT NOT NULL, name TEXT NOT NULL, address TEXT NOT NULL, site TEXT NOT NULL, service TEXT NOT NULL, source TEXT NOT NULL,
    state TEXT NOT NULL,              -- operational: up, degraded, down, unobserved, unproven
    state_since INTEGER NOT NULL, created INTEGER NOT NULL, created_lsn INTEGER NOT NULL, retired INTEGER, merged_into BLOB
, missing INTEGER) STRICT, WITHOUT ROWID;
CREATE TABLE ci_attribute (
    ci BLOB NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, source TEXT NOT NULL, valid_from INTEGER NOT NULL, valid_to INTEGER,
    recorded_lsn INTEGER NOT NULL, superseded_lsn INTEGER, PRIMARY KEY (ci, name, recorded_lsn, valid_from)
) STRICT, WITHOUT ROWID;
CREATE TABLE ci_duplicate (ci BLOB NOT NULL, other BLOB NOT NULL, reason TEXT NOT NULL, since INTEGER NOT NULL, PRIMARY KEY (ci, other)) STRICT, WITHOUT ROWID;
CREATE TABLE ci_key (namespace TEXT NOT NULL, kind TEXT NOT NULL, value TEXT NOT NULL, ci BLOB NOT NULL, state TEXT NOT NULL, PRIMARY KEY (namespace, kind, value, ci)) STRICT, WITHOUT ROWID;
CREATE TABLE ci_ledger (
    lsn INTEGER NOT NULL, ordinal INTEGER NOT NULL, wall INTEGER NOT NULL,
    kind TEXT NOT NULL,               -- created, joined, split, kept_apart, retired, returned; merge, unmerge, not_same, … by a person
    ci BLOB NOT NULL, other BLOB, actor TEXT NOT NULL, reason TEXT NOT NULL, PRIMARY KEY (lsn, ordinal)
) STRICT, WITHOUT ROWID;
CREATE TABLE ci_relation (
    source TEXT NOT NULL, object TEXT NOT NULL, type TEXT NOT NULL, target TEXT NOT NULL, from_ci BLOB NOT NULL, to_ci BLOB NOT NULL,
    valid_from INTEGER NOT NULL, valid_to INTEGER, recorded_lsn INTEGER NOT NULL, superseded_lsn INTEGER,
    PRIMARY KEY (source, object, type, target, recorded_lsn, valid_from)
) STRICT, WITHOUT ROWID;
CREATE TABLE ci_statement (
    source TEXT NOT NULL, object TEXT NOT NULL, ci BLOB NOT NULL, class TEXT NOT NULL, keys TEXT NOT NULL, attributes TEXT NOT NULL,
    observed INTEGER NOT NULL, lsn INTEGER NOT NULL, removed_lsn INTEGER, missing INTEGER, PRIMARY KEY (source, object)
) STRICT, WITHOUT ROWID;
CREATE TABLE event (
    row INTEGER PRIMARY KEY,          -- without holes, rising
    lsn INTEGER NOT NULL, ordinal INTEGER NOT NULL, wall INTEGER NOT NULL,
    kind TEXT NOT NULL,               -- incident, ci, agent, window (text: its number), configuration
    change TEXT NOT NULL,             -- of an incident: the kind of its line in the timeline; of a CI or agent: its state now
    incident INTEGER, ci BLOB, agent BLOB, actor TEXT NOT NULL, text TEXT NOT NULL
) STRICT;
CREATE TABLE fold (id INTEGER PRIMARY KEY CHECK (id = 1), folded INTEGER NOT NULL, snapshot INTEGER NOT NULL, elapsed INTEGER NOT NULL) STRICT;
CREATE TABLE incident (
    number INTEGER PRIMARY KEY, kind TEXT NOT NULL, key TEXT NOT NULL, ci BLOB, agent BLOB, probe BLOB, title TEXT NOT NULL, place TEXT NOT NULL,
    state TEXT NOT NULL,              -- new, assigned, in_progress, pending, resolved, closed, cancelled
    priority INTEGER NOT NULL, urgency TEXT NOT NULL, expected TEXT NOT NULL, seen TEXT NOT NULL, reason TEXT NOT NULL,
    started INTEGER NOT NULL,         -- first failed result
    detected INTEGER NOT NULL,        -- threshold exceeded
    opened INTEGER NOT NULL, detected_late INTEGER NOT NULL, acknowledged INTEGER, acknowledged_by TEXT, resolved INTEGER, resolved_by TEXT, resolution TEXT,
    why TEXT NOT NULL,                -- JSON: rule, inputs, times, hold, counterfactual
    version INTEGER NOT NULL          -- lsn of the last change: the ETag
, flapping_since INTEGER, transitions INTEGER NOT NULL DEFAULT 0, site TEXT NOT NULL DEFAULT '', service TEXT NOT NULL DEFAULT '', impact TEXT NOT NULL DEFAULT 'medium', impact_basis TEXT NOT NULL DEFAULT '', team TEXT NOT NULL DEFAULT '', assignee TEXT NOT NULL DEFAULT '', pending_reason TEXT NOT NULL DEFAULT '', pending_text TEXT NOT NULL DEFAULT '', pending_since INTEGER, closed INTEGER, closed_by TEXT NOT NULL DEFAULT '', reporter TEXT NOT NULL DEFAULT '', description TEXT NOT NULL DEFAULT '', previous INTEGER, reopened INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE incident_link (
    incident INTEGER NOT NULL, type TEXT NOT NULL, other INTEGER NOT NULL, actor TEXT NOT NULL, wall INTEGER NOT NULL, lsn INTEGER NOT NULL,
    PRIMARY KEY (incident, type, other)
) STRICT, WITHOUT ROWID;
CREATE TABLE incident_symptom (
    incident INTEGER NOT NULL, lsn INTEGER NOT NULL, ordinal INTEGER NOT NULL, ci BLOB NOT NULL, name TEXT NOT NULL, text TEXT NOT NULL,
    since INTEGER NOT NULL, until INTEGER, PRIMARY KEY (incident, lsn, ordinal)
) STRICT, WITHOUT ROWID;
CREATE TABLE incident_timeline (
    incident INTEGER NOT NULL, lsn INTEGER NOT NULL, ordinal INTEGER NOT NULL, wall INTEGER NOT NULL,
    kind TEXT NOT NULL,               -- opened, symptom, recovered, acknowledged, comment, resolved, reopened, notified, notify_failed
    actor TEXT NOT NULL, text TEXT NOT NULL, data TEXT NOT NULL, PRIMARY KEY (incident, lsn, ordinal)
) STRICT, WITHOUT ROWID;
CREATE TABLE maintenance_window (
    number INTEGER PRIMARY KEY, scope TEXT NOT NULL,  -- as its maker wrote it
    match TEXT NOT NULL,                              -- a query over CIs; empty: the one CI below
    ci BLOB, sites TEXT,                              -- JSON: the sites its maker sees; null: all
    state TEXT NOT NULL,                              -- planned, active, ended, cancelled
    from_wall INTEGER NOT NULL, to_wall INTEGER NOT NULL, reason TEXT NOT NULL, created INTEGER NOT NULL, created_by TEXT NOT NULL,
    ended INTEGER, ended_by TEXT NOT NULL, version INTEGER NOT NULL  -- lsn of the last change: the ETag
) STRICT;
CREATE TABLE maintenance_window_ci (
    window INTEGER NOT NULL, ci BLOB NOT NULL, from_wall INTEGER NOT NULL, to_wall INTEGER, lsn INTEGER NOT NULL, ordinal INTEGER NOT NULL,
    PRIMARY KEY (ci, from_wall, window, lsn, ordinal)
) STRICT, WITHOUT ROWID;
CREATE TABLE outbox (
    id TEXT PRIMARY KEY,              -- "INC-1/opened/ops": (incident, transition, channel); also the CloudEvents id
    incident INTEGER NOT NULL, transition TEXT NOT NULL, channel TEXT NOT NULL, created INTEGER NOT NULL, payload TEXT NOT NULL,
    state TEXT NOT NULL,              -- waiting, sent, given_up
    attempts INTEGER NOT NULL, last_error TEXT NOT NULL, sent INTEGER, lsn INTEGER NOT NULL, ordinal INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE probe (
    id BLOB NOT NULL UNIQUE, ci BLOB NOT NULL, agent BLOB, type TEXT NOT NULL, name TEXT NOT NULL, origin TEXT NOT NULL, -- "target intranet" or "policy network gear answers"
    host TEXT NOT NULL, interval_ms INTEGER NOT NULL, timeout_ms INTEGER NOT NULL, params TEXT NOT NULL, rule TEXT NOT NULL,
    state TEXT NOT NULL,              -- ok, warning, critical, unknown, unobserved, unproven
    state_since INTEGER NOT NULL, exceeded_since INTEGER, reason TEXT NOT NULL, expected TEXT NOT NULL, seen TEXT NOT NULL, removed_lsn INTEGER,
    row INTEGER PRIMARY KEY           -- in the order of the probes in an agent's batches: what changes together lies together
, proven INTEGER) STRICT;
CREATE TABLE probe_interval (probe BLOB NOT NULL, from_wall INTEGER NOT NULL, to_wall INTEGER, state TEXT NOT NULL, lsn INTEGER NOT NULL, ordinal INTEGER NOT NULL, PRIMARY KEY (probe, from_wall, lsn, ordinal)) STRICT, WITHOUT ROWID;
CREATE TABLE receipt (lsn INTEGER NOT NULL, ordinal INTEGER NOT NULL, wall INTEGER NOT NULL, ci BLOB, probe BLOB, reason TEXT NOT NULL, data TEXT NOT NULL, PRIMARY KEY (lsn, ordinal)) STRICT, WITHOUT ROWID;
CREATE TABLE snapshot_page (section TEXT NOT NULL, page INTEGER NOT NULL, data BLOB NOT NULL, PRIMARY KEY (section, page)) STRICT, WITHOUT ROWID;
CREATE TABLE verdict (idempotency_key TEXT NOT NULL, actor TEXT NOT NULL, lsn INTEGER NOT NULL, status INTEGER NOT NULL, body TEXT NOT NULL, etag TEXT NOT NULL, PRIMARY KEY (actor, idempotency_key)) STRICT, WITHOUT ROWID;
CREATE INDEX agent_unobserved_open ON agent_unobserved (agent, from_wall) WHERE to_wall IS NULL;
CREATE INDEX ci_attribute_by_value ON ci_attribute (value)
    WHERE superseded_lsn IS NULL AND valid_to IS NULL
      AND name IN ('mac', 'permanent_mac', 'serial', 'hostname', 'fqdn', 'asset_number', 'smbios_uuid', 'machine_id', 'url');
CREATE INDEX ci_attribute_ever_by_value ON ci_attribute (value)
    WHERE name IN ('name', 'address', 'mac', 'permanent_mac', 'serial', 'hostname', 'fqdn', 'asset_number', 'smbios_uuid', 'machine_id', 'url');
CREATE INDEX ci_by_address ON ci (address);
CREATE INDEX ci_by_name ON ci (name);
CREATE INDEX ci_duplicate_by_other ON ci_duplicate (other);
CREATE INDEX ci_key_by_ci ON ci_key (ci);
CREATE INDEX ci_key_by_value ON ci_key (value);
CREATE INDEX ci_ledger_by_ci ON ci_ledger (ci, lsn);
CREATE INDEX ci_ledger_by_other ON ci_ledger (other, lsn);
CREATE INDEX ci_relation_by_from ON ci_relation (from_ci);
CREATE INDEX ci_relation_by_target ON ci_relation (source, target);
CREATE INDEX ci_relation_by_to ON ci_relation (to_ci);
CREATE INDEX ci_statement_by_ci ON ci_statement (ci);
CREATE UNIQUE INDEX event_by_position ON event (lsn, ordinal);
CREATE INDEX incident_by_ci ON incident (ci, number);
CREATE INDEX incident_by_previous ON incident (previous) WHERE previous IS NOT NULL;
CREATE INDEX incident_by_state ON incident (state, number);
CREATE INDEX incident_link_by_other ON incident_link (other, type, incident);
CREATE INDEX maintenance_window_by_state ON maintenance_window (state, number);
CREATE INDEX maintenance_window_ci_by_window ON maintenance_window_ci (window, ci);
CREATE INDEX outbox_waiting ON outbox (state, lsn, ordinal);
CREATE INDEX probe_by_ci ON probe (ci);
CREATE INDEX receipt_by_ci ON receipt (ci, wall);
CREATE INDEX receipt_by_wall ON receipt (wall);
