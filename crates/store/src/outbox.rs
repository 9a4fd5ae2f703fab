//! `outbox`: sealed revisions that the server has not acknowledged, in the order in which they were made, and packs of
//! older ones, which nobody made and nobody waits for; and `outbox_files`: the files that some of them go behind.
//!
//! **Invariant:** a row of `outbox_files` names a file of which a chunk is still to be sent. Sending the last one removes
//! it ([`WriteTx::mark_sent`]).

use std::collections::BTreeSet;

use holdfast_domain::RevisionId;
use rusqlite::{Row, params};

use crate::{Reader, Result, WriteTx, sql};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxRow {
    pub rid: RevisionId,
    /// The kind of entry in the log.
    pub kind: u64,
    pub key_epoch: u32,
    /// Sealed.
    pub body: Vec<u8>,
    /// The batch that it was last put into.
    pub batch_ctr: Option<u64>,
}

/// The kinds of entries that are here, as in the log.
const REVISION: u8 = 1;
pub(crate) const PACK: u8 = 2;
pub(crate) const RELEASE: u8 = 4;

const COLUMNS: &str = "rid, kind, key_epoch, body, batch_ctr";

fn outbox_row(r: &Row<'_>) -> rusqlite::Result<OutboxRow> {
    Ok(OutboxRow {
        rid: RevisionId(r.get(0)?),
        kind: sql::uint(r, 1)?,
        key_epoch: r.get(2)?,
        body: r.get(3)?,
        batch_ctr: r.get::<_, Option<i64>>(4)?.map(|n| n as u64),
    })
}

impl Reader<'_> {
    /// How many revisions wait.
    pub fn outbox_len(&self) -> Result<u64> {
        self.number("SELECT count(*) FROM outbox WHERE kind = ?1", [REVISION])
    }

    /// Whether something waits that nobody wrote: packs, releases and what takes those back.
    pub fn packs_wait(&self) -> Result<bool> {
        self.exists("SELECT 1 FROM outbox WHERE kind <> ?1", [REVISION])
    }

    /// What is sealed of a row, or said.
    pub fn outbox_body(&self, rid: RevisionId) -> Result<Option<Vec<u8>>> {
        self.row("SELECT body FROM outbox WHERE rid = ?1", [rid.0], |r| r.get(0))
    }

    /// When the oldest row was written, by its author's clock. `None` where nothing waits.
    pub fn outbox_oldest_ms(&self) -> Result<Option<u64>> {
        self.row("SELECT hlc_ms FROM outbox JOIN revisions ON revisions.rid = outbox.rid ORDER BY n LIMIT 1", [], |r| {
            sql::uint(r, 0)
        })
    }

    /// How many rows go behind a file that is not sent yet.
    pub fn outbox_held_len(&self) -> Result<u64> {
        self.number("SELECT count(DISTINCT rid) FROM outbox_files", [])
    }

    /// Whether a row of that batch goes behind a file that is not sent yet.
    pub fn is_batch_held(&self, ctr: u64) -> Result<bool> {
        let sql = "SELECT 1 FROM outbox_files f JOIN outbox o ON o.rid = f.rid WHERE o.batch_ctr = ?1";
        self.exists(sql, [sql::int(ctr)])
    }

    /// The files that a row goes behind.
    pub fn outbox_files(&self, rid: RevisionId) -> Result<Vec<[u8; 32]>> {
        self.rows("SELECT content FROM outbox_files WHERE rid = ?1 ORDER BY content", [rid.0], |r| sql::array(r, 0))
    }

    /// The oldest rows that go behind no file, what takes a release back first of all, whose bodies together have at most `max_bytes`; at least one if there is
    /// any, at most `max_rows`.
    pub fn outbox_head(&self, max_bytes: usize, max_rows: usize) -> Result<Vec<OutboxRow>> {
        let mut statement = self.prepare(&format!(
            "SELECT {COLUMNS} FROM outbox o WHERE NOT EXISTS (SELECT 1 FROM outbox_files f WHERE f.rid = o.rid)
             ORDER BY kind <> {RELEASE}, n"
        ))?;
        let mut out: Vec<OutboxRow> = Vec::new();
        let mut bytes = 0;
        for row in statement.query_map([], outbox_row)?.take(max_rows) {
            let row = row?;
            bytes += row.body.len();
            if bytes > max_bytes && !out.is_empty() {
                break;
            }
            out.push(row);
        }
        Ok(out)
    }

    /// The rows of one batch, in order: what a retry sends again.
    pub fn outbox_batch(&self, ctr: u64) -> Result<Vec<OutboxRow>> {
        self.rows(&format!("SELECT {COLUMNS} FROM outbox WHERE batch_ctr = ?1 ORDER BY n"), [sql::int(ctr)], outbox_row)
    }

    pub fn in_outbox(&self, rid: RevisionId) -> Result<bool> {
        self.exists("SELECT 1 FROM outbox WHERE rid = ?1", [rid.0])
    }

    /// The ids of all revisions, oldest first: which records wait.
    pub fn outbox_rids(&self) -> Result<Vec<RevisionId>> {
        self.rows("SELECT rid FROM outbox WHERE kind = ?1 ORDER BY n", [REVISION], |r| Ok(RevisionId(r.get(0)?)))
    }
}

impl WriteTx<'_> {
    /// Appends. False, and no change, if the revision is there already.
    pub fn push_outbox(&self, rid: RevisionId, kind: u64, key_epoch: u32, body: &[u8]) -> Result<bool> {
        let added = self.run(
            "INSERT INTO outbox (rid, kind, key_epoch, body) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (rid) DO NOTHING",
            params![rid.0, sql::int(kind), key_epoch, body],
        )?;
        Ok(added > 0)
    }

    /// Says which files a row goes behind, and no others. Of each a chunk must still be to be sent.
    pub fn set_outbox_files(&self, rid: RevisionId, files: &BTreeSet<[u8; 32]>) -> Result<()> {
        self.run("DELETE FROM outbox_files WHERE rid = ?1", [rid.0])?;
        for content in files {
            self.run("INSERT INTO outbox_files (rid, content) VALUES (?1, ?2)", params![rid.0, content])?;
        }
        Ok(())
    }

    /// Says which rows the batch `ctr` holds.
    pub fn assign_batch(&self, rids: &[RevisionId], ctr: u64) -> Result<()> {
        for rid in rids {
            self.run("UPDATE outbox SET batch_ctr = ?2 WHERE rid = ?1", params![rid.0, sql::int(ctr)])?;
        }
        Ok(())
    }

    /// Removes what the server has acknowledged; gives how many there were.
    pub fn ack_outbox(&self, rids: &[RevisionId]) -> Result<usize> {
        rids.iter().map(|rid| self.run("DELETE FROM outbox WHERE rid = ?1", [rid.0])).sum()
    }

    /// No row is in a batch any more.
    pub fn unassign_batches(&self) -> Result<()> {
        self.run("UPDATE outbox SET batch_ctr = NULL", [])?;
        Ok(())
    }

    /// Replaces the sealed body (after a change of key). The row keeps its place and its batch: a batch is signed over
    /// ids, so it stays the same one.
    pub fn reseal(&self, rid: RevisionId, key_epoch: u32, body: &[u8]) -> Result<bool> {
        let changed =
            self.run("UPDATE outbox SET key_epoch = ?2, body = ?3 WHERE rid = ?1", params![rid.0, key_epoch, body])?;
        Ok(changed > 0)
    }
}
