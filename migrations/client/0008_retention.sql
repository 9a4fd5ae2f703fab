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
