//! `meta`: single values by name.

use rusqlite::params;

use crate::{Reader, Result, WriteTx, sql};

impl Reader<'_> {
    pub fn get_meta(&self, key: &str) -> Result<Option<Vec<u8>>> {
        self.row("SELECT value FROM meta WHERE key = ?1", [key], |r| r.get(0))
    }

    /// A number put by [`WriteTx::put_u64`].
    pub fn get_u64(&self, key: &str) -> Result<Option<u64>> {
        self.get_meta(key)?.map(|bytes| Ok(u64::from_be_bytes(sql::fixed(&bytes, key)?))).transpose()
    }
}

impl WriteTx<'_> {
    /// Writes nothing where it is so already: most of what is put here says again what was said before.
    pub fn put_meta(&self, key: &str, value: &[u8]) -> Result<()> {
        self.run(
            "INSERT INTO meta (key, value) VALUES (?1, ?2)
             ON CONFLICT (key) DO UPDATE SET value = excluded.value WHERE value <> excluded.value",
            params![key, value],
        )?;
        Ok(())
    }

    pub fn put_u64(&self, key: &str, value: u64) -> Result<()> {
        self.put_meta(key, &value.to_be_bytes())
    }

    pub fn remove_meta(&self, key: &str) -> Result<()> {
        self.run("DELETE FROM meta WHERE key = ?1", [key])?;
        Ok(())
    }
}
