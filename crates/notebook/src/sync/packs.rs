//! Packs: reading history from them, comparing them with what is here, and making them.
//!
//! Nothing of a pack is believed that its bytes do not show: the id of each revision is computed from them, the log that
//! was read lists that id, and the batch that first carried it is its author's. So a pack can lack something, and then the
//! bodies themselves are asked for; it cannot bring anything in.

use std::collections::{BTreeSet, HashMap};

use holdfast_crypto::{PackContext, PackedRevision, open_pack, reseal_pack, revision_id, seal_pack};
use holdfast_domain::{DeviceId, RevisionId};
use holdfast_protocol::limits::{MAX_ENTRY_BYTES, MAX_PACK_PLAIN_BYTES};
use holdfast_protocol::{
    BatchManifest, Covered, EntryKind, Hash, LogEntry, LogPage, PackRange, Rid, SpaceId, Stored, batch_hash, decode,
};
use holdfast_store::{Cursor, PackRow, PackState, Reader};

use super::activity::{self, Happened, Line};
use super::flags::{self, SyncFlag};
use super::{apply, fork, heal, meta};
use crate::txn::Txn;
use crate::{NotebookError, Result, Vault};

/// So many packs are made at once.
const MAX_AT_ONCE: usize = 16;
/// Revisions are read so many at a time: others read meanwhile.
const READ_AT_ONCE: usize = 256;

/// Whether this device asks for packs.
pub(super) fn is_on(vault: &Vault, reader: &Reader<'_>) -> Result<bool> {
    Ok(!vault.env().is_older() && flags::is_on(reader, SyncFlag::Packs)?)
}

/// Whether the log, as far as it was read, has an entry of this id, as a pack or as something that was set aside.
pub(super) fn is_in_log(reader: &Reader<'_>, rid: Rid) -> Result<bool> {
    Ok(reader.pack(&rid.0)?.is_some_and(|pack| pack.seq > 0)
        || reader.quarantined(RevisionId(rid.0))?.iter().any(|row| row.seq > 0))
}

/// A pack that was opened.
struct Opened {
    /// Where it stands in the log.
    seq: u64,
    range: PackRange,
    rids: Vec<RevisionId>,
}

/// The packs of an answer, opened.
#[derive(Default)]
pub(super) struct Unpacked {
    packs: Vec<Opened>,
    revisions: HashMap<RevisionId, Vec<u8>>,
}

impl Unpacked {
    /// Those that come along with entries without bodies, and those that are entries themselves. What does not open is left
    /// out.
    pub fn of_page(vault: &Vault, page: &LogPage) -> Result<Self> {
        let mut out = Self::of(vault, page.covered.as_ref())?;
        let own: BTreeSet<Hash> =
            page.manifests.iter().filter(|m| m.device.0 == vault.device().0).map(batch_hash).collect();
        for logged in page.entries.iter().filter(|logged| logged.entry.kind == EntryKind::Pack) {
            // What this device made it need not compare.
            if !own.contains(&logged.batch) {
                out.open(vault, logged.seq, logged.entry.key_epoch, &logged.entry.body, false)?;
            }
        }
        Ok(out)
    }

    pub fn of(vault: &Vault, covered: Option<&Covered>) -> Result<Self> {
        let mut out = Self::default();
        for pack in covered.map_or(&[][..], |covered| &covered.packs) {
            out.open(vault, pack.seq, pack.key_epoch, &pack.body, true)?;
        }
        Ok(out)
    }

    fn open(&mut self, vault: &Vault, seq: u64, key_epoch: u32, body: &[u8], read: bool) -> Result<()> {
        let Some((range, sealed)) = PackRange::of_body(body) else { return Ok(()) };
        let context = context(vault, &range);
        let opened = vault.with_space_keys(|keys| Ok(open_pack(&context, keys, sealed, MAX_PACK_PLAIN_BYTES)))?;
        let revisions = match opened {
            Ok(revisions) if sealed_under(sealed) == Some(key_epoch) => revisions,
            Ok(_) => return Ok(()),
            Err(error) => {
                tracing::warn!(seq, %error, "a pack does not open");
                return Ok(());
            }
        };
        let rids = revisions.iter().map(|(rid, _)| RevisionId(*rid)).collect();
        self.packs.push(Opened { seq, range, rids });
        if read {
            self.revisions.extend(revisions.into_iter().map(|(rid, bytes)| (RevisionId(rid), bytes)));
        }
        Ok(())
    }

