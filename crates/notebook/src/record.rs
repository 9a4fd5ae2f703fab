//! A record as it stands: its heads, what is being typed, and the state that they make together.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::sync::Arc;

use holdfast_domain::{Fields, Merge, NotebookId, Origin, RecordId, Revision, RevisionId, Term};
use holdfast_merge::{FoldError, Folded, Graph, fold};
use holdfast_store::{Reader, WorkingRow};

use crate::notebooks::Tree;
use crate::{NotebookError, Result, Vault};

/// The uncommitted revision of a record. Its id is the one it will have: a buffer that was saved names it, and
/// the name stays true when it is committed.
#[derive(Clone, Debug)]
pub(crate) struct Working {
    pub id: RevisionId,
    pub revision: Revision,
    pub row: WorkingRow,
}

pub(crate) struct Record<'r, 'c> {
    vault: &'r Vault,
    reader: &'r Reader<'c>,
    pub id: RecordId,
    pub heads: Vec<RevisionId>,
    pub working: Option<Working>,
    /// What was folded last is open about the notebook, and those that are asked about show as one.
    joined: Cell<bool>,
}

impl<'r, 'c> Record<'r, 'c> {
    /// As it is shown: without what the tripwire holds back. `None` where there is no such record.
    pub fn load(vault: &'r Vault, reader: &'r Reader<'c>, id: RecordId) -> Result<Option<Self>> {
        let heads = if reader.is_held(id)? { reader.heads_not_held(id)? } else { reader.heads(id)? };
        Self::load_at(vault, reader, id, heads)
    }

    /// With all its versions, those too that are held back.
    pub fn load_with_held(vault: &'r Vault, reader: &'r Reader<'c>, id: RecordId) -> Result<Option<Self>> {
        Self::load_at(vault, reader, id, reader.heads(id)?)
    }

    /// As it is with these heads.
    pub fn load_at(
        vault: &'r Vault,
        reader: &'r Reader<'c>,
        id: RecordId,
        heads: Vec<RevisionId>,
    ) -> Result<Option<Self>> {
        let working = match reader.working(id)? {
            Some(row) => {
                let revision = Revision::decode(&row.fields)?;
                Some(Working { id: vault.revision_id(&row.fields)?, revision, row })
            }
            None => None,
        };
        Ok((!heads.is_empty() || working.is_some()).then_some(Self {
            vault,
            reader,
            id,
            heads,
            working,
            joined: Cell::new(false),
        }))
    }

    /// Whether what was folded last asks nothing about the notebook only because the tree shows those as one.
    pub fn notebooks_are_joined(&self) -> bool {
        self.joined.get()
    }

    /// The versions that make up what is shown: the heads that the working revision does not supersede, and it.
    pub fn shown_heads(&self) -> Vec<RevisionId> {
        match &self.working {
            None => self.heads.clone(),
            Some(w) => {
                let mut heads: Vec<_> =
                    self.heads.iter().copied().filter(|h| !w.revision.parents().contains(h)).collect();
                heads.push(w.id);
                heads.sort_unstable();
                heads
            }
        }
    }

    pub fn shown(&self) -> Result<Folded> {
        self.fold(&self.shown_heads())
    }

    /// The state that these versions make together. Only the bodies that the fold needs are read.
    pub fn fold(&self, ids: &[RevisionId]) -> Result<Folded> {
        if let [only] = ids {
            return self.alone(self.revision(*only)?);
        }
        let known = self.vault.folds().get(self.id, ids);
        if let Some(folded) = known {
            return self.settled((*folded).clone());
        }
        let mut graph = self.graph()?;
        for id in ids {
            self.fill(&mut graph, *id)?;
        }
        let folded = self.folding(&mut graph, |graph| fold(graph, ids))?;
        self.vault.folds().put(self.id, ids, &folded);
        self.settled(folded)
    }

    /// The state that one version makes by itself.
    pub fn alone(&self, revision: Revision) -> Result<Folded> {
        self.settled(Folded { stamp: revision.stamp(), fields: revision.fields })
    }

    /// Two computers may have made one notebook each of the same name: the tree shows them as one, so there is
    /// nothing to ask about a note that was moved to both, and one side of what else is asked. (One of them in the
    /// trash is another place.)
    fn settled(&self, mut folded: Folded) -> Result<Folded> {
        self.joined.set(false);
        if let Fields::Note(note) = &mut folded.fields
            && !note.notebook.is_resolved()
        {
            let tree = Tree::load(self.reader)?;
            let shown = |id: &Option<NotebookId>| id.map(|id| tree.live(id).map_or(id, |node| node.id));
            note.notebook = joined(&note.notebook, shown);
            self.joined.set(note.notebook.is_resolved());
        }
        Ok(folded)
    }

    /// Runs a fold, reading the revisions that it misses until it has all.
    pub fn folding<T>(&self, graph: &mut Graph, run: impl Fn(&Graph) -> Result<T, FoldError>) -> Result<T> {
        loop {
            match run(graph) {
                Err(FoldError::Missing { id }) if graph.revision(id).is_none() => self.fill(graph, id)?,
                other => return Ok(other?),
            }
        }
    }

