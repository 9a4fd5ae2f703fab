//! Bringing back what a server lost when it was restored from a backup.
//!
//! It begins when the server does not know a position that it had confirmed. The server is told so and begins a new
//! epoch of its log, so that every device finds out and nothing of the lost history is taken for the new. Then this
//! device reads the log from its beginning, which tells what it holds, and sends what it does not: every revision that
//! is here, of whatever device, with the manifest that first carried it, and the batch that was under way, as it was
//! signed. Nothing is signed twice: the server takes each device's counter from its newest manifest.
//!
//! What the log holds is a column of the revisions, so a process that ends in the middle goes on from there.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use holdfast_domain::{DeviceId, RevisionId};
use holdfast_protocol as wire;
use holdfast_protocol::{
    BatchManifest, Entry, Hash, HealRequest, LogEntry, LogHead, MissingRequest, PushOutcome, Restored, Rid, Stored,
    SyncProtocol, Token, batch_hash, decode, limits,
};
use holdfast_store::{ManifestRow, Reader, Waiting};
use holdfast_sync::StepReport;

use super::account::KEY_TRIES;
use super::activity::{self, Happened, Line};
use super::keys::refresh_keys;
use super::pull::{Page, Pulled};
use super::push::{self, Duplicates, Sent};
use super::{apply, behind, blobs, digest, fork, meta, places, pull};
use crate::txn::Txn;
use crate::{NotebookError, Result, Vault};

/// A server that says again and again that it was restored is not believed for ever.
const MAX_HEALINGS: u64 = 3;
/// Something came or went, and that is not all.
const MOVED: StepReport = StepReport { caught_up: false, moved: true, blob_skipped: false };

/// True while something that the server lost may still be to be sent.
pub(super) fn is_healing(reader: &Reader<'_>) -> Result<bool> {
    Ok(reader.get_u64(meta::HEALING)?.is_some())
}

/// Where a log is read from its beginning that was told of what it lost: the place of another epoch in which it stood then.
/// It was set back once more, or somebody else told it. What is given back to the epoch before would seem to be another
/// history of it to whoever reads that.
pub(super) fn stood_elsewhere(reader: &Reader<'_>, log_epoch: u64) -> Result<Option<LogHead>> {
    let told = reader.get_u64(meta::HEALED_EPOCH)?.filter(|told| *told != log_epoch);
    let told = if is_healing(reader)? { told } else { None };
    Ok(told.map(|log_epoch| LogHead { log_epoch, seq: 0, link: Hash::ZERO }))
}

/// The server took a batch or has everything, or the cycle failed: what happens next is counted anew.
pub(super) fn is_over(t: &Txn<'_>) -> Result<()> {
    Ok(t.tx.remove_meta(meta::HEALINGS)?)
}

/// The server does not know `lost`, which it had confirmed: tells it, and begins to compare.
pub(super) async fn begin(
    vault: &Vault,
    server: &dyn SyncProtocol,
    token: &Token,
    lost: LogHead,
) -> Result<StepReport> {
    let times = vault.read(|r| Ok(r.get_u64(meta::HEALINGS)?.unwrap_or(0)))?;
    if times >= MAX_HEALINGS {
        vault.transact(|t| Ok(t.tx.remove_meta(meta::HEALINGS)?))?;
        return Err(NotebookError::HostileServer(
            "it says again and again that it does not have what it confirmed before".into(),
        ));
    }
    tracing::warn!(log_epoch = lost.log_epoch, seq = lost.seq, times, "the server was set back");
    refresh_keys(vault, server, token).await?;
    let space = wire::SpaceId(vault.space().0);
    let own = vault.read(|r| own_last_manifest(vault, r))?;
    let request = HealRequest { space, lost: Some(lost), manifests: own.into_iter().collect(), entries: Vec::new() };
    let (_, head) = ask(vault, server, token, request).await?;
    let blobs = blobs::lost(vault, server, token).await?;
    vault.transact(|t| {
        forget_log(t)?;
        behind::send_again(t, &blobs)?;
        let sent = t.tx.get_u64(meta::HEALING)?.unwrap_or(0);
        t.tx.put_u64(meta::HEALING, sent)?;
        t.tx.put_u64(meta::HEALINGS, times + 1)?;
        t.tx.put_u64(meta::HEALED_EPOCH, head.log_epoch)?;
        t.changes.settings = true;
        Ok(())
    })?;
    Ok(MOVED)
}

