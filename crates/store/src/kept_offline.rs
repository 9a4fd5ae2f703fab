//! `kept_offline`: notebooks whose files come without being asked for, with those below them.

use holdfast_domain::NotebookId;

use crate::{Reader, Result, WriteTx};

impl Reader<'_> {
    /// In id order. Some may not exist, or not yet.
    pub fn kept_offline(&self) -> Result<Vec<NotebookId>> {
        self.rows("SELECT notebook FROM kept_offline ORDER BY notebook", [], |r| Ok(NotebookId(r.get(0)?)))
    }
}

impl WriteTx<'_> {
    pub fn set_kept_offline(&self, notebook: NotebookId, kept: bool) -> Result<()> {
        let sql = if kept {
            "INSERT INTO kept_offline (notebook) VALUES (?1) ON CONFLICT DO NOTHING"
        } else {
            "DELETE FROM kept_offline WHERE notebook = ?1"
        };
        self.run(sql, [notebook.0])?;
        Ok(())
    }
}
