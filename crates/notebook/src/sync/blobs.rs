//! Attachments, a chunk a request: sealed bytes up before the notes that name them, and down after.
//!
//! Each chunk is acknowledged and stored on its own, so that a connection that breaks, or a kill, loses one at most.

use std::collections::BTreeSet;

use holdfast_crypto::{CryptoError, blob_id};
use holdfast_protocol as wire;
use holdfast_protocol::{Cid, MissingRequest, ProtocolError, SyncProtocol, Token, limits};
use holdfast_store::{FileRow, FileState, FileToFetch, Reader, Sent};
use holdfast_sync::StepReport;

use super::activity::{self, Happened, Line};
use super::later::Later;
use super::{behind, lazy, meta};
use crate::files::{Cut, Sealing, Unreadable, is_content, read_file};
use crate::{NotebookError, Result, Vault};

/// Sent again without asking first: the question would cost as much.
const NOT_WORTH_ASKING_BYTES: u64 = if cfg!(feature = "simulation") { 512 } else { 64 * 1024 };
/// How often the server is asked whether it still has what this computer could send again.
const ASK_EVERY_MS: u64 = 24 * 3_600_000;
/// A time from which every clock is far.
const AT_ONCE: u64 = u64::MAX;

/// Sends the next chunk that the server is not known to have.
pub(super) async fn upload(vault: &Vault, server: &dyn SyncProtocol, token: &Token) -> Result<StepReport> {
    let Some(mut next) = vault.read(|r| Ok(r.next_chunk_to_send()?))? else { return Ok(StepReport::default()) };
    if next.tried && ask_about_tried(vault, server, token).await? {
        match vault.read(|r| Ok(r.next_chunk_to_send()?))? {
            Some(other) => next = other,
            None => return Ok(StepReport { moved: true, ..StepReport::default() }),
        }
    }
    let missing = || NotebookError::Damaged("a part of an attachment is missing".into());
    let sealed = vault.read(|r| Ok(r.chunk(&next.cid)?))?.ok_or_else(missing)?;
    if blob_id(&sealed) != next.cid {
        return Err(NotebookError::Damaged("a part of an attachment is not what was stored".into()));
    }
    if next.bytes > NOT_WORTH_ASKING_BYTES {
        vault.transact(|t| Ok(t.tx.mark_sent(&next.cid, Sent::Tried)?))?;
    }
    if crate::planted("sent-before-it-is") {
        vault.transact(|t| Ok(t.tx.mark_sent(&next.cid, Sent::Yes)?))?;
    }
    server.put_blob(token, wire::SpaceId(vault.space().0), Cid(next.cid), sealed).await?;
    vault.transact(|t| Ok(t.tx.mark_sent(&next.cid, Sent::Yes)?))?;
    Ok(StepReport { moved: true, ..StepReport::default() })
}

/// Asks about chunks that were sent without an answer. True where the server has one.
async fn ask_about_tried(vault: &Vault, server: &dyn SyncProtocol, token: &Token) -> Result<bool> {
    let tried = vault.read(|r| Ok(r.tried_chunks(limits::MAX_IDS)?))?;
    let gone = missing(vault, server, token, &tried).await?;
    vault.transact(|t| {
        for cid in &tried {
            let is_gone = gone.contains(cid) && !crate::planted("tried-is-sent");
            t.tx.mark_sent(cid, if is_gone { Sent::No } else { Sent::Yes })?;
        }
        Ok(())
    })?;
    Ok(gone.len() < tried.len())
}

/// Which of these, [`limits::MAX_IDS`] at most, the server does not have.
pub(super) async fn missing(
    vault: &Vault,
    server: &dyn SyncProtocol,
    token: &Token,
    cids: &[[u8; 32]],
) -> Result<BTreeSet<[u8; 32]>> {
    let asked = cids.iter().copied().map(Cid).collect();
    let request = MissingRequest { space: wire::SpaceId(vault.space().0), rids: Vec::new(), cids: asked };
    let gone: BTreeSet<[u8; 32]> = server.missing(token, request).await?.cids.into_iter().map(|cid| cid.0).collect();
    Ok(cids.iter().copied().filter(|cid| gone.contains(cid)).collect())
}

/// Chunks that were on the server and are not. What is not on this computer another one has.
pub(super) async fn lost(vault: &Vault, server: &dyn SyncProtocol, token: &Token) -> Result<Vec<[u8; 32]>> {
    if crate::planted("lost-files-forgotten") {
        return Ok(Vec::new());
    }
    let sent = vault.read(|r| Ok(r.sent_chunks()?))?;
    let mut out = Vec::new();
    for some in sent.chunks(limits::MAX_IDS) {
        out.extend(missing(vault, server, token, some).await?);
    }
    Ok(out)
}

