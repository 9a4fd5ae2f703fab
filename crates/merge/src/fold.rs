//! The fold: what several heads of a record make together.
//!
//! The two heads with the most common ancestors merge first, over the fold of those ancestors, together with
//! every head that shares exactly them; the result is a virtual node whose ancestors are the union, and so on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use holdfast_domain::{Fields, Merge, Revision, RevisionId, Stamp};

use crate::body::{Opened, Past};
use crate::fields::{empty, merge_fields_after};
use crate::graph::{Bits, Graph};
use crate::value::same_values;

/// Why there is no view. Each is a matter of what is stored, never of what the revisions say.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FoldError {
    /// Fetch this revision (or its stub, where only its place in the graph is needed), then try again.
    #[error("revision {id} is needed and not here")]
    Missing { id: RevisionId },
    /// The revisions of one record are of different kinds: no version of Holdfast writes that.
    #[error("the revisions are of different kinds")]
    KindsDiffer,
    #[error("there is no revision to show")]
    NoHeads,
}

/// A view: the state of a record, and the newest stamp among its heads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folded {
    pub fields: Fields,
    pub stamp: Stamp,
}

#[derive(Clone)]
enum Value {
    Revision(Arc<Revision>),
    Merged(Arc<Fields>),
}

impl Value {
    fn fields(&self) -> &Fields {
        match self {
            Self::Revision(revision) => &revision.fields,
            Self::Merged(fields) => fields,
        }
    }
}

/// A head, or the merge of several; `ids` names it and orders it among others.
struct Node {
    ids: Vec<RevisionId>,
    mask: Bits,
    value: Value,
    stamp: Stamp,
}

/// A fold under way. Folds of bases are stacked, not recursive: a history may be as deep as it likes.
struct Frame {
    key: Vec<RevisionId>,
    nodes: Vec<Node>,
}

impl Frame {
    fn new(graph: &Graph, key: Vec<RevisionId>) -> Result<Self, FoldError> {
        let mut nodes = Vec::with_capacity(key.len());
        for &id in &key {
            let revision = graph.revision(id).ok_or(FoldError::Missing { id })?;
            nodes.push(Node {
                ids: vec![id],
                mask: if key.len() > 1 { graph.down_set(&[id])? } else { Bits::default() },
                stamp: revision.stamp(),
                value: Value::Revision(revision.clone()),
            });
        }
        Ok(Self { key, nodes })
    }

    /// The largest set of ancestors that two nodes share; ties by its sorted maximal ids, which are returned too.
    fn deepest(&self, graph: &Graph) -> (Bits, Vec<RevisionId>) {
        let (mut most, mut sets) = (0, BTreeSet::new());
        for (i, a) in self.nodes.iter().enumerate() {
            for b in &self.nodes[i + 1..] {
                let common = a.mask.intersection(&b.mask);
                let len = common.len();
                if len > most {
                    sets.clear();
                    most = len;
                }
                if len == most {
                    sets.insert(common);
                }
            }
        }
        let by_tips = sets.into_iter().map(|set| (graph.tips(&set), set)).min();
        by_tips.map_or_else(Default::default, |(tips, set)| (set, tips))
    }

    /// The first node that shares exactly `common` with another, and all that share it with that node.
    fn group(&self, common: &Bits) -> BTreeSet<usize> {
        let all = || 0..self.nodes.len();
        let shares = |i: usize, j: usize| self.nodes[i].mask.intersection(&self.nodes[j].mask) == *common;
        let first = all().find(|&i| all().any(|j| j != i && shares(i, j))).unwrap_or(0);
        all().filter(|&i| i == first || shares(first, i)).collect()
    }

    /// The undos on the way from `common` to those that merge over it.
    fn undos(&self, graph: &Graph, common: &Bits) -> Vec<(RevisionId, Vec<RevisionId>)> {
        let mut all = Bits::default();
        self.group(common).into_iter().for_each(|i| all.union_with(&self.nodes[i].mask));
        graph.undos(&all, common)
    }

