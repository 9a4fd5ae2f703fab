//! Sending the outbox: one signed batch at a time, stored before it is sent, so that a retry is byte-identical.

use holdfast_domain::RevisionId;
use holdfast_protocol as wire;
use holdfast_protocol::{
    BatchManifest, Entry, EntryKind, Hash, LogHead, PushOutcome, PushRequest, RejectReason, Rid, Seen, SyncProtocol,
    Token, batch_hash, decode, encode, limits, signed_bytes,
};
use holdfast_store::{Batch, BatchAccepted, Cursor, OutboxRow, Reader};
use holdfast_sync::StepReport;

use crate::{NotebookError, Result, Vault};

/// What a push brought, for the log.
pub(super) struct Pushed {
    pub report: StepReport,
    pub revisions: u32,
}

pub(super) async fn push(vault: &Vault, server: &dyn SyncProtocol, token: &Token) -> Result<Pushed> {
    let is_retry = vault.read(|r| Ok(r.batch()?.is_some()))?;
    let Some(request) = next_batch(vault)? else {
        return Ok(Pushed { report: StepReport::default(), revisions: 0 });
    };
    let manifest = request.manifest.clone();
    let bodies: Vec<(Rid, Hash)> =
        request.entries.iter().map(|e| (e.rid, holdfast_protocol::body_hash(&e.body))).collect();
    let epochs: Vec<u32> = request.entries.iter().map(|e| e.key_epoch).collect();
    let answer = server.push(token, request).await;
    if answer.is_err() && crate::planted("outbox-dropped-on-error") {
        vault.transact(|t| {
            t.tx.ack_outbox(&t.tx.outbox_rids()?)?;
            Ok(t.tx.clear_batch()?)
        })?;
    }
    match answer? {
        PushOutcome::Accepted { stored, head } => {
            let sent = Sent { manifest, bodies, epochs };
            // A retry is answered as the first time: with the head of that time, which others may have passed.
            let caught_up = accept(vault, &sent, &stored, head)? && !is_retry;
            let report = StepReport { caught_up, moved: true, ..StepReport::default() };
            Ok(Pushed { report, revisions: stored.len() as u32 })
        }
        PushOutcome::Rejected { index, reason } => {
            let what = match reason {
                RejectReason::TooLarge => "it is too large for the server",
                RejectReason::TooManyVariants => "the server holds other bytes under its id",
                RejectReason::UnknownKind => "the server is older than this program",
                RejectReason::QuotaExceeded => "the server has no more room for this account",
            };
            Err(NotebookError::Protocol(wire::ProtocolError::Refused(format!(
                "change {} of the batch: {what}",
                index + 1
            ))))
        }
        PushOutcome::Rebase { .. } => Err(rebase()),
        PushOutcome::Forked { .. } => Err(NotebookError::HostileServer(
            "it has seen another history of this device: this vault was copied, or restored from a backup".into(),
        )),
        PushOutcome::StaleEpoch { .. } => {
            Err(NotebookError::HostileServer("it asks for a newer key, which this account does not have".into()))
        }
    }
}

pub(super) fn rebase() -> NotebookError {
    NotebookError::HostileServer(
        "it does not have what it confirmed before: it was restored from a backup, or is another server".into(),
    )
}

struct Sent {
    manifest: BatchManifest,
    bodies: Vec<(Rid, Hash)>,
    epochs: Vec<u32>,
}

/// The batch under way, or a new one from the oldest of the outbox. Stored before it is returned.
fn next_batch(vault: &Vault) -> Result<Option<PushRequest>> {
    if let Some(request) = vault.read(pending)? {
        return Ok(Some(request));
    }
    vault.transact(|t| {
        let rows =
            t.tx.outbox_head(limits::MAX_BATCH_BYTES - limits::MAX_ENTRY_BYTES / 8, limits::MAX_BATCH_ENTRIES)?;
        if rows.is_empty() {
            return Ok(None);
        }
        let last = t.tx.batch_accepted()?;
        let cursor = t.tx.cursor()?.unwrap_or(Cursor { log_epoch: 0, seq: 0, link: [0; 32] });
        let keys = t.vault.keys();
        let mut manifest = BatchManifest {
            space: wire::SpaceId(t.vault.space().0),
            device: wire::DeviceId(t.vault.device().0),
            ctr: last.map_or(0, |l| l.ctr) + 1,
            prev: last.map_or(Hash::ZERO, |l| Hash(l.hash)),
            seen: Seen {
                log_epoch: cursor.log_epoch,
                seq: cursor.seq,
                link: Hash(cursor.link),
                members: Hash(keys.open.account.membership_head),
            },
            rids: rows.iter().map(|r| Rid(r.rid.0)).collect(),
            signature: [0; 64],
        };
        manifest.signature = keys.open.device.sign(&signed_bytes(&manifest));
        drop(keys);
        let rids: Vec<RevisionId> = rows.iter().map(|r| r.rid).collect();
        t.tx.put_batch(&Batch { ctr: manifest.ctr, manifest: encode(&manifest) })?;
        t.tx.assign_batch(&rids, manifest.ctr)?;
        Ok(Some(PushRequest { manifest, entries: rows.into_iter().map(entry).collect() }))
    })
}

