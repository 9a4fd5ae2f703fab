//! Taking back: an automatic merge, or a decision.

use holdfast_domain::{Fields, Origin, RevisionId, Stamp};
use holdfast_merge::{Graph, left_by_undecided, left_by_undo, undo};

use crate::record::{Record, differs};
use crate::txn::Txn;
use crate::{NotebookError, Result};

const RECORD: &str = "note or notebook";

/// What is taken back: all that led from `before` to `merged`.
pub(crate) struct WayBack {
    merged: Fields,
    before: Fields,
}

impl WayBack {
    /// From the merge of `heads` back to one of them, where `on` are the heads now. Where nobody wrote on the others, what
    /// is taken back is all that came of them.
    pub fn of_merge(
        record: &Record<'_, '_>,
        graph: &Graph,
        on: &[RevisionId],
        heads: &[RevisionId],
        side: RevisionId,
    ) -> Result<Self> {
        match left_by_undo(graph, on, heads, side) {
            Some(left) => Self::to(record, on, &left),
            None => Self::told_apart(record, heads, side),
        }
    }

    /// Whatever was written since, and as earlier versions did always.
    pub fn told_apart(record: &Record<'_, '_>, heads: &[RevisionId], side: RevisionId) -> Result<Self> {
        Ok(Self { merged: record.fold(heads)?.fields, before: record.revision(side)?.fields })
    }

    /// From a decision back to what it was made on.
    pub fn of_decision(
        record: &Record<'_, '_>,
        graph: &Graph,
        on: &[RevisionId],
        decision: RevisionId,
        parents: &[RevisionId],
    ) -> Result<Self> {
        match left_by_undecided(graph, on, decision, parents) {
            Some(left) => Self::to(record, on, &left),
            None => Ok(Self { merged: record.revision(decision)?.fields, before: record.fold(parents)?.fields }),
        }
    }

    fn to(record: &Record<'_, '_>, on: &[RevisionId], left: &[RevisionId]) -> Result<Self> {
        Ok(Self { merged: record.fold(on)?.fields, before: record.fold(left)?.fields })
    }

    /// What is left of `current`. What it brings back gets `stamp`.
    pub fn from(&self, current: &Fields, stamp: Stamp) -> Fields {
        undo(current, &self.merged, &self.before, stamp)
    }
}

/// Writes what goes back so, as a version of its own.
pub(crate) fn write_undo(t: &mut Txn<'_>, record: &Record<'_, '_>, back: &WayBack) -> Result<()> {
    let current = record.shown()?;
    if !differs(&back.from(&current.fields, current.stamp), &current.fields) {
        return Err(NotebookError::NothingToUndo(
            "the places have changed since; every version is still in the history".into(),
        ));
    }
    let mut seen = record.shown_heads();
    if crate::planted("undo-forgets-parents") {
        seen.truncate(1);
    }
    t.edit(record.id, RECORD, &seen, Origin::Undo, |fields, stamp, now| {
        let before_ms = fields.as_note().map_or(0, |note| note.updated_ms);
        *fields = back.from(fields, stamp);
        if let Fields::Note(note) = fields {
            note.updated_ms = now.max(before_ms);
        }
        Ok(())
    })?;
    t.commit_working(record.id)?;
    Ok(())
}
