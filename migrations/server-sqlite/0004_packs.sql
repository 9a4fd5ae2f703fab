-- Which part of a log a pack covers, by the last position in it. No two overlap. `seq` is where the pack itself stands.
-- dropped: the bodies of the revisions that it covers are gone from `entries`, whose other columns stay.
CREATE TABLE packs (
    space    BLOB NOT NULL REFERENCES spaces (space) ON DELETE CASCADE,
    to_seq   INTEGER NOT NULL,
    from_seq INTEGER NOT NULL,
    seq      INTEGER NOT NULL,
    dropped  INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (space, to_seq)
) STRICT, WITHOUT ROWID;

-- Whether the device's program knew packs when it last read a log.
ALTER TABLE devices ADD COLUMN knows_packs INTEGER NOT NULL DEFAULT 0;
