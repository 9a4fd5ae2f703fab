//! Taking entries over: opened, checked, stored, shown. Runs inside the transaction that moves the cursor.
//!
//! What cannot be used is set aside with what it waits for, and the log goes on
//! (docs/decisions/0019-what-does-not-open-is-set-aside.md).

use std::collections::{BTreeMap, HashMap};

use holdfast_crypto::{CryptoError, open_revision_on};
use holdfast_domain::{DecodeError, DeviceId, Fields, MAX_RECORD_BYTES, Revision, RevisionId};
use holdfast_protocol as wire;
use holdfast_protocol::{
    BatchManifest, Entry, EntryKind, Hash, Item, LogEntry, LogPage, Outline, batch_hash, body_hash, decode, encode,
    may_send,
};
use holdfast_store::{ManifestRow, QuarantineRow, Reader, RevisionSource, Waiting};

use super::activity::{self, Happened, Line};
use super::packs::{self, Unpacked};
use super::set_aside::{self, Aside};
use super::{places, releases, thinning};
use crate::txn::Txn;
use crate::{NotebookError, Result, Vault};

/// What taking over entries came to.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Taken {
    /// Revisions that were not here.
    pub new: u32,
    /// Sealed bytes that do not open: altered after they were sealed.
    pub altered: u32,
    /// Places of versions, on which something may build that is set aside.
    pub places: bool,
    /// The server was asked for the contents that are missing, and does not have them.
    pub nowhere: bool,
}

/// Takes over a checked page.
pub(super) fn apply(t: &mut Txn<'_>, page: &LogPage, unpacked: &Unpacked) -> Result<Taken> {
    t.changes.from_sync = true;
    let mut manifests: HashMap<Hash, (&BatchManifest, bool)> = HashMap::new();
    for manifest in &page.manifests {
        let batch = batch_hash(manifest);
        let late = is_second_of_removed(t, manifest, batch)?;
        manifests.insert(batch, (manifest, late));
        if !late {
            note_copies(t, manifest)?;
        }
        keep_manifest(t, manifest)?;
    }
    // So many can be read first: the index comes after them.
    if page.len() >= crate::search::MANY {
        t.tx.defer_index()?;
    }
    let mut taken = Taken::default();
    for item in page.items().map_err(|e| NotebookError::Internal(e.to_string()))? {
        let outline = item.outline();
        let manifest = manifests.get(&outline.batch);
        let (manifest, late) = manifest.ok_or_else(|| NotebookError::Internal("an entry without its batch".into()))?;
        let late = *late && !t.tx.has_revision(RevisionId(outline.rid.0))?;
        match item {
            _ if late && outline.kind == EntryKind::Pack => packs::note_outline(t, outline.rid.0, outline.seq)?,
            // It counts for nothing, and there is nothing in it to decide about.
            _ if late && matches!(outline.kind, EntryKind::Release | EntryKind::Place) => {}
            Item::Whole(entry) if late => Came::Whole(entry).set_aside(t, Waiting::Removed, LATE)?,
            Item::Whole(entry) => take(t, entry, manifest, Vouched::No, &mut taken)?,
            Item::Outline(outline) => {
                let came = Came::Packed(&outline, unpacked.get(RevisionId(outline.rid.0)));
                if late {
                    came.set_aside(t, Waiting::Removed, LATE)?;
                } else {
                    take_outline(t, &outline, manifest, unpacked, &mut taken)?;
                }
            }
        }
    }
    if taken.new > 0 || taken.places {
        retry_quarantined(t, &mut taken)?;
    }
    Ok(taken)
}

/// True where the account knows, or knew, the device that signed this.
pub(super) fn was_member(vault: &Vault, manifest: &BatchManifest) -> bool {
    vault.keys().open.account.members.sign_pk(manifest.device.0).is_some()
}