/// Once a day asks whether the server still has the files that are here: its disk may have lost one, and nobody else
/// would tell.
pub(super) async fn ask_now_and_then(vault: &Vault, server: &dyn SyncProtocol, token: &Token) -> Result<()> {
    let now_ms = vault.env().now_ms();
    let asked_ms = vault.read(|r| Ok(r.get_u64(meta::FILES_ASKED_MS)?))?;
    if asked_ms.is_some_and(|at| now_ms.abs_diff(at) < ASK_EVERY_MS) {
        return Ok(());
    }
    let lost = if asked_ms.is_some() { lost(vault, server, token).await? } else { Vec::new() };
    vault.transact(|t| {
        behind::send_again(t, &lost)?;
        Ok(t.tx.put_u64(meta::FILES_ASKED_MS, now_ms)?)
    })
}

/// [`ask_now_and_then`] asks with the next sync, as if a day had gone by: a server that had older keys was set back, and where its log is as it was
/// nothing else would tell.
pub(super) fn ask_with_the_next(vault: &Vault) -> Result<()> {
    vault.transact(|t| Ok(t.tx.put_u64(meta::FILES_ASKED_MS, AT_ONCE)?))
}

/// What came of fetching a part of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Came {
    /// A chunk, and there are more.
    Part,
    /// All of the file is here, and is what it should be.
    Whole,
    /// The server does not have the next chunk.
    NotThere,
    /// The key that it is sealed with has not come yet.
    NoKey,
    /// A newer version cut or sealed it.
    Newer,
}

/// Fetches the next chunk of the next file that comes by itself or was asked for; `skip` counts those that could not be
/// had in this cycle, of `in_hand` somebody else takes care, and what is `later` has its time.
pub(super) async fn fetch(
    vault: &Vault,
    server: &dyn SyncProtocol,
    token: &Token,
    skip: u32,
    in_hand: &BTreeSet<[u8; 32]>,
    (later, now_ms): (&Later, u64),
) -> Result<StepReport> {
    let skipped = Ok(StepReport { blob_skipped: true, ..StepReport::default() });
    let next = vault.read(|r| Ok(r.files_to_fetch(lazy::which(r)?)?.into_iter().nth(skip as usize)))?;
    let may = |next: &FileToFetch| !in_hand.contains(&next.content) && !later.has(&next.content, now_ms);
    let Some(next) = next.filter(may) else { return skipped };
    match fetch_chunk(vault, server, token, &next).await {
        Ok(Came::Part | Came::Whole) => {
            later.forget(&next.content);
            return Ok(StepReport { moved: true, ..StepReport::default() });
        }
        Ok(Came::NotThere | Came::NoKey | Came::Newer) => {}
        // Of this file only: notes and other files may have room, or be sound. The log of sync tells it.
        Err(error @ (NotebookError::DiskFull | NotebookError::Protocol(ProtocolError::Server(_)))) => {
            let line = Line { problem: Some(&error), ..Line::new(Happened::Fetch, "") };
            if let Err(e) = vault.transact(|t| activity::write(t, &line)) {
                tracing::warn!(%error, error = %e, "that a file could not be fetched could not be noted down");
            }
        }
        Err(other) => return Err(other),
    }
    later.put(next.content, now_ms);
    skipped
}

