//! `heads`: the revisions of each record that no other stored revision supersedes.

use holdfast_domain::{RecordId, Revision, RevisionId};
use rusqlite::params;

use crate::{Reader, Result, WriteTx};

impl Reader<'_> {
    /// Sorted; empty for a record that is not here.
    pub fn heads(&self, record: RecordId) -> Result<Vec<RevisionId>> {
        self.rows("SELECT rid FROM heads WHERE record = ?1 ORDER BY rid", [record.0], |r| Ok(RevisionId(r.get(0)?)))
    }

    /// The records with more than one head, in id order.
    pub fn records_with_several_heads(&self) -> Result<Vec<RecordId>> {
        self.rows("SELECT record FROM heads GROUP BY record HAVING count(*) > 1 ORDER BY record", [], |r| {
            Ok(RecordId(r.get(0)?))
        })
    }

    /// The stored revisions of the same record that name `rid` as a parent, sorted.
    pub fn children(&self, rid: RevisionId) -> Result<Vec<RevisionId>> {
        self.rows("SELECT child FROM edges WHERE parent = ?1 ORDER BY child", [rid.0], |r| Ok(RevisionId(r.get(0)?)))
    }
}

impl WriteTx<'_> {
    /// After `rid` was stored: its parents are no heads any more, and it is one unless a child of it came
    /// first. Only within one record: a revision cannot hide another record by naming it as a parent.
    pub(crate) fn update_heads(&self, rid: RevisionId, revision: &Revision) -> Result<()> {
        let record = revision.record.0;
        for parent in revision.parents().iter().filter(|_| !crate::planted("heads-stay")) {
            self.run("DELETE FROM heads WHERE record = ?1 AND rid = ?2", params![record, parent.0])?;
        }
        self.run(
            "INSERT INTO heads (record, rid) SELECT ?1, ?2
             WHERE NOT EXISTS (SELECT 1 FROM edges WHERE parent = ?2 AND record = ?1)",
            params![record, rid.0],
        )?;
        Ok(())
    }
}
