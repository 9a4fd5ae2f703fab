-- Version 1. Never edited once released: a change is a new file. See NOTES.md.
-- Ids are 16 random bytes, revision ids and hashes 32; `*_ms` are milliseconds since 1970.

CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- The truth: immutable revisions.
CREATE TABLE revisions (
    rid          BLOB PRIMARY KEY,
    record       BLOB NOT NULL,
    kind         INTEGER NOT NULL,
    parents      BLOB NOT NULL,     -- sorted ids, 32 bytes each, one after another
    author       BLOB NOT NULL,
    hlc_ms       INTEGER NOT NULL,
    hlc_ctr      INTEGER NOT NULL,
    origin       INTEGER NOT NULL,
    merge_algo   INTEGER NOT NULL,
    encoding     INTEGER NOT NULL,  -- 0 zstd of the whole; 1 zstd with `base` as prefix; 2 stub without data
    base         BLOB,
    depth        INTEGER NOT NULL,  -- number of deltas to undo; 0 for encoding 0
    data         BLOB,
    received_seq INTEGER,           -- place in the space's log; NULL if made here
    created_here INTEGER NOT NULL
) STRICT;
CREATE INDEX revisions_by_record ON revisions (record, hlc_ms, hlc_ctr);
CREATE INDEX revisions_by_author ON revisions (author, hlc_ms);

CREATE TABLE edges (
    parent BLOB NOT NULL,
    child  BLOB NOT NULL,
    record BLOB NOT NULL,
    PRIMARY KEY (parent, child)
) STRICT, WITHOUT ROWID;

CREATE TABLE heads (
    record BLOB NOT NULL,
    rid    BLOB NOT NULL,
    PRIMARY KEY (record, rid)
) STRICT, WITHOUT ROWID;

CREATE TABLE working (
    record     BLOB PRIMARY KEY,
    parents    BLOB NOT NULL,
    fields     BLOB NOT NULL,       -- canonical bytes of the revision it would become
    origin     INTEGER NOT NULL,
    started_ms INTEGER NOT NULL,
    changed_ms INTEGER NOT NULL
) STRICT;

-- Views: computed from the heads and the working revision, for reading. Big columns last.
CREATE TABLE notes (
    n            INTEGER PRIMARY KEY,   -- the rowid in the search tables
    id           BLOB NOT NULL UNIQUE,
    title        TEXT NOT NULL,
    title_key    TEXT NOT NULL,         -- folded, for sorting
    notebook     BLOB,
    due          TEXT,                  -- YYYY-MM-DD
    done         INTEGER NOT NULL,
    trashed      INTEGER NOT NULL,
    review       INTEGER NOT NULL,      -- number of open places
    created_ms   INTEGER NOT NULL,
    updated_ms   INTEGER NOT NULL,
    file_name    TEXT,
    preview      TEXT NOT NULL,
    front_matter TEXT NOT NULL,
    body         TEXT NOT NULL,
    search_text  TEXT NOT NULL          -- found by search though not shown: tags, aliases, every side
) STRICT;
CREATE INDEX notes_by_updated ON notes (trashed, updated_ms, id);
CREATE INDEX notes_by_created ON notes (trashed, created_ms, id);
CREATE INDEX notes_by_title ON notes (trashed, title_key, id);
CREATE INDEX notes_by_notebook ON notes (notebook, trashed, updated_ms);
CREATE INDEX notes_tasks ON notes (due, trashed, id) WHERE due IS NOT NULL AND done = 0;
CREATE INDEX notes_to_review ON notes (updated_ms, id) WHERE review > 0;

CREATE TABLE note_tags (
    note   BLOB NOT NULL REFERENCES notes (id) ON DELETE CASCADE,
    folded TEXT NOT NULL,
    name   TEXT NOT NULL,
    PRIMARY KEY (note, folded)
) STRICT, WITHOUT ROWID;
CREATE INDEX note_tags_by_tag ON note_tags (folded, note);

CREATE TABLE note_aliases (
    note   BLOB NOT NULL REFERENCES notes (id) ON DELETE CASCADE,
    folded TEXT NOT NULL,
    name   TEXT NOT NULL,
    PRIMARY KEY (note, folded)
) STRICT, WITHOUT ROWID;