    /// The places of all versions in the graph, without their bodies.
    pub fn graph(&self) -> Result<Graph> {
        let mut graph = Graph::new();
        for row in self.reader.history(self.id)? {
            graph.insert(row.rid, row.parents, None);
            if row.origin == Origin::Undo {
                graph.note_undo(row.rid);
            }
        }
        if let Some(w) = &self.working {
            graph.insert(w.id, w.revision.parents().to_vec(), Some(Arc::new(w.revision.clone())));
        }
        Ok(graph)
    }

    pub fn fill(&self, graph: &mut Graph, id: RevisionId) -> Result<()> {
        let revision = self.revision(id)?;
        graph.insert(id, revision.parents().to_vec(), Some(Arc::new(revision)));
        Ok(())
    }

    pub fn revision(&self, id: RevisionId) -> Result<Revision> {
        match self.content(id)? {
            Some(revision) => Ok(revision),
            None if self.reader.is_stub(id)? => Err(NotebookError::Thinned { why: None }),
            None => Err(NotebookError::missing(&id)),
        }
    }

    /// As [`Record::revision`]; `None` where the content is not stored here: of old versions only the place may be.
    pub fn content(&self, id: RevisionId) -> Result<Option<Revision>> {
        if let Some(w) = self.working.as_ref().filter(|w| w.id == id) {
            return Ok(Some(w.revision.clone()));
        }
        Ok(self.reader.revision(id)?.filter(|revision| revision.record == self.id))
    }

    /// True for a version of this record that is stored here, or the working one.
    pub fn knows(&self, id: RevisionId) -> Result<bool> {
        Ok(self.working.as_ref().is_some_and(|w| w.id == id) || self.reader.record_of(id)? == Some(self.id))
    }

    /// True while the server has not confirmed all of it. Parents are sent before their children, so the heads
    /// tell. Always false without a server.
    pub fn is_waiting(&self) -> Result<bool> {
        if !crate::sync::has_server(self.reader)? {
            return Ok(false);
        }
        if self.working.is_some() {
            return Ok(true);
        }
        // A server that was restored does not hold what its log does not, whatever it confirmed before.
        let healing = crate::sync::is_healing(self.reader)?;
        for head in self.heads.iter().skip(usize::from(crate::planted("mark-of-one-head"))) {
            if self.reader.in_outbox(*head)? || healing && !self.reader.is_in_log(*head)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// The same merge with each value as `shown` gives it: resolved, where all sides are one then. As it is where none of them
/// become one: what is written on it meets what others, to whom the tree shows more, write on the same versions.
fn joined<T: Ord + Clone>(merge: &Merge<T>, shown: impl Fn(&T) -> T) -> Merge<T> {
    let sides: BTreeSet<&T> = merge.adds().map(|side| &side.value).collect();
    let as_shown: BTreeSet<T> = sides.iter().map(|side| shown(side)).collect();
    if as_shown.len() == sides.len() && sides.len() > 1 {
        return merge.clone();
    }
    let term = |term: &Term<T>| Term::new(shown(&term.value), term.stamp);
    let mut adds: Vec<Term<T>> = merge.adds().map(term).collect();
    let mut removes: Vec<Term<T>> = merge.removes().map(term).collect();
    adds.sort();
    removes.sort();
    let newest = merge.newest();
    if adds.iter().all(|side| side.value == adds[0].value) {
        return Merge::resolved(shown(&newest.value), newest.stamp);
    }
    let mut terms = Vec::with_capacity(adds.len() + removes.len());
    let mut removes = removes.into_iter();
    for add in adds {
        if !terms.is_empty() {
            terms.extend(removes.next());
        }
        terms.push(add);
    }
    Merge::from_terms(terms).unwrap_or_else(|| unreachable!("one more term is added than removed"))
}

/// True where two states differ in anything that a person wrote.
pub(crate) fn differs(a: &Fields, b: &Fields) -> bool {
    match (a, b) {
        (Fields::Note(a), Fields::Note(b)) => {
            let mut b = b.clone();
            b.updated_ms = a.updated_ms;
            // The stamps of what was typed back to what it was do not make it another value.
            if a.body.segments() == b.body.segments() {
                b.body.stamp = a.body.stamp;
            }
            same_again(&a.title, &mut b.title);
            same_again(&a.notebook, &mut b.notebook);
            same_again(&a.due, &mut b.due);
            same_again(&a.done, &mut b.done);
            *a != b
        }
        _ => a != b,
    }
}

/// Gives `b` the stamp of `a` where both are the same value.
fn same_again<T: Clone + PartialEq>(a: &Merge<T>, b: &mut Merge<T>) {
    if a.as_resolved().is_some() && a.as_resolved() == b.as_resolved() {
        *b = a.clone();
    }
}
