-- By which an agent knows whether the last record stored is one of its own, and how many results came up to there.
ALTER TABLE agent_cursor DROP COLUMN chain_hash;
ALTER TABLE agent_cursor ADD COLUMN fingerprint INTEGER NOT NULL DEFAULT 0;
ALTER TABLE agent_cursor ADD COLUMN results INTEGER NOT NULL DEFAULT 0;
