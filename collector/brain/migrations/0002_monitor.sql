-- Configuration items: relations, classes, the identity ledger.

-- Probes, thresholds and availability.

-- Incidents: the whole record; maintenance windows.

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
    state TEXT NOT NULL,              -- working, failing, dead
    state_since INTEGER NOT NULL, failures INTEGER NOT NULL, last_error TEXT NOT NULL, delivered INTEGER,
    waiting INTEGER NOT NULL,         -- messages that no receiver has confirmed
    merged INTEGER NOT NULL           -- messages that go with the next digest
) STRICT, WITHOUT ROWID;

-- Events: what changed, for those who follow. Written where the change is; at least the newest 100,000 are kept.
CREATE TABLE event (
    row INTEGER PRIMARY KEY,          -- without holes, rising
    lsn INTEGER NOT NULL, ordinal INTEGER NOT NULL, wall INTEGER NOT NULL,
    kind TEXT NOT NULL,               -- incident, ci, agent, configuration
    change TEXT NOT NULL,             -- of an incident: the kind of its line in the timeline; of a CI or agent: its state now
    incident INTEGER, ci BLOB, agent BLOB, actor TEXT NOT NULL, text TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX event_by_position ON event (lsn, ordinal);
CREATE TRIGGER event_kept AFTER INSERT ON event WHEN NEW.row % 1000 = 0 BEGIN DELETE FROM event WHERE row <= NEW.row - 100000; END;