/// What the log said, and where it was read to. Where it grows as long again, that is another one.
fn forget_log(t: &Txn<'_>) -> Result<()> {
    t.tx.forget_log()?;
    Ok(t.tx.remove_meta(meta::FETCHED_SEQ)?)
}

/// The log is read again from its beginning, and what it lacks is sent: this device and another disagree.
pub(super) fn read_again(t: &Txn<'_>) -> Result<()> {
    forget_log(t)?;
    t.tx.remove_meta(meta::HEALED_EPOCH)?;
    Ok(t.tx.put_u64(meta::HEALING, 0)?)
}

/// What tells the server where this device's counter is.
fn own_last_manifest(vault: &Vault, reader: &Reader<'_>) -> Result<Option<BatchManifest>> {
    let Some(last) = reader.batch_accepted()? else { return Ok(None) };
    let Some(row) = reader.manifest(&last.hash)? else { return Ok(None) };
    let manifest: BatchManifest = read_manifest(&row.bytes)?;
    Ok(Some(manifest).filter(|m| m.device.0 == vault.device().0))
}

fn read_manifest(bytes: &[u8]) -> Result<BatchManifest> {
    decode(bytes).map_err(|_| NotebookError::Damaged("a stored batch cannot be read".into()))
}

/// Asks the server to take this, again where it has forgotten a member: it takes manifests of registered devices only. It
/// may be restored once more before this comes.
async fn ask(
    vault: &Vault,
    server: &dyn SyncProtocol,
    token: &Token,
    request: HealRequest,
) -> Result<(Vec<Stored>, LogHead)> {
    let mut outcome = server.heal(token, request.clone()).await;
    for _ in 0..KEY_TRIES {
        if !matches!(outcome, Err(wire::ProtocolError::NotRegistered)) {
            break;
        }
        refresh_keys(vault, server, token).await?;
        outcome = server.heal(token, request.clone()).await;
    }
    accepted(outcome?)
}

fn accepted(outcome: PushOutcome) -> Result<(Vec<Stored>, LogHead)> {
    match outcome {
        PushOutcome::Accepted { stored, head } => Ok((stored, head)),
        PushOutcome::Rejected { index, reason } => Err(push::rejected(index, reason)),
        PushOutcome::StaleEpoch { .. } => Err(push::stale_epoch()),
        PushOutcome::Rebase { .. } | PushOutcome::Forked { .. } => {
            Err(NotebookError::HostileServer("it answers something else than it was asked".into()))
        }
    }
}

