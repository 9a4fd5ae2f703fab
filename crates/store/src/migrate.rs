//! Schema versions: forward only, all that are due in one transaction.

use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::{Result, StoreError};

/// Version `n` is made by element `n - 1`.
const MIGRATIONS: &[&str] = &[
    include_str!("../../../migrations/client/0001_init.sql"),
    include_str!("../../../migrations/client/0002_healing.sql"),
    include_str!("../../../migrations/client/0003_held.sql"),
    include_str!("../../../migrations/client/0004_chunks.sql"),
    include_str!("../../../migrations/client/0005_behind_and_aside.sql"),
    include_str!("../../../migrations/client/0006_packs.sql"),
    include_str!("../../../migrations/client/0007_releases.sql"),
    include_str!("../../../migrations/client/0008_retention.sql"),
];

/// The newest schema that this version knows.
pub const SCHEMA_VERSION: u32 = MIGRATIONS.len() as u32;

/// "Hfst": what `PRAGMA application_id` of each of our files is.
const APPLICATION_ID: i32 = 0x4866_7374;

/// The schema of an opened file. 0 is a file that was never finished.
pub(crate) fn version(conn: &Connection) -> Result<u32> {
    let found: u32 = conn.query_row("PRAGMA user_version", [], |r| r.get(0))?;
    let application: i32 = conn.query_row("PRAGMA application_id", [], |r| r.get(0))?;
    if found > SCHEMA_VERSION {
        return Err(StoreError::NewerSchema { found, known: SCHEMA_VERSION });
    }
    if found == 0 || application != APPLICATION_ID {
        return Err(StoreError::damaged("the file is not a vault, or its making was interrupted"));
    }
    Ok(found)
}

/// Brings a file from schema `from` to the newest, or leaves it as it is: a disk that is full after the first of several
/// migrations must not leave a form that no version has written.
pub(crate) fn run(conn: &Connection, from: u32) -> Result<()> {
    let tx = Transaction::new_unchecked(conn, TransactionBehavior::Immediate)?;
    for sql in MIGRATIONS.iter().skip(from as usize) {
        tx.execute_batch(sql)?;
    }
    tx.pragma_update(None, "application_id", APPLICATION_ID)?;
    tx.pragma_update(None, "user_version", SCHEMA_VERSION)?;
    Ok(tx.commit()?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn pages(conn: &Connection) -> u32 {
        conn.query_row("PRAGMA page_count", [], |r| r.get(0)).unwrap()
    }

    #[test]
    fn a_disk_that_is_full_after_some_migrations_leaves_the_schema_as_it_was() {
        let whole = Connection::open_in_memory().unwrap();
        run(&whole, 0).unwrap();
        assert_eq!(version(&whole).unwrap(), SCHEMA_VERSION);
        let small = Connection::open_in_memory().unwrap();
        let most = pages(&whole) - 1;
        small.pragma_update(None, "max_page_count", most).unwrap();
        assert!(matches!(run(&small, 0), Err(StoreError::DiskFull)));
        let found: u32 = small.query_row("PRAGMA user_version", [], |r| r.get(0)).unwrap();
        let tables: u32 = small.query_row("SELECT count(*) FROM sqlite_schema", [], |r| r.get(0)).unwrap();
        assert_eq!((found, tables), (0, 0));
    }
}
