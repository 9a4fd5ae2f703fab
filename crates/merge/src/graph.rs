//! The revision graph of one record.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use holdfast_domain::{Origin, Revision, RevisionId};

use crate::FoldError;

/// A set of revisions of one graph, by their position in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Bits(Vec<u64>);

impl Bits {
    fn insert(&mut self, i: usize) -> bool {
        if self.0.len() <= i / 64 {
            self.0.resize(i / 64 + 1, 0);
        }
        let (word, bit) = (&mut self.0[i / 64], 1 << (i % 64));
        let new = *word & bit == 0;
        *word |= bit;
        new
    }

    fn contains(&self, i: usize) -> bool {
        self.0.get(i / 64).is_some_and(|word| word >> (i % 64) & 1 == 1)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Without trailing zero words, so that equal sets are equal values.
    pub(crate) fn intersection(&self, other: &Self) -> Self {
        let mut words: Vec<u64> = self.0.iter().zip(&other.0).map(|(a, b)| a & b).collect();
        while words.last() == Some(&0) {
            words.pop();
        }
        Self(words)
    }

    pub(crate) fn union_with(&mut self, other: &Self) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        for (a, b) in self.0.iter_mut().zip(&other.0) {
            *a |= b;
        }
    }

    fn iter(&self) -> impl Iterator<Item = usize> {
        self.0.iter().enumerate().flat_map(|(w, word)| {
            let mut rest = *word;
            std::iter::from_fn(move || {
                (rest != 0).then(|| {
                    let bit = rest.trailing_zeros() as usize;
                    rest &= rest - 1;
                    w * 64 + bit
                })
            })
        })
    }
}

#[derive(Clone, Debug)]
struct Node {
    id: RevisionId,
    parents: Vec<usize>,
    /// False for an id that was only named as a parent so far.
    known: bool,
    /// Somebody took something back by it.
    is_undo: bool,
    revision: Option<Arc<Revision>>,
}

/// The revisions of one record and their parents. Ancestors are computed when they are asked for.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    // Only looked up, never iterated: its order cannot reach a result.
    index: HashMap<RevisionId, usize>,
    nodes: Vec<Node>,
}

impl Graph {
    pub fn new() -> Self {
        Self::default()
    }

    fn slot(&mut self, id: RevisionId) -> usize {
        let next = self.nodes.len();
        let at = *self.index.entry(id).or_insert(next);
        if at == next {
            self.nodes.push(Node { id, parents: Vec::new(), known: false, is_undo: false, revision: None });
        }
        at
    }

    /// Adds a revision; `None` is a stub (thinned: its place in the graph is known, its fields are not). In any
    /// order; a second insertion of an id can only add the fields that a stub lacked.
    pub fn insert(&mut self, id: RevisionId, parents: Vec<RevisionId>, revision: Option<Arc<Revision>>) {
        let at = self.slot(id);
        if !self.nodes[at].known {
            let parents = parents.into_iter().map(|p| self.slot(p)).collect();
            self.nodes[at].parents = parents;
            self.nodes[at].known = true;
        }
        self.nodes[at].is_undo |= revision.as_ref().is_some_and(|r| r.origin == Origin::Undo);
        if self.nodes[at].revision.is_none() {
            self.nodes[at].revision = revision;
        }
    }

    /// Says of a stub that it is an undo: the fold asks that of revisions whose fields it does not need.
    pub fn note_undo(&mut self, id: RevisionId) {
        let at = self.slot(id);
        self.nodes[at].is_undo = true;
    }

    /// True for revisions and stubs that were inserted.
    pub fn contains(&self, id: RevisionId) -> bool {
        self.index.get(&id).is_some_and(|&i| self.nodes[i].known)
    }

    /// The revision, unless it is unknown or a stub.
    pub fn revision(&self, id: RevisionId) -> Option<&Arc<Revision>> {
        self.index.get(&id).and_then(|&i| self.nodes[i].revision.as_ref())
    }

    /// True if `a` is `b` or one of its ancestors.
    pub fn is_ancestor(&self, a: RevisionId, b: RevisionId) -> bool {
        let (Some(&a), Some(&b)) = (self.index.get(&a), self.index.get(&b)) else { return a == b };
        let (mut seen, mut todo) = (Bits::default(), vec![b]);
        while let Some(i) = todo.pop() {
            if i == a {
                return true;
            }
            if seen.insert(i) {
                todo.extend(&self.nodes[i].parents);
            }
        }
        false
    }

