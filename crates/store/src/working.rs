//! `working`: the uncommitted revision of each record that is being edited.

use holdfast_domain::{Origin, RecordId, RevisionId};
use rusqlite::{Row, params};

use crate::{Reader, Result, WriteTx, sql};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkingRow {
    pub record: RecordId,
    pub parents: Vec<RevisionId>,
    /// The canonical bytes of the revision that it would become.
    pub fields: Vec<u8>,
    pub origin: Origin,
    /// Milliseconds since 1970.
    pub started_ms: u64,
    /// Milliseconds since 1970.
    pub changed_ms: u64,
}

const COLUMNS: &str = "record, parents, fields, origin, started_ms, changed_ms";

fn working_row(r: &Row<'_>) -> rusqlite::Result<WorkingRow> {
    Ok(WorkingRow {
        record: RecordId(r.get(0)?),
        parents: sql::revision_ids(r, 1)?,
        fields: r.get(2)?,
        origin: Origin::from_number(sql::uint(r, 3)?),
        started_ms: sql::uint(r, 4)?,
        changed_ms: sql::uint(r, 5)?,
    })
}

impl Reader<'_> {
    pub fn working(&self, record: RecordId) -> Result<Option<WorkingRow>> {
        self.row(&format!("SELECT {COLUMNS} FROM working WHERE record = ?1"), [record.0], working_row)
    }

    /// All of them, the longest unchanged first.
    pub fn list_working(&self) -> Result<Vec<WorkingRow>> {
        self.rows(&format!("SELECT {COLUMNS} FROM working ORDER BY changed_ms, record"), [], working_row)
    }

    pub fn working_count(&self) -> Result<u64> {
        self.number("SELECT count(*) FROM working", [])
    }
}

impl WriteTx<'_> {
    /// Replaces the record's working revision.
    pub fn put_working(&self, row: &WorkingRow) -> Result<()> {
        self.run(
            "INSERT OR REPLACE INTO working (record, parents, fields, origin, started_ms, changed_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                row.record.0,
                sql::concat_ids(&row.parents),
                row.fields,
                sql::int(row.origin.number()),
                sql::int(row.started_ms),
                sql::int(row.changed_ms),
            ],
        )?;
        Ok(())
    }

    /// Removes the record's working revision and gives it.
    pub fn take_working(&self, record: RecordId) -> Result<Option<WorkingRow>> {
        self.row(&format!("DELETE FROM working WHERE record = ?1 RETURNING {COLUMNS}"), [record.0], working_row)
    }
}
