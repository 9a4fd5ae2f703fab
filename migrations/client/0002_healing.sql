-- The log as this device read it, so that what other devices sign about it can be compared, and what a restored
-- server lacks is known.

-- The link at each position of the log that was read, in the log epoch of the cursor.
CREATE TABLE log_links (
    seq  INTEGER PRIMARY KEY,
    link BLOB NOT NULL
) STRICT;

-- `received_seq` is the place in the log of every revision that the log holds, also of those made here; NULL is what
-- the log does not hold, as far as this device has read it.
CREATE INDEX revisions_not_in_log ON revisions (rid) WHERE received_seq IS NULL;

-- Set aside by what it is, not by where it stood: it may come again elsewhere.
CREATE TABLE set_aside (
    n         INTEGER PRIMARY KEY,
    rid       BLOB NOT NULL,
    body_hash BLOB NOT NULL,        -- rows from before: a number that is no hash, until they are tried again
    seq       INTEGER NOT NULL,     -- 0: the log does not hold it, as far as this device has read it
    kind      INTEGER NOT NULL,     -- what it waits for: store/src/quarantine.rs
    reason    TEXT NOT NULL,
    bytes     BLOB NOT NULL,
    UNIQUE (rid, body_hash)
) STRICT;
INSERT INTO set_aside (n, rid, body_hash, seq, kind, reason, bytes)
    SELECT n, rid, CAST(printf('%032d', n) AS BLOB), seq, 0, reason, bytes FROM quarantine;
DROP TABLE quarantine;
ALTER TABLE set_aside RENAME TO quarantine;
CREATE INDEX quarantine_by_place ON quarantine (seq, n);
