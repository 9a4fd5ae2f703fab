-- The packs that the log holds, as far as it was read.
CREATE TABLE packs (
    rid      BLOB PRIMARY KEY,  -- of the pack's entry: made from what it covers
    seq      INTEGER NOT NULL,  -- where it stands; 0: it waits here to be sent
    from_seq INTEGER NOT NULL,  -- it covers what is behind this place
    to_seq   INTEGER NOT NULL,  -- up to and with this one; both 0 where that is not known
    state    INTEGER NOT NULL   -- 0 not compared; 1 it fits, and the server is to hear it; 2 it fits; 3 it does not
) STRICT, WITHOUT ROWID;
CREATE INDEX packs_by_end ON packs (to_seq);

-- What a page of the log is compared with, and what a pack holds, is looked up by place.
CREATE INDEX revisions_by_place ON revisions (received_seq) WHERE received_seq IS NOT NULL;