    pub fn get(&self, rid: RevisionId) -> Option<&[u8]> {
        let found = self.revisions.get(&rid);
        let found = if crate::planted("pack-ids-believed") { self.revisions.values().min() } else { found };
        found.map(Vec::as_slice)
    }

    /// True where every revision that comes without its body is here or in these.
    pub fn suffice(&self, vault: &Vault, page: &LogPage) -> Result<bool> {
        let Some(covered) = &page.covered else { return Ok(true) };
        vault.read(|r| {
            for outline in covered.outlines(&page.manifests) {
                let Ok(outline) = outline else { return Ok(false) };
                let rid = RevisionId(outline.rid.0);
                if outline.kind == EntryKind::Revision && self.get(rid).is_none() && !r.has_revision(rid)? {
                    return Ok(false);
                }
            }
            Ok(true)
        })
    }

    /// Compares the packs with what is here, as far as the log was read. In the transaction that has read it.
    pub fn compare(&self, t: &mut Txn<'_>, log_epoch: u64, read: u64) -> Result<()> {
        for pack in &self.packs {
            let range = &pack.range;
            let rid = range.rid(SpaceId(t.vault.space().0)).0;
            let ((from, from_link), (to, to_link)) = (range.from(), range.to());
            let known = t.tx.pack(&rid)?.map_or(PackState::NotCompared, |row| row.state);
            let mut state = PackState::NotCompared;
            // Of another epoch of the log: what is there now may be something else.
            if range.log_epoch() == log_epoch && to <= read && known == PackState::NotCompared {
                let links = [(from, from_link), (to, to_link)].map(|(seq, link)| is_link(t, seq, link));
                let [from_fits, to_fits] = links;
                state = if from_fits? && to_fits? { fits(t, range, &pack.rids)? } else { PackState::DoesNotFit };
                if state == PackState::DoesNotFit {
                    tell(t, pack.seq)?;
                }
            }
            t.tx.put_pack(&PackRow { rid, seq: pack.seq, from, to, state })?;
        }
        Ok(())
    }
}

fn context(vault: &Vault, range: &PackRange) -> PackContext {
    PackContext { space: vault.space().0, range: range.to_bytes() }
}

/// The epoch of the key that sealed, as the seal has it.
fn sealed_under(sealed: &[u8]) -> Option<u32> {
    sealed.get(1..5)?.try_into().ok().map(u32::from_be_bytes)
}

fn is_link(t: &Txn<'_>, seq: u64, link: Hash) -> Result<bool> {
    let known = if seq == 0 { Some([0; 32]) } else { t.tx.log_link(seq)? };
    Ok(known == Some(link.0))
}

/// Whether a pack holds exactly what the log has there.
fn fits(t: &Txn<'_>, range: &PackRange, rids: &[RevisionId]) -> Result<PackState> {
    let (from, to) = (range.from().0, range.to().0);
    // What is not known to be in the log, or is set aside, may be what makes the difference.
    if t.tx.is_set_aside_between(from, to)? || t.tx.count_not_in_log()? > 0 {
        return Ok(PackState::NotCompared);
    }
    let here: BTreeSet<RevisionId> = t.tx.received_between(from, to)?.into_iter().map(|(_, rid)| rid).collect();
    let there: BTreeSet<RevisionId> = rids.iter().copied().collect();
    Ok(if here == there || crate::planted("packs-not-compared") { PackState::ToTell } else { PackState::DoesNotFit })
}

fn tell(t: &mut Txn<'_>, seq: u64) -> Result<()> {
    tracing::warn!(seq, "a pack does not hold what the log has there");
    let message = "A pack of older changes does not hold what it should; the changes themselves are used instead";
    activity::write(t, &Line::new(Happened::SetAside, message.to_owned()))
}

