//! What lists, counts and the tree of notebooks show, beside what the notes themselves are.

use std::collections::{BTreeMap, BTreeSet};

use holdfast_domain::{NotebookId, fold_name};
use holdfast_notebook::{Note, NoteOrder, NoteQuery, NoteRow, NotebookFilter, NotebookMove, NotebookNode};

use crate::fault::{Checked, Invariant, OrBroken as _};
use crate::world::World;

impl World {
    /// What is counted is there: notes by notebook and by tag, those in the trash, and those that ask.
    pub fn counts_what_is(&self, at: usize, notes: &[Note]) -> Checked {
        let vault = self.devices[at].vault()?;
        let counts = vault.sidebar_counts().works("counts")?;
        let live = || notes.iter().map(|note| &note.row).filter(|row| !row.trashed);
        let mut notebooks: BTreeMap<Option<NotebookId>, u64> = BTreeMap::new();
        let mut tags: BTreeMap<String, u64> = BTreeMap::new();
        for row in live() {
            *notebooks.entry(row.notebook).or_default() += 1;
            let folded: BTreeSet<String> = row.tags.iter().map(|tag| fold_name(tag)).collect();
            for tag in folded {
                *tags.entry(tag).or_default() += 1;
            }
        }
        let said: BTreeMap<String, u64> = counts.tags.iter().map(|tag| (tag.folded.clone(), tag.notes)).collect();
        let same = counts.all == live().count() as u64
            && counts.trash == notes.iter().filter(|note| note.row.trashed).count() as u64
            && counts.tasks == live().filter(|row| row.due.is_some() && !row.done).count() as u64
            && counts.review == notes.iter().filter(|note| note.row.review > 0).count() as u64
            && counts.notebooks.iter().copied().collect::<BTreeMap<_, _>>() == notebooks
            && said == tags;
        if same {
            return Ok(());
        }
        let name = &self.devices[at].name;
        Invariant::Convergence.broken(format!("{name} counts {counts:?}, and there are {notebooks:?} and {tags:?}"))
    }

    /// Each notebook that is not in the trash is in the tree, with the notes that are in it and below it.
    pub fn tree_is_so(&self, at: usize, tree: &[NotebookNode], live: &[NotebookId], notes: &[Note]) -> Checked {
        let name = &self.devices[at].name;
        if let Some(hidden) = live.iter().find(|id| !tree.iter().any(|node| node.same.contains(id))) {
            return Invariant::Convergence.broken(format!("{name} does not show the notebook {hidden}"));
        }
        // What lies in a notebook of the trash is not in the trash itself: somebody is asked.
        let is_shown = |id: NotebookId| tree.iter().any(|node| node.same.contains(&id));
        let put_away = |note: &&Note| {
            !note.row.trashed && note.row.review == 0 && note.row.notebook.is_some_and(|id| !is_shown(id))
        };
        for note in notes.iter().filter(put_away) {
            // One that a removed device sent to a server that had forgotten the removal may be nowhere.
            let Some(id) = note.row.notebook else { continue };
            if self.devices[at].shown(id.into())?.is_none() {
                continue;
            }
            let what = format!("{} lies in a notebook of the trash on {name}, and nobody is asked", note.row.id);
            return Invariant::Decision.broken(what);
        }
        let within = |node: &NotebookNode, of: NotebookId| {
            let (mut up, mut found) = (tree.iter().find(|other| other.same.contains(&of)), false);
            while let Some(other) = up {
                found |= other.id == node.id;
                up = other.parent.and_then(|parent| tree.iter().find(|above| above.id == parent));
            }
            found
        };
        let lie = || notes.iter().filter(|note| !note.row.trashed).filter_map(|note| note.row.notebook);
        // One that lies in a notebook of the trash counts where that was.
        if lie().any(|of| !is_shown(of)) {
            return Ok(());
        }
        for node in tree {
            let there = lie().filter(|of| within(node, *of)).count();
            if node.notes as usize != there {
                let what = format!("{name} counts {} notes in {}, and there are {there}", node.notes, node.id);
                return Invariant::Convergence.broken(what);
            }
        }
        Ok(())
    }

