-- Which changes go behind which files: what names a file is sent after all of it, and nothing else waits for it.
CREATE TABLE outbox_files (
    rid     BLOB NOT NULL REFERENCES outbox (rid) ON DELETE CASCADE,
    content BLOB NOT NULL,  -- of a file of which a chunk is still to be sent
    PRIMARY KEY (rid, content)
) STRICT, WITHOUT ROWID;
CREATE INDEX outbox_files_by_file ON outbox_files (content);

-- What is in the outbox already goes behind all files, as it did before: behind the one that is sent last.
INSERT INTO outbox_files (rid, content)
    SELECT o.rid, c.content
    FROM outbox o, (SELECT content FROM chunks WHERE sent < 2 ORDER BY rowid DESC LIMIT 1) c;

-- What a person can be told of an entry that is set aside, and what came of it.
ALTER TABLE quarantine ADD COLUMN arrived_ms INTEGER NOT NULL DEFAULT 0;    -- 0: before this was noted
ALTER TABLE quarantine ADD COLUMN taken_as BLOB;    -- the revision that this device made of it, where a person took it over
