//! `files` and `chunks`: the bytes of attachments, sealed, and what of them the server has.
//!
//! **Invariant:** a file is `whole` only where all of its chunks are rows, and were checked together.

use holdfast_domain::AttachmentId;
use rusqlite::{Row, params};

use crate::{Reader, Result, WriteTx, sql};

/// How much of a file is here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileState {
    /// All of it.
    Whole,
    /// Some of its chunks, or none yet.
    Partial,
    /// The same, and a person asked for it: it comes before others.
    Wanted,
}

impl FileState {
    fn number(self) -> i64 {
        match self {
            Self::Whole => 0,
            Self::Partial => 1,
            Self::Wanted => 2,
        }
    }

    fn from_number(number: i64) -> Option<Self> {
        [Self::Whole, Self::Partial, Self::Wanted].into_iter().find(|state| state.number() == number)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileRow {
    /// Keyed hash of the content.
    pub content: [u8; 32],
    /// Bytes of the file.
    pub size: u64,
    pub state: FileState,
    /// Ids of the sealed chunks that it is here as, in order.
    pub chunks: Vec<[u8; 32]>,
}

/// Whether the server has a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    No,
    /// It was sent, and no answer came: the server may have it.
    Tried,
    Yes,
}

impl Sent {
    fn number(self) -> i64 {
        match self {
            Self::No => 0,
            Self::Tried => 1,
            Self::Yes => 2,
        }
    }
}

/// A chunk that the server is not known to have; its bytes come by [`Reader::chunk`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChunkToSend {
    pub cid: [u8; 32],
    /// Sealed.
    pub bytes: u64,
    /// It was sent before, and no answer came.
    pub tried: bool,
}

/// A file that the server does not have all of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileToSend {
    pub content: [u8; 32],
    /// Sealed bytes of it that are here, and of those what the server is not known to have.
    pub bytes: u64,
    pub left: u64,
}

/// A file that is not here, or not all of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileToFetch {
    pub attachment: AttachmentId,
    pub content: [u8; 32],
    /// Ids of the sealed chunks, in order.
    pub chunks: Vec<[u8; 32]>,
    /// Bytes.
    pub size: u64,
}

/// Which files come without being asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fetch {
    All,
    /// Those of at most so many bytes, and those of notebooks that are kept offline.
    UpTo(u64),
}

/// Several files together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FileCount {
    pub files: u64,
    pub bytes: u64,
}

fn file_row(r: &Row<'_>) -> rusqlite::Result<FileRow> {
    Ok(FileRow {
        content: sql::array(r, 0)?,
        size: sql::uint(r, 1)?,
        state: FileState::from_number(r.get(2)?).ok_or_else(|| sql::invalid(2))?,
        chunks: sql::hashes(r, 3)?,
    })
}

