-- a segment of the journal, schema version 3
CREATE TABLE agent_cursor(
    agent_id      BLOB    NOT NULL,
    spool_id      BLOB    NOT NULL,
    committed_seq INTEGER NOT NULL, fingerprint INTEGER NOT NULL DEFAULT 0, results INTEGER NOT NULL DEFAULT 0, used INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (agent_id, spool_id)
) WITHOUT ROWID;
CREATE TABLE entry(
    lsn     INTEGER PRIMARY KEY,
    kind    INTEGER NOT NULL,
    version INTEGER NOT NULL,
    elapsed INTEGER NOT NULL,
    wall    INTEGER NOT NULL,
    body    BLOB    NOT NULL
);
CREATE TABLE meta(
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE quarantine(
    id       INTEGER PRIMARY KEY,
    agent_id BLOB    NOT NULL,
    spool_id BLOB    NOT NULL,
    seq      INTEGER NOT NULL,
    wall     INTEGER NOT NULL,
    why      TEXT    NOT NULL,
    payload  BLOB    NOT NULL
);
