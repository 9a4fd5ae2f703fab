//! `devices`: what each device of the account has told about itself.

use holdfast_domain::{DeviceId, RecordId};
use rusqlite::{Row, params};

use crate::{Reader, Result, WriteTx, sql};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceRow {
    pub id: DeviceId,
    /// The record that says it.
    pub record: RecordId,
    pub name: String,
    pub platform: String,
    /// Milliseconds since 1970.
    pub last_seen_ms: u64,
    /// Milliseconds since 1970.
    pub created_ms: u64,
}

const COLUMNS: &str = "id, record, name, platform, last_seen_ms, created_ms";

fn device_row(r: &Row<'_>) -> rusqlite::Result<DeviceRow> {
    Ok(DeviceRow {
        id: DeviceId(r.get(0)?),
        record: RecordId(r.get(1)?),
        name: r.get(2)?,
        platform: r.get(3)?,
        last_seen_ms: sql::uint(r, 4)?,
        created_ms: sql::uint(r, 5)?,
    })
}

impl Reader<'_> {
    pub fn device(&self, id: DeviceId) -> Result<Option<DeviceRow>> {
        self.row(&format!("SELECT {COLUMNS} FROM devices WHERE id = ?1"), [id.0], device_row)
    }

    /// All, the oldest first.
    pub fn devices(&self) -> Result<Vec<DeviceRow>> {
        self.rows(&format!("SELECT {COLUMNS} FROM devices ORDER BY created_ms, id"), [], device_row)
    }

    /// When a device last wrote something that is stored here, by its own clock. Milliseconds since 1970.
    pub fn last_written_ms(&self, id: DeviceId) -> Result<Option<u64>> {
        let newest =
            self.row("SELECT max(hlc_ms) FROM revisions WHERE author = ?1", [id.0], |r| r.get::<_, Option<i64>>(0))?;
        Ok(newest.flatten().map(|ms| ms as u64))
    }
}

impl WriteTx<'_> {
    pub fn put_device_view(&self, row: &DeviceRow) -> Result<()> {
        self.run(
            "INSERT OR REPLACE INTO devices (id, record, name, platform, last_seen_ms, created_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                row.id.0,
                row.record.0,
                row.name,
                row.platform,
                sql::int(row.last_seen_ms),
                sql::int(row.created_ms)
            ],
        )?;
        Ok(())
    }

    /// False if there was none.
    pub fn remove_device_view(&self, id: DeviceId) -> Result<bool> {
        Ok(self.run("DELETE FROM devices WHERE id = ?1", [id.0])? > 0)
    }
}