/// An entry of the log that is a pack: where it stands. What it holds was, or will be, compared apart. False where it is one
/// of a newer version.
pub(super) fn note(t: &Txn<'_>, logged: &LogEntry, manifest: &BatchManifest) -> Result<bool> {
    let Some((range, _)) = PackRange::of_body(&logged.entry.body) else { return Ok(false) };
    let space = SpaceId(t.vault.space().0);
    let (from, to) = (range.from().0, range.to().0);
    let mut row = PackRow { rid: logged.entry.rid.0, seq: logged.seq, from, to, state: PackState::NotCompared };
    if range.rid(space) != logged.entry.rid || apply::is_late(t.vault, manifest) {
        row.state = PackState::DoesNotFit;
    } else if manifest.device.0 == t.vault.device().0 {
        row.state = PackState::Fits;
    }
    there(t, row)
}

/// The server has taken a pack that this device made.
pub(super) fn sent(t: &Txn<'_>, stored: &Stored) -> Result<()> {
    Ok(t.tx.put_pack(&PackRow { rid: stored.rid.0, seq: stored.seq, from: 0, to: 0, state: PackState::Fits })?)
}

/// As [`note`], of one whose body did not come.
pub(super) fn note_outline(t: &Txn<'_>, rid: [u8; 32], seq: u64) -> Result<()> {
    there(t, PackRow { rid, seq, from: 0, to: 0, state: PackState::NotCompared }).map(drop)
}

/// The log has a pack: the same, made here and not tried yet, need not be sent.
fn there(t: &Txn<'_>, row: PackRow) -> Result<bool> {
    t.tx.put_pack(&row)?;
    let rid = RevisionId(row.rid);
    if crate::planted("pack-acknowledges") {
        t.tx.ack_outbox(&t.tx.outbox_rids()?)?;
    }
    // An earlier version of this program knew none.
    t.tx.clear_variants(rid)?;
    let signed = t.tx.batch()?.map(|batch| decode::<BatchManifest>(&batch.manifest)).transpose();
    let under_way = signed.ok().flatten().is_some_and(|manifest| manifest.rids.iter().any(|r| r.0 == row.rid));
    if !under_way && t.tx.in_outbox(rid)? {
        t.tx.ack_outbox(&[rid])?;
    }
    Ok(true)
}

/// A pack that waits to be sent, sealed by the newest key, and the epoch of that.
pub(super) fn seal_anew(t: &Txn<'_>, body: &[u8]) -> Result<(u32, Vec<u8>)> {
    let damaged = || NotebookError::Damaged("a pack that waits to be sent cannot be read".into());
    let (range, sealed) = PackRange::of_body(body).ok_or_else(damaged)?;
    let context = context(t.vault, &range);
    t.vault.with_space_keys(|keys| {
        let again = reseal_pack(&context, keys, sealed, MAX_PACK_PLAIN_BYTES, &mut t.vault.env().rng())?;
        Ok((keys.current_epoch().0, range.body(&again)))
    })
}

/// Makes packs of what is history for everybody, if it is time to, and puts them into the outbox. Answers with how many.
///
/// Which part of the log is packed, and into what, follows from the log alone: whole blocks of a fixed number of places
/// (or halves, quarters of one, where that would be too large), which all active devices have signed to have read, and at
/// least half of whose revisions are superseded.
pub(super) fn make(vault: &Vault) -> Result<u32> {
    let block = vault.env().pack_block();
    let Some(plan) = vault.read(|r| Plan::new(vault, r, block))? else { return Ok(0) };
    let (mut made, mut bytes) = (0, 0);
    for number in &plan.blocks {
        let (mut from, end) = (number * block, (number + 1) * block);
        while from < end {
            if let Some(over) = vault.read(|r| Ok(r.pack_over(from + 1)?))? {
                from = over.to;
                continue;
            }
            // As long as it can be, aligned to its length.
            let mut length = block;
            while !from.is_multiple_of(length) || from + length > end {
                length /= 2;
            }
            let pack = loop {
                match plan.seal(vault, from, from + length)? {
                    Sealed::TooLarge if length > 1 => length /= 2,
                    Sealed::TooLarge | Sealed::Not => break None,
                    Sealed::Pack(pack) => break Some(pack),
                }
            };
            from += length;
            let Some(pack) = pack else { continue };
            bytes += pack.plain_bytes;
            if !queue(vault, &pack)? {
                return Ok(made);
            }
            made += 1;
            if made as usize == MAX_AT_ONCE || bytes >= MAX_PACK_PLAIN_BYTES {
                // It takes its time, in which nothing else goes on. The rest at the next sync.
                return Ok(made);
            }
        }
    }
    plan.is_done(vault)?;
    Ok(made)
}