/// Fetches the first chunk of a file that is not here. Each is compared with its id and opened before it is stored, and
/// the whole file with its hash before it counts as here.
pub(super) async fn fetch_chunk(
    vault: &Vault,
    server: &dyn SyncProtocol,
    token: &Token,
    file: &FileToFetch,
) -> Result<Came> {
    let Some(cut) = Cut::of(file.size, file.chunks.len()) else { return Ok(Came::Newer) };
    if vault.read(|r| is_whole(r, file))? {
        return Ok(Came::Whole);
    }
    let next = vault.read(|r| {
        for (index, cid) in (0..).zip(&file.chunks) {
            if !r.has_chunk(cid)? {
                return Ok(Some((index, *cid)));
            }
        }
        Ok(None)
    })?;
    let Some((index, cid)) = next else { return put_together(vault, file) };
    let sealed = match server.get_blob(token, wire::SpaceId(vault.space().0), Cid(cid)).await {
        Ok(sealed) => sealed,
        Err(ProtocolError::NotFound) => return another_sealing(vault, file),
        Err(other) => return Err(other.into()),
    };
    if blob_id(&sealed) != cid {
        return Err(altered());
    }
    let sealing = Sealing { space: vault.space().0, content: file.content, size: file.size, cut };
    let opened = vault.with_space_keys(|keys| {
        let opened = sealing.open(keys, index, &sealed);
        // What is whole is compared at once; chunks when the last one is here.
        Ok(opened.map(|plain| cut != Cut::Whole || is_content(keys, &plain, &file.content)))
    })?;
    match opened {
        Ok(true) => {}
        Err(CryptoError::MissingKey { .. }) => return Ok(Came::NoKey),
        Err(CryptoError::NewerVersion(_)) => return Ok(Came::Newer),
        Ok(false) | Err(_) => return Err(altered()),
    }
    let whole = cut == Cut::Whole || crate::planted("whole-too-early") && index > 0;
    let meanwhile = vault.transact(|t| {
        let state = match t.tx.file(&file.content)?.map(|before| before.state) {
            // It was attached here meanwhile.
            Some(FileState::Whole) => return Ok(true),
            _ if whole => FileState::Whole,
            Some(FileState::Wanted) => FileState::Wanted,
            Some(FileState::Partial) | None => FileState::Partial,
        };
        t.tx.put_chunk(&cid, &file.content, Sent::Yes, &sealed)?;
        tell(t, file)?;
        t.tx.put_file(&row(file, state))?;
        Ok(false)
    })?;
    if whole || meanwhile {
        return Ok(Came::Whole);
    }
    let left = vault.read(|r| {
        for cid in &file.chunks {
            if !r.has_chunk(cid)? {
                return Ok(true);
            }
        }
        Ok(false)
    })?;
    if left { Ok(Came::Part) } else { put_together(vault, file) }
}

fn is_whole(reader: &Reader<'_>, file: &FileToFetch) -> Result<bool> {
    Ok(reader.file(&file.content)?.is_some_and(|row| row.state == FileState::Whole))
}

/// The server does not have this chunk. Somebody may have attached the file once more, and sealed it anew: then those
/// chunks are asked for, unless some of these have come.
fn another_sealing(vault: &Vault, file: &FileToFetch) -> Result<Came> {
    vault.transact(|t| {
        for cid in &file.chunks {
            if t.tx.has_chunk(cid)? {
                return Ok(Came::NotThere);
            }
        }
        let all = t.tx.sealings(&file.content)?;
        let tried = all.iter().position(|(chunks, _)| *chunks == file.chunks);
        // After the last one all begins anew, another time.
        let next = tried.and_then(|at| all.get(at + 1));
        let came = if next.is_some() { Came::Part } else { Came::NotThere };
        if let Some((chunks, size)) = next.or(all.first()).filter(|(chunks, _)| *chunks != file.chunks) {
            let state = t.tx.file(&file.content)?.map_or(FileState::Partial, |row| row.state);
            t.tx.put_file(&FileRow { content: file.content, size: *size, state, chunks: chunks.clone() })?;
        }
        Ok(came)
    })
}

/// All chunks are here: the file is, if they make what they should.
fn put_together(vault: &Vault, file: &FileToFetch) -> Result<Came> {
    let read = read_file(vault, &row(file, FileState::Partial), |_| Ok(()));
    match read {
        Ok(()) => {}
        Err(Unreadable::Other(error)) => return Err(error),
        Err(Unreadable::Altered) => {
            vault.transact(|t| {
                tell(t, file)?;
                Ok(t.tx.remove_file(&file.content)?)
            })?;
            return Err(altered());
        }
    }
    vault.transact(|t| {
        tell(t, file)?;
        Ok(t.tx.put_file(&row(file, FileState::Whole))?)
    })?;
    Ok(Came::Whole)
}

fn row(file: &FileToFetch, state: FileState) -> FileRow {
    FileRow { content: file.content, size: file.size, state, chunks: file.chunks.clone() }
}

fn altered() -> NotebookError {
    NotebookError::HostileServer("an attachment is not the file that was sent".into())
}

/// Views that show the file ask again.
fn tell(t: &mut crate::txn::Txn<'_>, file: &FileToFetch) -> Result<()> {
    // Not as a change of another device: the text is as it was, and an editor need not look at it.
    t.changes.notes.extend(t.tx.notes_with_attachment(file.attachment)?);
    Ok(())
}
