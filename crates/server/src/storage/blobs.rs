//! Which space holds which blob.

use holdfast_protocol::{Cid, SpaceId};
use rusqlite::params;

use super::{Result, Tx};

impl Tx<'_> {
    pub(crate) fn has_blob(&self, space: SpaceId, cid: Cid) -> Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM blobs WHERE space = ?1 AND cid = ?2)";
        Ok(self.0.prepare_cached(sql)?.query_row(params![space.0, cid.0], |row| row.get(0))?)
    }

    pub(crate) fn insert_blob(&self, space: SpaceId, cid: Cid, sealed_bytes: u64) -> Result<()> {
        let sql = "INSERT INTO blobs (space, cid, sealed_bytes) VALUES (?1, ?2, ?3)";
        self.0.prepare_cached(sql)?.execute(params![space.0, cid.0, sealed_bytes as i64])?;
        Ok(())
    }
}
