//! Lists, notes, saving, search.

use std::collections::BTreeMap;
use std::path::Path;

use holdfast_domain::{NoteId, NotebookId, RecordId};
use holdfast_notebook::{AttachmentId, NewNote, NotePatch as Patch, TagPatch, Vault};
use holdfast_notebook::{NoteListRow, NoteOrder as Order, NoteQuery, NotebookFilter};

use crate::convert::{Names, answer, date, invalid, ms, note_id, notebook_id, revision_ids};
use crate::dto::{
    DuePatch, NoteAttachment, NoteDetail, NoteListItem, NoteOrder, NotePatch, NoteScope, NotebookPatch, NotesPage,
    NotesQuery, SaveRequest, Saved, SearchHit,
};
use crate::{Answer, App};

/// A list asks for so many at most.
const MAX_LIMIT: u32 = 1_000;

pub fn list(app: &App, query: &NotesQuery) -> Answer<NotesPage> {
    let vault = app.vault()?;
    let filter = filter(&vault, query)?;
    let rows = answer(vault.list_notes(&filter))?;
    let total = answer(vault.count_notes(&filter))? as u32;
    let paths = Paths::load(&vault)?;
    let ids: Vec<_> = rows.iter().map(|r| r.id).collect();
    let waiting = answer(vault.waiting_among(&ids))?;
    let server = answer(vault.has_server())?;
    let mark = |row: &NoteListRow| Mark::new(server, waiting.contains(&row.id));
    let items = rows.into_iter().map(|row| item(&paths, mark(&row), row)).collect();
    Ok(NotesPage { items, total })
}

fn filter(vault: &Vault, query: &NotesQuery) -> Answer<NoteQuery> {
    let base = match &query.scope {
        NoteScope::All => NoteQuery::default(),
        NoteScope::Tasks => NoteQuery::tasks(),
        NoteScope::Review => NoteQuery::to_review(),
        NoteScope::Trash => NoteQuery::trash(),
        NoteScope::Notebook { id } => {
            let inside = answer(vault.notebook_with_descendants(notebook_id(id)?))?;
            NoteQuery { notebook: NotebookFilter::In(inside), ..NoteQuery::default() }
        }
        NoteScope::Tag { name } => NoteQuery { tag: Some(holdfast_domain::fold_name(name)), ..NoteQuery::default() },
    };
    let order = match query.order {
        NoteOrder::Updated => Order::Updated,
        NoteOrder::Created => Order::Created,
        NoteOrder::Title => Order::Title,
        NoteOrder::Due => Order::Due,
    };
    Ok(NoteQuery { order, limit: query.limit.min(MAX_LIMIT), offset: query.offset, ..base })
}

/// Where notebooks show, by the id that a note names.
struct Paths {
    by_id: BTreeMap<NotebookId, (NotebookId, String)>,
}

impl Paths {
    fn load(vault: &Vault) -> Answer<Self> {
        let places = answer(vault.notebook_places())?.into_iter();
        Ok(Self { by_id: places.map(|(id, node)| (id, (node.id, node.path.join("/")))).collect() })
    }
}

/// What the server has of a note.
#[derive(Clone, Copy)]
struct Mark {
    waiting: bool,
    sent: bool,
}

impl Mark {
    fn new(server: bool, waiting: bool) -> Self {
        Self { waiting, sent: server && !waiting }
    }
}

fn item(paths: &Paths, mark: Mark, row: NoteListRow) -> NoteListItem {
    let place = row.notebook.and_then(|id| paths.by_id.get(&id));
    NoteListItem {
        id: row.id.to_string(),
        title: row.title,
        preview: row.preview,
        notebook: place.map(|(_, path)| path.clone()).unwrap_or_default(),
        notebook_id: place.map(|(id, _)| id.to_string()),
        tags: row.tags,
        due: row.due.map(|d| d.to_string()),
        done: row.done,
        trashed: row.trashed,
        to_review: row.review,
        waiting: mark.waiting,
        sent: mark.sent,
        created_ms: ms(row.created_ms),
        updated_ms: ms(row.updated_ms),
    }
}

pub fn get(app: &App, id: &str) -> Answer<NoteDetail> {
    let vault = app.vault()?;
    detail(&vault, note_id(id)?)
}

/// The line of one note, as a list has it: how it stands with the server, and what is to review.
pub fn mark(app: &App, id: &str) -> Answer<NoteListItem> {
    Ok(get(app, id)?.item)
}

pub(super) fn detail(vault: &Vault, id: NoteId) -> Answer<NoteDetail> {
    let note = answer(vault.note(id))?;
    let names = Names::load(vault)?;
    let review = if note.to_review > 0 {
        answer(vault.reviews())?.into_iter().find(|r| r.id == RecordId::from(id))
    } else {
        None
    };
    let others = review.iter().flat_map(|r| &r.devices).filter(|d| !names.is_me(**d));
    let review_devices = others.map(|d| names.name(*d)).collect();
    let attachments = answer(vault.attachments(id))?.into_iter().map(|a| NoteAttachment {
        id: a.id.to_string(),
        path: a.path,
        name: a.name,
        media_type: a.media_type,
        size: ms(a.size),
        here: a.here,
        here_bytes: ms(a.here_bytes),
        wanted: a.wanted,
    });
    let row = note.row;
    Ok(NoteDetail {
        attachments: attachments.collect(),
        body: row.body,
        seen_heads: note.seen_heads.iter().map(ToString::to_string).collect(),
        review_devices,
        in_trashed_notebook: review.is_some_and(|r| r.in_trashed_notebook),
        read_only: note.read_only,
        item: item(
            &Paths::load(vault)?,
            Mark::new(answer(vault.has_server())?, note.waiting),
            NoteListRow {
                id: row.id,
                title: row.title,
                preview: row.preview,
                notebook: row.notebook,
                due: row.due,
                done: row.done,
                trashed: row.trashed,
                review: row.review,
                created_ms: row.created_ms,
                updated_ms: row.updated_ms,
                tags: row.tags,
            },
        ),
    })
}

