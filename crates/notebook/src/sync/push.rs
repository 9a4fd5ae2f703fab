//! Sending the outbox: one signed batch at a time, stored before it is sent, so that a retry is byte-identical.

use holdfast_domain::RevisionId;
use holdfast_protocol as wire;
use holdfast_protocol::{
    BatchManifest, Entry, EntryKind, Hash, LogHead, PushOutcome, PushRequest, RejectReason, Rid, Seen, Stored,
    SyncProtocol, Token, batch_hash, body_hash, decode, encode, limits, signed_bytes,
};
use holdfast_store::{Batch, BatchAccepted, Cursor, OutboxRow, Reader};
use holdfast_sync::StepReport;

use super::account::KEY_TRIES;
use super::keys::{newest_epoch, own_keys, refresh_keys, shared_keys};
use super::{digest, fork, heal, packs, places, pull, releases};
use crate::txn::Txn;
use crate::{NotebookError, Result, Vault};

/// What a push brought, for the log.
#[derive(Default)]
pub(super) struct Pushed {
    pub report: StepReport,
    pub revisions: u32,
    pub packs: u32,
}

impl Pushed {
    fn step(report: StepReport) -> Self {
        Self { report, ..Self::default() }
    }
}

pub(super) async fn push(vault: &Vault, server: &dyn SyncProtocol, token: &Token) -> Result<Pushed> {
    if vault.read(fork::is_copied)? {
        let report = fork::become_another(vault, server, token).await?;
        return Ok(Pushed::step(report));
    }
    if vault.read(fork::reads_first)? {
        let pulled = pull::pull(vault, server, token).await?;
        // Read to its end: what waits can be sent now.
        let moved = pulled.report.moved || !vault.read(fork::reads_first)?;
        return Ok(Pushed::step(StepReport { caught_up: false, moved, ..pulled.report }));
    }
    let is_retry = vault.read(|r| Ok(r.batch()?.is_some()))?;
    let Some(request) = next_batch(vault)? else { return Ok(Pushed::default()) };
    let manifest = request.manifest.clone();
    let batch = batch_hash(&manifest);
    let (mut sent, mut oldest) = outline(&request, batch);
    let with_keys = |request, keys| PushRequest { keys: Some(keys), ..request };
    let mut answer = server.push(token, with_keys(request, own_keys(vault))).await;
    // A server that was restored from a backup may have forgotten who this device is, and nothing else; it may be restored
    // again before this comes. Or another device changed the account, and another one again before this comes: what is sealed
    // under other keys than the account's, nobody could open.
    for _ in 0..KEY_TRIES {
        let others = matches!(answer, Err(wire::ProtocolError::KeysChanged { .. }));
        let forgot = matches!(answer, Err(wire::ProtocolError::NotRegistered));
        if !others && !forgot {
            break;
        }
        let keys = shared_keys(vault, server, token).await?;
        if others {
            // It looks at the counter first: it does not have this batch.
            vault.transact(|t| renew_pending(t))?;
        }
        let Some(request) = vault.read(pending)? else { return Ok(Pushed::default()) };
        (sent, oldest) = outline(&request, batch);
        answer = server.push(token, with_keys(request, keys)).await;
    }
    if answer.is_err() && crate::planted("outbox-dropped-on-error") {
        vault.transact(|t| {
            t.tx.ack_outbox(&t.tx.outbox_rids()?)?;
            Ok(t.tx.clear_batch()?)
        })?;
    }
    match answer? {
        PushOutcome::Accepted { stored, head } => {
            // A retry is answered as the first time: with the head of that time, which others may have passed.
            let at_head = match accept(vault, &manifest, &sent, &stored, head)? {
                Taken::Whole { at_head } => at_head,
                Taken::Unread { changes } => {
                    // What it has just taken it calls known: it is not believed in anything it says of this batch.
                    if !changes.is_empty() && pull::is_of_batch(vault, server, token, batch, &changes).await? {
                        return Err(never_shown());
                    }
                    return read_what_is_said(vault, server, token, head).await;
                }
                Taken::Never => return look_for_set_back(vault, server, token).await,
            };
            let caught_up = at_head && !is_retry;
            let report = StepReport { caught_up, moved: true, ..StepReport::default() };
            let of = |kind| sent.iter().filter(|sent| sent.kind == kind).count() as u32;
            Ok(Pushed { report, revisions: of(EntryKind::Revision), packs: of(EntryKind::Pack) })
        }
        PushOutcome::Rejected { index, reason } => Err(rejected(index, reason)),
        PushOutcome::Rebase { .. } => {
            let Seen { log_epoch, seq, link, .. } = manifest.seen;
            let report = heal::begin(vault, server, token, LogHead { log_epoch, seq, link }).await?;
            Ok(Pushed::step(report))
        }
        PushOutcome::Forked { ctr, batch } if vault.read(|r| is_behind(vault, r, ctr, batch))? => {
            let lost = vault.read(|r| Ok(r.log_head()?.or(r.cursor()?)))?;
            let lost = lost.map_or(LogHead { log_epoch: 0, seq: 0, link: Hash::ZERO }, |at| LogHead {
                log_epoch: at.log_epoch,
                seq: at.seq,
                link: Hash(at.link),
            });
            let report = heal::begin(vault, server, token, lost).await?;
            Ok(Pushed::step(report))
        }
        PushOutcome::Forked { .. } => {
            let report = fork::become_another(vault, server, token).await?;
            Ok(Pushed::step(report))
        }
        // It looks at the counter first: it does not have this batch.
        PushOutcome::StaleEpoch { key_epoch } if oldest < key_epoch => {
            follow_epoch(vault, server, token, key_epoch).await?;
            Ok(Pushed::step(StepReport { moved: true, ..StepReport::default() }))
        }
        PushOutcome::StaleEpoch { .. } => Err(stale_epoch()),
    }
}

