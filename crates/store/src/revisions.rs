//! `revisions` and `edges`: every version of every record, and which follows which.

use std::sync::Arc;

use holdfast_domain::{DeviceId, Hlc, Origin, RecordId, Revision, RevisionId};
use rusqlite::params;

use crate::{Reader, Result, StoreError, WriteTx, delta, sql};

/// A chain of deltas is never longer than this.
const MAX_DEPTH: u32 = 16;

pub(crate) const FULL: u8 = 0;
pub(crate) const DELTA: u8 = 1;
pub(crate) const STUB: u8 = 2;

/// Where a revision comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RevisionSource {
    /// Made on this device.
    Here,
    /// Read from the space's log at this place; 0 where the log does not hold it any more.
    Log { seq: u64 },
}

/// A line of a record's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryRow {
    pub rid: RevisionId,
    pub parents: Vec<RevisionId>,
    pub author: DeviceId,
    pub hlc: Hlc,
    pub origin: Origin,
    pub merge_algo: u32,
    pub created_here: bool,
    /// True where only the node was kept, and the content is gone.
    pub stub: bool,
    /// The server's log has it, as far as it was read.
    pub in_log: bool,
}

fn gone() -> StoreError {
    StoreError::damaged("the base of a delta is gone")
}

struct Stored {
    encoding: u8,
    base: Option<[u8; 32]>,
    data: Option<Vec<u8>>,
}

impl Reader<'_> {
    /// The canonical bytes; `None` if the revision is not here, or only its stub.
    pub fn revision_bytes(&self, rid: RevisionId) -> Result<Option<Vec<u8>>> {
        Ok(self.content(rid)?.map(|bytes| bytes.to_vec()))
    }

    fn content(&self, rid: RevisionId) -> Result<Option<Arc<[u8]>>> {
        if let Some(bytes) = self.recently(rid) {
            // It may be known of a transaction that was rolled back.
            let sql = "SELECT 1 FROM revisions WHERE rid = ?1 AND encoding <> ?2";
            let kept = crate::planted("rolled-back-is-here") || self.exists(sql, params![rid.0, STUB])?;
            return Ok(kept.then_some(bytes));
        }
        let Some(mut stored) = self.stored(rid)? else { return Ok(None) };
        // From the revision down to one that is whole or known, then up again.
        let (mut deltas, mut at) = (Vec::new(), rid);
        let mut bytes = loop {
            match stored.encoding {
                DELTA if deltas.len() > MAX_DEPTH as usize => {
                    return Err(StoreError::damaged("a chain of deltas has no end"));
                }
                DELTA => {
                    deltas.push((at, stored.data.ok_or_else(|| StoreError::damaged("a delta has no data"))?));
                    at = RevisionId(stored.base.ok_or_else(|| StoreError::damaged("a delta names no base"))?);
                }
                STUB if deltas.is_empty() => return Ok(None),
                STUB => return Err(gone()),
                _ => {
                    let full = stored.data.ok_or_else(|| StoreError::damaged("a revision has no data"))?;
                    break self.now_recent(at, delta::decompress(&full)?);
                }
            }
            if let Some(bytes) = self.recently(at) {
                break bytes;
            }
            stored = self.stored(at)?.ok_or_else(gone)?;
        };
        for (rid, data) in deltas.iter().rev() {
            bytes = self.now_recent(*rid, delta::decompress_on(&bytes, data)?);
        }
        Ok(Some(bytes))
    }

    fn recently(&self, rid: RevisionId) -> Option<Arc<[u8]>> {
        self.recent.borrow_mut().get(rid)
    }

    fn now_recent(&self, rid: RevisionId, bytes: Vec<u8>) -> Arc<[u8]> {
        let bytes: Arc<[u8]> = bytes.into();
        self.recent.borrow_mut().put(rid, bytes.clone());
        bytes
    }

    /// `None` if the revision is not here, or only its stub.
    pub fn revision(&self, rid: RevisionId) -> Result<Option<Revision>> {
        self.content(rid)?
            .map(|bytes| {
                Revision::decode(&bytes).map_err(|e| StoreError::damaged(format!("a revision cannot be read: {e}")))
            })
            .transpose()
    }

    fn stored(&self, rid: RevisionId) -> Result<Option<Stored>> {
        self.row("SELECT encoding, base, data FROM revisions WHERE rid = ?1", [rid.0], |r| {
            Ok(Stored { encoding: r.get(0)?, base: r.get(1)?, data: r.get(2)? })
        })
    }

    pub fn has_revision(&self, rid: RevisionId) -> Result<bool> {
        self.exists("SELECT 1 FROM revisions WHERE rid = ?1", [rid.0])
    }

    /// True where the log holds it, as far as it was read.
    pub fn is_in_log(&self, rid: RevisionId) -> Result<bool> {
        self.exists("SELECT 1 FROM revisions WHERE rid = ?1 AND received_seq IS NOT NULL", [rid.0])
    }

    /// The record that a stored revision is a version of.
    pub fn record_of(&self, rid: RevisionId) -> Result<Option<RecordId>> {
        self.row("SELECT record FROM revisions WHERE rid = ?1", [rid.0], |r| Ok(RecordId(r.get(0)?)))
    }

    /// Who wrote a stored revision.
    pub fn author_of(&self, rid: RevisionId) -> Result<Option<DeviceId>> {
        self.row("SELECT author FROM revisions WHERE rid = ?1", [rid.0], |r| Ok(DeviceId(r.get(0)?)))
    }

    /// The parents that are not stored as versions of the same record. Empty: the revision can be applied;
    /// else it is an orphan.
    pub fn missing_parents(&self, revision: &Revision) -> Result<Vec<RevisionId>> {
        let mut missing = Vec::new();
        for parent in revision.parents() {
            if self.record_of(*parent)? != Some(revision.record) {
                missing.push(*parent);
            }
        }
        Ok(missing)
    }

    /// All revisions of a record without their contents, oldest first by (HLC, author, id).
    pub fn history(&self, record: RecordId) -> Result<Vec<HistoryRow>> {
        self.rows(
            "SELECT rid, parents, author, hlc_ms, hlc_ctr, origin, merge_algo, created_here, encoding,
                    received_seq IS NOT NULL
             FROM revisions WHERE record = ?1 ORDER BY hlc_ms, hlc_ctr, author, rid",
            [record.0],
            |r| {
                Ok(HistoryRow {
                    rid: RevisionId(sql::array(r, 0)?),
                    parents: sql::revision_ids(r, 1)?,
                    author: DeviceId(sql::array(r, 2)?),
                    hlc: Hlc { ms: sql::uint(r, 3)?, counter: r.get(4)? },
                    origin: Origin::from_number(sql::uint(r, 5)?),
                    merge_algo: r.get(6)?,
                    created_here: r.get(7)?,
                    stub: r.get::<_, u8>(8)? == STUB,
                    in_log: r.get(9)?,
                })
            },
        )
    }

    /// The revision that this one is stored as the difference to, and how many such steps lead to one that is stored
    /// whole. `None` where it is whole, or not here.
    pub fn delta_base(&self, rid: RevisionId) -> Result<Option<(RevisionId, u32)>> {
        self.row("SELECT base, depth FROM revisions WHERE rid = ?1 AND encoding = ?2", params![rid.0, DELTA], |r| {
            Ok((RevisionId(r.get(0)?), r.get(1)?))
        })
    }

    /// How many revisions are stored.
    pub fn revision_count(&self) -> Result<u64> {
        self.number("SELECT count(*) FROM revisions", [])
    }

    /// The revisions that this device made.
    #[cfg(feature = "simulation")]
    pub fn made_here(&self) -> Result<Vec<RevisionId>> {
        self.rows("SELECT rid FROM revisions WHERE created_here ORDER BY rid", [], |r| Ok(RevisionId(r.get(0)?)))
    }

    /// Every head of every record.
    #[cfg(feature = "simulation")]
    pub fn all_heads(&self) -> Result<Vec<RevisionId>> {
        self.rows("SELECT rid FROM heads ORDER BY record, rid", [], |r| Ok(RevisionId(r.get(0)?)))
    }

    /// All records that have a revision, in id order: for rebuilding the views.
    pub fn records(&self) -> Result<Vec<RecordId>> {
        self.rows("SELECT DISTINCT record FROM heads ORDER BY record", [], |r| Ok(RecordId(r.get(0)?)))
    }
}

