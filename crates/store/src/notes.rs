//! `notes` and what hangs on a note: the current view of each, for reading.

use holdfast_domain::{AttachmentId, Date, NoteId, NotebookId, fold_name};
use rusqlite::{Row, params};

use crate::{Reader, Result, WriteTx, fold_text, sql};

/// A note as it is shown: each open question by its newest side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteRow {
    pub id: NoteId,
    pub title: String,
    pub body: String,
    pub notebook: Option<NotebookId>,
    pub due: Option<Date>,
    pub done: bool,
    pub trashed: bool,
    /// Number of open places; 0 where nothing is to decide.
    pub review: u32,
    /// Milliseconds since 1970.
    pub created_ms: u64,
    /// Milliseconds since 1970.
    pub updated_ms: u64,
    pub preview: String,
    pub front_matter: String,
    pub file_name: Option<String>,
    /// Each folded name once. Read back in the order of the folded names.
    pub tags: Vec<String>,
    pub aliases: Vec<String>,
    /// By the path that the text links them with.
    pub attachments: Vec<(String, AttachmentId)>,
}

const COLUMNS: &str = "id, title, body, notebook, due, done, trashed, review, created_ms, updated_ms, preview,
    front_matter, file_name";

fn note_row(r: &Row<'_>) -> rusqlite::Result<NoteRow> {
    Ok(NoteRow {
        id: NoteId(r.get(0)?),
        title: r.get(1)?,
        body: r.get(2)?,
        notebook: sql::optional_array(r, 3)?.map(NotebookId),
        due: sql::date(r, 4)?,
        done: r.get(5)?,
        trashed: r.get(6)?,
        review: r.get(7)?,
        created_ms: sql::uint(r, 8)?,
        updated_ms: sql::uint(r, 9)?,
        preview: r.get(10)?,
        front_matter: r.get(11)?,
        file_name: r.get(12)?,
        tags: Vec::new(),
        aliases: Vec::new(),
        attachments: Vec::new(),
    })
}

impl Reader<'_> {
    pub fn note(&self, id: NoteId) -> Result<Option<NoteRow>> {
        let Some(mut note) = self.row(&format!("SELECT {COLUMNS} FROM notes WHERE id = ?1"), [id.0], note_row)? else {
            return Ok(None);
        };
        note.tags = self.note_tags(id)?;
        note.aliases =
            self.rows("SELECT name FROM note_aliases WHERE note = ?1 ORDER BY folded", [id.0], |r| r.get(0))?;
        note.attachments = self.rows(
            "SELECT path, attachment FROM note_attachments WHERE note = ?1 ORDER BY path, attachment",
            [id.0],
            |r| Ok((r.get(0)?, AttachmentId(r.get(1)?))),
        )?;
        Ok(Some(note))
    }

    pub(crate) fn note_tags(&self, id: NoteId) -> Result<Vec<String>> {
        self.rows("SELECT name FROM note_tags WHERE note = ?1 ORDER BY folded", [id.0], |r| r.get(0))
    }

    /// All notes, trashed ones too, in id order: for an export that reads one after another.
    pub fn note_ids(&self) -> Result<Vec<NoteId>> {
        self.rows("SELECT id FROM notes ORDER BY id", [], |r| Ok(NoteId(r.get(0)?)))
    }

    /// The notes that link an attachment, in id order.
    pub fn notes_with_attachment(&self, id: AttachmentId) -> Result<Vec<NoteId>> {
        self.rows("SELECT DISTINCT note FROM note_attachments WHERE attachment = ?1 ORDER BY note", [id.0], |r| {
            Ok(NoteId(r.get(0)?))
        })
    }

    /// The files that notes link which are not in the trash, each once.
    pub fn attachments_of_live_notes(&self) -> Result<Vec<AttachmentId>> {
        let sql = "SELECT DISTINCT l.attachment FROM note_attachments l JOIN notes n ON n.id = l.note
                   WHERE n.trashed = 0 ORDER BY l.attachment";
        self.rows(sql, [], |r| Ok(AttachmentId(r.get(0)?)))
    }

    /// Notes whose title or alias is `name` by [`fold_name`], trashed ones not, oldest first: where a link by
    /// name leads.
    pub fn notes_named(&self, name: &str) -> Result<Vec<NoteId>> {
        self.rows(
            "SELECT id FROM notes WHERE trashed = 0
               AND (title_key = ?1 OR id IN (SELECT note FROM note_aliases WHERE folded = ?2))
             ORDER BY created_ms, id",
            params![fold_text(name), fold_name(name)],
            |r| Ok(NoteId(r.get(0)?)),
        )
    }
}

/// What is indexed of a note besides its title and body.
fn extra_text(note: &NoteRow, search_text: &str) -> String {
    let mut extra = String::new();
    for part in note.tags.iter().chain(&note.aliases).map(String::as_str).chain([search_text]) {
        if !part.is_empty() {
            extra.push_str(part);
            extra.push('\n');
        }
    }
    extra
}