/// One request's worth: reads on in the log; at its end sends a part of what it lacks; in the end says so.
pub(super) async fn step(vault: &Vault, server: &dyn SyncProtocol, token: &Token) -> Result<Pulled> {
    let pulled = match pull::page(vault, server, token).await? {
        Page::Taken { pulled, .. } => pulled,
        Page::SetBack(lost) => {
            let report = begin(vault, server, token, lost).await?;
            return Ok(Pulled { report, ..Pulled::default() });
        }
        Page::Copied => {
            let report = fork::become_another(vault, server, token).await?;
            return Ok(Pulled { report, ..Pulled::default() });
        }
    };
    if !pulled.report.caught_up {
        return Ok(pulled);
    }
    let under_way = vault.transact(|t| {
        // Who has been removed since must not read it.
        push::renew_pending(t)?;
        push::pending(t.reader())
    })?;
    if let Some(request) = under_way {
        // What it builds on goes first: this may be the last that the server takes of this device.
        let before = vault.read(|r| {
            let numbers = request.manifest.rids.iter().map(|rid| r.number_of(RevisionId(rid.0)));
            Ok(numbers.collect::<std::result::Result<Vec<_>, _>>()?.into_iter().flatten().max())
        })?;
        if let Some(before) = before.filter(|_| !crate::planted("batch-before-what-it-builds-on")) {
            let lacks = find_lacking(vault, server, token, Of::Before(before)).await?;
            if !lacks.gone.is_empty() {
                let Some(sent_again) = send(vault, server, token, lacks.gone).await? else {
                    return read_what_it_has(vault, server, token).await;
                };
                return Ok(Pulled { report: MOVED, sent_again, ..pulled });
            }
        }
        return match send_batch(vault, server, token, request).await? {
            Some(sent_again) => Ok(Pulled { report: MOVED, sent_again, ..pulled }),
            None => read_what_it_has(vault, server, token).await,
        };
    }
    let lacks = find_lacking(vault, server, token, Of::All).await?;
    let stops = crate::planted("heal-stops-early") && vault.read(|r| Ok(r.get_u64(meta::HEALING)?))? > Some(0);
    if !lacks.gone.is_empty() && !stops {
        let Some(sent_again) = send(vault, server, token, lacks.gone).await? else {
            return read_what_it_has(vault, server, token).await;
        };
        return Ok(Pulled { report: MOVED, sent_again, ..pulled });
    }
    if lacks.shown_nowhere {
        return read_what_it_has(vault, server, token).await;
    }
    // Asked at the beginning too, so that they go before what names them; the server may have been set back since.
    let blobs = blobs::lost(vault, server, token).await?;
    if !crate::planted("heals-for-ever") {
        finish(vault, &blobs)?;
    }
    Ok(pulled)
}

/// The server says that it has what its log did not show: another device was quicker, and the log must show it now.
async fn read_what_it_has(vault: &Vault, server: &dyn SyncProtocol, token: &Token) -> Result<Pulled> {
    if let Some(read) = read_on(vault, server, token).await? {
        return Ok(read);
    }
    // What was shown before may have been altered, and what it was altered from came by itself, without a place.
    let again = vault.transact(|t| {
        let times = t.tx.get_u64(meta::HEALINGS)?.unwrap_or(0);
        if times < MAX_HEALINGS {
            forget_log(t)?;
            t.tx.put_u64(meta::HEALINGS, times + 1)?;
        }
        Ok(times < MAX_HEALINGS)
    })?;
    if again {
        return Ok(Pulled { report: MOVED, ..Pulled::default() });
    }
    // It may have junk under the ids of these, which another member sent: then it takes them.
    let lacks = find_lacking(vault, server, token, Of::Unasked).await?;
    let sent_again = if lacks.gone.is_empty() { 0 } else { send(vault, server, token, lacks.gone).await?.unwrap_or(0) };
    if sent_again > 0 {
        return Ok(Pulled { report: MOVED, sent_again, ..Pulled::default() });
    }
    let what = "it says that it has changes which its log does not show";
    let never_shown = || NotebookError::HostileServer(what.into());
    read_on(vault, server, token).await?.ok_or_else(never_shown)
}

/// The log may have grown. `None` where it has not.
async fn read_on(vault: &Vault, server: &dyn SyncProtocol, token: &Token) -> Result<Option<Pulled>> {
    let report = match pull::page(vault, server, token).await? {
        Page::Taken { entries: 0, .. } => return Ok(None),
        Page::Taken { pulled, .. } => return Ok(Some(Pulled { report: MOVED, ..pulled })),
        Page::SetBack(lost) => begin(vault, server, token, lost).await?,
        Page::Copied => fork::become_another(vault, server, token).await?,
    };
    Ok(Some(Pulled { report, ..Pulled::default() }))
}