    /// Merges those that share exactly `common`. `opened`: the places of the text that undos opened on the way to them.
    fn merge(
        &mut self,
        graph: &Graph,
        common: &Bits,
        base: Option<&Value>,
        opened: &[Merge<String>],
    ) -> Result<(), FoldError> {
        let members = self.group(common);
        let (mut group, mut rest) = (Vec::new(), Vec::new());
        for (i, node) in std::mem::take(&mut self.nodes).into_iter().enumerate() {
            if members.contains(&i) { group.push(node) } else { rest.push(node) }
        }
        group.sort_by(|a, b| a.ids.cmp(&b.ids));
        self.nodes = rest;

        // A node of several heads is a merge.
        let merged = |node: &Node| node.ids.len() > 1 || graph.merges(&node.mask, common);
        let merged = matches!(base, Some(Value::Merged(_))) || group.iter().any(merged);
        let past = Past { merged, opened: Opened::These(opened) };
        let kind = group[0].value.fields().kind();
        let nothing;
        let base = match base {
            Some(base) => base.fields(),
            None => {
                nothing = empty(kind);
                &nothing
            }
        };
        let sides: Vec<&Fields> = group.iter().map(|n| n.value.fields()).collect();
        if base.kind() != kind || sides.iter().any(|s| s.kind() != kind) {
            return Err(FoldError::KindsDiffer);
        }
        let fields = merge_fields_after(past, base, &sides);
        let mut mask = Bits::default();
        let mut ids: Vec<RevisionId> = Vec::new();
        let mut stamp = Stamp::ZERO;
        for node in &group {
            mask.union_with(&node.mask);
            ids.extend(&node.ids);
            stamp = stamp.max(node.stamp);
        }
        ids.sort_unstable();
        let merged = Node { ids, mask, value: Value::Merged(Arc::new(fields)), stamp };
        let at = self.nodes.partition_point(|n| n.ids < merged.ids);
        self.nodes.insert(at, merged);
        Ok(())
    }
}

fn value_of(graph: &Graph, id: RevisionId) -> Result<Value, FoldError> {
    Ok(Value::Revision(graph.revision(id).ok_or(FoldError::Missing { id })?.clone()))
}

fn has_places(fields: &Fields) -> bool {
    matches!(fields, Fields::Note(note) if !note.body.is_resolved())
}

/// What the text of an undo asks about, and the text before it did not.
fn opened_places(undo: &Fields, before: &Fields) -> Vec<Merge<String>> {
    let (Fields::Note(undo), Fields::Note(before)) = (undo, before) else { return Vec::new() };
    let known = |place: &Merge<String>| before.body.places().any(|known| same_values(place, known));
    undo.body.places().filter(|place| !known(place)).cloned().collect()
}

/// The view that `heads` make together: a pure function of the set of heads, whatever their order. Heads that
/// are ancestors of others are left out; heads without a common ancestor merge over an empty record.
pub fn fold(graph: &Graph, heads: &[RevisionId]) -> Result<Folded, FoldError> {
    let key: Vec<RevisionId> = graph.maximal(heads.iter().copied()).into_iter().collect();
    if key.is_empty() {
        return Err(FoldError::NoHeads);
    }
    let mut done: BTreeMap<Vec<RevisionId>, (Value, Stamp)> = BTreeMap::new();
    let mut stack = vec![Frame::new(graph, key.clone())?];
    while let Some(frame) = stack.last_mut() {
        if let [node] = frame.nodes.as_slice() {
            done.insert(std::mem::take(&mut frame.key), (node.value.clone(), node.stamp));
            stack.pop();
            continue;
        }
        let (common, tips) = frame.deepest(graph);
        let base = match tips.as_slice() {
            [] => None,
            [only] => Some(value_of(graph, *only)?),
            _ => match done.get(&tips) {
                Some((base, _)) => Some(base.clone()),
                None => {
                    let below = Frame::new(graph, tips)?;
                    stack.push(below);
                    continue;
                }
            },
        };
        // Only what is open already can be opened again.
        let mut opened = Vec::new();
        if base.as_ref().is_some_and(|base| has_places(base.fields())) {
            let mut below = None;
            for (id, on) in frame.undos(graph, &common) {
                let before = match on.as_slice() {
                    // No version of Holdfast writes that.
                    [] => continue,
                    [only] => value_of(graph, *only)?,
                    _ => match done.get(&on) {
                        Some((before, _)) => before.clone(),
                        None => {
                            below = Some(Frame::new(graph, on)?);
                            break;
                        }
                    },
                };
                opened.extend(opened_places(value_of(graph, id)?.fields(), before.fields()));
            }
            if let Some(below) = below {
                stack.push(below);
                continue;
            }
        }
        frame.merge(graph, &common, base.as_ref(), &opened)?;
    }
    let (value, stamp) = done.remove(&key).ok_or(FoldError::NoHeads)?;
    let fields = match value {
        Value::Merged(fields) => Arc::unwrap_or_clone(fields),
        Value::Revision(revision) => revision.fields.clone(),
    };
    Ok(Folded { fields, stamp })
}
