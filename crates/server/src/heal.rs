//! Clients bring back what this server lost when it was restored from a backup.

use std::collections::{BTreeMap, HashMap, HashSet};

use holdfast_protocol::limits::{MAX_BATCH_BYTES, MAX_BATCH_ENTRIES, MAX_PAGE_MANIFEST_RIDS};
use holdfast_protocol::{
    AccountId, BatchManifest, EntryKind, Hash, HealRequest, LogHead, Missing, MissingRequest, ProtocolError,
    PushOutcome, Rid, SpaceId, Stored, batch_hash, limits, verify,
};

use crate::push::{append, is_known, owned_space};
use crate::storage::{BlobFiles, SpaceRow, Tx, Verdict};
use crate::{Randomness, ServerError};

/// What can be said of a request without looking at the store.
pub(crate) fn check_shape(request: &HealRequest) -> Result<(), ProtocolError> {
    let bytes: usize = request.entries.iter().map(|restored| limits::entry_bytes(&restored.entry)).sum();
    let listed: usize = request.manifests.iter().map(|manifest| manifest.rids.len()).sum();
    if request.entries.len() > MAX_BATCH_ENTRIES
        || bytes > MAX_BATCH_BYTES
        || listed > MAX_PAGE_MANIFEST_RIDS + MAX_BATCH_ENTRIES
    {
        return Err(ProtocolError::TooLarge);
    }
    Ok(())
}

/// Those of the asked that are not here.
pub(crate) fn missing(tx: &Tx<'_>, blobs: &BlobFiles, request: &MissingRequest) -> Result<Missing, ServerError> {
    let mut out = Missing::default();
    for rid in request.rids.iter().filter(|_| !crate::planted("nothing-is-missing")) {
        if tx.first_seq(request.space, *rid)?.is_none() {
            out.rids.push(*rid);
        }
    }
    for cid in request.cids.iter().filter(|_| !crate::planted("files-are-never-missing")) {
        let of_space = tx.has_blob(request.space, *cid)? || crate::planted("file-of-anybody");
        if !of_space || !blobs.has(*cid) && !crate::planted("row-without-its-file") {
            out.cids.push(*cid);
        }
    }
    Ok(out)
}

/// Links the log of a space anew under another epoch; the caller stores the row.
pub(crate) fn begin_epoch(
    tx: &Tx<'_>,
    random: &Randomness,
    space: SpaceId,
    row: &mut SpaceRow,
) -> Result<(), ServerError> {
    if !crate::planted("past-epoch-forgotten") {
        tx.put_past_epoch(space, row.head.log_epoch)?;
    }
    let mut fresh = 0;
    while fresh == 0 || tx.is_past_epoch(space, fresh)? {
        fresh = u64::from_be_bytes(random.bytes()?);
    }
    row.head = tx.relink(space, fresh)?;
    tx.forget_passed(space, row.account)?;
    tracing::warn!("a log was set back: a new epoch begins");
    Ok(())
}

