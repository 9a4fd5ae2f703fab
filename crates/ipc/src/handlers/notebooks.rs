//! The sidebar and the tree of notebooks.

use crate::convert::{answer, notebook_id};
use crate::dto::{NotebookItem, Sidebar, TagItem};
use crate::{Answer, App};

pub fn sidebar(app: &App) -> Answer<Sidebar> {
    let vault = app.vault()?;
    let counts = answer(vault.sidebar_counts())?;
    let kept = answer(vault.kept_offline())?;
    let notebooks = answer(vault.notebook_tree())?.into_iter().map(|n| NotebookItem {
        id: n.id.to_string(),
        name: n.name,
        path: n.path.join("/"),
        parent: n.parent.map(|p| p.to_string()),
        depth: n.depth,
        notes: n.notes,
        kept_offline: kept.contains(&n.id),
    });
    Ok(Sidebar {
        all: counts.all as u32,
        tasks: counts.tasks as u32,
        review: (counts.review + counts.review_notebooks) as u32,
        trash: counts.trash as u32,
        receipts_unseen: answer(vault.unseen_receipts())?,
        notebooks: notebooks.collect(),
        tags: counts.tags.into_iter().map(|t| TagItem { name: t.name, notes: t.notes as u32 }).collect(),
    })
}

pub fn add(app: &App, name: &str, parent: Option<&str>) -> Answer<String> {
    let parent = parent.map(notebook_id).transpose()?;
    Ok(answer(app.vault()?.add_notebook(name, parent))?.to_string())
}

pub fn rename(app: &App, id: &str, name: &str) -> Answer<()> {
    answer(app.vault()?.rename_notebook(notebook_id(id)?, name))
}

pub fn move_to(app: &App, id: &str, parent: Option<&str>) -> Answer<()> {
    let parent = parent.map(notebook_id).transpose()?;
    answer(app.vault()?.move_notebook(notebook_id(id)?, parent))
}

/// A choice of this computer.
pub fn keep_offline(app: &App, id: &str, kept: bool) -> Answer<()> {
    let syncer = app.syncer()?;
    answer(syncer.vault().set_kept_offline(notebook_id(id)?, kept))?;
    // Its files come at once.
    syncer.wake();
    Ok(())
}

pub fn trash(app: &App, id: &str) -> Answer<()> {
    answer(app.vault()?.trash_notebook(notebook_id(id)?)).map(drop)
}
