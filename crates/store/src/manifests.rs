//! `manifests`: the signed batch manifests that were seen; they say who wrote an entry first.

use holdfast_domain::DeviceId;
use rusqlite::{Row, params};

use crate::{Reader, Result, WriteTx, sql};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManifestRow {
    /// Hash of the batch.
    pub batch: [u8; 32],
    pub device: DeviceId,
    pub ctr: u64,
    /// As received.
    pub bytes: Vec<u8>,
}

const COLUMNS: &str = "batch, device, ctr, bytes";

fn manifest_row(r: &Row<'_>) -> rusqlite::Result<ManifestRow> {
    Ok(ManifestRow { batch: sql::array(r, 0)?, device: DeviceId(r.get(1)?), ctr: sql::uint(r, 2)?, bytes: r.get(3)? })
}

impl Reader<'_> {
    pub fn manifest(&self, batch: &[u8; 32]) -> Result<Option<ManifestRow>> {
        self.row(&format!("SELECT {COLUMNS} FROM manifests WHERE batch = ?1"), [batch], manifest_row)
    }

    /// All manifests of a device, by counter.
    pub fn manifests_of(&self, device: DeviceId) -> Result<Vec<ManifestRow>> {
        let sql = format!("SELECT {COLUMNS} FROM manifests WHERE device = ?1 ORDER BY ctr, batch");
        self.rows(&sql, [device.0], manifest_row)
    }

    /// True where another batch of the device has this counter.
    pub fn is_counter_of_another(&self, device: DeviceId, ctr: u64, batch: &[u8; 32]) -> Result<bool> {
        let sql = "SELECT 1 FROM manifests WHERE device = ?1 AND ctr = ?2 AND batch <> ?3";
        self.exists(sql, params![device.0, sql::int(ctr), batch])
    }

    /// Those of all devices.
    pub fn all_manifests(&self) -> Result<Vec<ManifestRow>> {
        self.rows(&format!("SELECT {COLUMNS} FROM manifests ORDER BY device, ctr, batch"), [], manifest_row)
    }

    /// The manifest of a device with the highest counter.
    pub fn last_manifest(&self, device: DeviceId) -> Result<Option<ManifestRow>> {
        self.row(
            &format!("SELECT {COLUMNS} FROM manifests WHERE device = ?1 ORDER BY ctr DESC LIMIT 1"),
            [device.0],
            manifest_row,
        )
    }
}

impl WriteTx<'_> {
    /// False, and no change, if it is there already.
    pub fn put_manifest(&self, row: &ManifestRow) -> Result<bool> {
        let added = self.run(
            "INSERT INTO manifests (batch, device, ctr, bytes) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
            params![row.batch, row.device.0, sql::int(row.ctr), row.bytes],
        )?;
        Ok(added > 0)
    }
}
