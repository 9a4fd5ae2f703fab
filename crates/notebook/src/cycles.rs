//! Cycles in the tree of notebooks: told by a receipt, and taken back. The tree breaks them whenever it is read
//! ([`holdfast_merge::cycles`]); nothing is written back by itself.
//!
//! The receipt of a cycle is a row like that of a merge. Its heads are the versions that moved the notebooks, so its
//! id is equal on every device; they belong to several records, which tells it from a merge.

use std::collections::BTreeMap;

use holdfast_domain::{DeviceId, Fields, NotebookId, Origin, RecordId, RevisionId, Stamp};
use holdfast_merge::{ChangedField, edit_merge, receipt_id};
use holdfast_store::{NotebookRow, Reader, ReceiptRow};

use crate::notebooks::{NOTEBOOK, notebook_of};
use crate::receipts::{Receipt, ReceiptSide, id_of};
use crate::record::Record;
use crate::txn::Txn;
use crate::{NotebookError, Result, Vault};

/// A move that is part of a cycle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotebookMove {
    pub notebook: NotebookId,
    /// Its name when it was moved.
    pub name: String,
    pub from: Option<NotebookId>,
    pub into: NotebookId,
    /// That one's name when it was itself moved.
    pub into_name: String,
    pub revision: RevisionId,
    pub device: DeviceId,
    pub stamp: Stamp,
}

impl Receipt {
    /// Of a cycle: which notebook shows at the top and why, in words that are equal on every device.
    pub fn why(&self) -> Option<String> {
        let moves = self.cycle.as_deref()?;
        let newest = moves.last()?;
        let all: Vec<String> = moves.iter().map(|m| format!("“{}” into “{}”", m.name, m.into_name)).collect();
        Some(format!(
            "Computers moved notebooks into each other: {}. Not all of that can hold, so the newest move does not: \
             “{}” shows at the top level.",
            all.join(", "),
            newest.name
        ))
    }
}

/// Notes each cycle that is there now, once.
pub(crate) fn record(t: &mut Txn<'_>, rows: &[NotebookRow]) -> Result<()> {
    let by_id: BTreeMap<NotebookId, &NotebookRow> = rows.iter().map(|row| (row.id, row)).collect();
    let links: Vec<_> = rows.iter().map(|n| (n.id, n.parent, n.parent_stamp)).collect();
    for cycle in holdfast_merge::cycles(&links) {
        // In a cycle of one nobody moved anything into another; in the trash nothing shows.
        let Some(loser) = cycle.first().and_then(|id| by_id.get(id)).filter(|row| cycle.len() > 1 && !row.trashed)
        else {
            continue;
        };
        let mut heads = Vec::with_capacity(cycle.len());
        for row in cycle.iter().filter_map(|id| by_id.get(id)) {
            heads.extend(version_that_moved(t.reader(), row)?);
        }
        if heads.len() < cycle.len() || crate::planted("cycle-untold") {
            // A move that is not a version yet: told when it is.
            continue;
        }
        heads.sort_unstable();
        let receipt = ReceiptRow {
            id: receipt_id(&heads, holdfast_merge::ALGO).to_vec(),
            record: loser.id.into(),
            heads,
            merge_algo: holdfast_merge::ALGO,
            at_ms: loser.parent_stamp.hlc.ms,
            undone: false,
            seen: false,
        };
        t.changes.receipts |= t.tx.put_receipt(&receipt)?;
    }
    Ok(())
}

/// The first version with that move. It is of an earlier time than the move, where that was from where a clock that is far
/// ahead had put it: a value is later than what it replaces, whatever its author's clock shows.
fn version_that_moved(reader: &Reader<'_>, row: &NotebookRow) -> Result<Option<RevisionId>> {
    let (id, stamp) = (RecordId::from(row.id), row.parent_stamp);
    let mut versions = reader.history(id)?;
    versions.retain(|version| version.author == stamp.device);
    versions.sort_by_key(|version| version.hlc);
    for version in versions {
        if let Some(Fields::Notebook(fields)) = reader.revision(version.rid)?.map(|revision| revision.fields)
            && fields.parent.newest().stamp == stamp
        {
            return Ok(Some(version.rid).filter(|_| *fields.parent.shown() == row.parent));
        }
    }
    Ok(None)
}

