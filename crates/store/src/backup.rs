//! Snapshots: a copy of the whole database while it is in use.

use std::path::Path;

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use crate::{Outdated, RawKey, Result, Store, StoreError, migrate, store};

impl Store {
    /// Copies the database as it is now to a new file, encrypted with `key`. Refuses a path where a file is;
    /// removes what it made if it fails. The copy opens like any database, and says that it was not stopped
    /// cleanly.
    pub fn backup_to(&self, path: &Path, key: &RawKey) -> Result<()> {
        copy(self.conn(), path, key)
    }
}

impl Outdated<'_> {
    /// As [`Store::backup_to`], and then opens the copy, reads every page of it, and compares: it has this schema,
    /// and each table has as many rows as here. Nobody may write meanwhile.
    pub fn snapshot_to(&self, path: &Path, key: &RawKey) -> Result<()> {
        copy(self.conn, path, key)?;
        let copy = store::connect_existing(path, key)?;
        store::quick_check(&copy)?;
        if migrate::version(&copy)? != self.schema || rows(&copy)? != rows(self.conn)? {
            return Err(StoreError::damaged("the copy is not what was copied"));
        }
        copy.close().map_err(|(_, error)| error.into())
    }
}

fn copy(from: &Connection, path: &Path, key: &RawKey) -> Result<()> {
    store::create_private(path)?;
    let made = copy_into(from, path, key);
    if made.is_err() {
        // The first error is the one to tell.
        let _ = std::fs::remove_file(path);
    }
    made
}

fn copy_into(from: &Connection, path: &Path, key: &RawKey) -> Result<()> {
    let mut to = store::connect(path, key)?;
    let step = Backup::new(from, &mut to)?.step(-1)?;
    if step != StepResult::Done {
        return Err(StoreError::Busy);
    }
    to.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    to.close().map_err(|(_, error)| error)?;
    Ok(std::fs::OpenOptions::new().write(true).open(path)?.sync_all()?)
}

/// Each table with its rows counted. The tables of the search index are counted by their shadows.
fn rows(conn: &Connection) -> Result<Vec<(String, i64)>> {
    let mut tables = conn.prepare(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name",
    )?;
    let names = tables.query_map([], |r| r.get::<_, String>(0))?.collect::<rusqlite::Result<Vec<_>>>()?;
    names
        .into_iter()
        .map(|name| {
            let count = conn.query_row(&format!("SELECT count(*) FROM \"{name}\""), [], |r| r.get(0))?;
            Ok((name, count))
        })
        .collect()
}
