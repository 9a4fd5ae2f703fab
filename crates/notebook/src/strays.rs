//! Live notes under a trashed notebook: a question of the records together, since no versions of one disagree.
//! Found anew from the notebooks above a note whenever it is asked; only a decision writes anything.

use std::collections::{BTreeMap, BTreeSet};

use holdfast_domain::{Fields, NoteFields, NotebookId, Origin, Stamp, Trash, TrashState};
use holdfast_merge::{Choice, Link, Place, PlaceId, PlaceValue, edit_merge, stray, stray_place};
use holdfast_store::{NotebookRow, Reader};

use crate::notebooks::{NOTEBOOK, bring_back, notebook_of};
use crate::notes::note_of;
use crate::record::{Record, differs};
use crate::txn::Txn;
use crate::{NotebookError, Result, Vault};

/// The question about a note, and what the answers do.
#[derive(Clone, Debug)]
pub(crate) struct Stray {
    pub place: Place,
    tree: holdfast_merge::Stray,
}

/// What a person decided about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Decision {
    /// It stays where it shows.
    Keep,
    Trash,
    /// The notebook comes back, and the note stays in it.
    Restore,
}

/// The notebook and those above it, as [`stray`] wants them.
fn upward(from: Option<NotebookId>, row: impl Fn(NotebookId) -> Result<Option<NotebookRow>>) -> Result<Vec<Link>> {
    let (mut links, mut seen, mut at) = (Vec::new(), BTreeSet::new(), from);
    while let Some(id) = at.filter(|id| seen.insert(*id)) {
        let Some(row) = row(id)? else { break };
        links.push(Link { id, parent: row.parent, stamp: row.parent_stamp, trashed: row.trashed });
        at = row.parent;
    }
    Ok(links)
}

/// Where the note's versions themselves ask about the trash or the notebook, that comes first.
fn may_stray(note: &NoteFields) -> bool {
    note.trash.state == TrashState::Live && note.notebook.is_resolved()
}

fn in_tree(reader: &Reader<'_>, note: &NoteFields) -> Result<Option<holdfast_merge::Stray>> {
    if !may_stray(note) {
        return Ok(None);
    }
    Ok(stray(&upward(*note.notebook.shown(), |id| Ok(reader.notebook(id)?))?))
}

/// True for a live note under a trashed notebook.
pub(crate) fn is_stray(reader: &Reader<'_>, note: &NoteFields) -> Result<bool> {
    Ok(in_tree(reader, note)?.is_some() && !crate::planted("stray-not-asked"))
}

/// The notebooks whose live notes are strays.
pub(crate) fn notebooks_of_strays(rows: &[NotebookRow]) -> Result<Vec<NotebookId>> {
    if rows.iter().all(|row| !row.trashed) {
        return Ok(Vec::new());
    }
    let by_id: BTreeMap<NotebookId, &NotebookRow> = rows.iter().map(|row| (row.id, row)).collect();
    let mut out = Vec::new();
    for row in rows {
        let upward = upward(Some(row.id), |id| Ok(by_id.get(&id).map(|row| (*row).clone())))?;
        out.extend(stray(&upward).map(|_| row.id));
    }
    Ok(out)
}

/// The question about a note, if there is one.
pub(crate) fn question(vault: &Vault, reader: &Reader<'_>, fields: &Fields) -> Result<Option<Stray>> {
    let Fields::Note(note) = fields else { return Ok(None) };
    let Some(tree) = in_tree(reader, note)? else { return Ok(None) };
    let put = tree.through.map_or(note.notebook.newest().stamp, |(_, stamp)| stamp);
    let trashed = match Record::load(vault, reader, tree.trashed.into())? {
        Some(record) => match record.shown()?.fields {
            Fields::Notebook(notebook) => notebook.trash.stamp,
            _ => Stamp::ZERO,
        },
        None => Stamp::ZERO,
    };
    let place = stray_place(&tree, put, trashed);
    Ok(Some(Stray { place, tree }))
}

impl Stray {
    /// The notebooks whose versions wrote the sides.
    pub fn notebooks(&self) -> impl Iterator<Item = NotebookId> {
        [self.tree.trashed].into_iter().chain(self.tree.through.map(|(id, _)| id))
    }