impl Reader<'_> {
    /// What is known of a file; `None` where nothing of it is here and nobody asked for it.
    pub fn file(&self, content: &[u8; 32]) -> Result<Option<FileRow>> {
        self.row("SELECT content, size, state, chunks FROM files WHERE content = ?1", [content], file_row)
    }

    /// Whether all of a file is here.
    pub fn has_file(&self, content: &[u8; 32]) -> Result<bool> {
        self.exists("SELECT 1 FROM files WHERE content = ?1 AND state = 0", [content])
    }

    /// The sealed bytes of a chunk.
    pub fn chunk(&self, cid: &[u8; 32]) -> Result<Option<Vec<u8>>> {
        self.row("SELECT data FROM chunks WHERE cid = ?1", [cid], |r| r.get(0))
    }

    pub fn has_chunk(&self, cid: &[u8; 32]) -> Result<bool> {
        self.exists("SELECT 1 FROM chunks WHERE cid = ?1", [cid])
    }

    /// The next to send; files in the order in which they came, chunks in theirs.
    pub fn next_chunk_to_send(&self) -> Result<Option<ChunkToSend>> {
        let sql = "SELECT cid, length(data), sent FROM chunks WHERE sent < 2 ORDER BY rowid LIMIT 1";
        self.row(sql, [], |r| {
            Ok(ChunkToSend {
                cid: sql::array(r, 0)?,
                bytes: sql::uint(r, 1)?,
                tried: r.get::<_, i64>(2)? == Sent::Tried.number(),
            })
        })
    }

    /// Whether a chunk of any file is still to be sent.
    pub fn anything_to_send(&self) -> Result<bool> {
        self.exists("SELECT 1 FROM chunks WHERE sent < 2", [])
    }

    /// Whether a chunk of this file is.
    pub fn is_to_send(&self, content: &[u8; 32]) -> Result<bool> {
        self.exists("SELECT 1 FROM chunks WHERE content = ?1 AND sent < 2", [content])
    }

    pub fn count_chunks_to_send(&self) -> Result<u64> {
        self.number("SELECT count(*) FROM chunks WHERE sent < 2", [])
    }

    /// Those that were sent without an answer, at most so many.
    pub fn tried_chunks(&self, limit: usize) -> Result<Vec<[u8; 32]>> {
        let sql = "SELECT cid FROM chunks WHERE sent < 2 AND sent = 1 ORDER BY rowid LIMIT ?1";
        self.rows(sql, [limit as i64], |r| sql::array(r, 0))
    }

    /// What the server is known to have, but for what was released: it need not have that.
    pub fn sent_chunks(&self) -> Result<Vec<[u8; 32]>> {
        let sql = "SELECT cid FROM chunks c WHERE sent = 2
                   AND NOT EXISTS (SELECT 1 FROM unnamed_files u WHERE u.content = c.content AND u.named = 0 AND u.released)
                   ORDER BY rowid";
        self.rows(sql, [], |r| sql::array(r, 0))
    }

    pub fn files_to_send(&self) -> Result<Vec<FileToSend>> {
        let sql = "SELECT content, sum(length(data)), sum(CASE WHEN sent < 2 THEN length(data) ELSE 0 END) FROM chunks
                   WHERE content IN (SELECT content FROM chunks WHERE sent < 2) GROUP BY content ORDER BY content";
        self.rows(sql, [], |r| {
            Ok(FileToSend { content: sql::array(r, 0)?, bytes: sql::uint(r, 1)?, left: sql::uint(r, 2)? })
        })
    }

    /// Each content once: what a person asked for, then the oldest attachment first. Not what was released.
    pub fn files_to_fetch(&self, which: Fetch) -> Result<Vec<FileToFetch>> {
        let up_to = match which {
            Fetch::All => i64::MAX,
            Fetch::UpTo(bytes) => i64::try_from(bytes).unwrap_or(i64::MAX),
        };
        // A size over what SQLite's numbers hold is stored by its bits, and negative: as large as any.
        self.rows(
            "WITH RECURSIVE kept (id) AS (
                 SELECT notebook FROM kept_offline
                 UNION SELECT n.id FROM notebooks n JOIN kept k ON n.parent = k.id
             )
             SELECT a.id, a.content, coalesce(f.chunks, a.chunks), a.size, min(a.created_ms)
             FROM attachments a LEFT JOIN files f ON f.content = a.content
             WHERE coalesce(f.state, 1) > 0
               AND NOT EXISTS (SELECT 1 FROM unnamed_files u WHERE u.content = a.content AND u.named = 0
                                                                  AND (u.released OR u.gone_ms > 0))
               AND (?1 = 9223372036854775807 OR (a.size BETWEEN 0 AND ?1) OR f.state = 2
                    OR EXISTS (SELECT 1 FROM note_attachments l JOIN notes n ON n.id = l.note
                               WHERE l.attachment = a.id AND n.notebook IN (SELECT id FROM kept)))
             GROUP BY a.content ORDER BY coalesce(f.state, 1) DESC, min(a.created_ms), a.id",
            [up_to],
            |r| {
                Ok(FileToFetch {
                    attachment: AttachmentId(r.get(0)?),
                    content: sql::array(r, 1)?,
                    chunks: sql::hashes(r, 2)?,
                    size: sql::uint(r, 3)?,
                })
            },
        )
    }

    /// The ways in which a file was sealed, by the attachments that name it, the oldest first: their chunks and what
    /// they say of its size.
    pub fn sealings(&self, content: &[u8; 32]) -> Result<Vec<(Vec<[u8; 32]>, u64)>> {
        let sql = "SELECT chunks, size FROM attachments WHERE content = ?1 ORDER BY created_ms, id";
        let mut all = self.rows(sql, [content], |r| Ok((sql::hashes(r, 0)?, sql::uint(r, 1)?)))?;
        all.dedup();
        Ok(all)
    }

    /// Files that attachments name and that are not here, or not all of them. Of a snapshot of an earlier schema too.
    pub fn count_files_not_here(&self) -> Result<FileCount> {
        // A size of another device may be any number, and their sum is to fit.
        let before_chunks = "SELECT count(*), coalesce(sum(size), 0) FROM (
                       SELECT min(max(size, 0), 1 << 40) AS size FROM attachments
                       WHERE content NOT IN (SELECT content FROM blob) GROUP BY content)";
        let sql = "SELECT count(*), coalesce(sum(size), 0) FROM (
                       SELECT min(max(a.size, 0), 1 << 40) AS size
                       FROM attachments a LEFT JOIN files f ON f.content = a.content
                       WHERE coalesce(f.state, 1) > 0 GROUP BY a.content)";
        let named = "SELECT count(*), coalesce(sum(size), 0) FROM (
                       SELECT min(max(a.size, 0), 1 << 40) AS size
                       FROM attachments a LEFT JOIN files f ON f.content = a.content
                       WHERE coalesce(f.state, 1) > 0
                         AND a.content NOT IN (SELECT content FROM unnamed_files
                                               WHERE named = 0 AND (released OR gone_ms > 0))
                       GROUP BY a.content)";
        let has = |table| self.exists("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1", [table]);
        let sql = match (has("files")?, has("unnamed_files")?) {
            (false, _) => before_chunks,
            (true, false) => sql,
            (true, true) => named,
        };
        let count = self.row(sql, [], |r| Ok(FileCount { files: sql::uint(r, 0)?, bytes: sql::uint(r, 1)? }))?;
        Ok(count.unwrap_or_default())
    }

    /// How many chunks of a file are here.
    pub fn count_chunks_here(&self, content: &[u8; 32]) -> Result<u64> {
        self.number("SELECT count(*) FROM chunks WHERE content = ?1", [content])
    }
}

