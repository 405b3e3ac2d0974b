-- From where a join token may be used: a JSON array of networks; empty: from everywhere.
ALTER TABLE join_token ADD COLUMN sources TEXT NOT NULL DEFAULT '[]';

-- Whom the agent trusts, as its last Hello said (SHA-256 in hex; empty: an older agent); and by the pin of its authority, who signed
-- its certificates (empty: the first authority there was).
ALTER TABLE agent ADD COLUMN authorities TEXT NOT NULL DEFAULT '';
ALTER TABLE agent ADD COLUMN issuer TEXT NOT NULL DEFAULT '';
ALTER TABLE agent ADD COLUMN next_issuer TEXT NOT NULL DEFAULT '';

-- When an agent whose certificate had ended got another one by its key: few within a month.
CREATE TABLE agent_recovery(
    agent BLOB    NOT NULL REFERENCES agent(id) ON DELETE CASCADE,
    at    INTEGER NOT NULL,
    PRIMARY KEY(agent, at)
) WITHOUT ROWID;
