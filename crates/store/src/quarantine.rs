//! `quarantine`: entries of the log that could not be applied (orphans, a missing key, a newer schema).

use holdfast_domain::RevisionId;
use rusqlite::params;

use crate::{Reader, Result, WriteTx, sql};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuarantineRow {
    pub seq: u64,
    pub rid: RevisionId,
    /// The caller's word for why.
    pub reason: String,
    /// The entry as received.
    pub bytes: Vec<u8>,
}

impl Reader<'_> {
    /// All, in the order of the log.
    pub fn list_quarantine(&self) -> Result<Vec<QuarantineRow>> {
        self.rows("SELECT seq, rid, reason, bytes FROM quarantine ORDER BY seq, rid", [], |r| {
            Ok(QuarantineRow { seq: sql::uint(r, 0)?, rid: RevisionId(r.get(1)?), reason: r.get(2)?, bytes: r.get(3)? })
        })
    }

    pub fn quarantine_len(&self) -> Result<u64> {
        self.number("SELECT count(*) FROM quarantine", [])
    }
}

impl WriteTx<'_> {
    /// An entry that is there already gets the new reason.
    pub fn put_quarantine(&self, row: &QuarantineRow) -> Result<()> {
        self.run(
            "INSERT INTO quarantine (seq, rid, reason, bytes) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (seq, rid) DO UPDATE SET reason = excluded.reason, bytes = excluded.bytes",
            params![sql::int(row.seq), row.rid.0, row.reason, row.bytes],
        )?;
        Ok(())
    }

    /// False if it was not there.
    pub fn remove_quarantine(&self, seq: u64, rid: RevisionId) -> Result<bool> {
        Ok(self.run("DELETE FROM quarantine WHERE seq = ?1 AND rid = ?2", params![sql::int(seq), rid.0])? > 0)
    }
}
