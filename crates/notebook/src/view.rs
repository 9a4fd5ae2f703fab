//! Views: what is read and searched, made from a record's versions whenever they change.

use holdfast_domain::{Fields, Kind, NoteFields, NoteId, NotebookId, RecordId, Segment};
use holdfast_merge::{review, review_notebook};
use holdfast_store::{AttachmentRow, DeviceRow, NoteRow, NotebookRow};

use crate::Result;
use crate::strays::is_stray;
use crate::txn::Txn;

/// Characters of text under the title in a list.
const PREVIEW_CHARS: usize = 200;

/// Makes a record's view anew, and a receipt where several versions merged by themselves.
pub(crate) fn refresh(t: &mut Txn<'_>, id: RecordId) -> Result<Option<Kind>> {
    let Some(record) = t.record(id)? else { return Ok(None) };
    let fresh = match (record.heads.as_slice(), &record.working) {
        ([only], None) => t.take_fresh(*only),
        _ => None,
    };
    let shown = || match record.shown_heads().as_slice() {
        [first, _, ..] if crate::planted("view-of-one-head") => record.fold(&[*first]),
        _ => record.shown(),
    };
    let folded = fresh.map_or_else(shown, |revision| record.alone(revision))?;
    // What is being typed or decided here may close what the versions leave open: that is no automatic merge.
    let merged = record.working.is_none() && record.heads.len() > 1 && !folded.fields.is_open();
    if merged && crate::planted("publish-merges") {
        let stamp = t.stamp();
        let fields = folded.fields.clone();
        let merge = holdfast_domain::Revision::new(
            id,
            record.heads.clone(),
            stamp,
            holdfast_domain::Origin::Edit,
            holdfast_merge::ALGO,
            fields,
        );
        t.commit_revision(merge)?;
        return Ok(Some(folded.fields.kind()));
    }
    match &folded.fields {
        Fields::Note(note) => {
            let before = t.tx.note(id.into())?;
            let row = note_row(id.into(), note, is_stray(t.reader(), note)?);
            t.changes.tags |= before.as_ref().is_none_or(|b| b.tags != row.tags || b.trashed != row.trashed);
            t.changes.review |= before.as_ref().map_or(0, |b| b.review) != row.review;
            t.tx.put_note_view(&row, &search_text(note))?;
            t.note_joined(id, record.notebooks_are_joined())?;
            if merged {
                crate::receipts::record_merge(t, id, &record.heads)?;
            }
        }
        Fields::Notebook(notebook) => {
            let row = NotebookRow {
                id: NotebookId::from(id),
                name: notebook.name.shown().clone(),
                parent: *notebook.parent.shown(),
                trashed: notebook.trash.is_trashed(),
                review: review_notebook(notebook).places.len() as u32,
                created_ms: notebook.created_ms,
                parent_stamp: notebook.parent.newest().stamp,
            };
            t.changes.review |= t.tx.notebook(row.id)?.map_or(0, |b| b.review) != row.review;
            t.tx.put_notebook_view(&row)?;
            if merged {
                crate::receipts::record_merge(t, id, &record.heads)?;
            }
        }
        Fields::Attachment(a) => t.tx.put_attachment_view(&AttachmentRow {
            id: id.into(),
            name: a.name.clone(),
            media_type: a.media_type.clone(),
            size: a.size,
            content: a.content,
            chunks: a.chunks.clone(),
            created_ms: a.created_ms,
        })?,
        Fields::Device(d) => {
            let row = DeviceRow {
                // A device's record has the device's own id.
                id: holdfast_domain::DeviceId(id.0),
                record: id,
                name: d.name.shown().clone(),
                platform: d.platform.clone(),
                last_seen_ms: d.last_seen_ms,
                created_ms: d.created_ms,
            };
            if t.changes.from_sync && t.reader().device(row.id)?.is_none() {
                crate::sync::tell_joined(t, &row)?;
            }
            t.tx.put_device_view(&row)?;
        }
        Fields::Unknown(..) => {}
    }
    Ok(Some(folded.fields.kind()))
}

pub(crate) fn note_row(id: NoteId, note: &NoteFields, stray: bool) -> NoteRow {
    let body = note.body.shown();
    let untold = crate::planted("title-not-asked") && note.body.is_resolved();
    let asked = if untold { 0 } else { review(note).places.len() as u32 };
    NoteRow {
        id,
        title: note.title.shown().clone(),
        preview: preview(&body),
        body,
        notebook: *note.notebook.shown(),
        due: *note.due.shown(),
        done: *note.done.shown(),
        trashed: note.trash.is_trashed(),
        review: asked + u32::from(stray) + u32::from(note.needs_newer_version()),
        created_ms: note.created_ms,
        updated_ms: note.updated_ms,
        front_matter: note.front_matter.shown().clone(),
        file_name: note.file_name.shown().clone(),
        tags: note.tags.names(),
        aliases: note.aliases.names(),
        attachments: note.attachments.iter().map(|e| e.value.clone()).collect(),
    }
}

/// What search finds besides the shown text: every side of what is open, and the aliases.
fn search_text(note: &NoteFields) -> String {
    let mut out = String::new();
    let mut add = |text: &str| {
        out.push_str(text);
        out.push('\n');
    };
    for segment in note.body.segments() {
        if let Segment::Place(place) = segment {
            let sides = place.adds().skip(usize::from(crate::planted("first-side-not-found")));
            sides.for_each(|side| add(&side.value));
        }
    }
    if !note.title.is_resolved() {
        note.title.adds().for_each(|side| add(&side.value));
    }
    note.aliases.names().iter().for_each(|alias| add(alias));
    out
}

/// The first words, without the marks of Markdown.
fn preview(body: &str) -> String {
    let mut out = String::new();
    for line in body.lines() {
        let line = line.trim().trim_start_matches(['#', '>', '*', '-', '+', ' ', '\u{feff}']);
        let line = match line.strip_prefix("[ ] ") {
            Some(rest) => format!("☐ {rest}"),
            None => match line.strip_prefix("[x] ").or_else(|| line.strip_prefix("[X] ")) {
                Some(rest) => format!("☑ {rest}"),
                None => line.replace(['*', '`'], ""),
            },
        };
        if line.is_empty() {
            continue;
        }
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(&line);
        if out.chars().count() >= PREVIEW_CHARS {
            return out.chars().take(PREVIEW_CHARS).collect();
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::preview;

    #[test]
    fn a_preview_is_words_on_one_line() {
        assert_eq!(preview("# Head\n\n- [x] **done**\n> quoted\n"), "Head ☑ **done** quoted");
        assert_eq!(preview(&"wörd ".repeat(200)).chars().count(), 200);
        assert_eq!(preview(""), "");
    }
}