/// The space has newer keys than those that sealed the batch: somebody was removed. The batch stays the one that was
/// signed, with bodies that are sealed anew.
async fn follow_epoch(vault: &Vault, server: &dyn SyncProtocol, token: &Token, asked: u32) -> Result<()> {
    if newest_epoch(vault)?.epoch < asked {
        refresh_keys(vault, server, token).await?;
    }
    if newest_epoch(vault)?.epoch < asked {
        return Err(stale_epoch());
    }
    vault.transact(|t| renew_pending(t).map(drop))
}

/// Seals the batch under way with the newest key, where the server cannot have it.
pub(super) fn renew_pending(t: &Txn<'_>) -> Result<bool> {
    let Some(batch) = t.tx.batch()? else { return Ok(false) };
    super::seal_anew(t, &t.tx.outbox_batch(batch.ctr)?)
}

/// The server knows an earlier batch of this device as its last: it was set back.
fn is_behind(vault: &Vault, reader: &Reader<'_>, ctr: u64, batch: Hash) -> Result<bool> {
    let accepted = reader.batch_accepted()?.map_or(0, |last| last.ctr);
    if ctr == 0 || ctr >= accepted {
        return Ok(ctr == 0 && accepted > 0);
    }
    Ok(reader.manifest(&batch.0)?.is_some_and(|known| known.device == vault.device() && known.ctr == ctr))
}

pub(super) fn rejected(index: u32, reason: RejectReason) -> NotebookError {
    let what = match reason {
        RejectReason::TooLarge => "it is too large for the server",
        RejectReason::TooManyVariants => "the server holds other bytes under its id",
        RejectReason::UnknownKind => "the server is older than this program",
        RejectReason::QuotaExceeded => "the server has no more room for this account",
    };
    NotebookError::Protocol(wire::ProtocolError::Refused(format!("change {} of the batch: {what}", index + 1)))
}

pub(super) fn stale_epoch() -> NotebookError {
    NotebookError::HostileServer("it asks for a newer key, which this account does not have".into())
}

/// What has to be remembered of a batch that is sent, and the oldest key epoch in it.
fn outline(request: &PushRequest, batch: Hash) -> (Vec<Sent>, u32) {
    let oldest = request.entries.iter().map(|entry| entry.key_epoch).min();
    (request.entries.iter().map(|entry| Sent::of(entry, batch)).collect(), oldest.unwrap_or_default())
}

