//! Every version of a record.

use holdfast_domain::{DeviceId, RecordId, RevisionId};

use crate::{Result, Vault};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevisionInfo {
    pub id: RevisionId,
    pub parents: Vec<RevisionId>,
    pub device: DeviceId,
    /// Milliseconds since 1970, by the writing device's clock.
    pub at_ms: u64,
}

impl Vault {
    /// The oldest first.
    pub fn history(&self, record: RecordId) -> Result<Vec<RevisionInfo>> {
        self.read(|r| {
            let rows = r.history(record)?;
            Ok(rows
                .into_iter()
                .map(|row| RevisionInfo { id: row.rid, parents: row.parents, device: row.author, at_ms: row.hlc.ms })
                .collect())
        })
    }

    /// The name of a device, as its own record has it.
    pub fn device_names(&self) -> Result<std::collections::BTreeMap<DeviceId, String>> {
        self.read(|r| Ok(r.devices()?.into_iter().map(|d| (d.id, d.name)).collect()))
    }
}
