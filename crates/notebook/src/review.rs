//! Reviews: what a person must decide, deciding it, and taking a decision back.

mod choice;

use std::collections::{BTreeMap, BTreeSet};

use holdfast_domain::{DeviceId, Fields, Origin, RecordId, RevisionId, Stamp, TrashState};
use holdfast_merge::{
    Choice, PlaceId, PlaceValue, ResultSpan, Review, SideChange, resolve, resolve_notebook, resolve_with_body,
    result_text, review, review_notebook, summarize, undo,
};
use holdfast_store::{NoteQuery, Reader, ReviewChoice, TrashFilter};

use crate::notes::note_of;
use crate::record::{Record, differs};
use crate::txn::Txn;
use crate::{NotebookError, Result, Vault};

pub use choice::KeptChoice;

const RECORD: &str = "note or notebook";

/// A record to review, in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReviewSummary {
    pub id: RecordId,
    pub title: String,
    pub is_note: bool,
    pub choices: u32,
    pub devices: Vec<DeviceId>,
    pub updated_ms: u64,
}

/// Who wrote a side, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DeviceStamp {
    pub device: DeviceId,
    pub stamp: Stamp,
    /// The version that wrote it, where it is still known.
    pub revision: Option<RevisionId>,
}

/// A review as it stands, with the choices made so far.
#[derive(Clone, Debug)]
pub struct RecordReview {
    pub id: RecordId,
    pub title: String,
    /// The state with its open places.
    pub fields: Fields,
    pub review: Review,
    /// Goes back with [`Vault::resolve`].
    pub seen_heads: Vec<RevisionId>,
    pub kept: BTreeMap<PlaceId, Choice>,
    /// A text typed over the whole result.
    pub edited: Option<String>,
    /// Choices kept from before whose place is no longer there.
    pub stale: u32,
    /// The text with the choices so far.
    pub result: Vec<ResultSpan>,
    /// What each version changed, the merged parts among it.
    pub changes: Vec<SideChange>,
    revisions: BTreeMap<Stamp, RevisionId>,
}

impl RecordReview {
    pub fn written_by(&self, stamp: Stamp) -> DeviceStamp {
        DeviceStamp { device: stamp.device, stamp, revision: self.revisions.get(&stamp).copied() }
    }

    /// Places without a choice.
    pub fn left(&self) -> u32 {
        let decided_by_text = |p: &holdfast_merge::Place| {
            self.edited.is_some() && matches!(p.kind, holdfast_merge::PlaceKind::Text { .. })
        };
        self.review.places.iter().filter(|p| !self.kept.contains_key(&p.id) && !decided_by_text(p)).count() as u32
    }
}

fn open_places(fields: &Fields) -> Review {
    match fields {
        Fields::Note(note) => review(note),
        Fields::Notebook(notebook) => review_notebook(notebook),
        _ => Review::default(),
    }
}

pub(crate) fn title_of(fields: &Fields) -> String {
    match fields {
        Fields::Note(note) => note.title.shown().clone(),
        Fields::Notebook(notebook) => notebook.name.shown().clone(),
        Fields::Device(device) => device.name.shown().clone(),
        Fields::Attachment(attachment) => attachment.name.clone(),
        Fields::Unknown(..) => String::new(),
    }
}

/// The devices that wrote the sides of the open places.
pub(crate) fn side_devices(review: &Review) -> BTreeSet<DeviceId> {
    review.places.iter().flat_map(|p| &p.sides).flat_map(|s| &s.stamps).map(|s| s.device).collect()
}