/// The batch that was under way, as it was signed: it may have been accepted before the server was set back, and
/// another device may have brought it back.
/// Returns how many of its changes the server did not have; `None` where the log has to show first that it has them.
async fn send_batch(
    vault: &Vault,
    server: &dyn SyncProtocol,
    token: &Token,
    request: wire::PushRequest,
) -> Result<Option<u32>> {
    let manifest = request.manifest;
    let batch = batch_hash(&manifest);
    let sent: Vec<Sent> = request.entries.iter().map(|entry| Sent::of(entry, batch)).collect();
    let entries = request.entries.into_iter().map(|entry| Restored { entry, batch }).collect();
    let heal = HealRequest { space: manifest.space, lost: None, manifests: vec![manifest.clone()], entries };
    let (stored, head) = ask(vault, server, token, heal).await?;
    push::check_answer(&sent, &stored, head)?;
    vault.transact(|t| {
        if push::duplicates(t.reader(), &sent, &stored)? != Duplicates::Shown {
            return Ok(None);
        }
        if push::move_over(t, &sent, &stored, head)?.is_none() {
            return Ok(None);
        }
        push::acknowledged(t, &manifest)?;
        Ok(Some(stored.iter().filter(|s| !s.duplicate).count() as u32))
    })
}

/// What the log that was read does not hold.
struct Lacking {
    /// Entries that the server does not have, parents first, each with the manifest that first carried it.
    gone: Vec<(Lost, BatchManifest)>,
    /// There are others, which it says that it has.
    shown_nowhere: bool,
}

/// An entry that the server lost.
enum Lost {
    Revision(RevisionId, DeviceId),
    /// Set aside here, as it came; one that came without its body, as it was sealed here. With the hash of the body that the
    /// log had, under which it is set aside.
    SetAside(Box<LogEntry>, [u8; 32]),
}

impl Lost {
    fn rid(&self) -> Rid {
        match self {
            Self::Revision(rid, _) => Rid(rid.0),
            Self::SetAside(logged, _) => logged.entry.rid,
        }
    }
}

/// What of that which the log does not hold is looked at.
#[derive(Clone, Copy)]
enum Of {
    All,
    /// The versions that were stored before the one of this number.
    Before(i64),
    /// All, whatever the server says that it has.
    Unasked,
}

/// Asks which of what the log does not hold the server lacks, until some are found.
async fn find_lacking(vault: &Vault, server: &dyn SyncProtocol, token: &Token, of: Of) -> Result<Lacking> {
    let mut shown_nowhere = false;
    let mut after = Some(i64::MIN);
    while let Some(n) = after {
        let mut rows = vault.read(|r| Ok(r.not_in_log(n, limits::MAX_IDS)?))?;
        if let Of::Before(before) = of {
            rows.retain(|row| row.n < before);
            if rows.is_empty() {
                break;
            }
        }
        after = rows.last().map(|row| row.n + i64::from(crate::planted("heal-skips-one")));
        let candidates = if rows.is_empty() {
            let mut aside = vault.read(|r| Ok(r.quarantine_not_in_log()?))?;
            // A server that had what does not open would ask nobody for what does.
            aside.retain(|row| row.waiting != Waiting::Variant || crate::planted("altered-is-given-back"));
            let entries = aside.iter().filter_map(|row| Some((decode::<LogEntry>(&row.bytes).ok()?, row.body_hash)));
            // Of what came without its body, and was in no pack, there is nothing to give back.
            let entries = entries.filter(|(logged, _)| !logged.entry.body.is_empty());
            let entries = entries.filter(|_| !crate::planted("aside-not-brought-back"));
            entries.take(limits::MAX_IDS).map(|(logged, hash)| Lost::SetAside(Box::new(logged), hash)).collect()
        } else {
            rows.iter().map(|row| Lost::Revision(row.rid, row.author)).collect::<Vec<_>>()
        };
        if candidates.is_empty() {
            continue;
        }
        let rids: Vec<Rid> = candidates.iter().map(Lost::rid).collect();
        let gone: BTreeSet<Rid> = if matches!(of, Of::Unasked) {
            rids.into_iter().collect()
        } else {
            let request = MissingRequest { space: wire::SpaceId(vault.space().0), rids, cids: Vec::new() };
            server.missing(token, request).await?.rids.into_iter().collect()
        };
        let asked = candidates.len();
        let gone: Vec<Lost> = candidates.into_iter().filter(|c| gone.contains(&c.rid())).collect();
        shown_nowhere |= gone.len() < asked;
        let gone = signed(vault, gone)?;
        if !gone.is_empty() {
            return Ok(Lacking { gone, shown_nowhere });
        }
    }
    Ok(Lacking { gone: Vec::new(), shown_nowhere })
}