/// True where a device signed this after it was removed (the removal names its last batch), or never was a member.
pub(super) fn is_late(vault: &Vault, manifest: &BatchManifest) -> bool {
    let keys = vault.keys();
    let members = &keys.open.account.members;
    if members.sign_pk(manifest.device.0).is_none() {
        return true;
    }
    let last = members.removed(manifest.device.0).filter(|_| !crate::planted("late-taken-over"));
    last.is_some_and(|last| {
        let last_ctr = last.ctr + u64::from(crate::planted("one-late-batch-counts"));
        manifest.ctr > last_ctr || (manifest.ctr == last.ctr && batch_hash(manifest).0 != last.hash)
    })
}

/// Another batch under a counter that a removed device used before: whoever has its key may have signed it at any time.
fn is_second_of_removed(t: &Txn<'_>, manifest: &BatchManifest, batch: Hash) -> Result<bool> {
    let removed = t.vault.keys().open.account.members.removed(manifest.device.0).is_some();
    let device = DeviceId(manifest.device.0);
    Ok(removed && t.tx.is_counter_of_another(device, manifest.ctr, &batch.0)? && t.tx.manifest(&batch.0)?.is_none())
}

/// A counter names one batch. Only the device itself can sign another with it, so its vault was copied, and the server
/// forgot one of the two in between: both are right, and both are kept. The copies find out at their own next sync.
fn note_copies(t: &mut Txn<'_>, manifest: &BatchManifest) -> Result<()> {
    let (device, ctr, batch) = (DeviceId(manifest.device.0), manifest.ctr, batch_hash(manifest));
    let is_second = t.tx.is_counter_of_another(device, ctr, &batch.0)? && t.tx.manifest(&batch.0)?.is_none();
    if !is_second || t.tx.is_counter_of_another(device, ctr.saturating_sub(1), &manifest.prev.0)? {
        return Ok(());
    }
    let name = t.tx.device(device)?.map_or_else(|| "another computer".to_owned(), |row| format!("“{}”", row.name));
    let message = format!("Two copies of the vault of {name} have sent changes; all of them are kept");
    activity::write(t, &Line::new(Happened::Copied, message))
}

pub(super) fn keep_manifest(t: &mut Txn<'_>, manifest: &BatchManifest) -> Result<()> {
    if crate::planted("manifests-forgotten") && manifest.device.0 != t.vault.device().0 {
        return Ok(());
    }
    t.tx.put_manifest(&ManifestRow {
        batch: batch_hash(manifest).0,
        device: DeviceId(manifest.device.0),
        ctr: manifest.ctr,
        bytes: encode(manifest),
    })?;
    Ok(())
}

/// The canonical bytes inside an entry of a revision.
pub(super) fn open(
    vault: &Vault,
    reader: &Reader<'_>,
    entry: &Entry,
) -> Result<std::result::Result<Vec<u8>, CryptoError>> {
    open_on(vault, reader, entry, &BTreeMap::new())
}

/// As [`open`], where what it builds on may be among those that were opened and are not stored.
pub(super) fn open_on(
    vault: &Vault,
    reader: &Reader<'_>,
    entry: &Entry,
    opened: &BTreeMap<RevisionId, Vec<u8>>,
) -> Result<std::result::Result<Vec<u8>, CryptoError>> {
    let space = vault.space();
    let mut failed = None;
    let outcome = vault.with_space_keys(|keys| {
        let (rid, key_epoch, body) = (entry.rid.0, entry.key_epoch, &entry.body);
        Ok(open_revision_on(space.0, rid, key_epoch, keys, body, MAX_RECORD_BYTES, |parent| {
            if let Some(bytes) = opened.get(&RevisionId(*parent)) {
                return Some(bytes.clone());
            }
            // What is stored is a record, and so within the same bound.
            reader.revision_bytes(RevisionId(*parent)).unwrap_or_else(|e| {
                failed = Some(e);
                None
            })
        }))
    })?;
    match failed {
        Some(error) => Err(error.into()),
        None => Ok(outcome),
    }
}

