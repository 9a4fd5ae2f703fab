//! `quarantine`: entries of the log that could not be applied, by their id and the hash of their sealed bytes.

use holdfast_domain::RevisionId;
use rusqlite::{Row, params};

use crate::{Reader, Result, WriteTx, sql};

/// So many variants of one id are kept. Whoever floods the log with junk under an id does not flood the disk; what is
/// left out can be fetched again.
pub const MAX_VARIANTS: u64 = 3;

/// What an entry waits for. The numbers are for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// Whatever may change: rows from before these were told apart.
    Anything = 0,
    /// A version that it builds on.
    Parent = 1,
    /// A key that is not here.
    Key = 2,
    /// A newer version of the program.
    Program = 3,
    /// Other bytes under the same id: these do not open, are no record, or are not their author's.
    Variant = 4,
    /// Nothing: its device signed it after it was removed. Only a member that builds on it brings it in.
    Removed = 5,
    /// As [`Self::Removed`], and a person has decided about it: it was taken over, or discarded. It is kept, so that a
    /// restored server can be compared with, and so that nobody is asked again.
    Decided = 6,
    /// The content of a version of which only the place is here.
    Content = 7,
}

impl Waiting {
    fn from_number(number: i64) -> Self {
        match number {
            1 => Self::Parent,
            2 => Self::Key,
            3 => Self::Program,
            4 => Self::Variant,
            5 => Self::Removed,
            6 => Self::Decided,
            7 => Self::Content,
            _ => Self::Anything,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuarantineRow {
    pub rid: RevisionId,
    /// Hash of the sealed bytes.
    pub body_hash: [u8; 32],
    /// Its place in the log; 0 where the log does not hold it, as far as it was read.
    pub seq: u64,
    pub waiting: Waiting,
    /// The caller's word for why.
    pub reason: String,
    /// The entry as received.
    pub bytes: Vec<u8>,
    /// When it came here first, milliseconds since 1970; 0 where that was not noted.
    pub arrived_ms: u64,
    /// The revision that this device made of it, where a person took it over.
    pub taken_as: Option<RevisionId>,
}

const COLUMNS: &str = "rid, body_hash, seq, kind, reason, bytes, arrived_ms, taken_as";

fn quarantine_row(r: &Row<'_>) -> rusqlite::Result<QuarantineRow> {
    Ok(QuarantineRow {
        rid: RevisionId(r.get(0)?),
        body_hash: sql::array(r, 1)?,
        seq: sql::uint(r, 2)?,
        waiting: Waiting::from_number(r.get(3)?),
        reason: r.get(4)?,
        bytes: r.get(5)?,
        arrived_ms: sql::uint(r, 6)?,
        taken_as: r.get::<_, Option<[u8; 32]>>(7)?.map(RevisionId),
    })
}

impl Reader<'_> {
    /// All, in the order of the log; first what it does not hold.
    pub fn list_quarantine(&self) -> Result<Vec<QuarantineRow>> {
        self.rows(&format!("SELECT {COLUMNS} FROM quarantine ORDER BY seq, n"), [], quarantine_row)
    }

    /// All variants of one id.
    pub fn quarantined(&self, rid: RevisionId) -> Result<Vec<QuarantineRow>> {
        self.rows(&format!("SELECT {COLUMNS} FROM quarantine WHERE rid = ?1 ORDER BY seq, n"), [rid.0], quarantine_row)
    }

    /// The rows whose id the log does not hold, with whatever body.
    pub fn quarantine_not_in_log(&self) -> Result<Vec<QuarantineRow>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM quarantine q WHERE seq = 0
             AND NOT EXISTS (SELECT 1 FROM quarantine o WHERE o.rid = q.rid AND o.seq > 0)
             AND NOT EXISTS (SELECT 1 FROM revisions r WHERE r.rid = q.rid) ORDER BY n"
        );
        self.rows(&sql, [], quarantine_row)
    }

    pub fn quarantine_len(&self) -> Result<u64> {
        self.number("SELECT count(*) FROM quarantine", [])
    }

    /// Those that nobody has decided about.
    pub fn quarantine_open_len(&self) -> Result<u64> {
        self.number("SELECT count(*) FROM quarantine WHERE kind <> 6", [])
    }
}

impl WriteTx<'_> {
    /// An entry that is there already gets the new place and reason; its first arrival stays, and so does what a person
    /// decided. False where there are [`MAX_VARIANTS`] others under the id: it is not kept.
    pub fn put_quarantine(&self, row: &QuarantineRow) -> Result<bool> {
        let others = self.number(
            "SELECT count(*) FROM quarantine WHERE rid = ?1 AND body_hash <> ?2",
            params![row.rid.0, row.body_hash],
        )?;
        if others >= if crate::planted("one-variant") { 1 } else { MAX_VARIANTS } {
            return Ok(false);
        }
        self.run(
            "INSERT INTO quarantine (rid, body_hash, seq, kind, reason, bytes, arrived_ms, taken_as)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT (rid, body_hash) DO UPDATE SET
                 seq = excluded.seq, kind = iif(kind = 6, 6, excluded.kind), reason = excluded.reason, bytes = excluded.bytes",
            params![
                row.rid.0,
                row.body_hash,
                sql::int(row.seq),
                row.waiting as u8,
                row.reason,
                row.bytes,
                sql::int(row.arrived_ms),
                row.taken_as.map(|rid| rid.0)
            ],
        )?;
        Ok(true)
    }

    /// False if it was not there.
    pub fn remove_quarantine(&self, rid: RevisionId, body_hash: &[u8; 32]) -> Result<bool> {
        Ok(self.run("DELETE FROM quarantine WHERE rid = ?1 AND body_hash = ?2", params![rid.0, body_hash])? > 0)
    }

    /// All variants of an id: one of them was taken.
    pub fn clear_variants(&self, rid: RevisionId) -> Result<usize> {
        if crate::planted("variants-stay") {
            return Ok(0);
        }
        self.run("DELETE FROM quarantine WHERE rid = ?1", [rid.0])
    }

    /// It came here first at that time, and was only tried again. Nothing where it is not there any more.
    pub fn set_arrived(&self, rid: RevisionId, body_hash: &[u8; 32], arrived_ms: u64) -> Result<()> {
        let sql = "UPDATE quarantine SET arrived_ms = ?3 WHERE rid = ?1 AND body_hash = ?2";
        self.run(sql, params![rid.0, body_hash, sql::int(arrived_ms)])?;
        Ok(())
    }

    /// A person has decided about it: it was taken over as that revision, or discarded.
    pub fn decide_quarantine(&self, rid: RevisionId, body_hash: &[u8; 32], taken_as: Option<RevisionId>) -> Result<()> {
        let sql = "UPDATE quarantine SET kind = 6, taken_as = ?3 WHERE rid = ?1 AND body_hash = ?2";
        self.run(sql, params![rid.0, body_hash, taken_as.map(|rid| rid.0)])?;
        Ok(())
    }

    /// The log holds it at this place, with a body of this hash: of what was sealed here it is another than before.
    pub fn place_quarantine(&self, rid: RevisionId, under: &[u8; 32], body_hash: &[u8; 32], seq: u64) -> Result<()> {
        let sql = "UPDATE OR REPLACE quarantine SET body_hash = ?3, seq = ?4 WHERE rid = ?1 AND body_hash = ?2";
        self.run(sql, params![rid.0, under, body_hash, sql::int(seq)])?;
        Ok(())
    }
}
