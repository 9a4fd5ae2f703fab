-- Attachments in sealed chunks, each a row: what of a file is here, and what of it the server has.

-- A file that is here, is being fetched or is wanted, by the keyed hash of its content.
CREATE TABLE files (
    content BLOB PRIMARY KEY,
    size    INTEGER NOT NULL,   -- bytes of the file
    state   INTEGER NOT NULL,   -- 0 whole; 1 some of it may be here; 2 the same, and a person asked for it
    chunks  BLOB NOT NULL       -- ids of the sealed chunks that it is here as, in order, 32 bytes each
) STRICT;

CREATE TABLE chunks (
    cid     BLOB PRIMARY KEY,   -- hash of the sealed bytes
    content BLOB NOT NULL,      -- the file
    sent    INTEGER NOT NULL,   -- 0 not yet; 1 tried, and no answer came; 2 the server has it
    data    BLOB NOT NULL
) STRICT;
CREATE INDEX chunks_by_file ON chunks (content);
CREATE INDEX chunks_to_send ON chunks (sent, content) WHERE sent < 2;

-- A row without the id of its sealed bytes is one that no version has sent; the record that names it knows the id.
INSERT INTO chunks (cid, content, sent, data)
    SELECT coalesce(b.cid, (SELECT substr(a.chunks, 1, 32) FROM attachments a WHERE a.content = b.content LIMIT 1), b.content),
           b.content, b.uploaded * 2, b.data
    FROM blob b;
INSERT INTO files (content, size, state, chunks)
    SELECT c.content, coalesce((SELECT a.size FROM attachments a WHERE a.content = c.content LIMIT 1), length(c.data)),
           0, c.cid
    FROM chunks c;
DROP TABLE blob;

-- Notebooks whose files are fetched without being asked for. A choice of this computer.
CREATE TABLE kept_offline (
    notebook BLOB PRIMARY KEY
) STRICT, WITHOUT ROWID;