/// Whether a member has built on an entry, and so has taken it for its device's own.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Vouched {
    Yes,
    No,
}

/// Takes one entry over, or sets it aside. `manifest` is of the batch that it names.
pub(super) fn take(
    t: &mut Txn<'_>,
    logged: &LogEntry,
    manifest: &BatchManifest,
    vouched: Vouched,
    taken: &mut Taken,
) -> Result<()> {
    let (rid, came) = (RevisionId(logged.entry.rid.0), Came::Whole(logged));
    // An earlier version of the program, in the simulator, knows none.
    let knows_packs = !t.vault.env().is_older();
    if knows_packs && logged.entry.kind == EntryKind::Pack && packs::note(t, logged, manifest)? {
        return Ok(());
    }
    if logged.entry.kind == EntryKind::Release && releases::note(t, logged, manifest)? {
        return Ok(());
    }
    if knows_packs && logged.entry.kind == EntryKind::Place {
        return match places::note(t, logged, is_late(t.vault, manifest))? {
            places::Came::Noted => {
                taken.places = true;
                Ok(())
            }
            places::Came::Waits(Waiting::Key) => came.set_aside(t, Waiting::Key, MISSING_KEY),
            places::Came::Waits(Waiting::Variant) => {
                taken.altered += 1;
                came.set_aside(t, Waiting::Variant, ALTERED)
            }
            places::Came::Waits(_) => came.set_aside(t, Waiting::Program, NEWER_KIND),
        };
    }
    if logged.entry.kind != EntryKind::Revision {
        return came.set_aside(t, Waiting::Program, NEWER_KIND);
    }
    if t.tx.has_revision(rid)? {
        if logged.seq > 0 && is_of_its_author(t, rid, manifest)? {
            t.tx.set_received(rid, logged.seq)?;
            sent_by_copy(t, logged.entry.rid, |t| Ok(open(t.vault, t.reader(), &logged.entry)?.is_ok()))?;
        }
        return Ok(());
    }
    if vouched == Vouched::No && is_late(t.vault, manifest) {
        return came.set_aside_as_late(t);
    }
    let mut opened = open(t.vault, t.reader(), &logged.entry)?;
    if let Err(CryptoError::MissingParent { parent }) = opened
        && vouch_for(t, &[RevisionId(parent)], manifest, vouched, taken)?
    {
        opened = open(t.vault, t.reader(), &logged.entry)?;
    }
    match opened {
        Ok(bytes) => store(t, came, manifest, &bytes, vouched, taken),
        Err(CryptoError::MissingKey { .. }) => came.set_aside(t, Waiting::Key, MISSING_KEY),
        Err(CryptoError::MissingParent { parent }) if t.tx.is_stub(RevisionId(parent))? => {
            came.set_aside(t, Waiting::Content, THINNED)
        }
        Err(CryptoError::MissingParent { .. }) => came.set_aside(t, Waiting::Parent, ORPHAN),
        Err(CryptoError::NewerVersion(_)) => {
            came.set_aside(t, Waiting::Program, "sealed by a newer version of Holdfast")
        }
        Err(_) => {
            taken.altered += 1;
            came.set_aside(t, Waiting::Variant, ALTERED)
        }
    }
}

/// Takes over an entry that came without its body, from the packs that came along.
pub(super) fn take_outline(
    t: &mut Txn<'_>,
    outline: &Outline,
    manifest: &BatchManifest,
    unpacked: &Unpacked,
    taken: &mut Taken,
) -> Result<()> {
    let rid = RevisionId(outline.rid.0);
    let bytes = unpacked.get(rid);
    let came = Came::Packed(outline, bytes);
    match outline.kind {
        EntryKind::Revision => {}
        EntryKind::Pack => return packs::note_outline(t, outline.rid.0, outline.seq),
        EntryKind::Place | EntryKind::Release => return came.set_aside(t, Waiting::Program, NEWER_KIND),
    }
    if t.tx.has_revision(rid)? {
        if outline.seq > 0 && is_of_its_author(t, rid, manifest)? {
            t.tx.set_received(rid, outline.seq)?;
            // The id of what the pack has was computed: it is this change.
            sent_by_copy(t, outline.rid, |_| Ok(bytes.is_some()))?;
        }
        return Ok(());
    }
    if is_late(t.vault, manifest) {
        return came.set_aside_as_late(t);
    }
    match bytes {
        Some(bytes) => store(t, came, manifest, bytes, Vouched::No, taken),
        None => came.set_aside(t, Waiting::Variant, NOT_IN_PACK),
    }
}