/// Decides, in this order: manifests and their signatures, the lost position, entries, counters. [`check_shape`] has
/// passed.
pub(crate) fn heal(
    tx: &Tx<'_>,
    random: &Randomness,
    account: AccountId,
    request: &HealRequest,
    quota_bytes: Option<u64>,
) -> Result<Verdict<PushOutcome>, ServerError> {
    let mut space = if crate::planted("anybody-heals") {
        tx.space(request.space)?.ok_or(ProtocolError::NotFound)?
    } else {
        owned_space(tx, account, request.space)?
    };
    let manifests = checked_manifests(tx, account, request)?;

    if let Some(lost) = request.lost
        && is_lost(tx, request.space, &space, lost)?
        && !crate::planted("same-epoch-goes-on")
    {
        begin_epoch(tx, random, request.space, &mut space)?;
        // Who comes later with a position of that epoch finds that it is over.
        tx.put_past_epoch(request.space, lost.log_epoch)?;
    }
    // Under whatever key epoch: what nobody here can open goes back as it was.

    let mut stored = Vec::with_capacity(request.entries.len());
    for (index, restored) in request.entries.iter().enumerate() {
        let refused = || ProtocolError::Refused("a manifest does not list its entry".into());
        let (manifest, rids) = manifests.get(&restored.batch).ok_or_else(refused)?;
        let rid = restored.entry.rid;
        if !rids.contains(&rid) {
            return Err(refused().into());
        }
        // Under the id of a revision another member may have sent junk. Of anything else one is enough.
        let here = match restored.entry.kind {
            EntryKind::Revision if !crate::planted("healed-by-id") => {
                tx.seq_of_batch(request.space, rid, restored.batch)?
            }
            _ => tx.first_seq(request.space, rid)?,
        };
        if let Some(seq) = here {
            stored.push(Stored { rid, seq, duplicate: true });
            continue;
        }
        match append(tx, request.space, &mut space, &restored.entry, restored.batch, quota_bytes)? {
            Ok(one) => stored.push(one),
            Err(reason) => return Ok(Verdict::Rollback(PushOutcome::Rejected { index: index as u32, reason })),
        }
        if !crate::planted("healed-unsigned") {
            tx.insert_manifest(restored.batch, manifest)?;
        }
    }
    if !crate::planted("counters-not-adopted") {
        adopt_counters(tx, account, &request.manifests)?;
    }
    tx.update_space(request.space, &space)?;
    Ok(Verdict::Commit(PushOutcome::Accepted { stored, head: space.head }))
}

/// True where the position was the log's in a history that this server does not have. One of an epoch that is over says
/// nothing; but an epoch that this server never had began after the backup that it was restored from, and the one that it
/// has now is over for those who were there.
fn is_lost(tx: &Tx<'_>, id: SpaceId, space: &SpaceRow, lost: LogHead) -> Result<bool, ServerError> {
    if lost.log_epoch == space.head.log_epoch {
        return Ok(!is_known(tx, id, &space.head, (lost.log_epoch, lost.seq, lost.link))?);
    }
    Ok(lost.log_epoch != 0 && !tx.is_past_epoch(id, lost.log_epoch)?)
}

type Manifests<'a> = HashMap<Hash, (&'a BatchManifest, HashSet<Rid>)>;

/// The manifests by their hashes. Each must be signed by the registered device that it names, also one that was removed
/// before it signed: a member may have built on what is in it, and who reads it sets it aside or takes it over.
fn checked_manifests<'a>(
    tx: &Tx<'_>,
    account: AccountId,
    request: &'a HealRequest,
) -> Result<Manifests<'a>, ServerError> {
    let mut out = HashMap::new();
    for manifest in &request.manifests {
        if manifest.space != request.space {
            return Err(ProtocolError::Refused("a manifest is of another space".into()).into());
        }
        let device = tx.device(account, manifest.device)?;
        let device = device.ok_or(ProtocolError::NotRegistered)?;
        if !crate::planted("heals-unsigned") {
            verify(manifest, &device.sign_pk).map_err(|bad| ProtocolError::Refused(bad.to_string()))?;
        }
        out.insert(batch_hash(manifest), (manifest, manifest.rids.iter().copied().collect()));
    }
    Ok(out)
}

/// A device has counted at least as far as what it signed.
fn adopt_counters(tx: &Tx<'_>, account: AccountId, manifests: &[BatchManifest]) -> Result<(), ServerError> {
    let mut newest: BTreeMap<_, &BatchManifest> = BTreeMap::new();
    for manifest in manifests {
        let known = newest.entry(manifest.device).or_insert(manifest);
        if manifest.ctr > known.ctr {
            *known = manifest;
        }
    }
    for (device, manifest) in newest {
        if tx.device(account, device)?.is_some_and(|row| row.last_ctr < manifest.ctr) {
            tx.set_last_batch(account, device, manifest.ctr, batch_hash(manifest), None)?;
        }
    }
    Ok(())
}