/// What goes into an entry's link.
#[derive(Clone, Copy)]
pub(super) struct Sent {
    pub kind: EntryKind,
    pub rid: Rid,
    pub key_epoch: u32,
    pub body: Hash,
    pub batch: Hash,
}

impl Sent {
    pub fn of(entry: &Entry, batch: Hash) -> Self {
        let body = body_hash(&entry.body);
        Self { kind: entry.kind, rid: entry.rid, key_epoch: entry.key_epoch, body, batch }
    }
}

/// Fails where the answer is not one to what was sent.
pub(super) fn check_answer(sent: &[Sent], stored: &[Stored], head: LogHead) -> Result<()> {
    let hostile = |what: &str| Err(NotebookError::HostileServer(what.to_owned()));
    if crate::planted("answer-not-compared") {
        return Ok(());
    }
    if stored.len() != sent.len() || stored.iter().zip(sent).any(|(s, sent)| s.rid != sent.rid) {
        return hostile("it confirmed other changes than were sent");
    }
    if stored.iter().any(|s| s.seq == 0 || s.seq > head.seq) {
        return hostile("it confirmed changes at a place that its log does not have");
    }
    Ok(())
}

/// Where in the log is what the server calls a duplicate.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Duplicates {
    /// In the part that was read, all of them.
    Shown,
    /// Some are said to lie behind it.
    NotYet,
    /// Some are said to lie in it, and it did not show them: it is another log since then, or a lie.
    Never,
}

/// A duplicate was not stored for this answer: only a log that was read shows that it is there, never a number. Else a
/// server could make a change leave the queue that it does not have.
pub(super) fn duplicates(reader: &Reader<'_>, sent: &[Sent], stored: &[Stored]) -> Result<Duplicates> {
    let read = reader.cursor()?.map_or(0, |cursor| cursor.seq);
    let mut unread = false;
    for (s, e) in stored.iter().zip(sent).filter(|(s, _)| s.duplicate) {
        if crate::planted("duplicate-is-believed") {
            continue;
        }
        if s.seq > read {
            unread = true;
            continue;
        }
        let rid = RevisionId(s.rid.0);
        let shown = match e.kind {
            EntryKind::Pack => packs::is_in_log(reader, s.rid)?,
            EntryKind::Release => releases::is_in_log(reader, s.rid, reader.outbox_body(rid)?.as_deref())?,
            EntryKind::Place => places::is_in_log(reader, rid)?,
            EntryKind::Revision => reader.is_in_log(rid)?,
        };
        if !shown {
            return Ok(Duplicates::Never);
        }
    }
    Ok(if unread { Duplicates::NotYet } else { Duplicates::Shown })
}

/// Where what was just stored lies beside what was read of the log.
enum Along {
    /// It follows at once: the log's places over it.
    Follows(Vec<LogHead>),
    /// What others sent lies between.
    Behind,
    /// In another log than the one that was read.
    OtherLog,
    /// The server says that it follows at once, and ends in another link than it then would: it is another log since that
    /// was read, or a lie.
    Never,
}

fn along(t: &Txn<'_>, sent: &[Sent], stored: &[Stored], head: LogHead) -> Result<Along> {
    let cursor = t.tx.cursor()?.unwrap_or(Cursor { log_epoch: head.log_epoch, seq: 0, link: [0; 32] });
    if cursor.log_epoch != head.log_epoch && !crate::planted("epoch-not-compared") {
        return Ok(Along::OtherLog);
    }
    let follows = stored.iter().enumerate().all(|(n, s)| {
        let next = cursor.seq + 1 + n as u64;
        !s.duplicate && (s.seq == next || crate::planted("cursor-follows-loosely") && s.seq > next)
    });
    if !follows && crate::planted("cursor-over-others") {
        return Ok(Along::Follows(vec![head]));
    }
    if !follows {
        return Ok(Along::Behind);
    }
    let space = wire::SpaceId(t.vault.space().0);
    let mut at = LogHead { log_epoch: head.log_epoch, seq: cursor.seq, link: Hash(cursor.link) };
    let places = stored.iter().zip(sent).map(|(s, e)| {
        at.link = wire::link(space, at.log_epoch, s.seq, at.link, e.kind, e.rid, e.key_epoch, e.body, e.batch);
        at.seq = s.seq;
        at
    });
    let places: Vec<LogHead> = places.collect();
    Ok(if at.seq == head.seq && at.link != head.link { Along::Never } else { Along::Follows(places) })
}

