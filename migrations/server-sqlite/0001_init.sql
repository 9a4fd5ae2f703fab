-- The server's whole state, but for sealed blobs, which are files beside the database.
-- Nothing here can be opened by the server. Migrations are append-only.

-- One row a setting of the server itself.
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- user_folded: trimmed and lower-case, for looking up. *_auth: keyed hashes under auth_salt.
CREATE TABLE accounts (
    account         BLOB PRIMARY KEY,
    user_folded     TEXT NOT NULL UNIQUE,
    kdf_salt        BLOB NOT NULL,
    kdf_memory_kib  INTEGER NOT NULL,
    kdf_passes      INTEGER NOT NULL,
    kdf_lanes       INTEGER NOT NULL,
    auth_salt       BLOB NOT NULL,
    passphrase_auth BLOB NOT NULL,
    code_auth       BLOB NOT NULL,
    keys            BLOB NOT NULL,
    keys_version    INTEGER NOT NULL,
    created_ms      INTEGER NOT NULL
) STRICT;

CREATE TABLE sessions (
    token_hash BLOB PRIMARY KEY,
    account    BLOB NOT NULL REFERENCES accounts (account) ON DELETE CASCADE,
    expires_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_by_expiry ON sessions (expires_ms);

-- Reusable until they expire. The link holds the invitation, this its hash.
CREATE TABLE invitations (
    invitation_hash BLOB PRIMARY KEY,
    expires_ms      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- last_*: of the device's newest accepted batch; last_answer is what a retry gets again.
CREATE TABLE devices (
    account     BLOB NOT NULL REFERENCES accounts (account) ON DELETE CASCADE,
    device      BLOB NOT NULL,
    sign_pk     BLOB NOT NULL,
    last_ctr    INTEGER NOT NULL DEFAULT 0,
    last_batch  BLOB NOT NULL DEFAULT (zeroblob(32)),
    last_answer BLOB,
    PRIMARY KEY (account, device)
) STRICT;

-- log_epoch: 64 random bits, never 0. head_*: the newest entry of the log.
CREATE TABLE spaces (
    space        BLOB PRIMARY KEY,
    account      BLOB NOT NULL REFERENCES accounts (account) ON DELETE CASCADE,
    log_epoch    INTEGER NOT NULL,
    head_seq     INTEGER NOT NULL DEFAULT 0,
    head_link    BLOB NOT NULL DEFAULT (zeroblob(32)),
    key_epoch    INTEGER NOT NULL DEFAULT 0,
    stored_bytes INTEGER NOT NULL DEFAULT 0
) STRICT;

-- The log. body comes last, so that the other columns are read without its overflow pages.
CREATE TABLE entries (
    space      BLOB NOT NULL REFERENCES spaces (space) ON DELETE CASCADE,
    seq        INTEGER NOT NULL,
    kind       INTEGER NOT NULL,
    rid        BLOB NOT NULL,
    key_epoch  INTEGER NOT NULL,
    body_hash  BLOB NOT NULL,
    batch_hash BLOB NOT NULL,
    link       BLOB NOT NULL,
    body       BLOB NOT NULL,
    UNIQUE (space, seq),
    UNIQUE (space, rid, body_hash)
) STRICT;

CREATE TABLE manifests (
    space      BLOB NOT NULL REFERENCES spaces (space) ON DELETE CASCADE,
    batch_hash BLOB NOT NULL,
    manifest   BLOB NOT NULL,
    PRIMARY KEY (space, batch_hash)
) STRICT;

-- Which space holds which blob file.
CREATE TABLE blobs (
    space        BLOB NOT NULL REFERENCES spaces (space) ON DELETE CASCADE,
    cid          BLOB NOT NULL,
    sealed_bytes INTEGER NOT NULL,
    PRIMARY KEY (space, cid)
) STRICT, WITHOUT ROWID;