impl WriteTx<'_> {
    /// Says what is here of a file. Chunks that came for another sealing of it, and that the server has, go where it is
    /// whole.
    pub fn put_file(&self, row: &FileRow) -> Result<()> {
        self.run(
            "INSERT OR REPLACE INTO files (content, size, state, chunks) VALUES (?1, ?2, ?3, ?4)",
            params![row.content, sql::int(row.size), row.state.number(), sql::concat(&row.chunks)],
        )?;
        if row.state == FileState::Whole {
            let there = "SELECT cid FROM chunks WHERE content = ?1 AND sent = 2";
            for cid in self.rows(there, [row.content], |r| sql::array::<32>(r, 0))? {
                if !row.chunks.contains(&cid) {
                    self.run("DELETE FROM chunks WHERE cid = ?1", [cid])?;
                }
            }
        }
        Ok(())
    }

    /// Stores a sealed chunk. False, and no change, if it is there already.
    pub fn put_chunk(&self, cid: &[u8; 32], content: &[u8; 32], sent: Sent, data: &[u8]) -> Result<bool> {
        let added = self.run(
            "INSERT INTO chunks (cid, content, sent, data) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
            params![cid, content, sent.number(), data],
        )?;
        Ok(added > 0)
    }

    /// With the last chunk of a file nothing goes behind it any more.
    pub fn mark_sent(&self, cid: &[u8; 32], sent: Sent) -> Result<()> {
        let all = if crate::planted("part-marks-file") {
            "UPDATE chunks SET sent = ?2 WHERE content = (SELECT content FROM chunks WHERE cid = ?1)"
        } else {
            "UPDATE chunks SET sent = ?2 WHERE cid = ?1"
        };
        self.run(all, params![cid, sent.number()])?;
        if sent == Sent::Yes {
            let all = "AND NOT EXISTS (SELECT 1 FROM chunks c WHERE c.content = outbox_files.content AND c.sent < 2)";
            let all = if crate::planted("first-part-is-enough") { "" } else { all };
            let sql =
                format!("DELETE FROM outbox_files WHERE content = (SELECT content FROM chunks WHERE cid = ?1) {all}");
            self.run(&sql, [cid])?;
        }
        Ok(())
    }

    /// Forgets all that is here of a file. The record stays.
    pub fn remove_file(&self, content: &[u8; 32]) -> Result<()> {
        self.run("DELETE FROM chunks WHERE content = ?1", [content])?;
        self.run("DELETE FROM outbox_files WHERE content = ?1", [content])?;
        self.run("DELETE FROM files WHERE content = ?1", [content])?;
        Ok(())
    }
}
