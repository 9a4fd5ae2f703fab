//! `notebooks`: the current view of each. The tree, its cycles and its doubles are the caller's business.

use holdfast_domain::{NotebookId, Stamp, fold_name};
use rusqlite::{Row, params};

use crate::{Reader, Result, WriteTx, sql};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotebookRow {
    pub id: NotebookId,
    pub name: String,
    pub parent: Option<NotebookId>,
    pub trashed: bool,
    /// Number of open questions; 0 where nothing is to decide.
    pub review: u32,
    /// Milliseconds since 1970.
    pub created_ms: u64,
    /// When the parent was chosen: where parents form a cycle, the newest choice loses.
    pub parent_stamp: Stamp,
}

const COLUMNS: &str = "id, name, parent, trashed, review, created_ms, parent_stamp";

fn notebook_row(r: &Row<'_>) -> rusqlite::Result<NotebookRow> {
    Ok(NotebookRow {
        id: NotebookId(r.get(0)?),
        name: r.get(1)?,
        parent: sql::optional_array(r, 2)?.map(NotebookId),
        trashed: r.get(3)?,
        review: r.get(4)?,
        created_ms: sql::uint(r, 5)?,
        parent_stamp: sql::stamp(r, 6)?,
    })
}

impl Reader<'_> {
    /// All, trashed ones too, by folded name and id.
    pub fn notebooks(&self) -> Result<Vec<NotebookRow>> {
        self.rows(&format!("SELECT {COLUMNS} FROM notebooks ORDER BY folded, id"), [], notebook_row)
    }

    pub fn notebook(&self, id: NotebookId) -> Result<Option<NotebookRow>> {
        self.row(&format!("SELECT {COLUMNS} FROM notebooks WHERE id = ?1"), [id.0], notebook_row)
    }
}

impl WriteTx<'_> {
    pub fn put_notebook_view(&self, row: &NotebookRow) -> Result<()> {
        self.run(
            "INSERT OR REPLACE INTO notebooks (id, name, folded, parent, trashed, review, created_ms, parent_stamp)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![
                row.id.0,
                row.name,
                fold_name(&row.name),
                row.parent.map(|p| p.0),
                row.trashed,
                row.review,
                sql::int(row.created_ms),
                sql::stamp_bytes(row.parent_stamp),
            ],
        )?;
        Ok(())
    }

    /// Removes the view, not the revisions. False if there was none.
    pub fn remove_notebook_view(&self, id: NotebookId) -> Result<bool> {
        Ok(self.run("DELETE FROM notebooks WHERE id = ?1", [id.0])? > 0)
    }
}
