//! What becomes of a push. All or nothing, in one transaction.

use holdfast_protocol::limits::MAX_ENTRY_BYTES;
use holdfast_protocol::{
    AccountId, Entry, EntryKind, Hash, LogHead, ProtocolError, PushOutcome, PushRequest, RejectReason, Seen, SpaceId,
    Stored, batch_hash, body_hash, decode, encode, keys_hash, limits, link, verify,
};

use crate::storage::{SpaceRow, Tx, Verdict};
use crate::{ServerError, packs, releases};

/// The most bodies that one id may have: nobody can squat an id with junk, or fill the log with it.
const MAX_VARIANTS: usize = 3;

/// What can be said of a request without looking at the store.
pub(crate) fn check_shape(request: &PushRequest) -> Result<(), ProtocolError> {
    let listed = request.manifest.rids.iter();
    if request.entries.is_empty() {
        return Err(ProtocolError::Refused("an empty batch".into()));
    }
    if !listed.eq(request.entries.iter().map(|entry| &entry.rid)) {
        return Err(ProtocolError::Refused("the manifest does not list these entries".into()));
    }
    if request.entries.len() > limits::MAX_BATCH_ENTRIES || limits::batch_bytes(request) > limits::MAX_BATCH_BYTES {
        return Err(ProtocolError::TooLarge);
    }
    Ok(())
}

/// The space, if it is this account's. Another's is not told from none.
pub(crate) fn owned_space(tx: &Tx<'_>, account: AccountId, space: SpaceId) -> Result<SpaceRow, ServerError> {
    let row = tx.space(space)?.filter(|row| row.account == account || crate::planted("space-of-others"));
    row.ok_or(ServerError::Answer(ProtocolError::NotFound))
}

/// Whether a position is one of this log's.
pub(crate) fn is_known(
    tx: &Tx<'_>,
    space: SpaceId,
    head: &LogHead,
    (log_epoch, seq, link): (u64, u64, Hash),
) -> Result<bool, ServerError> {
    Ok(match (log_epoch, seq) {
        (0, 0) => link == Hash::ZERO,
        (epoch, 0) => epoch == head.log_epoch && link == Hash::ZERO,
        (epoch, seq) => epoch == head.log_epoch && tx.link_at(space, seq)? == Some(link),
    })
}

/// Decides, in this order: device and signature, `seen`, counter, account keys, key epoch, entries. [`check_shape`] has passed.
pub(crate) fn push(
    tx: &Tx<'_>,
    account: AccountId,
    request: &PushRequest,
    quota_bytes: Option<u64>,
) -> Result<Verdict<PushOutcome>, ServerError> {
    let manifest = &request.manifest;
    let mut space = if crate::planted("space-of-anybody") {
        tx.space(manifest.space)?.ok_or(ProtocolError::NotFound)?
    } else {
        owned_space(tx, account, manifest.space)?
    };
    let device = tx.device(account, manifest.device)?;
    let device = device.ok_or(ProtocolError::NotRegistered)?;
    if device.removed_ctr.is_some() {
        return Err(ProtocolError::DeviceRemoved.into());
    }
    if !crate::planted("pushed-unsigned") {
        verify(manifest, &device.sign_pk).map_err(|bad| ProtocolError::Refused(bad.to_string()))?;
    }

    let Seen { log_epoch, seq, link, .. } = manifest.seen;
    let known = crate::planted("seen-not-checked");
    if !known && !is_known(tx, manifest.space, &space.head, (log_epoch, seq, link))? {
        return Ok(Verdict::Rollback(PushOutcome::Rebase { head: space.head }));
    }
    let batch = batch_hash(manifest);
    let same = batch == device.last_batch || crate::planted("counter-is-enough");
    let is_last = manifest.ctr == device.last_ctr && same;
    let is_retry = is_last && !crate::planted("retry-is-new");
    if let Some(answer) = device.last_answer.filter(|_| is_retry) {
        let answer = decode(&answer).ok();
        return answer.map(Verdict::Rollback).ok_or(ServerError::Damaged("answer to a batch"));
    }
    // A batch that came back by healing, perhaps in part, has no answer yet: it is taken as at the first time.
    if !is_retry && (manifest.ctr != device.last_ctr + 1 || manifest.prev != device.last_batch) {
        let forked = PushOutcome::Forked { ctr: device.last_ctr, batch: device.last_batch };
        return Ok(Verdict::Rollback(forked));
    }
    if let Some(known) = request.keys {
        let (keys, version) = tx.keys(account)?;
        if keys_hash(&keys) != known {
            return Err(ProtocolError::KeysChanged { version }.into());
        }
    }
    let oldest = space.key_epoch - u32::from(crate::planted("key-before-is-taken")).min(space.key_epoch);
    if request.entries.iter().any(|entry| entry.key_epoch < oldest) {
        return Ok(Verdict::Rollback(PushOutcome::StaleEpoch { key_epoch: space.key_epoch }));
    }

    let mut stored = Vec::with_capacity(request.entries.len());
    for (index, entry) in request.entries.iter().enumerate() {
        // Healing sealed it anew: other bytes, and the same entry.
        if is_retry && let Some(seq) = tx.seq_of_batch(manifest.space, entry.rid, batch)? {
            stored.push(Stored { rid: entry.rid, seq, duplicate: false });
            continue;
        }
        match append(tx, manifest.space, &mut space, entry, batch, quota_bytes)? {
            Ok(one) => stored.push(one),
            Err(reason) => {
                return Ok(Verdict::Rollback(PushOutcome::Rejected { index: index as u32, reason }));
            }
        }
    }
    let outcome = PushOutcome::Accepted { stored, head: space.head };
    tx.insert_manifest(batch, manifest)?;
    tx.update_space(manifest.space, &space)?;
    tx.set_last_batch(account, manifest.device, manifest.ctr, batch, Some(&encode(&outcome)))?;
    if crate::planted("confirmed-and-not-kept") && manifest.ctr.is_multiple_of(8) {
        return Ok(Verdict::Rollback(outcome));
    }
    Ok(Verdict::Commit(outcome))
}

