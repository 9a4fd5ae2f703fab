//! `attachments`: the current view of each; the bytes are in `chunks`.

use holdfast_domain::AttachmentId;
use rusqlite::{Row, params};

use crate::{Reader, Result, WriteTx, sql};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttachmentRow {
    pub id: AttachmentId,
    pub name: String,
    pub media_type: String,
    /// Bytes of the file.
    pub size: u64,
    /// Keyed hash of the content; its name in `files`.
    pub content: [u8; 32],
    /// Hashes of the sealed chunks, in order.
    pub chunks: Vec<[u8; 32]>,
    /// Milliseconds since 1970.
    pub created_ms: u64,
}

const COLUMNS: &str = "id, name, media_type, size, content, chunks, created_ms";

fn attachment_row(r: &Row<'_>) -> rusqlite::Result<AttachmentRow> {
    Ok(AttachmentRow {
        id: AttachmentId(r.get(0)?),
        name: r.get(1)?,
        media_type: r.get(2)?,
        size: sql::uint(r, 3)?,
        content: sql::array(r, 4)?,
        chunks: sql::hashes(r, 5)?,
        created_ms: sql::uint(r, 6)?,
    })
}

impl Reader<'_> {
    pub fn attachment(&self, id: AttachmentId) -> Result<Option<AttachmentRow>> {
        self.row(&format!("SELECT {COLUMNS} FROM attachments WHERE id = ?1"), [id.0], attachment_row)
    }

    /// The oldest attachment with this content: the same file twice needs one record.
    pub fn attachment_with_content(&self, content: &[u8; 32]) -> Result<Option<AttachmentRow>> {
        self.row(
            &format!("SELECT {COLUMNS} FROM attachments WHERE content = ?1 ORDER BY created_ms, id LIMIT 1"),
            [content],
            attachment_row,
        )
    }

    /// All, in id order.
    pub fn attachments(&self) -> Result<Vec<AttachmentRow>> {
        self.rows(&format!("SELECT {COLUMNS} FROM attachments ORDER BY id"), [], attachment_row)
    }
}

impl WriteTx<'_> {
    pub fn put_attachment_view(&self, row: &AttachmentRow) -> Result<()> {
        self.run(
            "INSERT OR REPLACE INTO attachments (id, name, media_type, size, content, chunks, created_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                row.id.0,
                row.name,
                row.media_type,
                sql::int(row.size),
                row.content,
                sql::concat(&row.chunks),
                sql::int(row.created_ms),
            ],
        )?;
        Ok(())
    }

    /// Removes the view, not the revisions and not the bytes. False if there was none.
    pub fn remove_attachment_view(&self, id: AttachmentId) -> Result<bool> {
        Ok(self.run("DELETE FROM attachments WHERE id = ?1", [id.0])? > 0)
    }
}