pub fn create(app: &App, notebook: Option<&str>) -> Answer<NoteDetail> {
    let vault = app.vault()?;
    let notebook = notebook.map(notebook_id).transpose()?;
    let id = answer(vault.add_note(&NewNote { notebook, ..NewNote::default() }))?;
    detail(&vault, id)
}

pub fn save(app: &App, request: &SaveRequest) -> Answer<Saved> {
    let vault = app.vault()?;
    let saved =
        answer(vault.save_note(note_id(&request.id)?, &revision_ids(&request.seen_heads)?, &patch(&request.patch)?))?;
    Ok(Saved {
        seen_heads: saved.seen_heads.iter().map(ToString::to_string).collect(),
        stale: saved.stale,
        updated_ms: ms(saved.updated_ms),
    })
}

fn patch(p: &NotePatch) -> Answer<Patch> {
    Ok(Patch {
        title: p.title.clone(),
        body: p.body.clone(),
        tags: p.tags.clone().map(TagPatch::Set),
        due: match &p.due {
            None => None,
            Some(DuePatch::None) => Some(None),
            Some(DuePatch::On { date: text }) => Some(Some(date(text)?)),
        },
        done: p.done,
        notebook: match &p.notebook {
            None => None,
            Some(NotebookPatch::Root) => Some(None),
            Some(NotebookPatch::In { id }) => Some(Some(notebook_id(id)?)),
        },
    })
}

/// Saves the buffer on what it was made from, as a revision, and answers with the note that it makes together with
/// the versions that arrived.
pub fn refresh(app: &App, id: &str, seen_heads: &[String], title: &str, body: &str) -> Answer<NoteDetail> {
    let vault = app.vault()?;
    let id = note_id(id)?;
    let patch = Patch { title: Some(title.to_owned()), body: Some(body.to_owned()), ..Patch::default() };
    answer(vault.save_note(id, &revision_ids(seen_heads)?, &patch))?;
    answer(vault.commit_note(id))?;
    detail(&vault, id)
}

pub fn leave(app: &App, id: &str) -> Answer<()> {
    answer(app.vault()?.commit_note(note_id(id)?))
}

pub fn trash(app: &App, ids: &[String]) -> Answer<()> {
    let vault = app.vault()?;
    ids.iter().try_for_each(|id| answer(vault.trash_note(note_id(id)?)))
}

pub fn restore(app: &App, ids: &[String]) -> Answer<()> {
    let vault = app.vault()?;
    ids.iter().try_for_each(|id| answer(vault.restore_note(note_id(id)?)))
}

pub fn attach(app: &App, id: &str, path: &Path) -> Answer<NoteDetail> {
    let vault = app.vault()?;
    let id = note_id(id)?;
    answer(vault.attach_file(id, path))?;
    detail(&vault, id)
}

fn attachment_of(vault: &Vault, note: &str, attachment: &str) -> Answer<AttachmentId> {
    let there = answer(vault.attachments(note_id(note)?))?;
    let wanted = there.into_iter().find(|a| a.id.to_string() == attachment);
    Ok(wanted.ok_or_else(|| invalid("The note no longer has this file."))?.id)
}

/// Takes a file out of a note. The text stays as it is.
pub fn attachment_remove(app: &App, note: &str, attachment: &str) -> Answer<NoteDetail> {
    let vault = app.vault()?;
    let (id, file) = (note_id(note)?, attachment_of(&vault, note, attachment)?);
    answer(vault.detach_file(id, file))?;
    detail(&vault, id)
}

/// Writes an attachment to a place that the person chose.
pub fn attachment_save(app: &App, note: &str, attachment: &str, path: &Path) -> Answer<()> {
    let vault = app.vault()?;
    answer(vault.save_attachment(attachment_of(&vault, note, attachment)?, path))
}

/// Brings a file to this computer that is not here yet. Events tell of each part of it; it is here when this returns.
pub fn attachment_fetch(app: &App, note: &str, attachment: &str) -> Answer<()> {
    let id = attachment_of(&*app.vault()?, note, attachment)?;
    answer(app.with_syncer(async |syncer| syncer.fetch_file(id).await)?)
}

pub fn search(app: &App, query: &str, limit: u32) -> Answer<Vec<SearchHit>> {
    let vault = app.vault()?;
    let hits = answer(vault.search(query, limit.min(MAX_LIMIT)))?;
    if hits.is_empty() {
        return Ok(Vec::new());
    }
    let paths = Paths::load(&vault)?;
    let mut out = Vec::with_capacity(hits.len());
    for hit in hits {
        let row = answer(vault.note(hit.id))?.row;
        let place = row.notebook.and_then(|id| paths.by_id.get(&id));
        out.push(SearchHit {
            id: hit.id.to_string(),
            title: hit.title,
            notebook: place.map(|(_, path)| path.clone()).unwrap_or_default(),
            marks: hit.snippet_matches.iter().map(|range| utf16(&hit.snippet, *range)).collect(),
            snippet: hit.snippet,
            trashed: hit.trashed,
            to_review: row.review,
            updated_ms: ms(hit.updated_ms),
        });
    }
    Ok(out)
}

/// A range of bytes as a range of UTF-16 units, which is how a window counts.
fn utf16(text: &str, (from, to): (usize, usize)) -> (u32, u32) {
    let units = |end: usize| text[..end].encode_utf16().count() as u32;
    (units(from), units(to))
}