fn entry(row: OutboxRow) -> Entry {
    Entry { kind: EntryKind::Revision, rid: Rid(row.rid.0), key_epoch: row.key_epoch, body: row.body }
}

fn pending(reader: &Reader<'_>) -> Result<Option<PushRequest>> {
    let Some(batch) = reader.batch()? else { return Ok(None) };
    let manifest: BatchManifest =
        decode(&batch.manifest).map_err(|_| NotebookError::Damaged("the stored batch cannot be read".into()))?;
    let mut rows: std::collections::BTreeMap<[u8; 32], OutboxRow> =
        reader.outbox_batch(batch.ctr)?.into_iter().map(|r| (r.rid.0, r)).collect();
    let entries: Option<Vec<Entry>> = manifest.rids.iter().map(|rid| rows.remove(&rid.0).map(entry)).collect();
    let entries = entries.ok_or_else(|| NotebookError::Damaged("the stored batch lacks a change".into()))?;
    Ok(Some(PushRequest { manifest, entries }))
}

/// Checks the server's confirmation, takes the batch out of the outbox, and moves the cursor over it where
/// nothing of another device lies between: then this device has all of the log without asking.
fn accept(vault: &Vault, sent: &Sent, stored: &[wire::Stored], head: LogHead) -> Result<bool> {
    let hostile = |what: &str| Err(NotebookError::HostileServer(what.to_owned()));
    if stored.len() != sent.bodies.len() || stored.iter().zip(&sent.bodies).any(|(s, (rid, _))| s.rid != *rid) {
        return hostile("it confirmed other changes than were sent");
    }
    if stored.iter().any(|s| s.seq == 0 || s.seq > head.seq) {
        return hostile("it confirmed changes at a place that its log does not have");
    }
    let batch = batch_hash(&sent.manifest);
    vault.transact(|t| {
        let cursor = t.tx.cursor()?.unwrap_or(Cursor { log_epoch: head.log_epoch, seq: 0, link: [0; 32] });
        // This device sends each change once, and a retry is answered as the first time: what the server calls a
        // duplicate must be in the part of the log that was read, or it has lost the change.
        if let Some(s) = stored.iter().find(|s| s.duplicate)
            && s.seq > cursor.seq
        {
            return hostile("it says that it had a change before which it never showed");
        }
        let mut at = LogHead { log_epoch: head.log_epoch, seq: cursor.seq, link: Hash(cursor.link) };
        let follows = cursor.log_epoch == head.log_epoch
            && stored.iter().enumerate().all(|(n, s)| !s.duplicate && s.seq == cursor.seq + 1 + n as u64);
        if follows {
            for (s, ((rid, body), key_epoch)) in stored.iter().zip(sent.bodies.iter().zip(&sent.epochs)) {
                at.link = holdfast_protocol::link(
                    sent.manifest.space,
                    at.log_epoch,
                    s.seq,
                    at.link,
                    EntryKind::Revision,
                    *rid,
                    *key_epoch,
                    *body,
                    batch,
                );
                at.seq = s.seq;
            }
            if at.seq == head.seq && at.link != head.link {
                return hostile("its log does not hold what it confirmed");
            }
            t.tx.set_cursor(Cursor { log_epoch: at.log_epoch, seq: at.seq, link: at.link.0 })?;
        }
        let rids: Vec<RevisionId> = stored.iter().map(|s| RevisionId(s.rid.0)).collect();
        for rid in &rids {
            if let Some(record) = t.tx.record_of(*rid)? {
                t.changes.notes.insert(record.into());
            }
        }
        t.tx.ack_outbox(&rids)?;
        if crate::planted("acknowledged-by-batch") {
            t.tx.ack_outbox(&t.tx.outbox_rids()?)?;
        }
        t.tx.clear_batch()?;
        t.tx.set_batch_accepted(BatchAccepted { ctr: sent.manifest.ctr, hash: batch.0 })?;
        super::apply::keep_manifest(t, &sent.manifest)?;
        Ok(follows && at.seq == head.seq)
    })
}