impl WriteTx<'_> {
    /// Replaces the view of a note and its place in the search index (see [`WriteTx::defer_index`]), where they are not
    /// so already: typing that becomes a revision shows as it did. `search_text` is found by search though it is not
    /// shown: every other side of each open place.
    pub fn put_note_view(&self, note: &NoteRow, search_text: &str) -> Result<()> {
        let extra = extra_text(note, search_text);
        let before = self.row("SELECT n, title, body, search_text FROM notes WHERE id = ?1", [note.id.0], |r| {
            let same = r.get_ref(1)?.as_str()? == note.title
                && r.get_ref(2)?.as_str()? == note.body
                && r.get_ref(3)?.as_str()? == extra;
            Ok((r.get::<_, i64>(0)?, same))
        })?;
        let shown = if before.is_some() { self.note(note.id)? } else { None };
        if before.is_some_and(|(_, same)| same) && shown.as_ref() == Some(note) {
            return Ok(());
        }
        let n = self.upsert_note(note, &extra)?;
        let left_old = crate::planted("index-left-old") && before.is_some();
        if before.is_none_or(|(_, same)| !same) && !left_old && self.is_indexed(n)? {
            if before.is_some() && !crate::planted("index-keeps-old") {
                self.unindex_note(n)?;
            }
            self.index_note(n, &note.title, &note.body, &extra)?;
        }
        self.put_note_lists(note, shown.as_ref())
    }

    /// The note's number in the search tables.
    fn upsert_note(&self, note: &NoteRow, extra: &str) -> Result<i64> {
        Ok(self
            .prepare(
                "INSERT INTO notes (id, title, title_key, notebook, due, done, trashed, review, created_ms, updated_ms,
                                    file_name, preview, front_matter, body, search_text)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)
                 ON CONFLICT (id) DO UPDATE SET
                    title = excluded.title, title_key = excluded.title_key, notebook = excluded.notebook,
                    due = excluded.due, done = excluded.done, trashed = excluded.trashed, review = excluded.review,
                    created_ms = excluded.created_ms, updated_ms = excluded.updated_ms,
                    file_name = excluded.file_name, preview = excluded.preview,
                    front_matter = excluded.front_matter, body = excluded.body, search_text = excluded.search_text
                 RETURNING n",
            )?
            .query_row(
                params![
                    note.id.0,
                    note.title,
                    fold_text(&note.title),
                    note.notebook.map(|n| n.0),
                    note.due.map(|d| d.to_string()),
                    note.done,
                    note.trashed,
                    note.review,
                    sql::int(note.created_ms),
                    sql::int(note.updated_ms),
                    note.file_name,
                    note.preview,
                    note.front_matter,
                    note.body,
                    extra,
                ],
                |r| r.get(0),
            )?)
    }

    /// `before`: what there is of the note, if anything.
    fn put_note_lists(&self, note: &NoteRow, before: Option<&NoteRow>) -> Result<()> {
        let id = note.id.0;
        if before.is_none_or(|before| before.tags != note.tags) {
            if !crate::planted("tag-list-keeps-old") {
                self.run("DELETE FROM note_tags WHERE note = ?1", [id])?;
            }
            for tag in &note.tags {
                self.run("INSERT OR IGNORE INTO note_tags VALUES (?1, ?2, ?3)", params![id, fold_name(tag), tag])?;
            }
        }
        if before.is_none_or(|before| before.aliases != note.aliases) {
            self.run("DELETE FROM note_aliases WHERE note = ?1", [id])?;
            for alias in &note.aliases {
                let row = params![id, fold_name(alias), alias];
                self.run("INSERT OR IGNORE INTO note_aliases VALUES (?1, ?2, ?3)", row)?;
            }
        }
        let stays = crate::planted("file-list-stays") && before.is_some_and(|before| !before.attachments.is_empty());
        if before.is_none_or(|before| before.attachments != note.attachments) && !stays {
            self.run("DELETE FROM note_attachments WHERE note = ?1", [id])?;
            for (path, attachment) in &note.attachments {
                let row = params![id, path, attachment.0];
                self.run("INSERT OR IGNORE INTO note_attachments VALUES (?1, ?2, ?3)", row)?;
            }
        }
        Ok(())
    }

    /// Removes the view of a note, not its revisions. False if there was none.
    pub fn remove_note_view(&self, id: NoteId) -> Result<bool> {
        let removed = self.row("DELETE FROM notes WHERE id = ?1 RETURNING n", [id.0], |r| r.get::<_, i64>(0))?;
        if let Some(n) = removed
            && self.is_indexed(n)?
        {
            self.unindex_note(n)?;
        }
        Ok(removed.is_some())
    }
}
