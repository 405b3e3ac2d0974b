-- The entry that moved a cursor last: of an agent that names new spools all the time only those used last are kept.
ALTER TABLE agent_cursor ADD COLUMN used INTEGER NOT NULL DEFAULT 0;
