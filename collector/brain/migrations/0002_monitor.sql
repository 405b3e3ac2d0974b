-- Configuration items: relations, classes, the identity ledger.
ALTER TABLE ci ADD COLUMN missing INTEGER;            -- since when nobody who names it sees it
ALTER TABLE ci_statement ADD COLUMN missing INTEGER;
-- A belief is a row: learning that a value ended supersedes the row that says it holds, and adds one that says until when.
INSERT INTO ci_attribute (ci, name, value, source, valid_from, valid_to, recorded_lsn)
    SELECT ci, name, value, source, valid_from, valid_to, superseded_lsn FROM ci_attribute WHERE superseded_lsn IS NOT NULL AND valid_to > valid_from;
UPDATE ci_attribute SET valid_to = NULL WHERE superseded_lsn IS NOT NULL;
-- Said by a statement (source, object) of another object of its source. Valid time and record time as for attributes.
CREATE TABLE ci_relation (
    source TEXT NOT NULL, object TEXT NOT NULL, type TEXT NOT NULL, target TEXT NOT NULL, from_ci BLOB NOT NULL, to_ci BLOB NOT NULL,
    valid_from INTEGER NOT NULL, valid_to INTEGER, recorded_lsn INTEGER NOT NULL, superseded_lsn INTEGER,
    PRIMARY KEY (source, object, type, target, recorded_lsn, valid_from)
) STRICT, WITHOUT ROWID;
CREATE INDEX ci_relation_by_target ON ci_relation (source, target);
CREATE INDEX ci_relation_by_from ON ci_relation (from_ci);
CREATE INDEX ci_relation_by_to ON ci_relation (to_ci);
-- Every change of what belongs together, and why. Only added to.
CREATE TABLE ci_ledger (
    lsn INTEGER NOT NULL, ordinal INTEGER NOT NULL, wall INTEGER NOT NULL,
    kind TEXT NOT NULL,               -- created, joined, split, kept_apart, retired, returned; merge, unmerge, not_same, … by a person
    ci BLOB NOT NULL, other BLOB, actor TEXT NOT NULL, reason TEXT NOT NULL, PRIMARY KEY (lsn, ordinal)
) STRICT, WITHOUT ROWID;
CREATE INDEX ci_ledger_by_ci ON ci_ledger (ci, lsn);
CREATE INDEX ci_ledger_by_other ON ci_ledger (other, lsn);
-- Probably the same, but something speaks against it. The lesser id first.
CREATE TABLE ci_duplicate (ci BLOB NOT NULL, other BLOB NOT NULL, reason TEXT NOT NULL, since INTEGER NOT NULL, PRIMARY KEY (ci, other)) STRICT, WITHOUT ROWID;
CREATE INDEX ci_duplicate_by_other ON ci_duplicate (other);
CREATE INDEX ci_key_by_ci ON ci_key (ci);
CREATE INDEX ci_key_by_value ON ci_key (value);
CREATE INDEX ci_by_address ON ci (address);
-- What people look for by its value.
CREATE INDEX ci_attribute_by_value ON ci_attribute (value)
    WHERE superseded_lsn IS NULL AND valid_to IS NULL
      AND name IN ('mac', 'permanent_mac', 'serial', 'hostname', 'fqdn', 'asset_number', 'smbios_uuid', 'machine_id', 'url');
CREATE INDEX ci_statement_by_ci ON ci_statement (ci);
-- The same with their past.
CREATE INDEX ci_attribute_ever_by_value ON ci_attribute (value)
    WHERE name IN ('name', 'address', 'mac', 'permanent_mac', 'serial', 'hostname', 'fqdn', 'asset_number', 'smbios_uuid', 'machine_id', 'url');

-- Probes, thresholds and availability.
-- First answer, in event time: before it a probe is unproven, which counts as unobserved. Of probes that answered before this
-- column was there, the earliest trace is taken.
ALTER TABLE probe ADD COLUMN proven INTEGER;
UPDATE probe SET proven = min(state_since, ifnull((SELECT min(i.from_wall) FROM probe_interval i WHERE i.probe = probe.id), state_since))
    WHERE state <> 'unproven';
-- Since when an incident flaps, null: it does not; how often its CI exceeded or recovered while it did.
ALTER TABLE incident ADD COLUMN flapping_since INTEGER;
ALTER TABLE incident ADD COLUMN transitions INTEGER NOT NULL DEFAULT 0;

