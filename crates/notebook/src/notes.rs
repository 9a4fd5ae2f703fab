//! Writing, reading and trashing notes.

use holdfast_domain::{
    Date, Fields, Merge, NoteFields, NoteId, NotebookId, Origin, RevisionId, Trash, TrashState, check_name,
};
use holdfast_store::{NoteListRow, NoteQuery, NoteRow};

use crate::patch::{check_body, check_title};
use crate::record::Record;
use crate::txn::Txn;
use crate::{NotePatch, NotebookError, Result, Vault};

/// A note to make.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewNote {
    pub title: String,
    pub body: String,
    pub notebook: Option<NotebookId>,
    pub tags: Vec<String>,
    pub due: Option<Date>,
}

/// A note as shown, and the versions it was made from.
#[derive(Clone, Debug, PartialEq)]
pub struct Note {
    pub row: NoteRow,
    pub seen_heads: Vec<RevisionId>,
    /// The places that a person must decide.
    pub to_review: u32,
    /// A field of a newer version is in conflict: shown, not edited.
    pub read_only: bool,
    /// Has changes that the server has not confirmed.
    pub waiting: bool,
}

/// A save that is on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    /// The next save goes on from these.
    pub seen_heads: Vec<RevisionId>,
    /// Other versions arrived that the buffer does not have.
    pub stale: bool,
    pub updated_ms: u64,
}

pub type NotesFilter = NoteQuery;

const NOTE: &str = "note";

impl Vault {
    /// A new note, committed.
    pub fn add_note(&self, new: &NewNote) -> Result<NoteId> {
        check_body(&new.body)?;
        let id = NoteId(self.env().random()?);
        self.transact(|t| {
            let stamp = t.stamp();
            let mut note = NoteFields::new(stamp, t.now_ms);
            note.title = Merge::resolved(check_title(&new.title)?, stamp);
            note.body = holdfast_domain::Body::text(new.body.clone(), stamp);
            note.notebook = Merge::resolved(new.notebook, stamp);
            note.due = Merge::resolved(new.due.filter(|_| !crate::planted("new-without-date")), stamp);
            for tag in &new.tags {
                note.tags.add_name(check_name(tag.trim_start_matches('#'))?, stamp);
            }
            t.create(id.into(), Fields::Note(note), stamp, Origin::Edit)?;
            Ok(id)
        })
    }

    /// Saves what a person changed, on the versions that the buffer was made from. On disk when it returns; it
    /// becomes a revision later (see [`Vault::commit_idle`]).
    pub fn save_note(&self, id: NoteId, seen: &[RevisionId], patch: &NotePatch) -> Result<Saved> {
        self.transact(|t| {
            let seen_heads = t.edit(id.into(), NOTE, seen, Origin::Edit, |fields, stamp, now| {
                patch.apply(live(fields)?, stamp, now)
            })?;
            let shown = t.existing(id.into(), NOTE)?.shown_heads();
            let mut sorted = seen_heads.clone();
            sorted.sort_unstable();
            Ok(Saved { stale: shown != sorted, seen_heads, updated_ms: t.now_ms })
        })
    }

    /// Changes a note on all its versions and commits at once: what the terminal program does.
    pub fn edit_note(&self, id: NoteId, patch: &NotePatch) -> Result<()> {
        self.edit_note_as(id, patch, Origin::Edit)
    }

    pub(crate) fn edit_note_as(&self, id: NoteId, patch: &NotePatch, origin: Origin) -> Result<()> {
        self.transact(|t| {
            t.change_now(id.into(), NOTE, origin, |fields, stamp, now| patch.apply(live(fields)?, stamp, now))
        })
    }

    /// What was typed becomes a revision, so that versions that arrived can be shown together with it.
    pub fn commit_note(&self, id: NoteId) -> Result<()> {
        self.transact(|t| t.commit_working(id.into()).map(drop))
    }

    /// Everything typed becomes revisions.
    pub fn commit_all(&self) -> Result<()> {
        if self.read(|r| Ok(r.working_count()?))? == 0 {
            return Ok(());
        }
        self.transact(|t| {
            let most = if crate::planted("one-typing-is-all") { 1 } else { usize::MAX };
            for row in t.tx.list_working()?.into_iter().take(most) {
                t.commit_working(row.record)?;
            }
            Ok(())
        })
    }

