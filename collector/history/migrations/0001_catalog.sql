-- history/catalog.db: which blocks there are and whose series they hold. May be rebuilt from the journal as far as that reaches.
CREATE TABLE series (
    id    INTEGER PRIMARY KEY,
    probe BLOB NOT NULL UNIQUE
) STRICT;

-- Which series a result of (agent, epoch, dense id) belongs to: `series` is a zstd frame of little-endian u32 differences.
CREATE TABLE assignment (
    agent  BLOB NOT NULL,
    epoch  INTEGER NOT NULL,
    count  INTEGER NOT NULL,
    series BLOB NOT NULL,
    PRIMARY KEY (agent, epoch)
) STRICT, WITHOUT ROWID;

-- A finished file. Blocks hold the results of the entries first_lsn … last_lsn; these ranges do not overlap.
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
) STRICT, WITHOUT ROWID;

-- One row: the last entry whose results are in blocks.
CREATE TABLE position (
    id       INTEGER PRIMARY KEY CHECK (id = 1),
    last_lsn INTEGER NOT NULL
) STRICT;

INSERT INTO position (id, last_lsn) VALUES (1, 0);
