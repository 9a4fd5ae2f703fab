//! The tree of notebooks.

use std::collections::{BTreeMap, BTreeSet};

use holdfast_domain::{
    Fields, Merge, NoteId, NotebookFields, NotebookId, Origin, Trash, TrashState, UnknownFields, check_name, fold_name,
};
use holdfast_merge::{break_cycles, edit_merge};
use holdfast_store::{NoteQuery, NotebookFilter, NotebookRow, Reader};

use crate::notes::set_trash;
use crate::txn::Txn;
use crate::{NotebookError, Result, Vault};

pub(crate) const NOTEBOOK: &str = "notebook";

/// A notebook in the tree as shown: cycles broken, notebooks of trashed ones lifted to the nearest live one,
/// siblings of one name joined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotebookNode {
    pub id: NotebookId,
    pub name: String,
    pub parent: Option<NotebookId>,
    pub depth: u32,
    /// The names from the root.
    pub path: Vec<String>,
    /// Live notes in it and below it.
    pub notes: u32,
    /// It and those shown as it.
    pub same: Vec<NotebookId>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagCount {
    pub name: String,
    pub notes: u32,
}

/// The tree as shown, depth first, siblings by folded name; and where each record is shown.
pub(crate) struct Tree {
    pub nodes: Vec<NotebookNode>,
    shown_as: BTreeMap<NotebookId, NotebookId>,
    /// The parents as people set them.
    links: BTreeMap<NotebookId, Option<NotebookId>>,
    /// Those that show at the root whatever they were moved into: each is the newest move of a cycle.
    at_root: BTreeSet<NotebookId>,
}

impl Tree {
    pub fn load(reader: &Reader<'_>) -> Result<Self> {
        let rows: BTreeMap<NotebookId, NotebookRow> = reader.notebooks()?.into_iter().map(|n| (n.id, n)).collect();
        let links: Vec<_> = rows.values().map(|n| (n.id, n.parent, n.parent_stamp)).collect();
        let at_root: BTreeSet<NotebookId> =
            break_cycles(&links).into_iter().filter(|_| !crate::planted("cycle-hides")).collect();
        // The nearest live ancestor; a chain longer than there are notebooks cannot be, cycles are broken.
        let nearest_live = |from: NotebookId| {
            let mut at = Some(from);
            for _ in 0..=rows.len() {
                match at.and_then(|id| rows.get(&id)) {
                    Some(row) if row.trashed => at = if at_root.contains(&row.id) { None } else { row.parent },
                    Some(row) => return Some(row.id),
                    None => return None,
                }
            }
            None
        };
        let parent_of = |row: &NotebookRow| match row.parent {
            Some(parent) if !at_root.contains(&row.id) => nearest_live(parent),
            _ => None,
        };
        // Siblings with one name show under the smaller id, level by level from the root.
        let mut children: BTreeMap<Option<NotebookId>, Vec<&NotebookRow>> = BTreeMap::new();
        for row in rows.values().filter(|r| !r.trashed) {
            children.entry(parent_of(row)).or_default().push(row);
        }
        let links = rows.values().map(|row| (row.id, row.parent)).collect();
        let mut tree = Self { nodes: Vec::new(), shown_as: BTreeMap::new(), links, at_root: at_root.clone() };
        tree.level(&children, &[None], None, &[]);
        for row in rows.values().filter(|r| r.trashed) {
            if let Some(shown) = nearest_live(row.id).and_then(|id| tree.shown_as.get(&id).copied()) {
                tree.shown_as.insert(row.id, shown);
            }
        }
        Ok(tree)
    }

    fn level(
        &mut self,
        children: &BTreeMap<Option<NotebookId>, Vec<&NotebookRow>>,
        of: &[Option<NotebookId>],
        parent: Option<NotebookId>,
        path: &[String],
    ) {
        let mut groups: BTreeMap<String, Vec<&NotebookRow>> = BTreeMap::new();
        for row in of.iter().filter_map(|p| children.get(p)).flatten() {
            groups.entry(fold_name(&row.name)).or_default().push(row);
        }
        for mut group in groups.into_values() {
            group.sort_by_key(|row| row.id);
            let first = group[0];
            let mut path = path.to_vec();
            path.push(first.name.clone());
            let same: Vec<_> = group.iter().map(|row| row.id).collect();
            for id in &same {
                self.shown_as.insert(*id, first.id);
            }
            self.nodes.push(NotebookNode {
                id: first.id,
                name: first.name.clone(),
                parent,
                depth: path.len() as u32 - 1,
                path: path.clone(),
                notes: 0,
                same: same.clone(),
            });
            let below: Vec<_> = same.into_iter().map(Some).collect();
            self.level(children, &below, Some(first.id), &path);
        }
    }