    /// Where notebooks lie in each other, so that one shows elsewhere than it was moved to, somebody is told why.
    pub fn cycles_are_told(&self, at: usize, live: &[NotebookId]) -> Checked {
        let mut above = BTreeMap::new();
        for id in live {
            let shown = self.devices[at].shown((*id).into())?;
            above.extend(shown.as_ref().and_then(|s| s.fields.as_notebook()).map(|n| (*id, *n.parent.shown())));
        }
        for id in live {
            let mut cycle = vec![*id];
            while let Some(Some(next)) = cycle.last().and_then(|last| above.get(last))
                && !cycle.contains(next)
            {
                cycle.push(*next);
            }
            let closes = cycle.last().and_then(|last| above.get(last)) == Some(&Some(*id));
            if !closes || cycle.len() < 2 {
                continue;
            }
            let receipts = self.devices[at].vault()?.receipts().works("receipts")?;
            let is_of_it = |moves: &Vec<NotebookMove>| {
                moves.len() == cycle.len() && moves.iter().all(|one| cycle.contains(&one.notebook))
            };
            if !receipts.iter().any(|receipt| receipt.cycle.as_ref().is_some_and(is_of_it)) {
                let what =
                    format!("{} shows {cycle:?}, which lie in each other, and tells nobody", self.devices[at].name);
                return Invariant::Convergence.broken(what);
            }
        }
        Ok(())
    }

    /// Lists hold what belongs there, and nothing else, in their order.
    pub fn lists_show_what_is(&self, at: usize) -> Checked {
        let vault = self.devices[at].vault()?;
        let notes: Vec<Note> =
            self.notes_of(at)?.into_iter().map(|id| vault.note(id).works("reading a note")).collect::<Checked<_>>()?;
        let rows = || notes.iter().map(|note| &note.row);
        let live = || rows().filter(|row| !row.trashed);
        self.is_list(at, "all", &NoteQuery::default(), live().collect())?;
        self.is_list(at, "tasks", &NoteQuery::tasks(), live().filter(|row| row.due.is_some() && !row.done).collect())?;
        self.is_list(at, "by date", &NoteQuery { order: NoteOrder::Due, ..NoteQuery::default() }, live().collect())?;
        self.is_list(at, "trash", &NoteQuery::trash(), rows().filter(|row| row.trashed).collect())?;
        self.is_list(at, "to review", &NoteQuery::to_review(), rows().filter(|row| row.review > 0).collect())?;
        if let Some(notebook) = live().find_map(|row| row.notebook) {
            let query = NoteQuery { notebook: NotebookFilter::In(vec![notebook]), ..NoteQuery::default() };
            self.is_list(at, "notebook", &query, live().filter(|row| row.notebook == Some(notebook)).collect())?;
        }
        // As somebody may write it: in capitals, as it was written, or in small letters.
        let tags: BTreeSet<&String> = live().flat_map(|row| &row.tags).collect();
        for tag in tags.into_iter().take(2) {
            for asked in [tag.clone(), tag.to_uppercase()] {
                let has = |row: &&NoteRow| row.tags.iter().any(|of| fold_name(of) == fold_name(&asked));
                let query = NoteQuery { tag: Some(asked.clone()), ..NoteQuery::default() };
                self.is_list(at, "tag", &query, live().filter(has).collect())?;
            }
        }
        Ok(())
    }

    /// Whoever has seen the merges has no new ones.
    pub fn merges_are_counted(&self, at: usize) -> Checked {
        let vault = self.devices[at].vault()?;
        let (all, new) = (vault.receipts().works("receipts")?, vault.unseen_receipts().works("counting receipts")?);
        vault.mark_receipts_seen().works("seeing receipts")?;
        let left = vault.unseen_receipts().works("counting receipts")?;
        if new as usize > all.len() || left > 0 {
            let name = &self.devices[at].name;
            return Invariant::Convergence
                .broken(format!("{name} has {} merges, {new} of them new, and {left} when all were seen", all.len()));
        }
        Ok(())
    }

    fn is_list(&self, at: usize, which: &str, query: &NoteQuery, mut rows: Vec<&NoteRow>) -> Checked {
        match query.order {
            NoteOrder::Due => rows.sort_by_key(|row| (row.due.is_none(), row.due, row.id)),
            _ => rows.sort_by_key(|row| std::cmp::Reverse((row.updated_ms, row.id))),
        }
        let listed = self.devices[at].vault()?.list_notes(query).works("a list")?;
        let said =
            |row: &NoteRow| (row.id, row.title.clone(), row.preview.clone(), row.due, row.done, row.tags.clone());
        let listed_as = listed
            .iter()
            .map(|row| (row.id, row.title.clone(), row.preview.clone(), row.due, row.done, row.tags.clone()));
        if listed_as.eq(rows.iter().map(|row| said(row))) {
            return Ok(());
        }
        let (listed, is): (Vec<_>, Vec<_>) =
            (listed.iter().map(|r| r.id).collect(), rows.iter().map(|r| r.id).collect());
        let name = &self.devices[at].name;
        Invariant::Convergence.broken(format!("{name} lists {listed:?} under {which}, and there are {is:?}"))
    }
}
