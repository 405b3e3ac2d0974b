-- Blocks of roll-ups beside those of results: `kind` is raw, five_minutes or hourly. Ranges of entries do not overlap within a kind.
ALTER TABLE block ADD COLUMN kind TEXT NOT NULL DEFAULT 'raw' CHECK (kind IN ('raw', 'five_minutes', 'hourly'));

-- Wall time of the newest entry in the block, which no sample in it can be newer than; of blocks from before, not known.
ALTER TABLE block ADD COLUMN wall_ms INTEGER NOT NULL DEFAULT 9223372036854775807;

-- Up to when samples of a kind are no longer whole, because blocks were dropped.
CREATE TABLE thinned (
    kind     TEXT PRIMARY KEY,
    until_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
