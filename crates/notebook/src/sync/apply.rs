//! Taking entries over: opened, checked, stored, shown. Runs inside the transaction that moves the cursor.

use std::collections::HashMap;

use holdfast_crypto::{CryptoError, open_revision_on};
use holdfast_domain::{DecodeError, MAX_RECORD_BYTES, Revision, RevisionId};
use holdfast_protocol::{BatchManifest, EntryKind, Hash, LogEntry, LogPage, batch_hash, body_hash, encode};
use holdfast_store::{ManifestRow, QuarantineRow, RevisionSource, Waiting};

use crate::txn::Txn;
use crate::{NotebookError, Result};

/// Why an entry is set aside that builds on something that is not here.
const ORPHAN: &str = "came before a version that it builds on";

/// Takes over a checked page. Answers with the number of revisions that were new.
pub(super) fn apply(t: &mut Txn<'_>, page: LogPage) -> Result<u32> {
    t.changes.from_sync = true;
    let mut authors: HashMap<Hash, [u8; 16]> = HashMap::new();
    for manifest in &page.manifests {
        authors.insert(batch_hash(manifest), manifest.device.0);
        keep_manifest(t, manifest)?;
    }
    // So many can be read first: the index comes after them.
    if page.entries.len() >= crate::search::MANY {
        t.tx.defer_index()?;
    }
    let mut new = 0;
    for entry in &page.entries {
        let author = authors.get(&entry.batch).copied().unwrap_or_default();
        new += u32::from(take(t, entry, author)?);
    }
    if new > 0 {
        new += retry_quarantined(t)?;
    }
    Ok(new)
}

pub(super) fn keep_manifest(t: &mut Txn<'_>, manifest: &BatchManifest) -> Result<()> {
    t.tx.put_manifest(&ManifestRow {
        batch: batch_hash(manifest).0,
        device: holdfast_domain::DeviceId(manifest.device.0),
        ctr: manifest.ctr,
        bytes: encode(manifest),
    })?;
    Ok(())
}

fn take(t: &mut Txn<'_>, logged: &LogEntry, author: [u8; 16]) -> Result<bool> {
    let rid = RevisionId(logged.entry.rid.0);
    if logged.entry.kind != EntryKind::Revision {
        let why = "of a kind that needs a newer version of Holdfast";
        return quarantine(t, logged, Waiting::Program, why).map(|()| false);
    }
    if t.tx.has_revision(rid)? {
        t.tx.set_received(rid, logged.seq)?;
        return Ok(false);
    }
    let space = t.vault.space();
    let mut failed = None;
    let opened = t.vault.with_space_keys(|keys| {
        let (key_epoch, body) = (logged.entry.key_epoch, &logged.entry.body);
        Ok(open_revision_on(space.0, rid.0, key_epoch, keys, body, MAX_RECORD_BYTES, |parent| {
            // What is stored is a record, and so within the same bound.
            t.tx.revision_bytes(RevisionId(*parent)).unwrap_or_else(|e| {
                failed = Some(e);
                None
            })
        }))
    })?;
    if let Some(error) = failed {
        return Err(error.into());
    }
    let bytes = match opened {
        Ok(bytes) => bytes,
        Err(CryptoError::MissingKey { .. }) => {
            return quarantine(t, logged, Waiting::Key, "waiting for a key").map(|()| false);
        }
        Err(CryptoError::MissingParent { .. }) => {
            return quarantine(t, logged, Waiting::Parent, ORPHAN).map(|()| false);
        }
        Err(CryptoError::NewerVersion(_)) => {
            return quarantine(t, logged, Waiting::Program, "sealed by a newer version of Holdfast").map(|()| false);
        }
        // Nothing of the page is taken over: with the right bytes the next try goes on from here.
        Err(_) => {
            return Err(NotebookError::HostileServer(
                "a change does not open: it was altered on the server or on the way".into(),
            ));
        }
    };
    store(t, logged, author, &bytes)
}

/// Stores an opened revision, or sets it aside until what it builds on is here.
fn store(t: &mut Txn<'_>, logged: &LogEntry, author: [u8; 16], bytes: &[u8]) -> Result<bool> {
    let revision = match Revision::decode(bytes) {
        Ok(revision) => revision,
        Err(DecodeError::Newer(_)) => {
            return quarantine(t, logged, Waiting::Program, "written by a newer version of Holdfast").map(|()| false);
        }
        Err(e) => return quarantine(t, logged, Waiting::Variant, &format!("cannot be read: {e}")).map(|()| false),
    };
    if revision.author.0 != author {
        return quarantine(t, logged, Waiting::Variant, "signed by another computer than its author").map(|()| false);
    }
    if !t.tx.missing_parents(&revision)?.is_empty() {
        return quarantine(t, logged, Waiting::Parent, ORPHAN).map(|()| false);
    }
    let rid = RevisionId(logged.entry.rid.0);
    t.observe(&revision);
    t.tx.clear_variants(rid)?;
    t.store(rid, revision, bytes, RevisionSource::Log { seq: logged.seq })
}

fn quarantine(t: &mut Txn<'_>, logged: &LogEntry, waiting: Waiting, reason: &str) -> Result<()> {
    if crate::planted("quarantine-dropped") {
        return Ok(());
    }
    t.tx.put_quarantine(&QuarantineRow {
        rid: RevisionId(logged.entry.rid.0),
        body_hash: body_hash(&logged.entry.body).0,
        seq: logged.seq,
        waiting,
        reason: reason.to_owned(),
        bytes: encode(logged),
    })?;
    Ok(())
}

/// What was set aside may have what it waited for.
fn retry_quarantined(t: &mut Txn<'_>) -> Result<u32> {
    let mut new = 0;
    loop {
        let mut progress = false;
        for row in t.tx.list_quarantine()? {
            let Ok(mut logged) = holdfast_protocol::decode::<LogEntry>(&row.bytes) else { continue };
            logged.seq = row.seq;
            let author = match t.tx.manifest(&logged.batch.0)? {
                Some(manifest) => manifest.device.0,
                None => continue,
            };
            t.tx.remove_quarantine(row.rid, &row.body_hash)?;
            // It goes back by itself where it still waits.
            if take(t, &logged, author)? {
                progress = true;
                new += 1;
            }
        }
        if !progress {
            return Ok(new);
        }
    }
}