    /// Where a notebook shows: itself, its namesake, or the nearest live one above.
    pub fn shown(&self, id: NotebookId) -> Option<&NotebookNode> {
        let shown = self.shown_as.get(&id)?;
        self.nodes.iter().find(|n| n.id == *shown)
    }

    /// What a live notebook shows as: itself or its namesake.
    pub fn live(&self, id: NotebookId) -> Option<&NotebookNode> {
        self.shown(id).filter(|node| node.same.contains(&id))
    }

    /// The records that show as one notebook: what is done to it is done to each.
    fn shown_with(&self, id: NotebookId) -> Vec<NotebookId> {
        let shown = self.shown(id).filter(|_| !crate::planted("namesake-left"));
        shown.map_or_else(|| vec![id], |node| node.same.clone())
    }

    /// The notebooks at the root, each as one of a cycle, by whose moves `moved` would lie in themselves below `parent`. Who
    /// moves them sees those at the root, and means that.
    fn unseen_above(&self, parent: Option<NotebookId>, moved: &[NotebookId]) -> Vec<NotebookId> {
        let (mut at, mut unseen, mut seen) = (parent, Vec::new(), BTreeSet::new());
        while let Some(id) = at.filter(|id| seen.insert(*id)) {
            if moved.contains(&id) {
                return unseen;
            }
            unseen.extend(self.at_root.contains(&id).then_some(id));
            at = self.links.get(&id).copied().flatten();
        }
        Vec::new()
    }

    /// All records shown in or below a notebook.
    pub fn with_descendants(&self, id: NotebookId) -> Vec<NotebookId> {
        let Some(start) = self.nodes.iter().position(|n| n.same.contains(&id)) else { return vec![id] };
        let depth = self.nodes[start].depth;
        let end =
            self.nodes[start + 1..].iter().position(|n| n.depth <= depth).map_or(self.nodes.len(), |n| start + 1 + n);
        let inside: BTreeSet<_> = self.nodes[start..end].iter().map(|n| n.id).collect();
        self.shown_as.iter().filter(|(_, shown)| inside.contains(shown)).map(|(id, _)| *id).collect()
    }

    pub fn by_path(&self, path: &[String]) -> Option<&NotebookNode> {
        let folded: Vec<_> = path.iter().map(|p| fold_name(p)).collect();
        self.nodes
            .iter()
            .find(|n| n.path.len() == folded.len() && n.path.iter().map(|p| fold_name(p)).eq(folded.clone()))
    }
}

/// A name that a path can hold.
fn one_name(name: &str) -> Result<String> {
    if name.contains('/') {
        return Err(NotebookError::Invalid(format!("the name {name:?} has a slash, which stands between notebooks")));
    }
    Ok(check_name(name)?)
}

/// `A/B` as names; empty parts are refused.
pub(crate) fn split_path(path: &str) -> Result<Vec<String>> {
    path.split('/').map(|name| Ok(check_name(name)?)).collect()
}

impl Vault {
    /// The tree with its counts, depth first.
    pub fn notebook_tree(&self) -> Result<Vec<NotebookNode>> {
        self.read(|r| {
            let mut tree = Tree::load(r)?;
            let counts = r.sidebar_counts()?.notebooks;
            let mut totals: BTreeMap<NotebookId, u32> = BTreeMap::new();
            for (id, count) in counts.into_iter().filter_map(|(id, count)| Some((id?, count as u32))) {
                // A note counts in its notebook and in each above it.
                let mut at = tree.shown(id).map(|n| n.id);
                while let Some(node) = at.and_then(|id| tree.nodes.iter().find(|n| n.id == id)) {
                    *totals.entry(node.id).or_default() += count;
                    at = node.parent.filter(|_| !crate::planted("tree-counts-one-level"));
                }
            }
            for node in &mut tree.nodes {
                node.notes = totals.get(&node.id).copied().unwrap_or(0);
            }
            Ok(tree.nodes)
        })
    }

