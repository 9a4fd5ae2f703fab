//! What an automatic merge did, and how to take it back.

use std::collections::{BTreeMap, BTreeSet};

use holdfast_domain::{
    Body, Date, DeviceId, Fields, Merge, NameSet, NoteFields, NotebookFields, NotebookId, RevisionId, Segment,
    SetEntry, SetField, Stamp, Term, Trash, TrashState,
};

use crate::align::{hunks, lines};
use crate::body::{Opened, Past};
use crate::fields::{empty, merge_fields_after};
use crate::value::{from_woven, weave};
use crate::{FoldError, Graph, fold};

/// The receipt of a merge: equal on every device that shows the same heads with the same algorithm.
pub fn receipt_id(heads: &[RevisionId], algo: u32) -> [u8; 16] {
    let heads: BTreeSet<&RevisionId> = heads.iter().collect();
    let mut hasher = blake3::Hasher::new_derive_key("holdfast merge 1 receipt");
    hasher.update(&algo.to_le_bytes());
    for head in heads {
        hasher.update(&head.0);
    }
    let mut id = [0; 16];
    hasher.finalize_xof().fill(&mut id);
    id
}

/// A field that one side changed. Values are those shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangedField {
    /// A note's title, or a notebook's or device's name.
    Title {
        old: String,
        new: String,
    },
    Notebook {
        old: Option<NotebookId>,
        new: Option<NotebookId>,
    },
    Due {
        old: Option<Date>,
        new: Option<Date>,
    },
    Done {
        old: bool,
        new: bool,
    },
    Trash {
        old: TrashState,
        new: TrashState,
    },
    FrontMatter(Vec<DiffHunk>),
    TagAdded(String),
    TagRemoved(String),
    AliasAdded(String),
    AliasRemoved(String),
    /// By the path that the text links it with.
    AttachmentAdded(String),
    AttachmentRemoved(String),
    /// Something that needs a newer version.
    Unknown,
}

/// Lines that changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiffHunk {
    /// Where, counted from 0 in the new text.
    pub line: usize,
    pub removed: String,
    pub added: String,
}

/// What came from one head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SideChange {
    pub head: RevisionId,
    pub author: DeviceId,
    pub stamp: Stamp,
    pub fields: Vec<ChangedField>,
    pub body: Vec<DiffHunk>,
}

fn line_hunks(old: &str, new: &str) -> Vec<DiffHunk> {
    if old == new {
        return Vec::new();
    }
    let (old, new): (Vec<&str>, Vec<&str>) = (lines(old).collect(), lines(new).collect());
    hunks(old.iter(), new.iter())
        .into_iter()
        .map(|(before, after)| DiffHunk {
            line: after.start,
            removed: old[before].concat(),
            added: new[after].concat(),
        })
        .collect()
}

fn names(
    old: &NameSet,
    new: &NameSet,
    added: fn(String) -> ChangedField,
    removed: fn(String) -> ChangedField,
) -> Vec<ChangedField> {
    let gone = old.names().into_iter().filter(|n| !new.contains_name(n)).map(removed);
    let come = new.names().into_iter().filter(|n| !old.contains_name(n)).map(added);
    gone.chain(come).collect()
}

fn value<T: Ord + Clone>(old: &Merge<T>, new: &Merge<T>, field: fn(T, T) -> ChangedField) -> Option<ChangedField> {
    (old.shown() != new.shown()).then(|| field(old.shown().clone(), new.shown().clone()))
}

fn trash(old: Trash, new: Trash) -> Option<ChangedField> {
    (old.state != new.state).then_some(ChangedField::Trash { old: old.state, new: new.state })
}

fn title(old: String, new: String) -> ChangedField {
    ChangedField::Title { old, new }
}

fn in_notebook(old: Option<NotebookId>, new: Option<NotebookId>) -> ChangedField {
    ChangedField::Notebook { old, new }
}

fn note_changes(old: &NoteFields, new: &NoteFields) -> Vec<ChangedField> {
    let mut out = Vec::new();
    out.extend(value(&old.title, &new.title, title));
    out.extend(value(&old.notebook, &new.notebook, in_notebook));
    out.extend(value(&old.due, &new.due, |old, new| ChangedField::Due { old, new }));
    out.extend(value(&old.done, &new.done, |old, new| ChangedField::Done { old, new }));
    out.extend(trash(old.trash, new.trash));
    out.extend(names(&old.tags, &new.tags, ChangedField::TagAdded, ChangedField::TagRemoved));
    out.extend(names(&old.aliases, &new.aliases, ChangedField::AliasAdded, ChangedField::AliasRemoved));
    let paths = |f: &NoteFields| f.attachments.iter().map(|e| e.value.clone()).collect::<BTreeSet<_>>();
    let (was, is) = (paths(old), paths(new));
    out.extend(was.difference(&is).map(|(path, _)| ChangedField::AttachmentRemoved(path.clone())));
    out.extend(is.difference(&was).map(|(path, _)| ChangedField::AttachmentAdded(path.clone())));
    let front = line_hunks(old.front_matter.shown(), new.front_matter.shown());
    out.extend((!front.is_empty()).then_some(ChangedField::FrontMatter(front)));
    out.extend((old.unknown != new.unknown).then_some(ChangedField::Unknown));
    out
}

