-- access.db, schema version 3
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
, next_serial TEXT NOT NULL DEFAULT '', next_not_after INTEGER NOT NULL DEFAULT 0, authorities TEXT NOT NULL DEFAULT '', issuer TEXT NOT NULL DEFAULT '', next_issuer TEXT NOT NULL DEFAULT '') WITHOUT ROWID;
CREATE TABLE agent_recovery(
    agent BLOB    NOT NULL REFERENCES agent(id) ON DELETE CASCADE,
    at    INTEGER NOT NULL,
    PRIMARY KEY(agent, at)
) WITHOUT ROWID;
CREATE TABLE "api_token"(
    id         TEXT    PRIMARY KEY,
    hash       BLOB    NOT NULL,
    name       TEXT    NOT NULL,
    owner      TEXT    COLLATE NOCASE REFERENCES user(name) ON DELETE CASCADE,
    role       TEXT    NOT NULL CHECK(role IN ('metrics', 'viewer', 'operator', 'administrator')),
    sites      TEXT    NOT NULL,
    created    INTEGER NOT NULL,
    created_by TEXT    NOT NULL,
    expires    INTEGER,
    last_used  INTEGER,
    revoked    INTEGER NOT NULL DEFAULT 0 CHECK(revoked IN (0, 1))
) WITHOUT ROWID;
CREATE TABLE api_token_address(
    token      TEXT    NOT NULL REFERENCES api_token(id) ON DELETE CASCADE,
    address    TEXT    NOT NULL,
    first_used INTEGER NOT NULL,
    PRIMARY KEY(token, address)
) WITHOUT ROWID;
CREATE TABLE audit(
    id     INTEGER PRIMARY KEY,
    at     INTEGER NOT NULL,
    actor  TEXT    NOT NULL,
    action TEXT    NOT NULL,
    target TEXT    NOT NULL,
    peer   TEXT    NOT NULL
, prev_hash BLOB, hash BLOB);
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
, sources TEXT NOT NULL DEFAULT '[]') WITHOUT ROWID;
CREATE TABLE session(
    id        TEXT    PRIMARY KEY,
    hash      BLOB    NOT NULL,
    user      TEXT    NOT NULL COLLATE NOCASE REFERENCES user(name) ON DELETE CASCADE,
    created   INTEGER NOT NULL,
    last_used INTEGER NOT NULL,
    expires   INTEGER NOT NULL,
    peer      TEXT    NOT NULL
) WITHOUT ROWID;
CREATE TABLE user(
    name       TEXT    PRIMARY KEY COLLATE NOCASE,
    -- argon2id: algorithm, cost, salt and hash in one text.
    password   TEXT    NOT NULL,
    role       TEXT    NOT NULL CHECK(role IN ('viewer', 'operator', 'administrator')),
    -- A JSON array of names; empty: all sites.
    sites      TEXT    NOT NULL,
    language   TEXT    NOT NULL,
    time_zone  TEXT    NOT NULL,
    disabled   INTEGER NOT NULL DEFAULT 0 CHECK(disabled IN (0, 1)),
    created    INTEGER NOT NULL,
    created_by TEXT    NOT NULL,
    signed_in  INTEGER,
    version    INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX api_token_by_owner ON api_token(owner);
CREATE INDEX session_by_user ON session(user, last_used);
