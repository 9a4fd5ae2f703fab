//! Schema versions: forward only, each migration in one transaction.

use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::{Result, StoreError};

/// Version `n` is made by element `n - 1`.
const MIGRATIONS: &[&str] = &[
    include_str!("../../../migrations/client/0001_init.sql"),
    include_str!("../../../migrations/client/0002_healing.sql"),
    include_str!("../../../migrations/client/0003_held.sql"),
    include_str!("../../../migrations/client/0004_chunks.sql"),
    include_str!("../../../migrations/client/0005_behind_and_aside.sql"),
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

/// Brings a file from schema `from` to the newest.
pub(crate) fn run(conn: &Connection, from: u32) -> Result<()> {
    for (number, sql) in (1..).zip(MIGRATIONS).skip(from as usize) {
        let tx = Transaction::new_unchecked(conn, TransactionBehavior::Immediate)?;
        tx.execute_batch(sql)?;
        tx.pragma_update(None, "application_id", APPLICATION_ID)?;
        tx.pragma_update(None, "user_version", number as u32)?;
        tx.commit()?;
    }
    Ok(())
}