CREATE TABLE note_attachments (
    note       BLOB NOT NULL REFERENCES notes (id) ON DELETE CASCADE,
    path       TEXT NOT NULL,
    attachment BLOB NOT NULL,
    PRIMARY KEY (note, path, attachment)
) STRICT, WITHOUT ROWID;
CREATE INDEX note_attachments_by_attachment ON note_attachments (attachment);

CREATE TABLE notebooks (
    id           BLOB PRIMARY KEY,
    name         TEXT NOT NULL,
    folded       TEXT NOT NULL,
    parent       BLOB,
    trashed      INTEGER NOT NULL,
    review       INTEGER NOT NULL,
    created_ms   INTEGER NOT NULL,
    parent_stamp BLOB NOT NULL          -- when the parent was chosen: ms, counter (big-endian), device
) STRICT;

CREATE TABLE attachments (
    id         BLOB PRIMARY KEY,
    name       TEXT NOT NULL,
    media_type TEXT NOT NULL,
    size       INTEGER NOT NULL,
    content    BLOB NOT NULL,
    chunks     BLOB NOT NULL,           -- ids of the sealed chunks, 32 bytes each
    created_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX attachments_by_content ON attachments (content);

CREATE TABLE devices (
    id           BLOB PRIMARY KEY,
    record       BLOB NOT NULL,
    name         TEXT NOT NULL,
    platform     TEXT NOT NULL,
    last_seen_ms INTEGER NOT NULL,
    created_ms   INTEGER NOT NULL
) STRICT;

-- Search. Contentless: the text is in `notes` already. What goes in is folded by the store (search/fold.rs).
CREATE VIRTUAL TABLE note_words USING fts5 (
    title, body, extra,
    content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2'
);
INSERT INTO note_words (note_words, rank) VALUES ('rank', 'bm25(10.0, 1.0, 2.0)');
-- Only says which notes may hold a substring (all its trigrams occur); the store then looks at their text.
CREATE VIRTUAL TABLE note_trigrams USING fts5 (
    text,
    content = '', contentless_delete = 1, tokenize = 'trigram', detail = 'none'
);

-- Sync.
CREATE TABLE outbox (
    n         INTEGER PRIMARY KEY AUTOINCREMENT,
    rid       BLOB NOT NULL UNIQUE,
    kind      INTEGER NOT NULL,
    key_epoch INTEGER NOT NULL,
    body      BLOB NOT NULL,            -- sealed
    batch_ctr INTEGER
) STRICT;

CREATE TABLE batch (
    ctr      INTEGER PRIMARY KEY,
    manifest BLOB NOT NULL
) STRICT;

CREATE TABLE manifests (
    batch  BLOB PRIMARY KEY,
    device BLOB NOT NULL,
    ctr    INTEGER NOT NULL,
    bytes  BLOB NOT NULL
) STRICT;
CREATE INDEX manifests_by_device ON manifests (device, ctr);

CREATE TABLE quarantine (
    n      INTEGER PRIMARY KEY,
    seq    INTEGER NOT NULL,
    rid    BLOB NOT NULL,
    reason TEXT NOT NULL,
    bytes  BLOB NOT NULL,
    UNIQUE (seq, rid)
) STRICT;

-- Attachment bytes, by the keyed hash of the content.
CREATE TABLE blob (
    content  BLOB PRIMARY KEY,
    cid      BLOB,                      -- hash of the sealed bytes, once sealed
    uploaded INTEGER NOT NULL,
    data     BLOB NOT NULL
) STRICT;
CREATE INDEX blob_to_upload ON blob (content) WHERE uploaded = 0;

-- What people are told, and what they decided.
CREATE TABLE receipts (
    id         BLOB PRIMARY KEY,
    record     BLOB NOT NULL,
    heads      BLOB NOT NULL,
    merge_algo INTEGER NOT NULL,
    at_ms      INTEGER NOT NULL,
    undone     INTEGER NOT NULL,
    seen       INTEGER NOT NULL
) STRICT;
CREATE INDEX receipts_by_time ON receipts (at_ms, id);
CREATE INDEX receipts_by_record ON receipts (record);

CREATE TABLE review_choices (
    record BLOB NOT NULL,
    place  BLOB NOT NULL,
    choice BLOB NOT NULL,
    PRIMARY KEY (record, place)
) STRICT, WITHOUT ROWID;

CREATE TABLE activity (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms       INTEGER NOT NULL,
    what        TEXT NOT NULL,
    ok          INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL,
    bytes       INTEGER NOT NULL,
    message     TEXT NOT NULL
) STRICT;
