//! Which changes go behind which files: a file's record and what names it are sent after all of its chunks, so that no
//! reader sees a link to nothing. Nothing else waits for a file (docs/decisions/0034-text-goes-before-files.md).

use std::collections::BTreeSet;

use holdfast_domain::{Fields, Revision, RevisionId};
use holdfast_store::{Reader, Sent};

use crate::Result;
use crate::txn::Txn;

/// The files, by the hash of their content, of which a chunk is to be sent before this revision: those that it names, and
/// those that its parents in the outbox go behind.
fn files_before(reader: &Reader<'_>, revision: &Revision) -> Result<BTreeSet<[u8; 32]>> {
    let mut files = BTreeSet::new();
    match &revision.fields {
        Fields::Attachment(file) => files.extend([file.content]),
        Fields::Note(note) => {
            for entry in note.attachments.iter() {
                // A link may be here before the file's own record. Then the file is another device's.
                files.extend(reader.attachment(entry.value.1)?.map(|file| file.content));
            }
        }
        Fields::Notebook(_) | Fields::Device(_) | Fields::Unknown(..) => {}
    }
    let mut out = BTreeSet::new();
    for content in files {
        if reader.is_to_send(&content)? {
            out.insert(content);
        }
    }
    for parent in revision.parents() {
        out.extend(reader.outbox_files(*parent)?);
    }
    Ok(out)
}

/// Notes for a revision that was just put into the outbox what it goes behind.
pub(super) fn note(t: &Txn<'_>, rid: RevisionId, canonical: &[u8]) -> Result<()> {
    if !t.tx.anything_to_send()? {
        return Ok(());
    }
    let files = files_before(t.reader(), &Revision::decode(canonical)?)?;
    if files.is_empty() { Ok(()) } else { Ok(t.tx.set_outbox_files(rid, &files)?) }
}

/// Chunks that the server had are to be sent again, before what waits and names their files.
pub(super) fn send_again(t: &Txn<'_>, chunks: &[[u8; 32]]) -> Result<()> {
    if chunks.is_empty() {
        return Ok(());
    }
    for cid in chunks {
        t.tx.mark_sent(cid, Sent::No)?;
    }
    look_again(t)
}

/// The server may not have chunks any more that it had: what waits goes behind them.
pub(super) fn look_again(t: &Txn<'_>) -> Result<()> {
    // Oldest first, so that parents come before their children.
    for rid in t.tx.outbox_rids()? {
        if let Some(revision) = t.tx.revision(rid)? {
            let files = files_before(t.reader(), &revision)?;
            t.tx.set_outbox_files(rid, &files)?;
        }
    }
    Ok(())
}
