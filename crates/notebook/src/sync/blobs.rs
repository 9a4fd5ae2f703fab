//! Attachments: sealed bytes up before the notes that name them, and down after.

use holdfast_crypto::{blob_id, content_id, open_blob};
use holdfast_protocol as wire;
use holdfast_protocol::{Cid, ProtocolError, SyncProtocol, Token};
use holdfast_sync::StepReport;

use crate::{NotebookError, Result, Vault};

pub(super) async fn upload(vault: &Vault, server: &dyn SyncProtocol, token: &Token) -> Result<StepReport> {
    let next = vault.read(|r| {
        let Some(next) = r.blobs_to_upload()?.into_iter().next() else { return Ok(None) };
        Ok(r.blob(&next.content)?)
    })?;
    let Some(blob) = next else { return Ok(StepReport::default()) };
    let cid = blob_id(&blob.data);
    server.put_blob(token, wire::SpaceId(vault.space().0), Cid(cid), blob.data).await?;
    vault.transact(|t| Ok(t.tx.mark_uploaded(&blob.content, &cid).map(drop)?))?;
    Ok(StepReport { moved: true, ..StepReport::default() })
}

/// Fetches the next file that is not here; `skip` counts those that could not be had in this cycle.
pub(super) async fn fetch(vault: &Vault, server: &dyn SyncProtocol, token: &Token, skip: u32) -> Result<StepReport> {
    let skipped = Ok(StepReport { blob_skipped: true, ..StepReport::default() });
    let Some(next) = vault.read(|r| Ok(r.blobs_to_fetch()?.into_iter().nth(skip as usize)))? else { return skipped };
    // This version writes files whole; more chunks come with a newer one.
    let [cid] = next.chunks.as_slice() else { return skipped };
    let sealed = match server.get_blob(token, wire::SpaceId(vault.space().0), Cid(*cid)).await {
        Ok(sealed) => sealed,
        Err(ProtocolError::NotFound) => return skipped,
        Err(other) => return Err(other.into()),
    };
    let altered = || NotebookError::HostileServer("an attachment is not the file that was sent".into());
    vault.with_space_keys(|keys| {
        let plain = open_blob(vault.space().0, keys, &sealed, next.size as usize + 1).map_err(|_| altered())?;
        if content_id(keys.current_id_key().1, &plain) == next.content { Ok(()) } else { Err(altered()) }
    })?;
    vault.transact(|t| {
        t.tx.put_blob(&next.content, &sealed, Some(*cid), true)?;
        for note in t.tx.notes_with_attachment(next.attachment)? {
            t.changes.notes.insert(note);
        }
        t.changes.from_sync = true;
        Ok(())
    })?;
    Ok(StepReport { moved: true, ..StepReport::default() })
}
