//! Reviews: what a person must decide, deciding it, and taking a decision back.

mod around;
mod choice;
mod numbers;
mod writers;

use std::collections::{BTreeMap, BTreeSet};

use holdfast_domain::{Body, DeviceId, Fields, NoteFields, Origin, RecordId, RevisionId, Segment, Stamp, TrashState};
use holdfast_merge::{
    ChangedField, Choice, PlaceId, PlaceKind, PlaceValue, ResultSpan, Review, SideChange, resolve, resolve_notebook,
    resolve_with_body, result_text, review, review_notebook, summarize,
};
use holdfast_store::{HistoryRow, NoteQuery, Reader, ReviewChoice, TrashFilter};

use crate::notes::note_of;
use crate::record::Record;
use crate::strays::{self, Beyond, Stray};
use crate::undo::{WayBack, write_undo};
use crate::{NotebookError, Result, Vault};

pub use around::MergedPassage;
pub use choice::KeptChoice;

const RECORD: &str = "note or notebook";

/// A record to review, in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReviewSummary {
    pub id: RecordId,
    pub title: String,
    pub is_note: bool,
    pub choices: u32,
    /// A live note under a trashed notebook: that is one of the choices.
    pub in_trashed_notebook: bool,
    pub devices: Vec<DeviceId>,
    /// Those of them that moved it to the trash; the others changed it.
    pub trashed_by: Vec<DeviceId>,
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
    /// As `edited`, but made from other versions than these: taking it would undo what has arrived since.
    pub set_aside: Option<String>,
    /// Choices kept from before whose place is no longer there.
    pub stale: u32,
    /// The text with the choices so far: a passage for each segment of the body.
    pub result: Vec<ResultSpan>,
    /// What each version changed, the merged parts among it.
    pub changes: Vec<SideChange>,
    /// The passages of the text that merged by themselves, from top to bottom.
    pub merged: Vec<MergedPassage>,
    revisions: BTreeMap<Stamp, RevisionId>,
}

impl RecordReview {
    pub fn written_by(&self, stamp: Stamp) -> DeviceStamp {
        DeviceStamp { device: stamp.device, stamp, revision: self.revisions.get(&stamp).copied() }
    }

    /// The fields other than the text that merged by themselves: what each version changed and what is not in question.
    pub fn merged_fields(&self) -> impl Iterator<Item = (DeviceId, &ChangedField)> {
        use ChangedField as F;
        let open = |kind: fn(&PlaceKind) -> bool| self.review.places.iter().any(|p| kind(&p.kind));
        let in_question = move |field: &ChangedField| match field {
            F::Title { .. } => open(|k| *k == PlaceKind::Title),
            F::Notebook { .. } => open(|k| matches!(k, PlaceKind::Notebook | PlaceKind::TrashedNotebook)),
            F::Due { .. } => open(|k| *k == PlaceKind::Due),
            F::Done { .. } => open(|k| *k == PlaceKind::Done),
            F::Trash { .. } => open(|k| *k == PlaceKind::Trash),
            F::FrontMatter(_) => open(|k| *k == PlaceKind::FrontMatter),
            _ => false,
        };
        let all = self.changes.iter().flat_map(|change| change.fields.iter().map(|field| (change.author, field)));
        all.filter(move |(_, field)| !in_question(field))
    }

    /// Places without a choice.
    pub fn left(&self) -> u32 {
        let decided_by_text =
            |p: &holdfast_merge::Place| self.edited.is_some() && matches!(p.kind, PlaceKind::Text { .. });
        self.review.places.iter().filter(|p| !self.kept.contains_key(&p.id) && !decided_by_text(p)).count() as u32
    }

    /// The passage of the result that one place fills, with the choice kept for it. `None` for a place that is not
    /// in the text. Looks at nothing else, so that a choice in a long text costs what its place does.
    pub fn passage(&self, id: PlaceId) -> Option<ResultSpan> {
        let note = self.fields.as_note()?;
        let at =
            self.review.places.iter().filter(|p| matches!(p.kind, PlaceKind::Text { .. })).position(|p| p.id == id)?;
        let place = note.body.segments().iter().filter(|s| matches!(s, Segment::Place(_))).nth(at)?.clone();
        let alone = NoteFields { body: Body::from_segments(vec![place], note.body.stamp), ..note.clone() };
        // Alone it is the first of its kind, which is part of its name.
        let name = review(&alone).places.last()?.id;
        let choices = self.kept.get(&id).map(|choice| (name, choice.clone())).into_iter().collect();
        let span = result_text(&alone, &choices).into_iter().next()?;
        Some(ResultSpan { place: Some(id), ..span })
    }
}