    /// What has not changed for `idle_ms`, or has been typed in for `longest_ms`, becomes a revision.
    pub fn commit_idle(&self, idle_ms: u64, longest_ms: u64) -> Result<()> {
        let now = self.env().now_ms();
        let longest_ms = if crate::planted("typing-never-ends") { u64::MAX } else { longest_ms };
        let due: Vec<_> = self
            .read(|r| Ok(r.list_working()?))?
            .into_iter()
            // A clock that was set back must not keep typing from being sent.
            .filter(|w| {
                now < w.changed_ms || now - w.changed_ms >= idle_ms || now.saturating_sub(w.started_ms) >= longest_ms
            })
            .map(|w| w.record)
            .collect();
        if due.is_empty() {
            return Ok(());
        }
        self.transact(|t| due.iter().try_for_each(|record| t.commit_working(*record).map(drop)))
    }

    pub fn note(&self, id: NoteId) -> Result<Note> {
        self.read(|r| {
            let missing = || NotebookError::NotFound { what: NOTE, id: id.to_string() };
            let row = r.note(id)?.ok_or_else(missing)?;
            let record = Record::load(self, r, id.into())?.ok_or_else(missing)?;
            let read_only = match record.shown()?.fields {
                Fields::Note(note) => note.needs_newer_version(),
                _ => false,
            };
            let waiting = record.is_waiting()?;
            Ok(Note { to_review: row.review, seen_heads: record.shown_heads(), read_only, waiting, row })
        })
    }

    pub fn list_notes(&self, filter: &NotesFilter) -> Result<Vec<NoteListRow>> {
        self.read(|r| Ok(r.list_notes(filter)?))
    }

    /// Notes with their whole texts, in the order of the filter.
    pub fn note_rows(&self, filter: &NotesFilter) -> Result<Vec<NoteRow>> {
        self.read(|r| {
            let rows = r.list_notes(filter)?;
            let mut out = Vec::with_capacity(rows.len());
            for row in rows {
                out.extend(r.note(row.id)?);
            }
            Ok(out)
        })
    }

    /// Of these notes, those with changes that the server has not confirmed.
    pub fn waiting_among(&self, ids: &[NoteId]) -> Result<std::collections::BTreeSet<NoteId>> {
        self.read(|r| {
            let mut out = std::collections::BTreeSet::new();
            for id in ids {
                if Record::load(self, r, (*id).into())?.map_or(Ok(false), |record| record.is_waiting())? {
                    out.insert(*id);
                }
            }
            Ok(out)
        })
    }

    /// True where there is a server that could have what is written here.
    pub fn has_server(&self) -> Result<bool> {
        self.read(crate::sync::has_server)
    }

    pub fn count_notes(&self, filter: &NotesFilter) -> Result<u64> {
        self.read(|r| Ok(r.count_notes(filter)?))
    }

    pub fn trash_note(&self, id: NoteId) -> Result<()> {
        self.transact(|t| set_trash(t, id, TrashState::Trashed))
    }

    /// Out of the trash, as it was, with the notebook that it was in.
    pub fn restore_note(&self, id: NoteId) -> Result<()> {
        self.transact(|t| {
            set_trash(t, id, TrashState::Live)?;
            let notebook = t.tx.note(id)?.and_then(|n| n.notebook).filter(|_| !crate::planted("restored-alone"));
            crate::notebooks::bring_back(t, notebook)
        })
    }
}

/// Trashes or restores a note, if it is not so already.
pub(crate) fn set_trash(t: &mut Txn<'_>, id: NoteId, state: TrashState) -> Result<()> {
    t.change_now(id.into(), NOTE, Origin::Edit, |fields, stamp, _| {
        let note = note_of(fields)?;
        if note.trash.state != state {
            note.trash = Trash { state, stamp };
        }
        Ok(())
    })
}

pub(crate) fn note_of(fields: &mut Fields) -> Result<&mut NoteFields> {
    match fields {
        Fields::Note(note) => Ok(note),
        other => Err(NotebookError::Invalid(format!("this is not a note but of kind {}", other.kind().number()))),
    }
}

pub(crate) fn live(fields: &mut Fields) -> Result<&mut NoteFields> {
    let note = note_of(fields)?;
    if note.trash.is_trashed() {
        return Err(NotebookError::Invalid("the note is in the trash; restore it to change it".into()));
    }
    Ok(note)
}
