-- One journal segment. `lsn` runs on from segment to segment without holes.
CREATE TABLE entry(
    lsn     INTEGER PRIMARY KEY,
    kind    INTEGER NOT NULL,
    version INTEGER NOT NULL,
    elapsed INTEGER NOT NULL,
    wall    INTEGER NOT NULL,
    body    BLOB    NOT NULL
);

-- How far each agent's spool is stored: the one rule against loss and repetition.
CREATE TABLE agent_cursor(
    agent_id      BLOB    NOT NULL,
    spool_id      BLOB    NOT NULL,
    committed_seq INTEGER NOT NULL,
    chain_hash    BLOB,
    PRIMARY KEY (agent_id, spool_id)
) WITHOUT ROWID;

-- Records that could not be read: kept for inspection, bounded.
CREATE TABLE quarantine(
    id       INTEGER PRIMARY KEY,
    agent_id BLOB    NOT NULL,
    spool_id BLOB    NOT NULL,
    seq      INTEGER NOT NULL,
    wall     INTEGER NOT NULL,
    why      TEXT    NOT NULL,
    payload  BLOB    NOT NULL
);

-- Small facts carried from segment to segment.
CREATE TABLE meta(
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL
) WITHOUT ROWID;
