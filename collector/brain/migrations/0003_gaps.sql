-- What an agent says is not there any more, and never will be: the only results it had stored that are not in history.
CREATE TABLE agent_gap (
    agent BLOB NOT NULL, lsn INTEGER NOT NULL, ordinal INTEGER NOT NULL, spool BLOB NOT NULL,
    seq INTEGER NOT NULL, span INTEGER NOT NULL,    -- the records that are not there
    results INTEGER NOT NULL, reason TEXT NOT NULL, -- "full", "damaged", … as in wire/gap.hpp
    from_wall INTEGER, to_wall INTEGER,             -- when they were made, where that is known
    wall INTEGER NOT NULL, PRIMARY KEY (agent, lsn, ordinal)
) STRICT, WITHOUT ROWID;