/// Moves the cursor over what was just stored, where nothing of another device lies between: then this device has that
/// part of the log without asking. True where it has all of it; `None` where the log cannot be the one that was read.
pub(super) fn move_over(t: &Txn<'_>, sent: &[Sent], stored: &[Stored], head: LogHead) -> Result<Option<bool>> {
    let along = along(t, sent, stored, head)?;
    if matches!(along, Along::Never) {
        return Ok(None);
    }
    for (s, e) in stored.iter().zip(sent).filter(|(s, _)| !s.duplicate) {
        match e.kind {
            EntryKind::Pack => packs::sent(t, s)?,
            EntryKind::Release => releases::sent(t, s)?,
            EntryKind::Place => places::sent(t, s, e.key_epoch)?,
            EntryKind::Revision => t.tx.set_received(RevisionId(s.rid.0), s.seq)?,
        }
    }
    if !matches!(along, Along::OtherLog) {
        pull::named_head(t.tx, head)?;
    }
    let Along::Follows(places) = along else { return Ok(Some(false)) };
    for at in &places {
        t.tx.put_log_link(at.seq, &at.link.0)?;
    }
    let Some(at) = places.last() else { return Ok(Some(false)) };
    t.tx.set_cursor(Cursor { log_epoch: at.log_epoch, seq: at.seq, link: at.link.0 })?;
    Ok(Some(at.seq == head.seq))
}

/// The batch under way, or a new one from the oldest of the outbox. Stored before it is returned.
fn next_batch(vault: &Vault) -> Result<Option<PushRequest>> {
    if let Some(request) = vault.read(pending)?.filter(|_| !crate::planted("signed-anew")) {
        return Ok(Some(request));
    }
    vault.transact(|t| {
        releases::keep_named(t)?;
        let rows = loop {
            let rows =
                t.tx.outbox_head(limits::MAX_BATCH_BYTES - limits::MAX_ENTRY_BYTES / 8, limits::MAX_BATCH_ENTRIES)?;
            // They were never in a batch, or in one of a device that this vault is no more.
            if !super::seal_anew(t, &rows)? {
                break rows;
            }
        };
        if rows.is_empty() {
            return Ok(None);
        }
        let rows = if crate::planted("outbox-backwards") { rows.into_iter().rev().collect() } else { rows };
        let last = t.tx.batch_accepted()?;
        let cursor = t.tx.cursor()?.unwrap_or(Cursor { log_epoch: 0, seq: 0, link: [0; 32] });
        let rids: Vec<RevisionId> = rows.iter().map(|r| r.rid).collect();
        let heirs = fork::heirs_for(t.vault, t.reader(), &rids)?;
        let older = t.vault.env().is_older();
        let state = if older { None } else { digest::due(t, cursor)? };
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
            heirs,
            state,
            mark: if older { None } else { Some(t.vault.env().random()?) },
            signature: [0; 64],
        };
        manifest.signature = keys.open.device.sign(&signed_bytes(&manifest));
        drop(keys);
        t.tx.put_batch(&Batch { ctr: manifest.ctr, manifest: encode(&manifest) })?;
        t.tx.assign_batch(&rids, manifest.ctr)?;
        Ok(Some(PushRequest { manifest, entries: rows.into_iter().map(entry).collect(), keys: None }))
    })
}

fn entry(row: OutboxRow) -> Entry {
    let kind =
        [EntryKind::Pack, EntryKind::Place, EntryKind::Release].into_iter().find(|kind| *kind as u64 == row.kind);
    let kind = kind.unwrap_or(EntryKind::Revision);
    Entry { kind, rid: Rid(row.rid.0), key_epoch: row.key_epoch, body: row.body }
}