/// The open places of a record: what the tree of notebooks asks about it, and those of its versions.
fn open_places(fields: &Fields, stray: Option<&Stray>) -> Review {
    let mut open = match fields {
        Fields::Note(note) => review(note),
        Fields::Notebook(notebook) => review_notebook(notebook),
        _ => Review::default(),
    };
    open.places.splice(0..0, stray.map(|s| s.place.clone()));
    open
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

/// The devices of the sides that move the record to the trash.
fn trashed_by(review: &Review) -> BTreeSet<DeviceId> {
    let away = |side: &&holdfast_merge::Side| side.value == PlaceValue::Trash(TrashState::Trashed);
    let sides = review.places.iter().filter(|p| p.kind == PlaceKind::Trash).flat_map(|p| &p.sides);
    sides.filter(away).flat_map(|s| &s.stamps).map(|s| s.device).collect()
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
                let stray = strays::question(self, r, &folded.fields)?;
                let mut review = open_places(&folded.fields, stray.as_ref());
                writers::name(&mut review, &folded.fields, &record, r, &r.history(id)?)?;
                out.push(ReviewSummary {
                    id,
                    title: title_of(&folded.fields),
                    is_note: folded.fields.as_note().is_some(),
                    choices: review.places.len() as u32,
                    in_trashed_notebook: stray.is_some(),
                    devices: side_devices(&review).into_iter().collect(),
                    trashed_by: trashed_by(&review).into_iter().collect(),
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
            load(self, &record, r)
        })
    }

    /// True while a review is what [`Vault::review`] would answer now, but for the choices: of the same versions, and
    /// with the notebooks where they were. Folds nothing.
    pub fn review_is_current(&self, review: &RecordReview) -> Result<bool> {
        self.read(|r| {
            let heads = Record::load(self, r, review.id)?.map(|record| record.shown_heads()).unwrap_or_default();
            let counted = match &review.fields {
                Fields::Note(note) => {
                    let count = review.review.places.len() as u32 + u32::from(note.needs_newer_version());
                    r.note(review.id.into())?.is_none_or(|row| row.review == count)
                }
                _ => true,
            };
            let stray = strays::question(self, r, &review.fields)?.map(|stray| stray.place);
            let asked = review.review.places.iter().find(|p| p.kind == PlaceKind::TrashedNotebook);
            Ok(heads == review.seen_heads && counted && stray.as_ref() == asked)
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

    /// Forgets the choices whose place is no longer there. They were told as [`RecordReview::stale`].
    pub fn forget_stale_choices(&self, review: &RecordReview) -> Result<()> {
        self.transact(|t| {
            let kept = t.tx.review_choices(review.id)?.into_iter().filter(|row| row.place != choice::WHOLE_BODY.0);
            for row in kept {
                let there = review.review.places.iter().any(|place| place.id.0.as_slice() == row.place.as_slice());
                if !there {
                    t.tx.remove_review_choice(review.id, &row.place)?;
                }
            }
            Ok(())
        })
    }

    /// Keeps a text typed over the whole result that `seen` gave, or goes back to the choices. Where other versions
    /// arrive it is set aside.
    pub fn keep_edited_result(&self, id: RecordId, seen: &[RevisionId], text: Option<&str>) -> Result<()> {
        if let Some(text) = text {
            crate::patch::check_body(text)?;
        }
        let mut seen = seen.to_vec();
        seen.sort_unstable();
        self.keep_choice(id, choice::WHOLE_BODY, text.map(|t| KeptChoice::Body { text: t.to_owned(), seen }))
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
            let mut choices = choices.clone();
            let mut beyond = Beyond::take(t, &record.shown()?.fields, &mut choices)?;
            let seen = if crate::planted("decision-forgets-a-head") { &seen[..1] } else { seen };
            t.edit(id, RECORD, seen, Origin::Resolve, |fields, stamp, _| {
                decide(fields, &choices, body, stamp)?;
                beyond.decide(fields, stamp)
            })?;
            beyond.settle(t)?;
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
            if let Some(w) = record.working.as_ref().filter(|w| w.revision.origin == Origin::Resolve) {
                strays::check_own(&record.fold(w.revision.parents())?.fields, &w.revision.fields)?;
                if crate::planted("decision-stays") {
                    return Ok(());
                }
                t.tx.take_working(id)?;
                t.touch(id);
                return Ok(());
            }
            if crate::planted("undo-drops-typing") {
                t.tx.take_working(id)?;
            }
            t.commit_working(id)?;
            let record = t.existing(id, RECORD)?;
            let graph = record.graph()?;
            let (rows, heads) = (t.tx.history(id)?, record.shown_heads());
            // Where a sync is held back others may have decided what is not shown.
            let is_shown = |row: &&HistoryRow| heads.iter().any(|head| graph.is_ancestor(row.rid, *head));
            let decided = || rows.iter().filter(|row| row.origin == Origin::Resolve).filter(is_shown);
            // Which came last is told by what builds on what: a clock may have been set.
            let last = graph.maximal(decided().map(|row| row.rid));
            let mut last = decided().filter(|row| last.contains(&row.rid));
            let last = if crate::planted("undo-of-the-first") { decided().next() } else { last.next_back() };
            let last = last.ok_or_else(|| NotebookError::NothingToUndo("nothing was decided in this note".into()))?;
            let decided_on = record.fold(&last.parents).map_err(thinned_since)?;
            strays::check_own(&decided_on.fields, &record.revision(last.rid).map_err(thinned_since)?.fields)?;
            let back = WayBack::of_decision(&record, &graph, &heads, last.rid, &last.parents);
            write_undo(t, &record, &back.map_err(thinned_since)?)
        })
    }
}

fn thinned_since(error: NotebookError) -> NotebookError {
    match error {
        NotebookError::Thinned { .. } => NotebookError::NothingToUndo(
            "what was decided is older than the history that this computer keeps; the server has it, and the history of the \
             note can get it from there"
                .into(),
        ),
        other => other,
    }
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

fn load(vault: &Vault, record: &Record<'_, '_>, reader: &Reader<'_>) -> Result<RecordReview> {
    let seen_heads = record.shown_heads();
    let fields = record.shown()?.fields;
    let stray = strays::question(vault, reader, &fields)?;
    let mut review = open_places(&fields, stray.as_ref());
    let history = reader.history(record.id)?;
    writers::name(&mut review, &fields, record, reader, &history)?;
    let (mut kept, mut edited, mut set_aside, mut stale) = (BTreeMap::new(), None, None, 0);
    for ReviewChoice { place, choice } in reader.review_choices(record.id)? {
        let place = PlaceId(place.as_slice().try_into().map_err(|_| NotebookError::Internal("a kept choice".into()))?);
        match KeptChoice::decode(&choice)? {
            KeptChoice::Body { text, seen } if seen == seen_heads => edited = Some(text),
            KeptChoice::Body { text, .. } => set_aside = Some(text),
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
    let merged =
        match (fields.as_note(), around::base(record, &history, &seen_heads)?.as_ref().and_then(Fields::as_note)) {
            (Some(note), Some(base)) => around::merged(&base.body, &note.body, &changes),
            _ => Vec::new(),
        };
    let mut revisions: BTreeMap<Stamp, RevisionId> =
        history.into_iter().map(|row| (Stamp { hlc: row.hlc, device: row.author }, row.rid)).collect();
    for notebook in stray.iter().flat_map(Stray::notebooks) {
        let rows = reader.history(notebook.into())?.into_iter();
        revisions.extend(rows.map(|row| (Stamp { hlc: row.hlc, device: row.author }, row.rid)));
    }
    if let Some(w) = &record.working {
        revisions.insert(w.revision.stamp(), w.id);
    }
    Ok(RecordReview {
        id: record.id,
        title: title_of(&fields),
        fields,
        review,
        seen_heads,
        kept,
        edited,
        set_aside,
        stale,
        result,
        changes,
        merged,
        revisions,
    })
}
