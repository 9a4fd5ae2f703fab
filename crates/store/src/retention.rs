//! Thinning of history: the contents of old versions go, and their places in it stay.
//!
//! What may go is not decided here (`notebook/src/sync/thinning.rs`). What stays readable is: a version that is stored as the
//! difference to one that goes is stored whole before.

use std::collections::BTreeSet;

use holdfast_domain::{DeviceId, Hlc, Kind, RecordId, RevisionId};
use rusqlite::params;

use crate::revisions::{FULL, STUB};
use crate::{Reader, Result, WriteTx, delta, sql};

/// A version as it lies here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldRow {
    pub rid: RevisionId,
    pub parents: Vec<RevisionId>,
    pub author: DeviceId,
    pub hlc: Hlc,
    /// Its content is gone.
    pub stub: bool,
    /// Its place in the log, as far as that was read.
    pub seq: Option<u64>,
    /// The first day of the vault's own time on which its content was here.
    pub since_day: Option<u64>,
}

impl Reader<'_> {
    /// All versions of a record, as [`Reader::history`] orders them.
    pub fn held(&self, record: RecordId) -> Result<Vec<HeldRow>> {
        self.rows(
            "SELECT r.rid, r.parents, r.author, r.hlc_ms, r.hlc_ctr, r.encoding, r.received_seq,
                    coalesce((SELECT day FROM put_back p WHERE p.rid = r.rid),
                             (SELECT day FROM held_days d WHERE d.upto >= r.rowid ORDER BY d.upto, d.day LIMIT 1))
             FROM revisions r WHERE r.record = ?1 ORDER BY r.hlc_ms, r.hlc_ctr, r.author, r.rid",
            [record.0],
            |r| {
                Ok(HeldRow {
                    rid: RevisionId(sql::array(r, 0)?),
                    parents: sql::revision_ids(r, 1)?,
                    author: DeviceId(sql::array(r, 2)?),
                    hlc: Hlc { ms: sql::uint(r, 3)?, counter: r.get(4)? },
                    stub: r.get::<_, u8>(5)? == STUB,
                    seq: r.get::<_, Option<i64>>(6)?.map(|seq| seq as u64),
                    since_day: r.get::<_, Option<i64>>(7)?.map(|day| day as u64),
                })
            },
        )
    }

    /// The next records of a kind after `after`, in id order, that have at least two whole versions which were here on
    /// that day already.
    pub fn records_held_since(
        &self,
        kind: Kind,
        day: u64,
        after: Option<RecordId>,
        limit: usize,
    ) -> Result<Vec<RecordId>> {
        self.rows(
            "SELECT record FROM revisions
             WHERE kind = ?1 AND encoding <> ?2 AND record > ?3
               AND rowid <= (SELECT upto FROM held_days WHERE day <= ?4 ORDER BY day DESC LIMIT 1)
             GROUP BY record HAVING count(*) > 1 ORDER BY record LIMIT ?5",
            params![
                sql::int(kind.number()),
                STUB,
                after.map_or_else(Vec::new, |after| after.0.to_vec()),
                sql::int(day),
                limit as i64
            ],
            |r| Ok(RecordId(r.get(0)?)),
        )
    }

    /// The first day on which the newest version that a device wrote was here. `None` where there is none, or it came after
    /// the last day that was looked at.
    pub fn last_day_of(&self, author: DeviceId) -> Result<Option<u64>> {
        let sql = "SELECT day FROM held_days WHERE upto >= (SELECT max(rowid) FROM revisions WHERE author = ?1)
                   ORDER BY upto, day LIMIT 1";
        self.row(sql, [author.0], |r| sql::uint(r, 0))
    }

    /// True for a version of which only its place in the history is here.
    pub fn is_stub(&self, rid: RevisionId) -> Result<bool> {
        self.exists("SELECT 1 FROM revisions WHERE rid = ?1 AND encoding = ?2", params![rid.0, STUB])
    }

    /// True where a record has any.
    pub fn has_stubs(&self, record: RecordId) -> Result<bool> {
        self.exists("SELECT 1 FROM revisions WHERE record = ?1 AND encoding = 2", [record.0])
    }

    /// How many there are of those; and how many of them the log does not hold, as far as it was read.
    pub fn count_stubs(&self) -> Result<(u64, u64)> {
        let sql = "SELECT count(*), count(*) - count(received_seq) FROM revisions WHERE encoding = 2";
        let counts = self.row(sql, [], |r| Ok((sql::uint(r, 0)?, sql::uint(r, 1)?)))?;
        Ok(counts.unwrap_or_default())
    }
}

impl WriteTx<'_> {
    /// It is that day, by the vault's own time: what is here is noted as being here. Only the first time that day.
    pub fn mark_day(&self, day: u64) -> Result<()> {
        self.run(
            "INSERT INTO held_days (day, upto) SELECT ?1, coalesce(max(rowid), 0) FROM revisions WHERE true
             ON CONFLICT DO NOTHING",
            [sql::int(day)],
        )?;
        Ok(())
    }

    /// Drops the contents of these versions. What is stored as the difference to one of them, and is not among them, is
    /// stored whole first.
    pub fn thin(&self, rids: &BTreeSet<RevisionId>) -> Result<()> {
        for rid in rids {
            for child in self.children(*rid)?.into_iter().filter(|child| !rids.contains(child)) {
                if self.delta_base(child)?.is_none_or(|(base, _)| base != *rid) || crate::planted("thin-leaves-deltas")
                {
                    continue;
                }
                let Some(bytes) = self.revision_bytes(child)? else { continue };
                self.run(
                    "UPDATE revisions SET encoding = ?2, base = NULL, depth = 0, data = ?3 WHERE rid = ?1",
                    params![child.0, FULL, delta::compress(&bytes)?],
                )?;
            }
        }
        for rid in rids {
            self.run(
                "UPDATE revisions SET encoding = ?2, base = NULL, depth = 0, data = NULL WHERE rid = ?1",
                params![rid.0, STUB],
            )?;
            self.run("DELETE FROM put_back WHERE rid = ?1", [rid.0])?;
        }
        Ok(())
    }

    /// Puts the content of a version back. False, and no change, where it is here, or its place is not. The caller has
    /// checked that `rid` is the hash of `canonical`.
    pub fn put_back(&self, rid: RevisionId, canonical: &[u8], day: u64) -> Result<bool> {
        let back = self.run(
            "UPDATE revisions SET encoding = ?2, base = NULL, depth = 0, data = ?3 WHERE rid = ?1 AND encoding = ?4",
            params![rid.0, FULL, delta::compress(canonical)?, STUB],
        )?;
        if back > 0 {
            self.run("INSERT OR REPLACE INTO put_back (rid, day) VALUES (?1, ?2)", params![rid.0, sql::int(day)])?;
        }
        Ok(back > 0)
    }

    /// A receipt whose versions went.
    pub fn remove_receipt(&self, id: &[u8]) -> Result<()> {
        self.run("DELETE FROM receipts WHERE id = ?1", [id])?;
        Ok(())
    }
}