/// What is to be packed, as the log was read when it was looked at.
struct Plan {
    cursor: Cursor,
    blocks: Vec<u64>,
}

struct NewPack {
    range: PackRange,
    key_epoch: u32,
    body: Vec<u8>,
    /// Of the revisions in it.
    plain_bytes: usize,
}

enum Sealed {
    Pack(NewPack),
    /// It has to be a smaller part.
    TooLarge,
    /// Something of it is not here, or it holds nothing.
    Not,
}

impl Plan {
    /// `None` where there is nothing to pack, or it was looked at lately.
    fn new(vault: &Vault, reader: &Reader<'_>, block: u64) -> Result<Option<Self>> {
        let Some(cursor) = reader.cursor()? else { return Ok(None) };
        let busy = reader.outbox_len()? > 0 || reader.packs_wait()? || reader.batch()?.is_some();
        let elsewhere = heal::is_healing(reader)? || fork::is_copied(reader)? || fork::reads_first(reader)?;
        if busy || elsewhere || !is_on(vault, reader)? {
            return Ok(None);
        }
        // A look at all revisions: not for every change.
        let looked = reader.get_u64(meta::PACKS_LOOKED)?.filter(|looked| *looked <= cursor.seq);
        if looked.is_some_and(|looked| cursor.seq - looked < (block / 8).max(1)) {
            return Ok(None);
        }
        let read = read_by_all(vault, reader, cursor)?;
        let blocks = reader.blocks(block, read)?;
        let blocks = blocks.into_iter().filter(|b| b.superseded * 2 >= b.revisions).map(|b| b.number).collect();
        Ok(Some(Self { cursor, blocks }))
    }

    fn seal(&self, vault: &Vault, from: u64, to: u64) -> Result<Sealed> {
        let ends = vault.read(|r| {
            let link = |seq| if seq == 0 { Ok(Some([0; 32])) } else { r.log_link(seq) };
            if r.is_set_aside_between(from, to)? || r.count_not_in_log()? > 0 {
                return Ok(None);
            }
            Ok(link(from)?.zip(link(to)?).map(|ends| (ends, r.received_between(from, to))))
        })?;
        let Some(((from_link, to_link), rows)) = ends else { return Ok(Sealed::Not) };
        let rows = rows?;
        let range = PackRange::new(self.cursor.log_epoch, (from, Hash(from_link)), (to, Hash(to_link)));
        let Some(range) = range.filter(|_| !rows.is_empty()) else { return Ok(Sealed::Not) };
        let (mut revisions, mut bytes) = (Vec::with_capacity(rows.len()), 4);
        for some in rows.chunks(READ_AT_ONCE) {
            let read = vault.read(|r| {
                let each = some.iter().map(|(_, rid)| Ok((*rid, r.revision_bytes(*rid)?)));
                each.collect::<Result<Vec<_>>>()
            })?;
            for (rid, canonical) in read {
                let Some(revision) = canonical.and_then(|canonical| named(vault, rid, canonical)) else {
                    return Ok(Sealed::Not);
                };
                bytes += revision.bytes();
                if bytes > MAX_PACK_PLAIN_BYTES {
                    return Ok(Sealed::TooLarge);
                }
                revisions.push(revision);
            }
        }
        if crate::planted("packs-not-compared") {
            revisions.pop();
        }
        let context = context(vault, &range);
        let (key_epoch, sealed) = vault.with_space_keys(|keys| {
            let (key_epoch, key) = keys.current_epoch();
            Ok((key_epoch, seal_pack(&context, key, key_epoch, &revisions, &mut vault.env().rng())?))
        })?;
        let body = range.body(&sealed);
        if body.len() > MAX_ENTRY_BYTES {
            return Ok(Sealed::TooLarge);
        }
        Ok(Sealed::Pack(NewPack { range, key_epoch, body, plain_bytes: bytes }))
    }