/// These with the manifests that first carried them. What this device wrote and never signed goes the way of every new
/// change, by the outbox.
fn signed(vault: &Vault, lost: Vec<Lost>) -> Result<Vec<(Lost, BatchManifest)>> {
    let known = vault.read(|r| manifests_for(vault, r, &lost))?;
    let mut out = Vec::new();
    let mut unsigned = Vec::new();
    for one in lost {
        let manifest = match &one {
            Lost::Revision(rid, _) => known.get(&Rid(rid.0)).cloned(),
            Lost::SetAside(logged, _) => {
                vault.read(|r| Ok(r.manifest(&logged.batch.0)?))?.map(|row| read_manifest(&row.bytes)).transpose()?
            }
        };
        match (manifest, one) {
            // The server does not know its device, and cannot know it: it came in where a removal was not known.
            (Some(manifest), _) if !apply::was_member(vault, &manifest) => {}
            (Some(manifest), one) => out.push((one, manifest)),
            (None, Lost::Revision(rid, author)) if author == vault.device() => unsigned.push(rid),
            (None, _) => tracing::error!("a change that the server lost came here without a signature"),
        }
    }
    if !unsigned.is_empty() {
        vault.transact(|t| {
            for rid in unsigned {
                if let Some(bytes) = t.tx.revision_bytes(rid)? {
                    super::seal_into_outbox(t, rid, &bytes)?;
                }
            }
            Ok(())
        })?;
    }
    Ok(out)
}

/// The manifests that first carried these revisions: of their authors, or of an heir.
fn manifests_for(vault: &Vault, reader: &Reader<'_>, lost: &[Lost]) -> Result<HashMap<Rid, BatchManifest>> {
    let revisions = lost.iter().filter_map(|one| match one {
        Lost::Revision(rid, author) => Some((Rid(rid.0), *author)),
        Lost::SetAside(..) => None,
    });
    let mut wanted: BTreeMap<Rid, DeviceId> = revisions.collect();
    let mut out = HashMap::new();
    for author in wanted.values().copied().collect::<BTreeSet<_>>() {
        listed_in(vault, reader.manifests_of(author)?, &mut wanted, &mut out)?;
    }
    if !wanted.is_empty() {
        listed_in(vault, reader.all_manifests()?, &mut wanted, &mut out)?;
    }
    Ok(out)
}

/// Moves the ids that these manifests list, where who signed may send what their author wrote.
fn listed_in(
    vault: &Vault,
    rows: Vec<ManifestRow>,
    wanted: &mut BTreeMap<Rid, DeviceId>,
    out: &mut HashMap<Rid, BatchManifest>,
) -> Result<()> {
    for row in rows {
        let manifest = read_manifest(&row.bytes)?;
        for rid in &manifest.rids {
            let any = crate::planted("healed-by-anybody");
            if wanted.get(rid).is_some_and(|author| any || apply::is_from(vault, &manifest, *author)) {
                wanted.remove(rid);
                out.insert(*rid, manifest.clone());
            }
        }
    }
    Ok(())
}