    /// Where the notes of each notebook show: of a trashed one in the nearest live one above, if there is one.
    pub fn notebook_places(&self) -> Result<BTreeMap<NotebookId, NotebookNode>> {
        self.read(|r| {
            let tree = Tree::load(r)?;
            Ok(tree.shown_as.keys().filter_map(|id| Some((*id, tree.shown(*id)?.clone()))).collect())
        })
    }

    /// As [`Vault::notebook_places`], as paths of names.
    pub fn notebook_paths(&self) -> Result<BTreeMap<NotebookId, String>> {
        Ok(self.notebook_places()?.into_iter().map(|(id, node)| (id, node.path.join("/"))).collect())
    }

    /// Each notebook by its path of names, for speaking of it: a trashed one by where it was, with a word that it is
    /// in the trash.
    pub fn notebook_labels(&self) -> Result<BTreeMap<NotebookId, String>> {
        self.read(|r| {
            let tree = Tree::load(r)?;
            let rows: BTreeMap<NotebookId, NotebookRow> = r.notebooks()?.into_iter().map(|n| (n.id, n)).collect();
            let label = |row: &NotebookRow| {
                if let Some(node) = tree.live(row.id) {
                    return node.path.join("/");
                }
                let (mut names, mut at) = (vec![row.name.as_str()], row.parent);
                // A chain longer than there are notebooks is a cycle.
                while let Some(above) = at.and_then(|id| rows.get(&id)).filter(|_| names.len() <= rows.len()) {
                    if let Some(node) = tree.live(above.id) {
                        names.extend(node.path.iter().rev().map(String::as_str));
                        break;
                    }
                    names.push(&above.name);
                    at = above.parent;
                }
                names.reverse();
                names.join("/") + " (in the trash)"
            };
            Ok(rows.values().map(|row| (row.id, label(row))).collect())
        })
    }

    /// The notebook at a path of names.
    pub fn notebook_by_path(&self, path: &str) -> Result<NotebookId> {
        let names = split_path(path)?;
        self.read(|r| {
            let tree = Tree::load(r)?;
            let node = tree.by_path(&names).map(|n| n.id);
            node.ok_or_else(|| NotebookError::NotFound { what: NOTEBOOK, id: path.to_owned() })
        })
    }

    /// The notebook at a path, made with those above it where they are missing.
    pub fn ensure_notebook(&self, path: &str) -> Result<NotebookId> {
        let names = split_path(path)?;
        self.transact(|t| {
            ensure_path(t, &names)?.ok_or_else(|| NotebookError::Invalid("a notebook needs a name".into()))
        })
    }

    pub fn add_notebook(&self, name: &str, parent: Option<NotebookId>) -> Result<NotebookId> {
        let name = one_name(name)?;
        self.transact(|t| {
            let tree = Tree::load(t.reader())?;
            let shown = parent.and_then(|p| tree.shown(p)).map(|n| n.id);
            if tree.nodes.iter().any(|n| n.parent == shown && fold_name(&n.name) == fold_name(&name)) {
                return Err(NotebookError::Invalid(format!("there is a notebook {name:?} here already")));
            }
            make(t, &name, parent)
        })
    }

    pub fn rename_notebook(&self, id: NotebookId, name: &str) -> Result<()> {
        let name = one_name(name)?;
        self.transact(|t| {
            for id in Tree::load(t.reader())?.shown_with(id) {
                t.change_now(id.into(), NOTEBOOK, Origin::Edit, |fields, stamp, _| {
                    let notebook = notebook_of(fields)?;
                    notebook.name = edit_merge(&notebook.name, name.clone(), stamp);
                    Ok(())
                })?;
            }
            Ok(())
        })
    }

    /// Under another notebook, or to the root. Into itself or below itself is refused.
    pub fn move_notebook(&self, id: NotebookId, parent: Option<NotebookId>) -> Result<()> {
        self.transact(|t| {
            let tree = Tree::load(t.reader())?;
            if parent.is_some_and(|p| tree.with_descendants(id).contains(&p)) {
                return Err(NotebookError::Invalid("a notebook cannot be moved into itself".into()));
            }
            let moved = tree.shown_with(id);
            for unseen in tree.unseen_above(parent, &moved) {
                set_parent(t, unseen, None)?;
            }
            moved.into_iter().try_for_each(|id| set_parent(t, id, parent))
        })
    }