    /// What a choice for its place means.
    fn decision(&self, choice: &Choice) -> Result<Decision> {
        let value = match choice {
            Choice::Original => return Ok(Decision::Restore),
            Choice::Side(value) | Choice::Value(value) => value,
            Choice::All => {
                return Err(NotebookError::Invalid("a note cannot be both here and in the trash: choose one".into()));
            }
        };
        match value {
            PlaceValue::Trash(TrashState::Trashed) => Ok(Decision::Trash),
            PlaceValue::Notebook(Some(id)) if *id == self.tree.trashed => Ok(Decision::Restore),
            PlaceValue::Notebook(id) if *id == self.tree.shown => Ok(Decision::Keep),
            _ => Err(NotebookError::Invalid("the place has no such version; show the review again".into())),
        }
    }
}

/// What a decision does beyond the places of the record's own versions.
pub(crate) struct Beyond {
    asked: TrashState,
    stray: Option<(Stray, Decision)>,
    /// The notebook to bring back, with those above it.
    back: Option<NotebookId>,
}

impl Beyond {
    /// Takes the choice about a trashed notebook out of `choices`.
    pub fn take(t: &Txn<'_>, fields: &Fields, choices: &mut BTreeMap<PlaceId, Choice>) -> Result<Self> {
        let found = question(t.vault, t.reader(), fields)?;
        let choice = found.as_ref().and_then(|stray| choices.remove(&stray.place.id));
        let stray = match found.zip(choice) {
            Some((stray, choice)) => {
                let decision = stray.decision(&choice)?;
                Some((stray, decision))
            }
            None => None,
        };
        Ok(Self { asked: trash_of(fields), stray, back: None })
    }

    /// The part of the decision that is the record's own. Keeping a note is written too: where another computer
    /// trashes it meanwhile, that is a question.
    pub fn decide(&mut self, fields: &mut Fields, stamp: Stamp) -> Result<()> {
        if let Some((stray, decision)) = &self.stray {
            let note = note_of(fields)?;
            let state = if *decision == Decision::Trash { TrashState::Trashed } else { TrashState::Live };
            note.trash = Trash { state, stamp };
            match decision {
                Decision::Keep => note.notebook = edit_merge(&note.notebook, stray.tree.shown, stamp),
                Decision::Restore => self.back = *note.notebook.shown(),
                Decision::Trash => {}
            }
        } else if self.asked == TrashState::Open && trash_of(fields) == TrashState::Live {
            // What was kept comes back to its place.
            self.back = match fields {
                Fields::Note(note) => *note.notebook.shown(),
                Fields::Notebook(notebook) => *notebook.parent.shown(),
                _ => None,
            };
        }
        Ok(())
    }

    /// The part of the decision that is the notebooks'.
    pub fn settle(self, t: &mut Txn<'_>) -> Result<()> {
        if let Some((stray, Decision::Keep)) = &self.stray {
            for (notebook, parent) in &stray.tree.lifted {
                t.change_now((*notebook).into(), NOTEBOOK, Origin::Edit, |fields, stamp, _| {
                    let fields = notebook_of(fields)?;
                    fields.parent = edit_merge(&fields.parent, *parent, stamp);
                    Ok(())
                })?;
            }
        }
        bring_back(t, self.back)
    }
}

fn trash_of(fields: &Fields) -> TrashState {
    match fields {
        Fields::Note(note) => note.trash.state,
        Fields::Notebook(notebook) => notebook.trash.state,
        _ => TrashState::Live,
    }
}

/// Refuses to take back a decision that changed only notebooks: nothing of it is in the note.
pub(crate) fn check_own(before: &Fields, after: &Fields) -> Result<()> {
    if !only_kept(before, after) {
        return Ok(());
    }
    Err(NotebookError::NothingToUndo(
        "the decision left the note as it was and brought a notebook back, or moved one; trash or move that notebook \
         to take it back"
            .into(),
    ))
}

/// True where a decision changed nothing in the note but that it was kept: what it did, it did to notebooks.
fn only_kept(before: &Fields, after: &Fields) -> bool {
    let (Fields::Note(before), Fields::Note(after)) = (before, after) else { return false };
    let mut after = after.clone();
    if before.trash == after.trash || before.trash.state != after.trash.state {
        return false;
    }
    after.trash = before.trash;
    !differs(&Fields::Note(before.clone()), &Fields::Note(after))
}