-- Incidents: the whole record; maintenance windows.
ALTER TABLE incident ADD COLUMN site TEXT NOT NULL DEFAULT '';
ALTER TABLE incident ADD COLUMN service TEXT NOT NULL DEFAULT '';
ALTER TABLE incident ADD COLUMN impact TEXT NOT NULL DEFAULT 'medium';  -- high, medium, low
ALTER TABLE incident ADD COLUMN impact_basis TEXT NOT NULL DEFAULT '';
ALTER TABLE incident ADD COLUMN team TEXT NOT NULL DEFAULT '';          -- who owns it
ALTER TABLE incident ADD COLUMN assignee TEXT NOT NULL DEFAULT '';      -- who works on it
ALTER TABLE incident ADD COLUMN pending_reason TEXT NOT NULL DEFAULT '';
ALTER TABLE incident ADD COLUMN pending_text TEXT NOT NULL DEFAULT '';
ALTER TABLE incident ADD COLUMN pending_since INTEGER;                  -- null: it is not pending
ALTER TABLE incident ADD COLUMN closed INTEGER;                         -- or cancelled
ALTER TABLE incident ADD COLUMN closed_by TEXT NOT NULL DEFAULT '';
ALTER TABLE incident ADD COLUMN reporter TEXT NOT NULL DEFAULT '';      -- of what people report
ALTER TABLE incident ADD COLUMN description TEXT NOT NULL DEFAULT '';
ALTER TABLE incident ADD COLUMN previous INTEGER;                       -- the one before it about the same
ALTER TABLE incident ADD COLUMN reopened INTEGER NOT NULL DEFAULT 0;    -- how often
UPDATE incident SET site = place;
CREATE INDEX incident_by_previous ON incident (previous) WHERE previous IS NOT NULL;
-- Read: incident is `type` of other: duplicate_of, caused_by, related, parent.
CREATE TABLE incident_link (
    incident INTEGER NOT NULL, type TEXT NOT NULL, other INTEGER NOT NULL, actor TEXT NOT NULL, wall INTEGER NOT NULL, lsn INTEGER NOT NULL,
    PRIMARY KEY (incident, type, other)
) STRICT, WITHOUT ROWID;
CREATE INDEX incident_link_by_other ON incident_link (other, type, incident);
CREATE TABLE maintenance_window (
    number INTEGER PRIMARY KEY, scope TEXT NOT NULL,  -- as its maker wrote it
    match TEXT NOT NULL,                              -- a query over CIs; empty: the one CI below
    ci BLOB, sites TEXT,                              -- JSON: the sites its maker sees; null: all
    state TEXT NOT NULL,                              -- planned, active, ended, cancelled
    from_wall INTEGER NOT NULL, to_wall INTEGER NOT NULL, reason TEXT NOT NULL, created INTEGER NOT NULL, created_by TEXT NOT NULL,
    ended INTEGER, ended_by TEXT NOT NULL, version INTEGER NOT NULL  -- lsn of the last change: the ETag
) STRICT;
CREATE INDEX maintenance_window_by_state ON maintenance_window (state, number);
-- Time a CI was in a window: excluded from its availability. Goes on while to_wall is null.
CREATE TABLE maintenance_window_ci (
    window INTEGER NOT NULL, ci BLOB NOT NULL, from_wall INTEGER NOT NULL, to_wall INTEGER, lsn INTEGER NOT NULL, ordinal INTEGER NOT NULL,
    PRIMARY KEY (ci, from_wall, window, lsn, ordinal)
) STRICT, WITHOUT ROWID;
CREATE INDEX maintenance_window_ci_by_window ON maintenance_window_ci (window, ci);

-- Vantage points, storms, receipts.
-- What an incident explains: opened no incident of its own, or has one that is linked. Of a CI now while until is null.
CREATE TABLE incident_symptom (
    incident INTEGER NOT NULL, lsn INTEGER NOT NULL, ordinal INTEGER NOT NULL, ci BLOB NOT NULL, name TEXT NOT NULL, text TEXT NOT NULL,
    since INTEGER NOT NULL, until INTEGER, PRIMARY KEY (incident, lsn, ordinal)
) STRICT, WITHOUT ROWID;
CREATE INDEX receipt_by_wall ON receipt (wall);
CREATE INDEX receipt_by_ci ON receipt (ci, wall);

-- Telling: channels, rates, digests.
CREATE TABLE channel (
    name TEXT PRIMARY KEY, position INTEGER NOT NULL, type TEXT NOT NULL, target TEXT NOT NULL, match TEXT NOT NULL,
    rate_messages INTEGER NOT NULL, rate_per_ms INTEGER NOT NULL,
    state TEXT NOT NULL,              -- untested, working, failing, dead
    state_since INTEGER NOT NULL, failures INTEGER NOT NULL, last_error TEXT NOT NULL, delivered INTEGER,
    waiting INTEGER NOT NULL,         -- messages that no receiver has confirmed
    merged INTEGER NOT NULL           -- messages that go with the next digest
) STRICT, WITHOUT ROWID;

-- Events: what changed, for those who follow. Written where the change is; at least the newest 100,000 are kept.
CREATE TABLE event (
    row INTEGER PRIMARY KEY,          -- without holes, rising
    lsn INTEGER NOT NULL, ordinal INTEGER NOT NULL, wall INTEGER NOT NULL,
    kind TEXT NOT NULL,               -- incident, ci, agent, window (text: its number), configuration
    change TEXT NOT NULL,             -- of an incident: the kind of its line in the timeline; of a CI or agent: its state now
    incident INTEGER, ci BLOB, agent BLOB, actor TEXT NOT NULL, text TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX event_by_position ON event (lsn, ordinal);
CREATE TRIGGER event_kept AFTER INSERT ON event WHEN NEW.row % 1000 = 0 BEGIN DELETE FROM event WHERE row <= NEW.row - 100000; END;