impl Vault {
    /// Everything to review: its length is the count that is shown.
    pub fn reviews(&self) -> Result<Vec<ReviewSummary>> {
        self.read(|r| {
            let mut out = Vec::new();
            let notes = r.list_notes(&NoteQuery { trash: TrashFilter::Any, ..NoteQuery::to_review() })?;
            let notebooks = r.notebooks()?.into_iter().filter(|n| n.review > 0);
            let ids = notes.iter().map(|n| RecordId::from(n.id)).chain(notebooks.map(|n| n.id.into()));
            for id in ids {
                let Some(record) = Record::load(self, r, id)? else { continue };
                let folded = record.shown()?;
                let review = open_places(&folded.fields);
                out.push(ReviewSummary {
                    id,
                    title: title_of(&folded.fields),
                    is_note: folded.fields.as_note().is_some(),
                    choices: review.places.len() as u32,
                    devices: side_devices(&review).into_iter().collect(),
                    updated_ms: folded.stamp.hlc.ms,
                });
            }
            out.sort_by_key(|item| (std::cmp::Reverse(item.updated_ms), item.id));
            Ok(out)
        })
    }

    /// The review of a record. Typing in it becomes a revision first.
    pub fn review(&self, id: RecordId) -> Result<RecordReview> {
        if self.read(|r| Ok(r.working(id)?.is_some_and(|w| w.origin != Origin::Resolve)))? {
            self.transact(|t| t.commit_working(id).map(drop))?;
        }
        self.read(|r| {
            let record = Record::load(self, r, id)?;
            let record = record.ok_or_else(|| NotebookError::NotFound { what: RECORD, id: id.to_string() })?;
            load(&record, r)
        })
    }

    /// Keeps a choice, or takes it back. Nothing is resolved by it; quitting keeps it.
    pub fn keep_choice(&self, id: RecordId, place: PlaceId, choice: Option<KeptChoice>) -> Result<()> {
        self.transact(|t| {
            match choice {
                Some(choice) => t.tx.put_review_choice(id, &place.0, &choice.encode())?,
                None => drop(t.tx.remove_review_choice(id, &place.0)?),
            }
            Ok(())
        })
    }

    /// Keeps a text typed over the whole result, or goes back to the choices.
    pub fn keep_edited_result(&self, id: RecordId, text: Option<&str>) -> Result<()> {
        if let Some(text) = text {
            crate::patch::check_body(text)?;
        }
        self.keep_choice(id, choice::WHOLE_BODY, text.map(|t| KeptChoice::Body(t.to_owned())))
    }

    /// A person's decision on these places (and, with `body`, on the whole text). A revision of its own; until
    /// it is committed, [`Vault::undo_resolution`] simply drops it.
    ///
    /// [`NotebookError::Stale`] where another version arrived since `seen`.
    pub fn resolve(
        &self,
        id: RecordId,
        seen: &[RevisionId],
        choices: &BTreeMap<PlaceId, Choice>,
        body: Option<&str>,
    ) -> Result<()> {
        if let Some(text) = body {
            crate::patch::check_body(text)?;
        }
        self.transact(|t| {
            let record = t.existing(id, RECORD)?;
            let mut sorted = seen.to_vec();
            sorted.sort_unstable();
            if record.shown_heads() != sorted {
                return Err(NotebookError::Stale);
            }
            t.edit(id, RECORD, seen, Origin::Resolve, |fields, stamp, _| decide(fields, choices, body, stamp))?;
            let live = PlaceValue::Trash(TrashState::Live);
            if choices.values().any(|c| matches!(c, Choice::Side(v) | Choice::Value(v) if *v == live)) {
                let notebook = t.tx.note(id.into())?.and_then(|n| n.notebook);
                crate::notebooks::bring_back(t, notebook)?;
            }
            t.tx.clear_review_choices(id)?;
            t.changes.review = true;
            Ok(())
        })
    }

    /// Takes the last resolution of a record back: drops it if it was just made, else records an undo, which may
    /// itself ask.
    pub fn undo_resolution(&self, id: RecordId) -> Result<()> {
        self.transact(|t| {
            let record = t.existing(id, RECORD)?;
            t.changes.review = true;
            if record.working.as_ref().is_some_and(|w| w.revision.origin == Origin::Resolve) {
                t.tx.take_working(id)?;
                t.touch(id);
                return Ok(());
            }
            t.commit_working(id)?;
            let record = t.existing(id, RECORD)?;
            let last = t.tx.history(id)?.into_iter().rev().find(|row| row.origin == Origin::Resolve);
            let last = last.ok_or_else(|| NotebookError::NothingToUndo("nothing was decided in this note".into()))?;
            let merged = record.revision(last.rid)?.fields;
            let before = record.fold(&last.parents)?.fields;
            write_undo(t, &record, &merged, &before)
        })
    }
}

