//! Taking entries over: opened, checked, stored, shown. Runs inside the transaction that moves the cursor.

use std::collections::HashMap;

use holdfast_crypto::{CryptoError, open_revision};
use holdfast_domain::{DecodeError, MAX_RECORD_BYTES, Revision, RevisionId};
use holdfast_protocol::{BatchManifest, EntryKind, Hash, LogEntry, LogPage, batch_hash, encode};
use holdfast_store::{ManifestRow, QuarantineRow, RevisionSource};

use crate::txn::Txn;
use crate::{NotebookError, Result};

/// Takes over a checked page. Answers with the number of revisions that were new.
pub(super) fn apply(t: &mut Txn<'_>, page: LogPage) -> Result<u32> {
    t.changes.from_sync = true;
    let mut authors: HashMap<Hash, [u8; 16]> = HashMap::new();
    for manifest in &page.manifests {
        authors.insert(batch_hash(manifest), manifest.device.0);
        keep_manifest(t, manifest)?;
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
        return quarantine(t, logged, "of a kind that needs a newer version of Holdfast").map(|()| false);
    }
    if t.tx.has_revision(rid)? {
        return Ok(false);
    }
    let space = t.vault.space();
    let opened = t.vault.with_space_keys(|keys| {
        Ok(open_revision(space.0, rid.0, logged.entry.key_epoch, keys, &logged.entry.body, MAX_RECORD_BYTES))
    })?;
    let bytes = match opened {
        Ok(bytes) => bytes,
        Err(CryptoError::MissingKey { .. }) => return quarantine(t, logged, "waiting for a key").map(|()| false),
        Err(CryptoError::NewerVersion(_)) => {
            return quarantine(t, logged, "sealed by a newer version of Holdfast").map(|()| false);
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
            return quarantine(t, logged, "written by a newer version of Holdfast").map(|()| false);
        }
        Err(e) => return quarantine(t, logged, &format!("cannot be read: {e}")).map(|()| false),
    };
    if revision.author.0 != author {
        return quarantine(t, logged, "signed by another computer than its author").map(|()| false);
    }
    if !t.tx.missing_parents(&revision)?.is_empty() {
        return quarantine(t, logged, "came before a version that it builds on").map(|()| false);
    }
    let rid = RevisionId(logged.entry.rid.0);
    t.observe(&revision);
    let new = t.tx.put_revision(rid, &revision, bytes, RevisionSource::Log { seq: logged.seq })?;
    if !crate::planted("views-left-old") {
        t.touch(revision.record);
    }
    Ok(new)
}

fn quarantine(t: &mut Txn<'_>, logged: &LogEntry, reason: &str) -> Result<()> {
    if crate::planted("quarantine-dropped") {
        return Ok(());
    }
    t.tx.put_quarantine(&QuarantineRow {
        seq: logged.seq,
        rid: RevisionId(logged.entry.rid.0),
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
            let Ok(logged) = holdfast_protocol::decode::<LogEntry>(&row.bytes) else { continue };
            let author = match t.tx.manifest(&logged.batch.0)? {
                Some(manifest) => manifest.device.0,
                None => continue,
            };
            t.tx.remove_quarantine(row.seq, row.rid)?;
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
