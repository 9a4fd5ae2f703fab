//! Vaults as an earlier version left them.

use std::path::Path;

use holdfast_crypto::KeyFile;
use rusqlite::Connection;

const BACK_TO_V2: &str = include_str!("../../store/tests/it/fixtures/back_to_v2.sql");

fn database(vault: &Path, passphrase: &str) -> Connection {
    let keys = KeyFile::read(&vault.join("vault.keys")).unwrap().open_with_passphrase(passphrase).unwrap();
    let conn = Connection::open(vault.join("vault.db")).unwrap();
    conn.pragma_update(None, "key", keys.database_key.to_sqlcipher_hex().as_str()).unwrap();
    conn
}

/// Sets a closed vault back to schema 2, with its notes.
pub fn set_back_to_schema_2(vault: &Path, passphrase: &str) {
    database(vault, passphrase).execute_batch(BACK_TO_V2).unwrap();
}

/// The schema of a closed vault, or of a backup.
pub fn schema(vault: &Path, passphrase: &str) -> u32 {
    database(vault, passphrase).pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
}
