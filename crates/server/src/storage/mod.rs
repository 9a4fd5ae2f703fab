//! The server's disk: one SQLite file and a folder of sealed blobs. The only SQL of the server, by table.

mod accounts;
mod blob_files;
mod blobs;
mod devices;
mod entries;
mod packs;
mod page;
mod releases;
mod sessions;
mod spaces;

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior};

pub(crate) use accounts::AccountRow;
pub(crate) use blob_files::BlobFiles;
pub(crate) use releases::{LiveRelease, Passed};
pub(crate) use sessions::SessionRow;
pub(crate) use spaces::SpaceRow;

use crate::ServerError;

/// In order; each runs once, in a transaction of its own. `user_version` counts them.
const MIGRATIONS: &[&str] = &[
    include_str!("../../../../migrations/server-sqlite/0001_init.sql"),
    include_str!("../../../../migrations/server-sqlite/0002_past_epochs.sql"),
    include_str!("../../../../migrations/server-sqlite/0003_removed_devices.sql"),
    include_str!("../../../../migrations/server-sqlite/0004_packs.sql"),
    include_str!("../../../../migrations/server-sqlite/0005_releases.sql"),
];

/// More than there are.
const STATEMENTS_CACHED: usize = 64;

type Result<T> = std::result::Result<T, ServerError>;

/// Whether a transaction's work stays.
pub(crate) enum Verdict<T> {
    Commit(T),
    Rollback(T),
}

/// One connection behind a lock: all work is short, and SQLite has one writer anyway.
pub(crate) struct Storage {
    db: Mutex<Connection>,
    pub(crate) blobs: BlobFiles,
}

impl Storage {
    /// Opens or makes the database in `data`, which must exist.
    pub(crate) fn open(data: &Path) -> Result<Self> {
        let mut db = Connection::open(data.join("holdfast.sqlite3"))?;
        db.busy_timeout(Duration::from_secs(10))?;
        db.pragma_update(None, "journal_mode", "WAL")?;
        db.pragma_update(None, "synchronous", "FULL")?;
        db.pragma_update(None, "foreign_keys", true)?;
        migrate(&mut db)?;
        db.set_prepared_statement_cache_capacity(STATEMENTS_CACHED);
        Ok(Self { db: Mutex::new(db), blobs: BlobFiles::open(&data.join("blobs"))? })
    }

    /// Runs `work` in a transaction that is on disk when this returns `Ok` from a `Commit`.
    pub(crate) fn transact<T>(&self, work: impl FnOnce(&Tx<'_>) -> Result<Verdict<T>>) -> Result<T> {
        // A panic in another request rolled its transaction back; the connection is as good as before.
        let db = self.db.lock().unwrap_or_else(PoisonError::into_inner);
        let tx = Tx::begin(&db, "BEGIN IMMEDIATE")?;
        match work(&tx)? {
            Verdict::Commit(value) => {
                tx.commit()?;
                Ok(value)
            }
            Verdict::Rollback(value) => Ok(value),
        }
    }

    /// Runs `work` in a transaction that changes nothing.
    pub(crate) fn read<T>(&self, work: impl FnOnce(&Tx<'_>) -> Result<T>) -> Result<T> {
        let db = self.db.lock().unwrap_or_else(PoisonError::into_inner);
        work(&Tx::begin(&db, "BEGIN DEFERRED")?)
    }

    /// As [`transact`](Self::transact) for work that is kept whenever it succeeds.
    pub(crate) fn write<T>(&self, work: impl FnOnce(&Tx<'_>) -> Result<T>) -> Result<T> {
        self.transact(|tx| work(tx).map(Verdict::Commit))
    }
}

/// An open transaction, rolled back unless it is committed; its methods are in the file of their table. (`rusqlite`'s own
/// parses its statements each time, and each request has one.)
pub(crate) struct Tx<'c>(&'c Connection);

impl<'c> Tx<'c> {
    fn begin(db: &'c Connection, how: &str) -> Result<Self> {
        db.prepare_cached(how)?.execute([])?;
        Ok(Self(db))
    }

    fn commit(self) -> Result<()> {
        self.0.prepare_cached("COMMIT")?.execute([])?;
        Ok(())
    }
}

impl Drop for Tx<'_> {
    fn drop(&mut self) {
        // Not so after a commit, and where SQLite has rolled back already. Should it fail, the next one cannot begin, which
        // is told.
        if !self.0.is_autocommit() {
            let _ = self.0.prepare_cached("ROLLBACK").and_then(|mut rollback| rollback.execute([]));
        }
    }
}

impl Tx<'_> {
    /// The server's own secret, made once.
    pub(crate) fn server_secret(&self, fresh: [u8; 32]) -> Result<[u8; 32]> {
        let select = "SELECT value FROM meta WHERE key = 'server_secret'";
        if let Some(secret) = self.0.query_row(select, [], |row| row.get(0)).optional()? {
            return Ok(secret);
        }
        self.0.execute("INSERT INTO meta (key, value) VALUES ('server_secret', ?1)", [fresh])?;
        Ok(fresh)
    }
}

