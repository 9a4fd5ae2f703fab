-- What sync did, told exactly; and what a sync would take away, held back until a person decides.
ALTER TABLE activity RENAME COLUMN bytes TO bytes_up;
ALTER TABLE activity ADD COLUMN bytes_down INTEGER NOT NULL DEFAULT 0;
ALTER TABLE activity ADD COLUMN problem BLOB;   -- what failed: CBOR [kind, detail]
CREATE INDEX activity_by_time ON activity (at_ms);

-- Revisions of records that were here before the pull under way, or before the one that waits for a decision.
CREATE TABLE arrivals (
    rid    BLOB PRIMARY KEY,
    record BLOB NOT NULL,
    held   INTEGER NOT NULL     -- 1: stored, and not shown until a person decides
) STRICT, WITHOUT ROWID;
CREATE INDEX arrivals_by_record ON arrivals (record, held);

-- What these revisions take away from what is shown.
CREATE TABLE losses (
    record BLOB PRIMARY KEY,
    kind   INTEGER NOT NULL     -- 0 a note trashed, 1 most of a note's text, 2 a notebook trashed
) STRICT, WITHOUT ROWID;