/// Takes over those of the parents that were set aside because their device was removed, where a member builds on them:
/// it did not know of the removal, and what it wrote would wait for ever. True where something was done.
fn vouch_for(
    t: &mut Txn<'_>,
    parents: &[RevisionId],
    by: &BatchManifest,
    vouched: Vouched,
    taken: &mut Taken,
) -> Result<bool> {
    let is_member = !is_late(t.vault, by) && !crate::planted("nobody-vouches");
    if vouched == Vouched::No && !is_member {
        return Ok(false);
    }
    let mut any = false;
    for parent in parents {
        // Also what was discarded here: another computer of the account has it in its notes.
        let late = |row: &QuarantineRow| matches!(row.waiting, Waiting::Removed | Waiting::Decided);
        for row in t.tx.quarantined(*parent)?.into_iter().filter(late) {
            let Some((logged, manifest)) = set_aside(t.reader(), &row)? else { continue };
            t.tx.remove_quarantine(row.rid, &row.body_hash)?;
            take(t, &logged, &manifest, Vouched::Yes, taken)?;
            any = true;
        }
    }
    Ok(any)
}

/// An entry as it was set aside, with its batch. `None` where they cannot be read.
pub(super) fn set_aside(reader: &Reader<'_>, row: &QuarantineRow) -> Result<Option<(LogEntry, BatchManifest)>> {
    let Ok(mut logged) = decode::<LogEntry>(&row.bytes) else { return Ok(None) };
    logged.seq = row.seq;
    let Some(manifest) = reader.manifest(&logged.batch.0)? else { return Ok(None) };
    Ok(decode::<BatchManifest>(&manifest.bytes).ok().map(|manifest| (logged, manifest)))
}

/// What waits here and is in the log already was sent by another copy of this vault: it is not sent again. Not so what
/// is in the batch under way, whose answer says it, nor what does not open.
fn sent_by_copy(t: &mut Txn<'_>, id: wire::Rid, opens: impl FnOnce(&Txn<'_>) -> Result<bool>) -> Result<()> {
    let rid = RevisionId(id.0);
    if !t.tx.in_outbox(rid)? || t.tx.batch()?.is_some_and(|batch| is_in(&batch.manifest, id)) {
        return Ok(());
    }
    if opens(t)? {
        t.tx.ack_outbox(&[rid])?;
        if let Some(record) = t.tx.record_of(rid)? {
            t.changes.notes.insert(record.into());
        }
    }
    Ok(())
}

/// False where another member used the id of what is here: that is not in the log by this.
fn is_of_its_author(t: &Txn<'_>, rid: RevisionId, manifest: &BatchManifest) -> Result<bool> {
    let known = crate::planted("junk-is-the-change");
    Ok(known || t.tx.author_of(rid)?.is_some_and(|author| is_from(t.vault, manifest, author)))
}

fn is_in(manifest: &[u8], rid: wire::Rid) -> bool {
    decode::<BatchManifest>(manifest).is_ok_and(|manifest| manifest.rids.contains(&rid))
}

/// True where the batch's device is the author, or its heir.
pub(super) fn is_from(vault: &Vault, manifest: &BatchManifest, author: DeviceId) -> bool {
    let author = wire::DeviceId(author.0);
    if author == manifest.device {
        return true;
    }
    let keys = vault.keys();
    may_send(manifest, author, |id| keys.open.account.members.sign_pk(id.0))
}