    fn is_done(&self, vault: &Vault) -> Result<()> {
        vault.transact(|t| Ok(t.tx.put_u64(meta::PACKS_LOOKED, self.cursor.seq)?))
    }
}

/// Into the outbox. False where the log is another one by now, or something else is to be sent first.
fn queue(vault: &Vault, pack: &NewPack) -> Result<bool> {
    let NewPack { range, key_epoch, body, .. } = pack;
    vault.transact(|t| {
        let (to, link) = range.to();
        let same = t.tx.cursor()?.is_some_and(|cursor| cursor.log_epoch == range.log_epoch());
        if !same || !is_link(t, to, link)? || heal::is_healing(t.reader())? || t.tx.outbox_len()? > 0 {
            return Ok(false);
        }
        let rid = range.rid(SpaceId(t.vault.space().0)).0;
        if t.tx.push_outbox(RevisionId(rid), EntryKind::Pack as u64, *key_epoch, body)? {
            // Another device's may be first.
            t.tx.put_pack(&PackRow { rid, seq: 0, from: range.from().0, to, state: PackState::NotCompared })?;
        }
        Ok(true)
    })
}

/// A stored revision with the number of the id key that names it.
fn named(vault: &Vault, rid: RevisionId, canonical: Vec<u8>) -> Option<PackedRevision> {
    let number = vault.with_space_keys(|keys| {
        Ok(keys.id_keys.iter().rev().find(|(_, key)| revision_id(key, &canonical) == rid.0).map(|(number, _)| *number))
    });
    number.ok().flatten().map(|id_key_no| PackedRevision { id_key_no, canonical })
}

/// How far every active device has signed to have read, in this epoch of the log.
pub(super) fn read_by_all(vault: &Vault, reader: &Reader<'_>, cursor: Cursor) -> Result<u64> {
    read_by_active(vault, reader, cursor, vault.env().pack_waits_ms(), |_| Ok(true))
}

/// The same, where a device is active that was heard of for so long, or is not silent.
pub(super) fn read_by_active(
    vault: &Vault,
    reader: &Reader<'_>,
    cursor: Cursor,
    waits_ms: u64,
    is_silent: impl Fn(DeviceId) -> Result<bool>,
) -> Result<u64> {
    let members: Vec<DeviceId> =
        vault.keys().open.account.members.devices.iter().map(|member| DeviceId(member.device_id)).collect();
    let devices = reader.devices()?;
    let now_ms = vault.env().now_ms();
    let mut read = cursor.seq;
    for device in members.into_iter().filter(|device| *device != vault.device()) {
        let seen = match reader.last_manifest(device)? {
            Some(row) => decode::<BatchManifest>(&row.bytes).ok().map(|manifest| manifest.seen),
            None => None,
        };
        let at = seen.filter(|seen| seen.log_epoch == cursor.log_epoch).map_or(0, |seen| seen.seq);
        if at >= read {
            continue;
        }
        let told = devices.iter().find(|row| row.id == device).map_or(0, |row| row.last_seen_ms.max(row.created_ms));
        let last_ms = reader.last_written_ms(device)?.unwrap_or(0).max(told);
        // One that has never told anything has just joined.
        if waits_ms > 0 && (last_ms == 0 || now_ms.saturating_sub(last_ms) < waits_ms || !is_silent(device)?) {
            read = at;
        }
    }
    Ok(read)
}

/// Whether an answer without bodies is one to a server that has them no more.
pub(super) fn is_gone(error: &NotebookError) -> bool {
    matches!(error, NotebookError::Protocol(holdfast_protocol::ProtocolError::Refused(_)))
}
