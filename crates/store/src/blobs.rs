//! `blob`: the bytes of attachments, in the clear inside the encrypted database.

use holdfast_domain::AttachmentId;
use rusqlite::params;

use crate::{Reader, Result, WriteTx, sql};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlobRow {
    pub content: [u8; 32],
    /// Hash of the sealed bytes, once they were sealed.
    pub cid: Option<[u8; 32]>,
    pub uploaded: bool,
    pub data: Vec<u8>,
}

/// A blob that the server does not have; the bytes come by [`Reader::blob`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlobToUpload {
    pub content: [u8; 32],
    pub cid: Option<[u8; 32]>,
    /// Bytes.
    pub size: u64,
}

/// An attachment whose bytes are not here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingBlob {
    pub attachment: AttachmentId,
    pub content: [u8; 32],
    /// Hashes of the sealed chunks, in order.
    pub chunks: Vec<[u8; 32]>,
    /// Bytes.
    pub size: u64,
}

impl Reader<'_> {
    pub fn blob(&self, content: &[u8; 32]) -> Result<Option<BlobRow>> {
        self.row("SELECT content, cid, uploaded, data FROM blob WHERE content = ?1", [content], |r| {
            Ok(BlobRow {
                content: sql::array(r, 0)?,
                cid: sql::optional_array(r, 1)?,
                uploaded: r.get(2)?,
                data: r.get(3)?,
            })
        })
    }

    pub fn has_blob(&self, content: &[u8; 32]) -> Result<bool> {
        self.exists("SELECT 1 FROM blob WHERE content = ?1", [content])
    }

    pub fn blobs_to_upload(&self) -> Result<Vec<BlobToUpload>> {
        self.rows("SELECT content, cid, length(data) FROM blob WHERE uploaded = 0 ORDER BY content", [], |r| {
            Ok(BlobToUpload { content: sql::array(r, 0)?, cid: sql::optional_array(r, 1)?, size: sql::uint(r, 2)? })
        })
    }

    /// What the server has: the content, and the hash of the sealed bytes.
    pub fn uploaded_blobs(&self) -> Result<Vec<([u8; 32], [u8; 32])>> {
        let sql = "SELECT content, cid FROM blob WHERE uploaded = 1 AND cid IS NOT NULL ORDER BY content";
        self.rows(sql, [], |r| Ok((sql::array(r, 0)?, sql::array(r, 1)?)))
    }

    /// Each content once, the oldest attachment first.
    pub fn blobs_to_fetch(&self) -> Result<Vec<MissingBlob>> {
        self.rows(
            "SELECT a.id, a.content, a.chunks, a.size FROM attachments a
             WHERE NOT EXISTS (SELECT 1 FROM blob b WHERE b.content = a.content)
             GROUP BY a.content ORDER BY min(a.created_ms), a.id",
            [],
            |r| {
                Ok(MissingBlob {
                    attachment: AttachmentId(r.get(0)?),
                    content: sql::array(r, 1)?,
                    chunks: sql::hashes(r, 2)?,
                    size: sql::uint(r, 3)?,
                })
            },
        )
    }
}

impl WriteTx<'_> {
    /// Stores the bytes of an attachment. False, and no change, if they are there already.
    pub fn put_blob(&self, content: &[u8; 32], data: &[u8], cid: Option<[u8; 32]>, uploaded: bool) -> Result<bool> {
        let added = self.run(
            "INSERT INTO blob (content, cid, uploaded, data) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
            params![content, cid, uploaded, data],
        )?;
        Ok(added > 0)
    }

    /// The server has the sealed bytes, under this hash.
    pub fn mark_uploaded(&self, content: &[u8; 32], cid: &[u8; 32]) -> Result<bool> {
        Ok(self.run("UPDATE blob SET uploaded = 1, cid = ?2 WHERE content = ?1", params![content, cid])? > 0)
    }

    /// The server does not have it any more.
    pub fn mark_not_uploaded(&self, content: &[u8; 32]) -> Result<()> {
        self.run("UPDATE blob SET uploaded = 0 WHERE content = ?1", [content])?;
        Ok(())
    }

    /// Says that no blob is on the server: after the vault joined another account.
    pub fn mark_nothing_uploaded(&self) -> Result<()> {
        self.run("UPDATE blob SET uploaded = 0, cid = NULL", [])?;
        Ok(())
    }

    pub fn remove_blob(&self, content: &[u8; 32]) -> Result<bool> {
        Ok(self.run("DELETE FROM blob WHERE content = ?1", [content])? > 0)
    }
}
