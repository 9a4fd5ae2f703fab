-- Which revisions were here on which day of the vault's own time (meta `age_ms`): those up to a row.
CREATE TABLE held_days (
    day  INTEGER PRIMARY KEY,
    upto INTEGER NOT NULL       -- the newest rowid of `revisions` when that day was first looked at
) STRICT;
CREATE INDEX held_days_by_row ON held_days (upto);

-- The versions of which only the place in the history is here.
CREATE INDEX revisions_stubs ON revisions (record) WHERE encoding = 2;

-- Contents that were thinned and came back, since when: they stay as long as if they were new.
CREATE TABLE put_back (
    rid BLOB PRIMARY KEY,
    day INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The places of versions whose contents the server lost and that no computer may have, as the log has them: used where
-- something comes that builds on one.
CREATE TABLE places (
    entry    BLOB PRIMARY KEY,
    rid      BLOB NOT NULL,
    seq      INTEGER NOT NULL,
    revision BLOB NOT NULL      -- canonical bytes, with nothing in the note
) STRICT, WITHOUT ROWID;
CREATE INDEX places_by_version ON places (rid);