/// Why an entry is set aside that builds on something that is not here.
const ORPHAN: &str = "came before a version that it builds on";
/// Why one is set aside that cannot be merged without what was thinned here.
const THINNED: &str = "builds on an old version whose content is not here";
const MISSING_KEY: &str = "waiting for a key";
const NEWER_KIND: &str = "of a kind that needs a newer version of Holdfast";
const NOT_IN_PACK: &str = "is in a pack that does not hold it";
const LATE: &str = "sent by a computer that is no member of the account";
const ALTERED: &str = "does not open: it was altered on the server or on the way";

/// Stores an opened revision, or sets it aside until what it builds on is here.
fn store(
    t: &mut Txn<'_>,
    came: Came<'_>,
    manifest: &BatchManifest,
    bytes: &[u8],
    vouched: Vouched,
    taken: &mut Taken,
) -> Result<()> {
    let revision = match Revision::decode(bytes) {
        Ok(revision) => revision,
        Err(DecodeError::Newer(_)) => {
            return came.set_aside(t, Waiting::Program, "written by a newer version of Holdfast");
        }
        Err(e) => return came.set_aside(t, Waiting::Variant, &format!("cannot be read: {e}")),
    };
    if !is_from(t.vault, manifest, revision.author) {
        return came.set_aside(t, Waiting::Variant, "signed by another computer than its author");
    }
    let mut missing = t.tx.missing_parents(&revision)?;
    if !missing.is_empty() && vouch_for(t, &missing, manifest, vouched, taken)? {
        missing = t.tx.missing_parents(&revision)?;
    }
    let rid = came.rid();
    if !missing.is_empty() && !t.vault.env().is_older() && places::bring(t, rid, &revision, taken.nowhere)? {
        missing = t.tx.missing_parents(&revision)?;
    }
    if !missing.is_empty() && !crate::planted("parents-not-awaited") {
        return came.set_aside(t, Waiting::Parent, ORPHAN);
    }
    let lacks = !thinning::lacking(t.vault, t.reader(), Some((rid, &revision)), revision.record)?.is_empty();
    if lacks && !crate::planted("stub-counts-as-content") {
        return came.set_aside(t, Waiting::Content, THINNED);
    }
    t.observe(&revision);
    // Of several variants the first that opens counts.
    t.tx.clear_variants(rid)?;
    let may_name = match &revision.fields {
        Fields::Note(note) => note.attachments.iter().next().is_some(),
        Fields::Attachment(_) => true,
        Fields::Notebook(_) | Fields::Device(_) | Fields::Unknown(..) => false,
    };
    if may_name {
        releases::look_soon(t)?;
    }
    let record = revision.record;
    let new = t.store(rid, revision, bytes, RevisionSource::Log { seq: came.seq() })?;
    t.arrived(record, rid);
    taken.new += u32::from(new);
    Ok(())
}

/// An entry as it came.
#[derive(Clone, Copy)]
enum Came<'a> {
    Whole(&'a LogEntry),
    /// Without its body; with what a pack has for its id.
    Packed(&'a Outline, Option<&'a [u8]>),
}