/// Writes the undo of what led from `before` to `merged`.
pub(crate) fn write_undo(t: &mut Txn<'_>, record: &Record<'_, '_>, merged: &Fields, before: &Fields) -> Result<()> {
    let current = record.shown()?.fields;
    if !differs(&undo(&current, merged, before, current_stamp(record)?), &current) {
        return Err(NotebookError::NothingToUndo(
            "the places have changed since; every version is still in the history".into(),
        ));
    }
    t.edit(record.id, RECORD, &record.shown_heads(), Origin::Undo, |fields, stamp, now| {
        *fields = undo(fields, merged, before, stamp);
        if let Fields::Note(note) = fields {
            note.updated_ms = now;
        }
        Ok(())
    })?;
    t.commit_working(record.id)?;
    Ok(())
}

fn current_stamp(record: &Record<'_, '_>) -> Result<Stamp> {
    Ok(record.shown()?.stamp)
}

fn decide(fields: &mut Fields, choices: &BTreeMap<PlaceId, Choice>, body: Option<&str>, stamp: Stamp) -> Result<()> {
    let bad = |e: holdfast_merge::ResolveError| NotebookError::Invalid(e.to_string());
    let stale = match fields {
        Fields::Notebook(notebook) => {
            let (decided, stale) = resolve_notebook(notebook, choices, stamp).map_err(bad)?;
            *notebook = decided;
            stale
        }
        _ => {
            let note = note_of(fields)?;
            let (decided, stale) = resolve(note, choices, stamp).map_err(bad)?;
            *note = match body {
                Some(text) => resolve_with_body(&decided, text, stamp),
                None => decided,
            };
            note.updated_ms = note.updated_ms.max(stamp.hlc.ms);
            stale
        }
    };
    if stale.is_empty() { Ok(()) } else { Err(NotebookError::Stale) }
}

fn load(record: &Record<'_, '_>, reader: &Reader<'_>) -> Result<RecordReview> {
    let seen_heads = record.shown_heads();
    let fields = record.shown()?.fields;
    let review = open_places(&fields);
    let (mut kept, mut edited, mut stale) = (BTreeMap::new(), None, 0);
    for ReviewChoice { place, choice } in reader.review_choices(record.id)? {
        let place = PlaceId(place.as_slice().try_into().map_err(|_| NotebookError::Internal("a kept choice".into()))?);
        match KeptChoice::decode(&choice)? {
            KeptChoice::Body(text) => edited = Some(text),
            KeptChoice::Place(choice) if review.place(place).is_some() => drop(kept.insert(place, choice)),
            KeptChoice::Place(_) => stale += 1,
        }
    }
    let result = fields.as_note().map(|note| result_text(note, &kept)).unwrap_or_default();
    let mut graph = record.graph()?;
    for head in &seen_heads {
        record.fill(&mut graph, *head)?;
    }
    let changes = record.folding(&mut graph, |graph| summarize(graph, &seen_heads))?;
    let mut revisions: BTreeMap<Stamp, RevisionId> = reader
        .history(record.id)?
        .into_iter()
        .map(|row| (Stamp { hlc: row.hlc, device: row.author }, row.rid))
        .collect();
    if let Some(w) = &record.working {
        revisions.insert(w.revision.stamp(), w.id);
    }
    let title = title_of(&fields);
    Ok(RecordReview {
        id: record.id,
        title,
        fields,
        review,
        seen_heads,
        kept,
        edited,
        stale,
        result,
        changes,
        revisions,
    })
}