fn notebook_changes(old: &NotebookFields, new: &NotebookFields) -> Vec<ChangedField> {
    let mut out = Vec::new();
    out.extend(value(&old.name, &new.name, title));
    out.extend(value(&old.parent, &new.parent, in_notebook));
    out.extend(trash(old.trash, new.trash));
    out.extend((old.unknown != new.unknown).then_some(ChangedField::Unknown));
    out
}

/// What came from each head, compared with the fold of what all of them build on. In the order of the ids.
pub fn summarize(graph: &Graph, heads: &[RevisionId]) -> Result<Vec<SideChange>, FoldError> {
    let heads = graph.maximal(heads.iter().copied());
    let mut common = None;
    for head in &heads {
        let set = graph.down_set(&[*head])?;
        common = Some(match common {
            Some(common) => set.intersection(&common),
            None => set,
        });
    }
    let tips = if heads.len() > 1 { graph.tips(&common.unwrap_or_default()) } else { heads.iter().copied().collect() };
    let base = if tips.is_empty() { None } else { Some(fold(graph, &tips)?.fields) };
    heads.iter().map(|head| side_change(graph, base.as_ref(), *head)).collect()
}

/// What a version changed of what it builds on.
pub fn changes_of(graph: &Graph, id: RevisionId) -> Result<SideChange, FoldError> {
    let revision = graph.revision(id).ok_or(FoldError::Missing { id })?;
    let parents = revision.parents();
    let base = if parents.is_empty() { None } else { Some(fold(graph, parents)?.fields) };
    side_change(graph, base.as_ref(), id)
}

/// What came to be in a version since an earlier one; all of it, where there is none.
pub fn changes_since(graph: &Graph, before: Option<RevisionId>, id: RevisionId) -> Result<SideChange, FoldError> {
    let base = before.map(|before| fold(graph, &[before])).transpose()?;
    side_change(graph, base.as_ref().map(|base| &base.fields), id)
}

/// Without a base: all of it.
fn side_change(graph: &Graph, base: Option<&Fields>, head: RevisionId) -> Result<SideChange, FoldError> {
    let revision = graph.revision(head).ok_or(FoldError::Missing { id: head })?;
    let nothing;
    let base = match base {
        Some(base) => base,
        None => {
            nothing = empty(revision.fields.kind());
            &nothing
        }
    };
    let (fields, body) = match (base, &revision.fields) {
        (Fields::Note(old), Fields::Note(new)) => {
            (note_changes(old, new), line_hunks(&old.body.shown(), &new.body.shown()))
        }
        (Fields::Notebook(old), Fields::Notebook(new)) => (notebook_changes(old, new), Vec::new()),
        (Fields::Device(old), Fields::Device(new)) => {
            (value(&old.name, &new.name, title).into_iter().collect(), Vec::new())
        }
        (old, new) if old.kind() == new.kind() => {
            ((old != new).then_some(ChangedField::Unknown).into_iter().collect(), Vec::new())
        }
        _ => return Err(FoldError::KindsDiffer),
    };
    Ok(SideChange { head, author: revision.author, stamp: revision.stamp(), fields, body })
}

/// What somebody has put back already is not put there a second time: who takes it out takes it out.
fn renew_set<T: Ord + Clone>(set: &mut SetField<T>, current: &SetField<T>, stamp: Stamp) {
    let values: BTreeSet<&T> = set.0.iter().map(|entry| &entry.value).collect();
    let entries = values.into_iter().flat_map(|value| {
        let of = |set: &SetField<T>| -> Vec<SetEntry<T>> {
            set.0.iter().filter(|entry| entry.value == *value).cloned().collect()
        };
        let there = of(current);
        let stays: Vec<SetEntry<T>> = of(set).into_iter().filter(|entry| there.contains(entry)).collect();
        match (stays.is_empty(), there.is_empty()) {
            (false, _) => stays,
            // Put back by somebody, as another entry.
            (true, false) => there,
            (true, true) => vec![SetEntry { value: value.clone(), stamp }],
        }
    });
    set.0 = entries.collect();
}

