-- access.db, schema version 1
CREATE TABLE agent(
    id        BLOB    PRIMARY KEY,
    name      TEXT    NOT NULL UNIQUE,
    site      TEXT    NOT NULL,
    hostname  TEXT    NOT NULL,
    version   TEXT    NOT NULL,
    serial    TEXT    NOT NULL,
    not_after INTEGER NOT NULL,
    state     TEXT    NOT NULL CHECK(state IN ('active', 'revoked')),
    enrolled  INTEGER NOT NULL,
    -- 0 until the journal holds its agent.enrolled: told again after a crash in between.
    announced INTEGER NOT NULL DEFAULT 0 CHECK(announced IN (0, 1))
) WITHOUT ROWID;
CREATE TABLE api_token(
    id         TEXT    PRIMARY KEY,
    hash       BLOB    NOT NULL,
    name       TEXT    NOT NULL,
    permission TEXT    NOT NULL,
    created    INTEGER NOT NULL,
    expires    INTEGER,
    revoked    INTEGER NOT NULL DEFAULT 0 CHECK(revoked IN (0, 1))
) WITHOUT ROWID;
CREATE TABLE audit(
    id     INTEGER PRIMARY KEY,
    at     INTEGER NOT NULL,
    actor  TEXT    NOT NULL,
    action TEXT    NOT NULL,
    target TEXT    NOT NULL,
    peer   TEXT    NOT NULL
);
CREATE TABLE join_token(
    id         TEXT    PRIMARY KEY,
    hash       BLOB    NOT NULL,
    site       TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    uses       INTEGER NOT NULL DEFAULT 0,
    max_uses   INTEGER NOT NULL CHECK(max_uses > 0),
    created    INTEGER NOT NULL,
    expires    INTEGER NOT NULL,
    created_by TEXT    NOT NULL,
    revoked    INTEGER NOT NULL DEFAULT 0 CHECK(revoked IN (0, 1))
) WITHOUT ROWID;
