//! What this device knows of the space's log: which revisions it holds, and its links.

use holdfast_domain::{DeviceId, RevisionId};
use rusqlite::params;

use crate::{Cursor, Reader, Result, WriteTx, sql};

const HEAD: &str = "log_head";

/// A revision that the log does not hold, as far as this device has read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotInLog {
    /// Grows with each row, parents before children: where to go on from.
    pub n: i64,
    pub rid: RevisionId,
    pub author: DeviceId,
}

/// In no log, and not waiting in the outbox to be. Stubs have nothing to send.
const NOT_IN_LOG: &str = "FROM revisions r WHERE r.received_seq IS NULL AND r.encoding <> 2
    AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.rid = r.rid)";

impl Reader<'_> {
    /// The next of them after `n`, in the order in which they were stored.
    pub fn not_in_log(&self, n: i64, max: usize) -> Result<Vec<NotInLog>> {
        self.rows(
            &format!("SELECT r.rowid, r.rid, r.author {NOT_IN_LOG} AND r.rowid > ?1 ORDER BY r.rowid LIMIT ?2"),
            params![n, max as i64],
            |r| Ok(NotInLog { n: r.get(0)?, rid: RevisionId(r.get(1)?), author: DeviceId(r.get(2)?) }),
        )
    }

    pub fn count_not_in_log(&self) -> Result<u64> {
        self.number(&format!("SELECT count(*) {NOT_IN_LOG}"), [])
    }

    /// The link at a position that was read.
    pub fn log_link(&self, seq: u64) -> Result<Option<[u8; 32]>> {
        self.row("SELECT link FROM log_links WHERE seq = ?1", [sql::int(seq)], |r| sql::array(r, 0))
    }

    /// The furthest head of the log that the server has named, in the cursor's epoch.
    pub fn log_head(&self) -> Result<Option<Cursor>> {
        self.position(HEAD)
    }
}

impl WriteTx<'_> {
    /// The log holds the revision at this place. The first place counts.
    pub fn set_received(&self, rid: RevisionId, seq: u64) -> Result<()> {
        self.run(
            "UPDATE revisions SET received_seq = ?2 WHERE rid = ?1 AND received_seq IS NULL",
            params![rid.0, sql::int(seq)],
        )?;
        Ok(())
    }

    pub fn put_log_link(&self, seq: u64, link: &[u8; 32]) -> Result<()> {
        self.run(
            "INSERT INTO log_links (seq, link) VALUES (?1, ?2) ON CONFLICT (seq) DO UPDATE SET link = excluded.link",
            params![sql::int(seq), link],
        )?;
        Ok(())
    }

    pub fn set_log_head(&self, head: Cursor) -> Result<()> {
        self.put_position(HEAD, head)
    }

    /// The log is another one from here on: nothing is known of it.
    pub fn forget_log(&self) -> Result<()> {
        self.run("UPDATE revisions SET received_seq = NULL WHERE received_seq IS NOT NULL", [])?;
        self.run("UPDATE quarantine SET seq = 0", [])?;
        self.run("DELETE FROM log_links", [])?;
        self.remove_meta(HEAD)?;
        self.remove_cursor()
    }
}
