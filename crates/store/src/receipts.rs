//! `receipts`: one for each automatic merge.

use holdfast_domain::{RecordId, RevisionId};
use rusqlite::{Row, params};

use crate::{Reader, Result, WriteTx, sql};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiptRow {
    /// Follows from `heads` and `merge_algo`: the same merge has one receipt.
    pub id: Vec<u8>,
    pub record: RecordId,
    /// Sorted.
    pub heads: Vec<RevisionId>,
    pub merge_algo: u32,
    /// Milliseconds since 1970.
    pub at_ms: u64,
    pub undone: bool,
    pub seen: bool,
}

const COLUMNS: &str = "id, record, heads, merge_algo, at_ms, undone, seen";

fn receipt_row(r: &Row<'_>) -> rusqlite::Result<ReceiptRow> {
    Ok(ReceiptRow {
        id: r.get(0)?,
        record: RecordId(r.get(1)?),
        heads: sql::revision_ids(r, 2)?,
        merge_algo: r.get(3)?,
        at_ms: sql::uint(r, 4)?,
        undone: r.get(5)?,
        seen: r.get(6)?,
    })
}

impl Reader<'_> {
    pub fn receipt(&self, id: &[u8]) -> Result<Option<ReceiptRow>> {
        self.row(&format!("SELECT {COLUMNS} FROM receipts WHERE id = ?1"), [id], receipt_row)
    }

    /// The newest first.
    pub fn list_receipts(&self, limit: u32) -> Result<Vec<ReceiptRow>> {
        self.rows(
            &format!("SELECT {COLUMNS} FROM receipts ORDER BY at_ms DESC, id DESC LIMIT ?1"),
            [limit],
            receipt_row,
        )
    }

    /// The newest first.
    pub fn receipts_of(&self, record: RecordId) -> Result<Vec<ReceiptRow>> {
        self.rows(
            &format!("SELECT {COLUMNS} FROM receipts WHERE record = ?1 ORDER BY at_ms DESC, id DESC"),
            [record.0],
            receipt_row,
        )
    }

    pub fn unseen_receipts(&self) -> Result<u64> {
        let undone = if crate::planted("seen-is-counted") { "" } else { "seen = 0 AND" };
        self.number(&format!("SELECT count(*) FROM receipts WHERE {undone} undone = 0"), [])
    }
}

impl WriteTx<'_> {
    /// False, and no change, if it is there already.
    pub fn put_receipt(&self, row: &ReceiptRow) -> Result<bool> {
        let added = self.run(
            "INSERT INTO receipts (id, record, heads, merge_algo, at_ms, undone, seen)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING",
            params![
                row.id,
                row.record.0,
                sql::concat_ids(&row.heads),
                row.merge_algo,
                sql::int(row.at_ms),
                row.undone,
                row.seen,
            ],
        )?;
        Ok(added > 0)
    }

    pub fn mark_receipt_undone(&self, id: &[u8]) -> Result<bool> {
        Ok(self.run("UPDATE receipts SET undone = 1, seen = 1 WHERE id = ?1", [id])? > 0)
    }

    pub fn mark_receipts_seen(&self) -> Result<usize> {
        self.run("UPDATE receipts SET seen = 1 WHERE seen = 0", [])
    }
}