/// True for the receipt of a cycle, false for that of a merge.
pub(crate) fn is_cycle(reader: &Reader<'_>, row: &ReceiptRow) -> Result<bool> {
    for head in &row.heads {
        if reader.record_of(*head)?.is_some_and(|record| record != row.record) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The moves, the oldest first. `None` where one of them is no longer here.
fn moves(vault: &Vault, reader: &Reader<'_>, row: &ReceiptRow) -> Result<Option<Vec<NotebookMove>>> {
    let mut moves = Vec::with_capacity(row.heads.len());
    for head in &row.heads {
        let Some(revision) = reader.revision(*head)? else { return Ok(None) };
        let Some(record) = Record::load(vault, reader, revision.record)? else { return Ok(None) };
        let Fields::Notebook(fields) = &revision.fields else { return Ok(None) };
        let Some(into) = *fields.parent.shown() else { return Ok(None) };
        let from = match revision.parents() {
            [] => None,
            parents => match record.fold(parents)?.fields {
                Fields::Notebook(before) => *before.parent.shown(),
                _ => None,
            },
        };
        moves.push(NotebookMove {
            notebook: record.id.into(),
            name: fields.name.shown().clone(),
            from,
            into,
            into_name: String::new(),
            revision: *head,
            device: revision.author,
            stamp: revision.stamp(),
        });
    }
    let names: BTreeMap<NotebookId, String> = moves.iter().map(|m| (m.notebook, m.name.clone())).collect();
    for m in &mut moves {
        m.into_name = names.get(&m.into).cloned().unwrap_or_default();
    }
    moves.sort_by_key(|m| (m.stamp, m.notebook));
    Ok(Some(moves))
}

pub(crate) fn load(vault: &Vault, reader: &Reader<'_>, row: &ReceiptRow) -> Result<Option<Receipt>> {
    let Some(moves) = moves(vault, reader, row)? else { return Ok(None) };
    let side = |m: &NotebookMove| ReceiptSide {
        head: m.revision,
        author: m.device,
        stamp: m.stamp,
        fields: vec![ChangedField::Notebook { old: m.from, new: Some(m.into) }],
        body: Vec::new(),
    };
    Ok(Some(Receipt {
        id: id_of(row)?,
        record: row.record,
        is_note: false,
        title: moves.last().map(|m| m.name.clone()).unwrap_or_default(),
        heads: row.heads.clone(),
        at_ms: row.at_ms,
        undone: row.undone || taken_back(vault, reader, &moves)?,
        seen: row.seen,
        sides: moves.iter().map(side).collect(),
        cycle: Some(moves),
    }))
}

/// True where an undo, on whichever computer, took one of the moves back.
fn taken_back(vault: &Vault, reader: &Reader<'_>, moves: &[NotebookMove]) -> Result<bool> {
    for m in moves {
        let Some(record) = Record::load(vault, reader, m.notebook.into())? else { continue };
        for row in reader.history(record.id)?.into_iter().filter(|row| row.origin == Origin::Undo) {
            let (before, after) = (record.fold(&row.parents)?.fields, record.revision(row.rid)?.fields);
            if let (Fields::Notebook(before), Fields::Notebook(after)) = (before, after)
                && before.parent.newest().stamp == m.stamp
                && after.parent.newest().stamp != m.stamp
            {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// Lets one move hold: the newest of the others is taken back, by an ordinary edit of its notebook.
pub(crate) fn undo(t: &mut Txn<'_>, row: &ReceiptRow, keep: RevisionId) -> Result<()> {
    let moves = moves(t.vault, t.reader(), row)?.unwrap_or_default();
    let rows: BTreeMap<NotebookId, NotebookRow> = t.tx.notebooks()?.into_iter().map(|n| (n.id, n)).collect();
    let moved_since = moves.iter().find(|m| rows.get(&m.notebook).is_none_or(|n| n.parent_stamp != m.stamp));
    if let Some(m) = moved_since {
        return Err(NotebookError::NothingToUndo(format!(
            "the notebook {:?} was moved since, so they are no longer in each other; move each to where you want it",
            m.name
        )));
    }
    let Some(back) = moves.iter().rev().find(|m| m.revision != keep) else {
        return Err(NotebookError::NothingToUndo("there is no other move".into()));
    };
    let parent = back.from.filter(|from| can_go_back(&rows, back.notebook, *from));
    t.change_now(back.notebook.into(), NOTEBOOK, Origin::Undo, |fields, stamp, _| {
        let notebook = notebook_of(fields)?;
        notebook.parent = edit_merge(&notebook.parent, parent, stamp);
        Ok(())
    })?;
    t.tx.mark_receipt_undone(&row.id)?;
    t.changes.receipts = true;
    Ok(())
}

/// Where it was before, if that is live up to the root and not below the notebook itself.
fn can_go_back(rows: &BTreeMap<NotebookId, NotebookRow>, notebook: NotebookId, to: NotebookId) -> bool {
    let mut at = Some(to);
    for _ in 0..=rows.len() {
        match at {
            None => return true,
            Some(id) if id == notebook => return false,
            Some(id) => match rows.get(&id) {
                Some(row) if !row.trashed => at = row.parent,
                _ => return false,
            },
        }
    }
    false
}
