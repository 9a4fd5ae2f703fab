//! Snapshots: a copy of the whole database while it is in use.

use std::path::Path;

use rusqlite::backup::{Backup, StepResult};

use crate::{RawKey, Result, Store, StoreError, store};

impl Store {
    /// Copies the database as it is now to a new file, encrypted with `key`. Refuses a path where a file is;
    /// removes what it made if it fails. The copy opens like any database, and says that it was not stopped
    /// cleanly.
    pub fn backup_to(&self, path: &Path, key: &RawKey) -> Result<()> {
        store::create_private(path)?;
        let made = self.copy_into(path, key);
        if made.is_err() {
            // The first error is the one to tell.
            let _ = std::fs::remove_file(path);
        }
        made
    }

    fn copy_into(&self, path: &Path, key: &RawKey) -> Result<()> {
        let mut to = store::connect(path, key)?;
        let step = Backup::new(self.conn(), &mut to)?.step(-1)?;
        if step != StepResult::Done {
            return Err(StoreError::Busy);
        }
        to.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        to.close().map_err(|(_, error)| error)?;
        Ok(std::fs::OpenOptions::new().write(true).open(path)?.sync_all()?)
    }
}
