//! Every version of a record.

use holdfast_domain::{DeviceId, Origin, RecordId, RevisionId};
use holdfast_merge::{Graph, undo};
use holdfast_store::Reader;

use crate::record::{Record, differs};
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

    /// The name of a device, as its own record has it. Of this one, also before it told anybody.
    pub fn device_names(&self) -> Result<std::collections::BTreeMap<DeviceId, String>> {
        self.read(|r| {
            let untold = crate::sync::untold_name(r)?.map(|name| (self.device(), name));
            Ok(untold.into_iter().chain(r.devices()?.into_iter().map(|d| (d.id, d.name))).collect())
        })
    }
}

/// True where a version of the record, of whichever computer, is an undo of the merge of these heads: receipts are
/// each computer's own rows, and history is what all of them have. What an undo writes follows from its parents, so it
/// is made again and compared.
pub(crate) fn merge_was_undone(
    record: &Record<'_, '_>,
    reader: &Reader<'_>,
    graph: &Graph,
    heads: &[RevisionId],
) -> Result<bool> {
    let undos = reader.history(record.id)?.into_iter().filter(|row| row.origin == Origin::Undo);
    let mut merged = None;
    for row in undos {
        let builds_on = |head: &RevisionId| row.parents.iter().any(|p| graph.is_ancestor(*head, *p));
        if !heads.iter().all(builds_on) {
            continue;
        }
        let merged = match &merged {
            Some(merged) => merged,
            None => merged.insert(record.fold(heads)?.fields),
        };
        let written = record.revision(row.rid)?;
        let current = record.fold(&row.parents)?.fields;
        for head in heads {
            let side = record.revision(*head)?.fields;
            if !differs(&undo(&current, merged, &side, written.stamp()), &written.fields) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}