impl Came<'_> {
    fn rid(&self) -> RevisionId {
        match self {
            Self::Whole(logged) => RevisionId(logged.entry.rid.0),
            Self::Packed(outline, _) => RevisionId(outline.rid.0),
        }
    }

    fn seq(&self) -> u64 {
        match self {
            Self::Whole(logged) => logged.seq,
            Self::Packed(outline, _) => outline.seq,
        }
    }

    /// What came without its body is kept with one that is sealed here, under the hash of the log's; with an empty one
    /// where no pack has it.
    fn set_aside(&self, t: &mut Txn<'_>, waiting: Waiting, reason: &str) -> Result<()> {
        match self {
            Self::Whole(logged) => quarantine(t, logged, body_hash(&logged.entry.body), waiting, reason),
            Self::Packed(outline, bytes) => {
                let Outline { seq, kind, rid, key_epoch, batch, body } = **outline;
                let entry = match bytes {
                    Some(bytes) => super::seal(t.vault, self.rid(), bytes)?,
                    None => Entry { kind, rid, key_epoch, body: Vec::new() },
                };
                quarantine(t, &LogEntry { seq, entry, batch }, body, waiting, reason)
            }
        }
    }

    /// Whoever gave it back to a server sealed it anew. So where what is here already, decided about or not, says the same,
    /// that is it, at another place.
    fn set_aside_as_late(&self, t: &mut Txn<'_>) -> Result<()> {
        let rid = self.rid();
        let rows: Vec<_> = t.tx.quarantined(rid)?.into_iter().filter(set_aside::is_late).collect();
        let body = match self {
            Self::Whole(logged) => body_hash(&logged.entry.body),
            Self::Packed(outline, _) => outline.body,
        };
        let is_another_seal = !rows.is_empty() && rows.iter().all(|row| row.body_hash != body.0);
        // The id is a hash over what it says: what opens under it says the same.
        let opens = |t: &Txn<'_>| match self {
            Self::Whole(logged) => Ok::<_, NotebookError>(set_aside::open(t.vault, t.reader(), logged)?.is_some()),
            Self::Packed(_, bytes) => Ok(bytes.is_some()),
        };
        if is_another_seal && !crate::planted("late-by-its-seal") && opens(t)? {
            for row in rows {
                let under = row.body_hash;
                if Aside::load(t.vault, t.reader(), row)?.revision.is_none() {
                    continue;
                }
                if self.seq() > 0 {
                    t.tx.place_quarantine(rid, &under, &under, self.seq())?;
                }
                return Ok(());
            }
        }
        self.set_aside(t, Waiting::Removed, LATE)
    }
}

fn quarantine(t: &mut Txn<'_>, logged: &LogEntry, body: Hash, waiting: Waiting, reason: &str) -> Result<()> {
    if crate::planted("quarantine-dropped") {
        return Ok(());
    }
    // Whoever looked before, with whichever version of the program, has not looked at this.
    if matches!(waiting, Waiting::Key | Waiting::Program) {
        t.tx.remove_meta(super::meta::LOOKED_BY)?;
    }
    let kept = t.tx.put_quarantine(&QuarantineRow {
        rid: RevisionId(logged.entry.rid.0),
        body_hash: body.0,
        seq: logged.seq,
        waiting,
        reason: reason.to_owned(),
        bytes: encode(logged),
        arrived_ms: t.now_ms,
        taken_as: None,
    })?;
    if !kept {
        tracing::warn!(seq = logged.seq, "one variant too many is left out");
    }
    Ok(())
}

/// What was set aside may have what it waited for.
pub(super) fn retry_quarantined(t: &mut Txn<'_>, taken: &mut Taken) -> Result<()> {
    if crate::planted("quarantine-never-retried") {
        return Ok(());
    }
    loop {
        let before = taken.new;
        for row in t.tx.list_quarantine()? {
            // Only other bytes can help, and those come as an entry of their own; or nothing can.
            if matches!(row.waiting, Waiting::Variant | Waiting::Removed | Waiting::Decided) {
                continue;
            }
            let Some((logged, manifest)) = set_aside(t.reader(), &row)? else { continue };
            // Another row may have brought it in with itself.
            if !t.tx.remove_quarantine(row.rid, &row.body_hash)? {
                continue;
            }
            // It goes back by itself where it still waits.
            take(t, &logged, &manifest, Vouched::No, taken)?;
            t.tx.set_arrived(row.rid, &row.body_hash, row.arrived_ms)?;
        }
        if taken.new == before || crate::planted("quarantine-retried-once") {
            return Ok(());
        }
    }
}