    /// Trashes a notebook, those below it, and each note in them: each on its own, so that a note that another
    /// device edited meanwhile is a question and not a loss. Answers with the number of notes.
    pub fn trash_notebook(&self, id: NotebookId) -> Result<u32> {
        self.transact(|t| {
            let tree = Tree::load(t.reader())?;
            t.existing(id.into(), NOTEBOOK)?;
            let inside = tree.with_descendants(id);
            let inside = if crate::planted("nested-stays") { vec![id] } else { inside };
            let query = NoteQuery { notebook: NotebookFilter::In(inside.clone()), ..NoteQuery::default() };
            let notes: Vec<NoteId> = t.tx.list_notes(&query)?.into_iter().map(|n| n.id).collect();
            for note in &notes {
                set_trash(t, *note, TrashState::Trashed)?;
            }
            for notebook in inside {
                t.change_now(notebook.into(), NOTEBOOK, Origin::Edit, |fields, stamp, _| {
                    notebook_of(fields)?.trash = Trash { state: TrashState::Trashed, stamp };
                    Ok(())
                })?;
            }
            Ok(notes.len() as u32)
        })
    }

    /// All that the sidebar counts, from one reading.
    pub fn sidebar_counts(&self) -> Result<holdfast_store::SidebarCounts> {
        self.read(|r| Ok(r.sidebar_counts()?))
    }

    pub fn tags(&self) -> Result<Vec<TagCount>> {
        self.read(|r| Ok(r.tags()?.into_iter().map(|t| TagCount { name: t.name, notes: t.notes as u32 }).collect()))
    }

    /// A notebook and all below it, for a list of their notes.
    pub fn notebook_with_descendants(&self, id: NotebookId) -> Result<Vec<NotebookId>> {
        self.read(|r| Ok(Tree::load(r)?.with_descendants(id)))
    }
}

fn set_parent(t: &mut Txn<'_>, id: NotebookId, parent: Option<NotebookId>) -> Result<()> {
    t.change_now(id.into(), NOTEBOOK, Origin::Edit, |fields, stamp, _| {
        let notebook = notebook_of(fields)?;
        notebook.parent = edit_merge(&notebook.parent, parent, stamp);
        Ok(())
    })
}

/// The notebook at a path, made where it is missing; `None` for the empty path.
pub(crate) fn ensure_path(t: &mut Txn<'_>, names: &[String]) -> Result<Option<NotebookId>> {
    let tree = Tree::load(t.reader())?;
    let mut at = None;
    for depth in 1..=names.len() {
        at = match tree.by_path(&names[..depth]) {
            Some(node) => Some(node.id),
            None => {
                // Nothing below a new one exists: make the rest without asking again.
                for name in &names[depth - 1..] {
                    at = Some(make(t, name, at)?);
                }
                return Ok(at);
            }
        };
    }
    Ok(at)
}

pub(crate) fn make(t: &mut Txn<'_>, name: &str, parent: Option<NotebookId>) -> Result<NotebookId> {
    let id = NotebookId(t.vault.env().random()?);
    let stamp = t.stamp();
    let fields = NotebookFields {
        name: Merge::resolved(name.to_owned(), stamp),
        parent: Merge::resolved(parent, stamp),
        trash: Trash::LIVE,
        created_ms: t.now_ms,
        unknown: UnknownFields::new(),
    };
    t.create(id.into(), Fields::Notebook(fields), stamp, Origin::Edit)?;
    Ok(id)
}

/// Restores a notebook and those above it: a note that comes back comes back to its place.
pub(crate) fn bring_back(t: &mut Txn<'_>, from: Option<NotebookId>) -> Result<()> {
    let rows: BTreeMap<NotebookId, NotebookRow> = t.tx.notebooks()?.into_iter().map(|n| (n.id, n)).collect();
    let mut at = from;
    // A chain longer than there are notebooks is a cycle, which the tree breaks.
    for _ in 0..rows.len() {
        let Some(row) = at.and_then(|id| rows.get(&id)) else { break };
        if row.trashed {
            t.change_now(row.id.into(), NOTEBOOK, Origin::Restore, |fields, stamp, _| {
                notebook_of(fields)?.trash = Trash { state: TrashState::Live, stamp };
                Ok(())
            })?;
        }
        at = row.parent.filter(|_| !crate::planted("restored-below-trash"));
    }
    Ok(())
}

pub(crate) fn notebook_of(fields: &mut Fields) -> Result<&mut NotebookFields> {
    match fields {
        Fields::Notebook(notebook) => Ok(notebook),
        other => Err(NotebookError::Invalid(format!("this is not a notebook but of kind {}", other.kind().number()))),
    }
}