/// Sides that `known` has not get a stamp of their own, in the order in which they were written: taken back, they
/// are not what somebody decided against.
fn renew_sides<T: Ord + Clone>(merge: &Merge<T>, known: &BTreeSet<&Term<T>>, stamp: Stamp) -> Merge<T> {
    let mut order: Vec<&Term<T>> = merge.adds().filter(|t| !known.contains(t)).collect();
    order.sort_by_key(|t| (t.stamp, &t.value));
    let mut stamps: BTreeMap<&Term<T>, Stamp> = BTreeMap::new();
    for (n, term) in (0..).zip(order) {
        let mut stamp = stamp;
        stamp.hlc.counter = stamp.hlc.counter.saturating_add(n);
        stamps.insert(term, stamp);
    }
    let renewed = merge.adds().map(|t| Term::new(t.value.clone(), stamps.get(t).copied().unwrap_or(t.stamp)));
    from_woven(weave(renewed.collect(), merge.removes().map(|t| t.value.clone()).collect()))
}

fn renew<T: Ord + Clone>(field: &mut Merge<T>, current: &Merge<T>, stamp: Stamp) {
    match (field.as_resolved(), current.as_resolved()) {
        (Some(value), now) if now == Some(value) => {}
        _ => *field = renew_sides(field, &current.adds().collect(), stamp),
    }
}

fn renew_body(body: &mut Body, current: &Body, stamp: Stamp) {
    if body == current {
        return;
    }
    let known: BTreeSet<&Term<String>> = current.places().flat_map(Merge::adds).collect();
    let segments = body.segments().iter().map(|segment| match segment {
        Segment::Clean(text) => Segment::Clean(text.clone()),
        Segment::Place(merge) => Segment::Place(renew_sides(merge, &known, stamp)),
    });
    *body = Body::from_segments(segments.collect(), stamp);
}

fn renew_trash(trash: &mut Trash, current: Trash, stamp: Stamp) {
    if *trash != current && trash.state != TrashState::Open {
        trash.stamp = stamp;
    }
}

/// What is left of the heads `on` when the merge of `heads` goes back to `side`: all but the others. `None` where somebody
/// wrote on one of those, so that what they wrote has to be told from it ([`undo`]); otherwise taking them out takes back
/// just what came of them, with all that was written on `side`.
pub fn left_by_undo(
    graph: &Graph,
    on: &[RevisionId],
    heads: &[RevisionId],
    side: RevisionId,
) -> Option<Vec<RevisionId>> {
    let goes = |id: &RevisionId| *id != side && heads.contains(id);
    let stays: Vec<RevisionId> = on.iter().copied().filter(|id| !goes(id)).collect();
    let unbuilt = heads.iter().filter(|id| goes(id)).all(|id| on.contains(id));
    (unbuilt && stays.iter().any(|head| graph.is_ancestor(side, *head))).then_some(stays)
}

/// The same for a decision that was made on `parents`: as if it had not been made. `None` where somebody wrote on it.
pub fn left_by_undecided(
    graph: &Graph,
    on: &[RevisionId],
    decision: RevisionId,
    parents: &[RevisionId],
) -> Option<Vec<RevisionId>> {
    let stay = on.iter().filter(|id| **id != decision).chain(parents).copied();
    on.contains(&decision).then(|| graph.maximal(stay).into_iter().collect())
}

/// Takes back a merge or a decision: `current`, with what led from `side` to `merged` undone. `side` is the
/// state to go back to (a head of the receipt, or the fold before the decision). The result may itself ask.
/// What it brings back gets `stamp`, so that a removal which had not seen it does not take it away again.
pub fn undo(current: &Fields, merged: &Fields, side: &Fields, stamp: Stamp) -> Fields {
    if current.kind() != merged.kind() || current.kind() != side.kind() {
        return current.clone();
    }
    let mut fields = merge_fields_after(Past { merged: true, opened: Opened::Any }, merged, &[current, side]);
    match (&mut fields, current) {
        (Fields::Note(f), Fields::Note(current)) => {
            renew_set(&mut f.tags, &current.tags, stamp);
            renew_set(&mut f.aliases, &current.aliases, stamp);
            renew_set(&mut f.attachments, &current.attachments, stamp);
            renew(&mut f.title, &current.title, stamp);
            renew(&mut f.front_matter, &current.front_matter, stamp);
            renew(&mut f.notebook, &current.notebook, stamp);
            renew(&mut f.due, &current.due, stamp);
            renew(&mut f.done, &current.done, stamp);
            renew(&mut f.file_name, &current.file_name, stamp);
            renew_trash(&mut f.trash, current.trash, stamp);
            renew_body(&mut f.body, &current.body, stamp);
        }
        (Fields::Notebook(f), Fields::Notebook(current)) => {
            renew(&mut f.name, &current.name, stamp);
            renew(&mut f.parent, &current.parent, stamp);
            renew_trash(&mut f.trash, current.trash, stamp);
        }
        _ => {}
    }
    fields
}
