-- People, their sessions, what their tokens may, and an audit whose rows hang together.
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

CREATE TABLE session(
    id        TEXT    PRIMARY KEY,
    hash      BLOB    NOT NULL,
    user      TEXT    NOT NULL COLLATE NOCASE REFERENCES user(name) ON DELETE CASCADE,
    created   INTEGER NOT NULL,
    last_used INTEGER NOT NULL,
    expires   INTEGER NOT NULL,
    peer      TEXT    NOT NULL
) WITHOUT ROWID;
CREATE INDEX session_by_user ON session(user, last_used);

-- role and sites bound what the token may; where it has an owner, what the owner may bounds it too.
CREATE TABLE api_token_2(
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
INSERT INTO api_token_2(id, hash, name, role, sites, created, created_by, expires, revoked)
    SELECT id, hash, name, 'administrator', '[]', created, 'muster-collector', expires, revoked FROM api_token;
DROP TABLE api_token;
ALTER TABLE api_token_2 RENAME TO api_token;
CREATE INDEX api_token_by_owner ON api_token(owner);

-- From where a token was used; the first use from an address is in the audit.
CREATE TABLE api_token_address(
    token      TEXT    NOT NULL REFERENCES api_token(id) ON DELETE CASCADE,
    address    TEXT    NOT NULL,
    first_used INTEGER NOT NULL,
    PRIMARY KEY(token, address)
) WITHOUT ROWID;

-- hash: SHA-256 over prev_hash and the row; rows from before are sealed at the next start.
ALTER TABLE audit ADD COLUMN prev_hash BLOB;
ALTER TABLE audit ADD COLUMN hash BLOB;

-- The certificate made for an agent that has not connected with it yet; `serial` counts until then.
ALTER TABLE agent ADD COLUMN next_serial TEXT NOT NULL DEFAULT '';
ALTER TABLE agent ADD COLUMN next_not_after INTEGER NOT NULL DEFAULT 0;
