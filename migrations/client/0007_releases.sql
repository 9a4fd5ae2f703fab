-- Releases that the log holds: blobs that nothing names any more, as a device has signed it.
CREATE TABLE releases (
    rid    BLOB PRIMARY KEY,    -- of the release's entry: made from what it says
    seq    INTEGER NOT NULL,    -- where it stands; 0: only what takes it back is here
    kept   INTEGER NOT NULL,    -- 1: it was taken back
    age_ms INTEGER NOT NULL,    -- when it was read, by this vault's own time (meta `age_ms`)
    cids   BLOB NOT NULL        -- 32 bytes each
) STRICT, WITHOUT ROWID;

-- Files that nothing names any more, and those whose bytes are gone for that.
CREATE TABLE unnamed_files (
    content  BLOB PRIMARY KEY,
    age_ms   INTEGER NOT NULL,  -- when that was found, by this vault's own time
    named    INTEGER NOT NULL,  -- 1: something names it again, and its bytes are gone
    released INTEGER NOT NULL,  -- 1: releases name all of its chunks: it is not fetched
    gone_ms  INTEGER NOT NULL   -- when its bytes went from this computer; 0: they did not
) STRICT, WITHOUT ROWID;
