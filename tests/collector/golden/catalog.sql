-- history/catalog.db, schema version 2
CREATE TABLE assignment (
    agent  BLOB NOT NULL,
    epoch  INTEGER NOT NULL,
    count  INTEGER NOT NULL,
    series BLOB NOT NULL,
    PRIMARY KEY (agent, epoch)
) STRICT, WITHOUT ROWID;
CREATE TABLE block (
    name         TEXT PRIMARY KEY,
    level        INTEGER NOT NULL,
    first_lsn    INTEGER NOT NULL,
    last_lsn     INTEGER NOT NULL,
    from_ms      INTEGER NOT NULL,
    to_ms        INTEGER NOT NULL,
    first_series INTEGER NOT NULL,
    last_series  INTEGER NOT NULL,
    samples      INTEGER NOT NULL,
    bytes        INTEGER NOT NULL
, kind TEXT NOT NULL DEFAULT 'raw' CHECK (kind IN ('raw', 'five_minutes', 'hourly')), wall_ms INTEGER NOT NULL DEFAULT 9223372036854775807) STRICT, WITHOUT ROWID;
CREATE TABLE position (
    id       INTEGER PRIMARY KEY CHECK (id = 1),
    last_lsn INTEGER NOT NULL
) STRICT;
CREATE TABLE series (
    id    INTEGER PRIMARY KEY,
    probe BLOB NOT NULL UNIQUE
) STRICT;
CREATE TABLE thinned (
    kind     TEXT PRIMARY KEY,
    until_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