impl WriteTx<'_> {
    /// Stores a revision and updates the heads of its record. False, and no change, if it is there already.
    ///
    /// The caller has checked that `canonical` is the encoding of `revision`, that `rid` is its hash, and what
    /// to do about [`Reader::missing_parents`].
    pub fn put_revision(
        &self,
        rid: RevisionId,
        revision: &Revision,
        canonical: &[u8],
        source: RevisionSource,
    ) -> Result<bool> {
        if self.has_revision(rid)? {
            return Ok(false);
        }
        let (encoding, base, depth, data) = self.encode(revision, canonical)?;
        let (received_seq, created_here) = match source {
            RevisionSource::Here => (None, true),
            RevisionSource::Log { seq } => (Some(sql::int(seq)).filter(|_| seq > 0), false),
        };
        self.run(
            "INSERT INTO revisions (rid, record, kind, parents, author, hlc_ms, hlc_ctr, origin, merge_algo,
                                    encoding, base, depth, data, received_seq, created_here)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
            params![
                rid.0,
                revision.record.0,
                sql::int(revision.fields.kind().number()),
                sql::concat_ids(revision.parents()),
                revision.author.0,
                sql::int(revision.hlc.ms),
                revision.hlc.counter,
                sql::int(revision.origin.number()),
                revision.merge_algo,
                encoding,
                base.map(|b| b.0),
                depth,
                data,
                received_seq,
                created_here,
            ],
        )?;
        self.put_edges(rid, revision)?;
        self.update_heads(rid, revision)?;
        self.now_recent(rid, canonical.to_vec());
        Ok(true)
    }

    pub(crate) fn put_edges(&self, rid: RevisionId, revision: &Revision) -> Result<()> {
        for parent in revision.parents().iter().skip(usize::from(crate::planted("first-edge-not-kept"))) {
            self.run(
                "INSERT INTO edges (parent, child, record) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
                params![parent.0, rid.0, revision.record.0],
            )?;
        }
        Ok(())
    }

    /// A delta on the first parent that is stored, where that is worth it.
    fn encode(&self, revision: &Revision, canonical: &[u8]) -> Result<(u8, Option<RevisionId>, u32, Vec<u8>)> {
        let full = delta::compress(canonical)?;
        for parent in revision.parents() {
            let depth = self.row(
                "SELECT depth FROM revisions WHERE rid = ?1 AND record = ?2 AND encoding <> ?3",
                params![parent.0, revision.record.0, STUB],
                |r| r.get::<_, u32>(0),
            )?;
            let Some(depth) = depth else { continue };
            if depth >= MAX_DEPTH {
                break;
            }
            let Some(base) = self.content(*parent)? else { continue };
            let data = delta::compress_on(&base, canonical)?;
            if data.len() * 2 <= full.len() {
                return Ok((DELTA, Some(*parent), depth + 1, data));
            }
            break;
        }
        Ok((FULL, None, 0, full))
    }
}