/// Sends the first of these, as many as one request holds. Returns how many of them the server did not have; `None` where
/// the log has to show first that it has them.
async fn send(
    vault: &Vault,
    server: &dyn SyncProtocol,
    token: &Token,
    lost: Vec<(Lost, BatchManifest)>,
) -> Result<Option<u32>> {
    let space = wire::SpaceId(vault.space().0);
    let (mut entries, mut manifests) = (Vec::<Restored>::new(), HashMap::<Hash, BatchManifest>::new());
    let (mut bytes, mut listed, mut aside) = (0, 0, Vec::new());
    for (one, manifest) in lost {
        let batch = batch_hash(&manifest);
        let under = if let Lost::SetAside(_, hash) = &one { Some(*hash) } else { None };
        let Some(entry) = entry_of(vault, one)? else { continue };
        let more = if manifests.contains_key(&batch) { 0 } else { manifest.rids.len() };
        let full = entries.len() == limits::MAX_BATCH_ENTRIES
            || bytes + entry.body.len() > limits::MAX_BATCH_BYTES
            || listed + more > limits::MAX_PAGE_MANIFEST_RIDS;
        if full && !entries.is_empty() {
            break;
        }
        bytes += entry.body.len();
        listed += more;
        manifests.insert(batch, manifest);
        entries.push(Restored { entry, batch });
        aside.push(under);
    }
    let sent: Vec<Sent> = entries.iter().map(|r| Sent::of(&r.entry, r.batch)).collect();
    let request = HealRequest { space, lost: None, manifests: manifests.into_values().collect(), entries };
    let (stored, head) = ask(vault, server, token, request).await?;
    push::check_answer(&sent, &stored, head)?;
    let new = stored.iter().filter(|s| !s.duplicate).count() as u64;
    vault.transact(|t| {
        let (mut revisions, mut of) = (Vec::new(), Vec::new());
        for (s, one) in stored.iter().zip(&sent) {
            if t.tx.has_revision(RevisionId(s.rid.0))? {
                revisions.push(*s);
                of.push(*one);
            }
        }
        // What lies behind the part that was read is read next.
        if push::duplicates(t.reader(), &of, &revisions)? == Duplicates::Never {
            return Ok(None);
        }
        if push::move_over(t, &sent, &stored, head)?.is_none() {
            return Ok(None);
        }
        for ((s, one), under) in stored.iter().zip(&sent).zip(&aside) {
            if let Some(under) = under {
                t.tx.place_quarantine(RevisionId(s.rid.0), under, &one.body.0, s.seq)?;
            }
        }
        let before = t.tx.get_u64(meta::HEALING)?.unwrap_or(0);
        t.tx.put_u64(meta::HEALING, before + new)?;
        Ok(Some(new as u32))
    })
}

/// The entry, sealed anew where it was open here.
fn entry_of(vault: &Vault, lost: Lost) -> Result<Option<Entry>> {
    match lost {
        Lost::Revision(rid, _) => {
            let bytes = vault.read(|r| Ok(r.revision_bytes(rid)?))?;
            bytes.map(|bytes| super::seal(vault, rid, &bytes)).transpose()
        }
        Lost::SetAside(logged, _) => Ok(Some(logged.entry)),
    }
}

/// The server has all that this device has.
fn finish(vault: &Vault, lost_blobs: &[[u8; 32]]) -> Result<()> {
    vault.transact(|t| {
        behind::send_again(t, lost_blobs)?;
        let sent = t.tx.get_u64(meta::HEALING)?.unwrap_or(0);
        t.tx.remove_meta(meta::HEALING)?;
        t.tx.remove_meta(meta::HEALED_EPOCH)?;
        if digest::was_read_again(t)? {
            return Ok(());
        }
        let what = match sent {
            0 => "nothing of this computer was lost".to_owned(),
            1 => "1 change was sent again".to_owned(),
            n => format!("{n} changes were sent again"),
        };
        // Of those only the place is here: another computer may have them.
        places::queue_lost(t)?;
        let lacks = match t.tx.count_stubs()?.1 {
            0 => String::new(),
            1 => "; 1 older version that it lost is not on this computer".to_owned(),
            n => format!("; {n} older versions that it lost are not on this computer"),
        };
        let message = format!("The server was restored from a backup; {what}{lacks}");
        activity::write(t, &Line::new(Happened::Healed, message))?;
        t.changes.settings = true;
        Ok(())
    })
}
