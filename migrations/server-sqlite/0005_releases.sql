-- Releases: blobs that nothing names any more, as a device has signed it. cids: 32 bytes each, one after another.
-- age_ms: by the space's own time when the server counted it first; NULL before that. kept: it was taken back. done: its
-- blobs are gone.
CREATE TABLE releases (
    space  BLOB NOT NULL REFERENCES spaces (space) ON DELETE CASCADE,
    rid    BLOB NOT NULL,
    seq    INTEGER NOT NULL,        -- 0: only what takes it back is here
    kept   INTEGER NOT NULL,
    done   INTEGER NOT NULL DEFAULT 0,
    age_ms INTEGER,
    cids   BLOB NOT NULL,
    PRIMARY KEY (space, rid)
) STRICT, WITHOUT ROWID;

-- A space's own time: it goes on with the server's clock, by a day at most between two requests. at_ms: that clock then.
ALTER TABLE spaces ADD COLUMN age_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE spaces ADD COLUMN age_at_ms INTEGER NOT NULL DEFAULT 0;

-- Whether the device's program knew releases when it last read a log; when it was last heard of; up to which place it has
-- taken back what it wants to keep, and when it said so. All by the space's own time.
ALTER TABLE devices ADD COLUMN knows_releases INTEGER NOT NULL DEFAULT 0;
ALTER TABLE devices ADD COLUMN heard_age_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE devices ADD COLUMN passed_seq INTEGER NOT NULL DEFAULT 0;
ALTER TABLE devices ADD COLUMN passed_age_ms INTEGER NOT NULL DEFAULT 0;

-- Blobs whose row is gone and whose file is to follow.
CREATE TABLE blobs_to_remove (
    cid BLOB PRIMARY KEY
) STRICT, WITHOUT ROWID;
