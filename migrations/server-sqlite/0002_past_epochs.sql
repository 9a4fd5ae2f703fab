-- The epochs that a space's log had before the one that it has, as far as this server knows. A position of an epoch that
-- is neither is of a history that was lost: the data was restored from a backup.
CREATE TABLE past_epochs (
    space     BLOB NOT NULL REFERENCES spaces (space) ON DELETE CASCADE,
    log_epoch INTEGER NOT NULL,
    PRIMARY KEY (space, log_epoch)
) STRICT, WITHOUT ROWID;