pub(super) fn pending(reader: &Reader<'_>) -> Result<Option<PushRequest>> {
    let Some(batch) = reader.batch()? else { return Ok(None) };
    let manifest: BatchManifest =
        decode(&batch.manifest).map_err(|_| NotebookError::Damaged("the stored batch cannot be read".into()))?;
    let mut rows: std::collections::BTreeMap<[u8; 32], OutboxRow> =
        reader.outbox_batch(batch.ctr)?.into_iter().map(|r| (r.rid.0, r)).collect();
    let entries: Option<Vec<Entry>> = manifest.rids.iter().map(|rid| rows.remove(&rid.0).map(entry)).collect();
    let entries = entries.ok_or_else(|| NotebookError::Damaged("the stored batch lacks a change".into()))?;
    Ok(Some(PushRequest { manifest, entries, keys: None }))
}

/// What became of a batch that the server confirmed.
enum Taken {
    /// It is out of the outbox. `at_head`: this device has all of the log.
    Whole { at_head: bool },
    /// The log has to be read first. `changes`: those that are said to lie in the part that was not read, where nothing known
    /// here explains that.
    Unread { changes: Vec<Rid> },
    /// The log that was read did not show what the server says that it had, or is not the one that it now says it is.
    Never,
}

/// Checks the server's confirmation, takes the batch out of the outbox, and moves the cursor over it.
fn accept(vault: &Vault, manifest: &BatchManifest, sent: &[Sent], stored: &[Stored], head: LogHead) -> Result<Taken> {
    check_answer(sent, stored, head)?;
    vault.transact(|t| {
        // This device sends each change once, and a retry is answered as the first time: what the server calls a
        // duplicate another device packed, too, and was quicker, or another copy of the vault has sent. It must be in the
        // log, or the server has lost it.
        match duplicates(t.reader(), sent, stored)? {
            Duplicates::Shown => {}
            Duplicates::NotYet => {
                // A vault that was copied knows that another copy sends what it has.
                let unexplained = manifest.heirs.is_empty();
                let known = stored.iter().zip(sent).filter(|(s, e)| s.duplicate && e.kind == EntryKind::Revision);
                return Ok(Taken::Unread { changes: known.filter(|_| unexplained).map(|(s, _)| s.rid).collect() });
            }
            Duplicates::Never => return Ok(Taken::Never),
        }
        let Some(at_head) = move_over(t, sent, stored, head)? else { return Ok(Taken::Never) };
        acknowledged(t, manifest)?;
        fork::went_well(t)?;
        heal::is_over(t)?;
        Ok(Taken::Whole { at_head })
    })
}

fn never_shown() -> NotebookError {
    NotebookError::HostileServer("it says that it has what its log does not show".into())
}

/// The next try of the batch finds what it is said to be a duplicate of in the part of the log that was read. `head`: where
/// the log was said to end.
async fn read_what_is_said(vault: &Vault, server: &dyn SyncProtocol, token: &Token, head: LogHead) -> Result<Pushed> {
    match pull::page(vault, server, token).await? {
        pull::Page::Taken { pulled, entries } if entries > 0 => {
            Ok(Pushed::step(StepReport { caught_up: false, ..pulled.report }))
        }
        // It ends before that now: it was set back in between.
        pull::Page::Taken { .. } => Ok(Pushed::step(heal::begin(vault, server, token, head).await?)),
        pull::Page::SetBack(lost) => Ok(Pushed::step(heal::begin(vault, server, token, lost).await?)),
        pull::Page::Copied => Ok(Pushed::step(fork::become_another(vault, server, token).await?)),
    }
}

/// A server that was set back since its log was read, to a state that knows this batch, does not have the place that was
/// read. One that has it lied.
async fn look_for_set_back(vault: &Vault, server: &dyn SyncProtocol, token: &Token) -> Result<Pushed> {
    match pull::page(vault, server, token).await? {
        pull::Page::SetBack(lost) => Ok(Pushed::step(heal::begin(vault, server, token, lost).await?)),
        pull::Page::Taken { .. } | pull::Page::Copied => Err(never_shown()),
    }
}

/// The server has the batch: it leaves the outbox.
pub(super) fn acknowledged(t: &mut Txn<'_>, manifest: &BatchManifest) -> Result<()> {
    let rids: Vec<RevisionId> = manifest.rids.iter().map(|rid| RevisionId(rid.0)).collect();
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
    t.tx.set_batch_accepted(BatchAccepted { ctr: manifest.ctr, hash: batch_hash(manifest).0 })?;
    super::apply::keep_manifest(t, manifest)
}
