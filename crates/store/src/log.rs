//! What this device knows of the space's log: which revisions it holds, and its links.

use holdfast_domain::{DeviceId, RecordId, RevisionId};
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

    /// The number by which [`Reader::not_in_log`] counts, of a version that is stored.
    pub fn number_of(&self, rid: RevisionId) -> Result<Option<i64>> {
        self.row("SELECT rowid FROM revisions WHERE rid = ?1", [rid.0], |r| r.get(0))
    }

    pub fn count_not_in_log(&self) -> Result<u64> {
        self.number(&format!("SELECT count(*) {NOT_IN_LOG}"), [])
    }

    /// Each record's heads as the log has them up to a place, in order: what was made later, or elsewhere and not sent,
    /// is left out.
    pub fn heads_at(&self, seq: u64) -> Result<Vec<(RecordId, RevisionId)>> {
        self.rows(
            "SELECT r.record, r.rid FROM revisions r WHERE r.received_seq <= ?1
             AND NOT EXISTS (SELECT 1 FROM edges e JOIN revisions c ON c.rid = e.child
                             WHERE e.parent = r.rid AND c.received_seq <= ?1)
             ORDER BY r.record, r.rid",
            [sql::int(seq)],
            |r| Ok((RecordId(r.get(0)?), RevisionId(r.get(1)?))),
        )
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
        if crate::planted("place-not-noted") {
            return Ok(());
        }
        self.run(
            "UPDATE revisions SET received_seq = ?2 WHERE rid = ?1 AND received_seq IS NULL",
            params![rid.0, sql::int(seq)],
        )?;
        Ok(())
    }

    pub fn put_log_link(&self, seq: u64, link: &[u8; 32]) -> Result<()> {
        if crate::planted("links-not-kept") {
            return Ok(());
        }
        self.run(
            "INSERT INTO log_links (seq, link) VALUES (?1, ?2) ON CONFLICT (seq) DO UPDATE SET link = excluded.link",
            params![sql::int(seq), link],
        )?;
        Ok(())
    }

    pub fn set_log_head(&self, head: Cursor) -> Result<()> {
        self.put_position(HEAD, head)
    }

    /// For tests of the comparison between devices: as if the newest version of a record had never been stored.
    #[doc(hidden)]
    pub fn lose_revision(&self, rid: RevisionId) -> Result<()> {
        self.run("DELETE FROM heads WHERE rid = ?1", [rid.0])?;
        self.run(
            "INSERT INTO heads (record, rid) SELECT record, parent FROM edges WHERE child = ?1 ON CONFLICT DO NOTHING",
            [rid.0],
        )?;
        self.run("DELETE FROM edges WHERE child = ?1", [rid.0])?;
        self.run("DELETE FROM revisions WHERE rid = ?1", [rid.0])?;
        Ok(())
    }

    /// The log is another one from here on: nothing is known of it.
    pub fn forget_log(&self) -> Result<()> {
        self.run("UPDATE revisions SET received_seq = NULL WHERE received_seq IS NOT NULL", [])?;
        self.run("UPDATE quarantine SET seq = 0", [])?;
        self.run("DELETE FROM log_links", [])?;
        self.forget_packs()?;
        self.forget_releases()?;
        self.forget_places()?;
        self.remove_meta(HEAD)?;
        self.remove_cursor()
    }
}