    /// Those of `ids` that are no ancestor of another. Ids that the graph does not know stay.
    pub fn maximal(&self, ids: impl IntoIterator<Item = RevisionId>) -> BTreeSet<RevisionId> {
        let ids: BTreeSet<RevisionId> = ids.into_iter().collect();
        let mut below = Bits::default();
        let mut todo: Vec<usize> = ids
            .iter()
            .filter_map(|id| self.index.get(id))
            .flat_map(|&i| self.nodes[i].parents.iter().copied())
            .collect();
        while let Some(i) = todo.pop() {
            if below.insert(i) {
                todo.extend(&self.nodes[i].parents);
            }
        }
        ids.into_iter().filter(|id| self.index.get(id).is_none_or(|&i| !below.contains(i))).collect()
    }

    /// `ids` and all their ancestors. Every one of them must be known, if only as a stub.
    pub(crate) fn down_set(&self, ids: &[RevisionId]) -> Result<Bits, FoldError> {
        let mut set = Bits::default();
        let mut todo = Vec::with_capacity(ids.len());
        for id in ids {
            todo.push(*self.index.get(id).ok_or(FoldError::Missing { id: *id })?);
        }
        while let Some(i) = todo.pop() {
            let node = &self.nodes[i];
            if !node.known {
                return Err(FoldError::Missing { id: node.id });
            }
            if set.insert(i) {
                todo.extend(&node.parents);
            }
        }
        Ok(set)
    }

    /// What came to be in `set` that is not in `before`.
    fn since<'a>(&'a self, set: &'a Bits, before: &'a Bits) -> impl Iterator<Item = &'a Node> {
        set.iter().filter(|i| !before.contains(*i)).map(|i| &self.nodes[i])
    }

    /// Whether something was merged on the way from `before` to `set`.
    pub(crate) fn merges(&self, set: &Bits, before: &Bits) -> bool {
        self.since(set, before).any(|node| node.parents.len() > 1)
    }

    /// The undos on the way from `before` to `set`, each with what it was made on, sorted.
    pub(crate) fn undos(&self, set: &Bits, before: &Bits) -> Vec<(RevisionId, Vec<RevisionId>)> {
        let undos = self.since(set, before).filter(|node| node.is_undo);
        undos
            .map(|node| (node.id, self.maximal(node.parents.iter().map(|p| self.nodes[*p].id)).into_iter().collect()))
            .collect()
    }

    /// The maximal elements of a down-set, sorted: those that are no parent of another element.
    pub(crate) fn tips(&self, set: &Bits) -> Vec<RevisionId> {
        let mut below = Bits::default();
        for i in set.iter() {
            for &p in &self.nodes[i].parents {
                below.insert(p);
            }
        }
        let mut tips: Vec<RevisionId> = set.iter().filter(|&i| !below.contains(i)).map(|i| self.nodes[i].id).collect();
        tips.sort_unstable();
        tips
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn id(n: u8) -> RevisionId {
        RevisionId([n; 32])
    }

    #[test]
    fn ancestry_does_not_depend_on_the_order_of_insertion() {
        let edges = [(1, vec![]), (2, vec![1]), (3, vec![1]), (4, vec![2, 3]), (5, vec![3])];
        for order in [[0, 1, 2, 3, 4], [4, 3, 2, 1, 0], [2, 4, 0, 3, 1]] {
            let mut graph = Graph::new();
            for i in order {
                let (n, parents) = &edges[i];
                graph.insert(id(*n), parents.iter().map(|p| id(*p)).collect(), None);
            }
            assert!(graph.is_ancestor(id(1), id(4)) && graph.is_ancestor(id(4), id(4)));
            assert!(!graph.is_ancestor(id(2), id(5)));
            assert_eq!(graph.maximal([1, 2, 3, 4, 5].map(id)), BTreeSet::from([id(4), id(5)]));
            let common = graph.down_set(&[id(4)]).unwrap().intersection(&graph.down_set(&[id(5)]).unwrap());
            assert_eq!((common.len(), graph.tips(&common)), (2, vec![id(3)]));
        }
    }

    #[test]
    fn an_unknown_parent_is_named() {
        let mut graph = Graph::new();
        graph.insert(id(2), vec![id(1)], None);
        assert_eq!(graph.down_set(&[id(2)]), Err(FoldError::Missing { id: id(1) }));
        assert!(!graph.contains(id(1)) && graph.contains(id(2)));
    }
}