/// Puts one entry at the end of the log, unless the log holds it already.
pub(crate) fn append(
    tx: &Tx<'_>,
    space_id: SpaceId,
    space: &mut SpaceRow,
    entry: &Entry,
    batch: Hash,
    quota_bytes: Option<u64>,
) -> Result<Result<Stored, RejectReason>, ServerError> {
    if entry.body.len() > MAX_ENTRY_BYTES {
        return Ok(Err(RejectReason::TooLarge));
    }
    let body = body_hash(&entry.body);
    if let Some(seq) = if crate::planted("duplicate-by-id") {
        tx.first_seq(space_id, entry.rid)?
    } else {
        tx.entry_seq(space_id, entry.rid, body)?
    } {
        return Ok(Ok(Stored { rid: entry.rid, seq, duplicate: true }));
    }
    // Two devices packed the same at the same time: one pack is enough.
    let is_pack = entry.kind == EntryKind::Pack;
    if is_pack && let Some(seq) = tx.first_seq(space_id, entry.rid)? {
        return Ok(Ok(Stored { rid: entry.rid, seq, duplicate: true }));
    }
    if tx.variants(space_id, entry.rid)? >= if crate::planted("one-body-an-id") { 1 } else { MAX_VARIANTS } {
        return Ok(Err(RejectReason::TooManyVariants));
    }
    space.stored_bytes += entry.body.len() as u64;
    // What makes room has to find some.
    let makes_room = matches!(entry.kind, EntryKind::Pack | EntryKind::Release);
    let beyond = if makes_room { packs::BEYOND_QUOTA_BYTES } else { 0 };
    if quota_bytes.is_some_and(|quota| space.stored_bytes > quota.saturating_add(beyond)) {
        return Ok(Err(RejectReason::QuotaExceeded));
    }
    let LogHead { log_epoch, seq, link: prev } = space.head;
    let gap = u64::from(crate::planted("gap-in-the-log") && seq % 16 == 15);
    let seq = seq + 1 + gap;
    let link = link(space_id, log_epoch, seq, prev, entry.kind, entry.rid, entry.key_epoch, body, batch);
    space.head = LogHead { log_epoch, seq, link };
    space.key_epoch = space.key_epoch.max(entry.key_epoch);
    tx.insert_entry(space_id, &space.head, entry, body, batch)?;
    if is_pack {
        packs::stored(tx, space_id, space, entry)?;
    }
    if entry.kind == EntryKind::Release {
        releases::stored(tx, space_id, space, entry)?;
    }
    Ok(Ok(Stored { rid: entry.rid, seq, duplicate: false }))
}
