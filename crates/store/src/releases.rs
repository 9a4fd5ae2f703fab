//! `releases` and `unnamed_files`: which files nothing names any more, and which of them may go.

use std::collections::BTreeSet;

use holdfast_domain::RevisionId;
use rusqlite::{Row, params};

use crate::{FileCount, Reader, Result, WriteTx, sql};

/// A release that was not taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReleaseRow {
    pub rid: [u8; 32],
    /// Where it stands in the log.
    pub seq: u64,
    /// When it was read, by the vault's own time.
    pub age_ms: u64,
    pub cids: Vec<[u8; 32]>,
}

/// A file that nothing names, or whose bytes are gone for that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnnamedFile {
    pub content: [u8; 32],
    /// When that was found, by the vault's own time.
    pub age_ms: u64,
    /// Something names it again, and its bytes are gone.
    pub named: bool,
    /// Releases name all of its chunks.
    pub released: bool,
    /// When its bytes went from this computer, in milliseconds since 1970; 0 where they did not.
    pub gone_ms: u64,
}

fn unnamed_row(r: &Row<'_>) -> rusqlite::Result<UnnamedFile> {
    Ok(UnnamedFile {
        content: sql::array(r, 0)?,
        age_ms: sql::uint(r, 1)?,
        named: r.get(2)?,
        released: r.get(3)?,
        gone_ms: sql::uint(r, 4)?,
    })
}

const COLUMNS: &str = "content, age_ms, named, released, gone_ms";

impl Reader<'_> {
    pub fn has_live_releases(&self) -> Result<bool> {
        self.exists("SELECT 1 FROM releases WHERE kept = 0 AND seq > 0", [])
    }

    /// True where the bytes of a file went because nothing named it.
    pub fn anything_let_go(&self) -> Result<bool> {
        self.exists("SELECT 1 FROM unnamed_files WHERE gone_ms > 0 AND named = 0", [])
    }

    /// Those that stand in the log and were not taken back.
    pub fn live_releases(&self) -> Result<Vec<ReleaseRow>> {
        let sql = "SELECT rid, seq, age_ms, cids FROM releases WHERE kept = 0 AND seq > 0 ORDER BY seq, rid";
        self.rows(sql, [], |r| {
            Ok(ReleaseRow {
                rid: sql::array(r, 0)?,
                seq: sql::uint(r, 1)?,
                age_ms: sql::uint(r, 2)?,
                cids: sql::hashes(r, 3)?,
            })
        })
    }

    /// What a release names, taken back or not; nothing where it is not here.
    pub fn released_chunks(&self, rid: &[u8; 32]) -> Result<Vec<[u8; 32]>> {
        Ok(self.row("SELECT cids FROM releases WHERE rid = ?1", [rid], |r| sql::hashes(r, 0))?.unwrap_or_default())
    }

    /// Whether the log, as far as it was read, has this release, or what takes it back.
    pub fn has_release(&self, rid: &[u8; 32]) -> Result<(bool, bool)> {
        let read = |r: &Row<'_>| Ok((r.get::<_, i64>(0)? > 0, r.get(1)?));
        Ok(self.row("SELECT seq, kept FROM releases WHERE rid = ?1", [rid], read)?.unwrap_or_default())
    }

    /// The contents of the files that notes show.
    pub fn shown_contents(&self) -> Result<BTreeSet<[u8; 32]>> {
        let sql = "SELECT DISTINCT a.content FROM note_attachments l JOIN attachments a ON a.id = l.attachment";
        Ok(self.rows(sql, [], |r| sql::array(r, 0))?.into_iter().collect())
    }

    /// The newest versions of the records that show something else than the one newest version: where there are several,
    /// where some are held back, and where one is being edited.
    pub fn heads_beside_views(&self) -> Result<Vec<RevisionId>> {
        self.rows(
            "SELECT rid FROM heads WHERE record IN (
                 SELECT record FROM heads GROUP BY record HAVING count(*) > 1
                 UNION SELECT record FROM working
                 UNION SELECT record FROM arrivals)
             ORDER BY rid",
            [],
            |r| Ok(RevisionId(r.get(0)?)),
        )
    }

    pub fn unnamed_file(&self, content: &[u8; 32]) -> Result<Option<UnnamedFile>> {
        self.row(&format!("SELECT {COLUMNS} FROM unnamed_files WHERE content = ?1"), [content], unnamed_row)
    }

    pub fn unnamed_files(&self) -> Result<Vec<UnnamedFile>> {
        self.rows(&format!("SELECT {COLUMNS} FROM unnamed_files ORDER BY content"), [], unnamed_row)
    }

    /// Files that nothing names any more, and the sealed bytes of them that are here.
    pub fn count_unnamed(&self) -> Result<FileCount> {
        let sql = "SELECT count(DISTINCT u.content), coalesce(sum(length(c.data)), 0)
                   FROM unnamed_files u JOIN chunks c ON c.content = u.content WHERE u.named = 0";
        let count = self.row(sql, [], |r| Ok(FileCount { files: sql::uint(r, 0)?, bytes: sql::uint(r, 1)? }))?;
        Ok(count.unwrap_or_default())
    }
}

impl WriteTx<'_> {
    /// The log has a release. What takes it back stays.
    pub fn put_release(&self, row: &ReleaseRow) -> Result<()> {
        let ReleaseRow { rid, seq, age_ms, cids } = row;
        self.run(
            "INSERT INTO releases (rid, seq, kept, age_ms, cids) VALUES (?1, ?2, 0, ?3, ?4)
             ON CONFLICT (rid) DO UPDATE SET seq = excluded.seq, age_ms = excluded.age_ms, cids = excluded.cids
             WHERE seq = 0",
            params![rid, sql::int(*seq), sql::int(*age_ms), sql::concat(cids)],
        )?;
        Ok(())
    }

    /// The log has what takes a release back.
    pub fn keep_release(&self, rid: &[u8; 32]) -> Result<()> {
        self.run(
            "INSERT INTO releases (rid, seq, kept, age_ms, cids) VALUES (?1, 0, 1, 0, x'')
             ON CONFLICT (rid) DO UPDATE SET kept = 1",
            [rid],
        )?;
        Ok(())
    }

    pub fn put_unnamed(&self, row: &UnnamedFile) -> Result<()> {
        let UnnamedFile { content, age_ms, named, released, gone_ms } = row;
        self.run(
            "INSERT OR REPLACE INTO unnamed_files (content, age_ms, named, released, gone_ms) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![content, sql::int(*age_ms), named, released, sql::int(*gone_ms)],
        )?;
        Ok(())
    }

    pub fn remove_unnamed(&self, content: &[u8; 32]) -> Result<()> {
        self.run("DELETE FROM unnamed_files WHERE content = ?1", [content])?;
        Ok(())
    }

    /// The server had these; whether it has them still is to be asked.
    pub fn doubt_sent(&self, cids: &[[u8; 32]]) -> Result<bool> {
        let mut any = false;
        for cid in cids {
            any |= self.run("UPDATE chunks SET sent = 1 WHERE cid = ?1 AND sent = 2", [cid])? > 0;
        }
        Ok(any)
    }

    /// The log is another one: what it says of releases is read anew.
    pub(crate) fn forget_releases(&self) -> Result<()> {
        self.run("DELETE FROM releases", [])?;
        self.run("UPDATE unnamed_files SET released = 0", [])?;
        self.run("DELETE FROM outbox WHERE kind = ?1 AND batch_ctr IS NULL", [crate::outbox::RELEASE])?;
        Ok(())
    }
}
