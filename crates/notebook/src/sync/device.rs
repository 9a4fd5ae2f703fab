//! What this device tells the others about itself: a sealed record under the device's own id.

use std::collections::{BTreeMap, BTreeSet};

use holdfast_crypto::{SpaceKeys, open_revision_on};
use holdfast_domain::{
    DeviceFields, Fields, MAX_RECORD_BYTES, Merge, Origin, RecordId, Revision, UnknownFields, fold_name,
};
use holdfast_merge::edit_merge;
use holdfast_protocol::{
    Entry, Hash, Item, LinkChain, LogAnswer, LogEntry, LogHead, LogRequest, SpaceId, SyncProtocol, Token,
};

use super::packs;
use crate::{NotebookError, Result, Vault};

/// So much of the log is looked through for the names of other computers.
const NAME_PAGES: usize = 4;
const PAGE_BYTES: u32 = 4 * 1024 * 1024;

/// A computer's name as it will be kept.
pub(super) fn clean_name(name: &str) -> Result<String> {
    let name = crate::patch::check_title(name)?;
    Ok(if name.is_empty() { "This computer".to_owned() } else { name })
}

/// Fails where another computer has this name, with one that is free. `--take NAME` and the cards of a review tell
/// computers apart by their names.
pub(super) fn check_free(name: &str, taken: &BTreeSet<String>) -> Result<()> {
    let folded: BTreeSet<String> = taken.iter().map(|name| fold_name(name)).collect();
    if !folded.contains(&fold_name(name)) {
        return Ok(());
    }
    let free = (2..=u32::MAX).map(|n| format!("{name} {n}")).find(|free| !folded.contains(&fold_name(free)));
    Err(NotebookError::DeviceNameTaken { name: name.to_owned(), free: free.unwrap_or_default() })
}

/// The names of the account's computers, as far as the beginning of the log tells: a computer that joins has nothing
/// yet, and reading all of a long log twice would be too much for a name.
pub(super) async fn names_in_log(
    server: &dyn SyncProtocol,
    token: &Token,
    space: SpaceId,
    keys: &SpaceKeys,
) -> BTreeSet<String> {
    let mut names = BTreeMap::new();
    // A name may be sealed as the difference to the one before.
    let mut before: BTreeMap<[u8; 32], Vec<u8>> = BTreeMap::new();
    let (mut log_epoch, mut seq, mut link) = (0, 0, Hash::ZERO);
    for _ in 0..NAME_PAGES {
        let request = LogRequest { space, log_epoch, seq, link, max_bytes: PAGE_BYTES, packs: Some(0) };
        let Ok(LogAnswer::Page(page)) = server.log(token, request).await else { break };
        let packed = page.covered.iter().flat_map(|covered| &covered.packs);
        let packed: BTreeMap<[u8; 32], Vec<u8>> =
            packed.flat_map(|pack| packs::revisions(space, keys, &pack.body)).collect();
        let Ok(items) = page.items() else { break };
        for item in items {
            let rid = item.outline().rid.0;
            let parent = |id: &[u8; 32]| before.get(id).cloned();
            let opened = match item {
                Item::Whole(LogEntry { entry: Entry { key_epoch, body, .. }, .. }) => {
                    open_revision_on(space.0, rid, *key_epoch, keys, body, MAX_RECORD_BYTES, parent).ok()
                }
                Item::Outline(_) => packed.get(&rid).cloned(),
            };
            let Some(bytes) = opened else { continue };
            let Ok(revision) = Revision::decode(&bytes) else { continue };
            if let Fields::Device(device) = &revision.fields {
                names.insert(revision.record, device.name.shown().clone());
                before.insert(rid, bytes);
            }
        }
        let mut chain = LinkChain::at(space, LogHead { log_epoch, seq, link });
        // What is wrong with a log is told by the first sync.
        let Ok(at) = chain.feed(&page) else { break };
        if page.is_empty() || at.seq == page.head.seq {
            break;
        }
        (log_epoch, seq, link) = (at.log_epoch, at.seq, at.link);
    }
    names.into_values().collect()
}

impl Vault {
    /// Writes the record, or gives the device another name.
    pub(crate) fn write_device_record(&self, name: &str) -> Result<()> {
        let name = clean_name(name)?;
        let id = RecordId(self.device().0);
        self.transact(|t| {
            if t.record(id)?.is_none() {
                let stamp = t.stamp();
                let fields = DeviceFields {
                    name: Merge::resolved(name, stamp),
                    platform: std::env::consts::OS.to_owned(),
                    last_seen_ms: t.now_ms,
                    created_ms: t.now_ms,
                    unknown: UnknownFields::new(),
                };
                t.create(id, Fields::Device(fields), stamp, Origin::Edit)?;
                return Ok(());
            }
            t.change_now(id, "device", Origin::Edit, |fields, stamp, now| match fields {
                Fields::Device(device) if *device.name.shown() != name => {
                    device.name = edit_merge(&device.name, name, stamp);
                    device.last_seen_ms = now.max(device.last_seen_ms);
                    Ok(())
                }
                Fields::Device(_) => Ok(()),
                _ => Err(NotebookError::Damaged("this device's record is of another kind".into())),
            })
        })
    }

    /// This computer's name, as the other devices see it.
    pub fn rename_device(&self, name: &str) -> Result<()> {
        self.write_device_record(name)
    }
}