fn migrate(db: &mut Connection) -> Result<()> {
    let found: i64 = db.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let done = usize::try_from(found).map_err(|_| ServerError::Damaged("schema version"))?;
    let ahead = MIGRATIONS.get(done..).ok_or(ServerError::NewerData { found })?;
    for (index, sql) in ahead.iter().enumerate() {
        let tx = db.transaction_with_behavior(TransactionBehavior::Exclusive)?;
        tx.execute_batch(sql)?;
        tx.pragma_update(None, "user_version", (done + index + 1) as i64)?;
        tx.commit()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn data_of_a_newer_server_is_refused_and_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        drop(Storage::open(dir.path()).unwrap());
        let path = dir.path().join("holdfast.sqlite3");
        Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
        assert!(matches!(Storage::open(dir.path()), Err(ServerError::NewerData { found: 99 })));
    }

    /// Data of the version before sessions had a device, and devices could be removed.
    #[test]
    fn data_of_an_earlier_server_goes_on() {
        let dir = tempfile::tempdir().unwrap();
        let mut db = Connection::open(dir.path().join("holdfast.sqlite3")).unwrap();
        for (index, sql) in MIGRATIONS[..2].iter().enumerate() {
            db.execute_batch(sql).unwrap();
            db.pragma_update(None, "user_version", index as i64 + 1).unwrap();
        }
        let tx = db.transaction().unwrap();
        tx.execute_batch(
            "INSERT INTO accounts VALUES (zeroblob(16), 'ada', x'02', 1, 1, 1, x'03', x'04', x'05', x'06', 1, 0);
             INSERT INTO devices (account, device, sign_pk) VALUES (zeroblob(16), zeroblob(16), zeroblob(32));
             INSERT INTO sessions VALUES (zeroblob(32), zeroblob(16), 1000)",
        )
        .unwrap();
        tx.commit().unwrap();
        drop(db);
        let storage = Storage::open(dir.path()).unwrap();
        let (session, device) = storage
            .read(|tx| {
                let account = holdfast_protocol::AccountId([0; 16]);
                Ok((
                    tx.session(&[0; 32], 1)?.unwrap(),
                    tx.device(account, holdfast_protocol::DeviceId([0; 16]))?.unwrap(),
                ))
            })
            .unwrap();
        assert!(session.device.is_none() && !session.removed && device.removed_ctr.is_none());
    }

    #[test]
    fn commits_are_synced() {
        let dir = tempfile::tempdir().unwrap();
        let storage = Storage::open(dir.path()).unwrap();
        let db = storage.db.lock().unwrap();
        assert_eq!(db.query_row("PRAGMA journal_mode", [], |row| row.get::<_, String>(0)).unwrap(), "wal");
        assert_eq!(db.query_row("PRAGMA synchronous", [], |row| row.get::<_, i64>(0)).unwrap(), 2);
    }
}
