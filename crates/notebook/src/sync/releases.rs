//! Releases: letting go the bytes of files that nothing names any more
//! (docs/decisions/0037-files-that-nothing-names-go.md).
//!
//! A file is **named** where any head of a note (in the trash too, held back too) or what is being typed has it among the
//! note's files. Who finds one that is not says so in the log, with the ids of its chunks. Who names one of those takes
//! that back before anything else, and tells the server only then that it has passed the release.
//!
//! **Invariant:** a batch that names a released file, and was signed after the release was read, goes with what takes the
//! release back, or behind it.

use std::collections::{BTreeMap, BTreeSet};

use holdfast_domain::{AttachmentId, Fields, Revision, RevisionId};
use holdfast_protocol::{BatchManifest, Cid, EntryKind, LogEntry, Release, ReleaseBody, Rid, SpaceId, Stored};
use holdfast_store::{AttachmentRow, Cursor, Reader, ReleaseRow, UnnamedFile};

use super::{apply, behind, fork, heal, meta, packs};
use crate::txn::Txn;
use crate::{NotebookError, Result, Vault};

/// So many files are released at once; the others another time.
const MAX_AT_ONCE: usize = 64;
/// The vault's own time is written down so many times in the longest step that it makes.
const TICKS_A_STEP: u64 = 24;

/// Whether this program knows releases. (An earlier version, in the simulator, does not.)
fn is_on(vault: &Vault) -> bool {
    !vault.env().is_older()
}

/// What is named.
struct Named {
    contents: BTreeSet<[u8; 32]>,
    chunks: BTreeSet<[u8; 32]>,
}

impl Named {
    fn load(reader: &Reader<'_>) -> Result<Self> {
        let mut contents = reader.shown_contents()?;
        let mut ids = BTreeSet::<AttachmentId>::new();
        let mut add = |revision: &Revision, contents: &mut BTreeSet<[u8; 32]>| match &revision.fields {
            Fields::Note(note) => ids.extend(note.attachments.iter().map(|entry| entry.value.1)),
            // Several versions of a file's record: which of them a note means is not known.
            Fields::Attachment(file) => {
                contents.insert(file.content);
            }
            Fields::Notebook(_) | Fields::Device(_) | Fields::Unknown(..) => {}
        };
        for rid in reader.heads_beside_views()? {
            if let Some(revision) = reader.revision(rid)? {
                add(&revision, &mut contents);
            }
        }
        for row in reader.list_working()? {
            add(&Revision::decode(&row.fields)?, &mut contents);
        }
        for id in ids {
            contents.extend(reader.attachment(id)?.map(|file| file.content));
        }
        if crate::planted("release-too-early") {
            contents.clear();
        }
        let files = reader.attachments()?.into_iter().filter(|file| contents.contains(&file.content));
        let chunks = files.flat_map(|file| file.chunks).collect();
        Ok(Self { contents, chunks })
    }

    fn is_of(&self, cids: &[[u8; 32]]) -> bool {
        cids.iter().any(|cid| self.chunks.contains(cid))
    }
}

/// True where something that is not taken in may name any file: then nothing is known of what nothing names.
pub(super) fn is_unsure(reader: &Reader<'_>) -> Result<bool> {
    let elsewhere = heal::is_healing(reader)? || fork::is_copied(reader)? || fork::reads_first(reader)?;
    Ok(elsewhere || reader.anything_held()? || reader.quarantine_open_len()? > 0)
}

/// What is said with a question about the log: `None` where this program knows no releases; true where, of all that was
/// read, what names something that this device names was taken back in the log.
pub(super) fn to_say(vault: &Vault, reader: &Reader<'_>) -> Result<Option<bool>> {
    if !is_on(vault) {
        return Ok(None);
    }
    // Since the last release came all was looked at, and what is named was taken back. What was written here since then
    // may name another one: that is taken back when it is signed.
    let all_sent = reader.outbox_len()? == 0 && !reader.packs_wait()? && reader.batch()?.is_none();
    let all_said = all_sent && reader.working_count()? == 0 && reader.get_u64(meta::RELEASES_LOOKED)?.is_some();
    Ok(Some(all_said && reader.has_live_releases()? && !is_unsure(reader)?))
}

/// Takes back the releases of what is named here. Before anything is signed, in the same transaction.
pub(super) fn keep_named(t: &Txn<'_>) -> Result<()> {
    if !is_on(t.vault) {
        return Ok(());
    }
    look_soon(t)?;
    if t.tx.has_live_releases()? { keep(t, &Named::load(t.reader())?) } else { Ok(()) }
}

fn keep(t: &Txn<'_>, named: &Named) -> Result<()> {
    for release in t.tx.live_releases()? {
        if named.is_of(&release.cids)
            && !crate::planted("release-not-taken-back")
            && queue(t, &ReleaseBody::Keep(Rid(release.rid)))?
        {
            // The server may have let them go: what names them goes behind them, once it was asked.
            doubt(t, &release.cids)?;
        }
    }
    Ok(())
}

/// Into the outbox. False where it is there already.
fn queue(t: &Txn<'_>, body: &ReleaseBody) -> Result<bool> {
    let key_epoch = t.vault.with_space_keys(|keys| Ok(keys.current_epoch().0))?;
    let rid = RevisionId(body.rid(SpaceId(t.vault.space().0)).0);
    Ok(t.tx.push_outbox(rid, EntryKind::Release as u64, key_epoch, &body.to_bytes())?)
}

/// The server is asked once more whether it has these.
fn doubt(t: &Txn<'_>, cids: &[[u8; 32]]) -> Result<()> {
    if crate::planted("gone-not-given-back") {
        return Ok(());
    }
    if t.tx.doubt_sent(cids)? { behind::look_again(t) } else { Ok(()) }
}

/// Whether the log, as far as it was read, has this entry.
pub(super) fn is_in_log(reader: &Reader<'_>, rid: Rid, body: Option<&[u8]>) -> Result<bool> {
    if reader.quarantined(RevisionId(rid.0))?.iter().any(|row| row.seq > 0) {
        return Ok(true);
    }
    Ok(match body.and_then(ReleaseBody::of_bytes) {
        Some(ReleaseBody::Release(_)) => reader.has_release(&rid.0)?.0,
        Some(ReleaseBody::Keep(of)) => reader.has_release(&of.0)?.1,
        None => false,
    })
}

/// What a release says came with the log. False where it is of a newer version.
pub(super) fn note(t: &Txn<'_>, logged: &LogEntry, manifest: &BatchManifest) -> Result<bool> {
    if !is_on(t.vault) {
        return Ok(false);
    }
    let Some(body) = ReleaseBody::of_bytes(&logged.entry.body) else { return Ok(false) };
    // Nobody is told of what a removed device releases, and it counts for nothing.
    if body.rid(SpaceId(t.vault.space().0)) == logged.entry.rid && !apply::is_late(t.vault, manifest) {
        put(t, &body, logged.entry.rid, logged.seq)?;
    }
    let rid = RevisionId(logged.entry.rid.0);
    // An earlier version of this program knew none.
    t.tx.clear_variants(rid)?;
    let under_way = match t.tx.batch()? {
        Some(batch) => t.tx.outbox_batch(batch.ctr)?.iter().any(|row| row.rid == rid),
        None => false,
    };
    if !under_way && t.tx.in_outbox(rid)? {
        t.tx.ack_outbox(&[rid])?;
    }
    Ok(true)
}

/// The server has taken what this device said, which is in the outbox still; or got back what an earlier version of this
/// program set aside, which is read from there.
pub(super) fn sent(t: &Txn<'_>, stored: &Stored) -> Result<()> {
    let rid = RevisionId(stored.rid.0);
    let body = t.tx.outbox_body(rid)?;
    if body.is_none() && !t.tx.quarantined(rid)?.is_empty() {
        return Ok(());
    }
    match body.as_deref().and_then(ReleaseBody::of_bytes) {
        Some(body) => put(t, &body, stored.rid, stored.seq),
        None => Err(NotebookError::Damaged("a release that was sent cannot be read".into())),
    }
}

fn put(t: &Txn<'_>, body: &ReleaseBody, rid: Rid, seq: u64) -> Result<()> {
    match body {
        ReleaseBody::Release(release) => {
            let cids = release.cids().iter().map(|cid| cid.0).collect();
            // Counted from now, and not from when this vault last looked at the clock.
            let (age_ms, _) = tick(t, true)?;
            t.tx.put_release(&ReleaseRow { rid: rid.0, seq, age_ms, cids })?;
        }
        ReleaseBody::Keep(of) => {
            t.tx.keep_release(&of.0)?;
            // Whoever has the bytes gives them back, if the server has let them go in the meantime.
            doubt(t, &t.tx.released_chunks(&of.0)?)?;
        }
    }
    // What it means is looked at when the log was read to its end.
    Ok(t.tx.remove_meta(meta::RELEASES_LOOKED)?)
}

/// The vault's own time: it goes on with the computer's clock, by a step at most between two looks. A clock that was set
/// ahead counts for one step, and one that was set back for nothing. Gives it, and whether it was written down now.
fn tick(t: &Txn<'_>, at_once: bool) -> Result<(u64, bool)> {
    let step_ms = t.vault.env().release_times().step_ms;
    let (age_ms, at_ms) = (t.tx.get_u64(meta::AGE_MS)?.unwrap_or(0), t.tx.get_u64(meta::AGE_AT_MS)?);
    if !at_once && at_ms.is_some_and(|at_ms| t.now_ms.abs_diff(at_ms) < step_ms / TICKS_A_STEP) {
        return Ok((age_ms, false));
    }
    let gone_ms = at_ms.map_or(0, |at_ms| t.now_ms.saturating_sub(at_ms).min(step_ms));
    t.tx.put_u64(meta::AGE_MS, age_ms + gone_ms)?;
    t.tx.put_u64(meta::AGE_AT_MS, t.now_ms)?;
    Ok((age_ms + gone_ms, true))
}

/// The vault's own time, as it was last written down.
pub(super) fn age_ms(reader: &Reader<'_>) -> Result<u64> {
    Ok(reader.get_u64(meta::AGE_MS)?.unwrap_or(0))
}

/// Something came, or is about to be sent, that may name what was let go: that is looked at when the log was read to its end.
pub(super) fn look_soon(t: &Txn<'_>) -> Result<()> {
    if t.tx.has_live_releases()? || t.tx.anything_let_go()? {
        t.tx.remove_meta(meta::RELEASES_LOOKED)?;
    }
    Ok(())
}

/// The log was read to its end: finds out what nothing names, takes back what is named, lets go what may go, and, where the
/// server takes releases, makes some.
pub(super) fn look(vault: &Vault, may_release: bool) -> Result<()> {
    if !is_on(vault) {
        return Ok(());
    }
    vault.transact(|t| {
        let (age_ms, ticked) = tick(t, false)?;
        let Some(cursor) = t.tx.cursor()? else { return Ok(()) };
        if !ticked && t.tx.get_u64(meta::RELEASES_LOOKED)?.is_some() {
            return Ok(());
        }
        let unsure = is_unsure(t.reader())?;
        if unsure {
            t.tx.remove_meta(meta::RELEASES_LOOKED)?;
            if !t.tx.has_live_releases()? && t.tx.unnamed_files()?.is_empty() {
                return Ok(());
            }
        }
        let named = Named::load(t.reader())?;
        keep(t, &named)?;
        note_named(t, &named)?;
        if unsure {
            return Ok(());
        }
        let files = Files::load(t.reader())?;
        let unnamed = note_unnamed(t, &named, &files, age_ms)?;
        let live = Live::load(t.reader(), &named)?;
        let read = packs::read_by_all(t.vault, t.reader(), cursor)?;
        let mut released = 0;
        for mut file in unnamed {
            let chunks = files.chunks_of(&file.content);
            let covered = chunks.iter().all(|cid| live.by_chunk.contains_key(cid));
            if file.released != covered {
                file.released = covered;
                t.tx.put_unnamed(&file)?;
            }
            if covered && may_go(t, &live, &chunks, read, age_ms)? {
                let_go(t, file, &files)?;
            }
            let waits_ms = t.vault.env().release_times().wait_ms;
            if may_release && !covered && released < MAX_AT_ONCE && age_ms - file.age_ms.min(age_ms) >= waits_ms {
                let cids =
                    chunks.iter().filter(|cid| !live.by_chunk.contains_key(*cid) && !named.chunks.contains(*cid));
                released += usize::from(release(t, cursor, &file.content, cids.copied().collect())?);
            }
        }
        Ok(t.tx.put_u64(meta::RELEASES_LOOKED, 1)?)
    })
}

/// The files' records, by content.
struct Files(BTreeMap<[u8; 32], Vec<AttachmentRow>>);

impl Files {
    fn load(reader: &Reader<'_>) -> Result<Self> {
        let mut out = BTreeMap::<_, Vec<_>>::new();
        for row in reader.attachments()? {
            out.entry(row.content).or_default().push(row);
        }
        Ok(Self(out))
    }

    /// Of every way in which it was sealed.
    fn chunks_of(&self, content: &[u8; 32]) -> BTreeSet<[u8; 32]> {
        self.0.get(content).into_iter().flatten().flat_map(|row| row.chunks.iter().copied()).collect()
    }
}

/// Forgets of what is named that it was not; or, where its bytes are gone, that it may stay away.
fn note_named(t: &Txn<'_>, named: &Named) -> Result<()> {
    for row in t.tx.unnamed_files()?.into_iter().filter(|row| named.contents.contains(&row.content)) {
        // What is gone and named again is told as gone, until it is here.
        let still_gone = UnnamedFile { named: true, released: false, ..row };
        if row.gone_ms == 0 || t.tx.has_file(&row.content)? {
            t.tx.remove_unnamed(&row.content)?;
        } else if row != still_gone {
            t.tx.put_unnamed(&still_gone)?;
        }
    }
    Ok(())
}

/// Writes down which files nothing names since when, and gives those.
fn note_unnamed(t: &Txn<'_>, named: &Named, files: &Files, age_ms: u64) -> Result<Vec<UnnamedFile>> {
    let mut known: BTreeMap<_, _> = t.tx.unnamed_files()?.into_iter().map(|row| (row.content, row)).collect();
    let mut out = Vec::new();
    for content in files.0.keys() {
        let before = known.remove(content);
        if named.contents.contains(content) {
            continue;
        }
        let fresh = UnnamedFile { content: *content, age_ms, named: false, released: false, gone_ms: 0 };
        let row = match before {
            Some(row) if !row.named => row,
            Some(row) => UnnamedFile { gone_ms: row.gone_ms, ..fresh },
            None => fresh,
        };
        if before != Some(row) {
            t.tx.put_unnamed(&row)?;
        }
        out.push(row);
    }
    for content in known.into_keys() {
        t.tx.remove_unnamed(&content)?;
    }
    Ok(out)
}

/// The releases that were not taken back, and are not about to be: by chunk the oldest, where it stands and when it was
/// read.
struct Live {
    by_chunk: BTreeMap<[u8; 32], (u64, u64)>,
}

impl Live {
    fn load(reader: &Reader<'_>, named: &Named) -> Result<Self> {
        let mut by_chunk = BTreeMap::new();
        for release in reader.live_releases()?.into_iter().filter(|release| !named.is_of(&release.cids)) {
            for cid in release.cids {
                by_chunk.entry(cid).or_insert((release.seq, release.age_ms));
            }
        }
        Ok(Self { by_chunk })
    }
}

/// Whether what is here of a file may go: every active device has signed that it has read the releases, and the grace
/// period is over by this vault's own time. What the server does not have stays.
fn may_go(t: &Txn<'_>, live: &Live, chunks: &BTreeSet<[u8; 32]>, read: u64, age_ms: u64) -> Result<bool> {
    let grace_ms = t.vault.env().release_times().grace_ms;
    let ripe = chunks.iter().all(|cid| {
        let release = live.by_chunk.get(cid);
        release.is_some_and(|(seq, since_ms)| *seq <= read && age_ms.saturating_sub(*since_ms) >= grace_ms)
    });
    Ok(ripe && !t.tx.anything_to_send()?)
}

fn let_go(t: &mut Txn<'_>, file: UnnamedFile, files: &Files) -> Result<()> {
    if t.tx.file(&file.content)?.is_none() && file.gone_ms > 0 {
        return Ok(());
    }
    t.tx.remove_file(&file.content)?;
    t.tx.put_unnamed(&UnnamedFile { released: true, gone_ms: t.now_ms.max(1), ..file })?;
    for row in files.0.get(&file.content).into_iter().flatten() {
        t.changes.notes.extend(t.tx.notes_with_attachment(row.id)?);
    }
    tracing::info!("the bytes of a file that nothing names are gone");
    Ok(())
}

/// Says that nothing names these. False where something else is to be sent first.
fn release(t: &Txn<'_>, cursor: Cursor, content: &[u8; 32], cids: BTreeSet<[u8; 32]>) -> Result<bool> {
    let busy = t.tx.outbox_len()? > 0 || t.tx.batch()?.is_some() || t.tx.is_to_send(content)?;
    let release = Release::new(cursor.log_epoch, cursor.seq, cids.into_iter().map(Cid));
    let Some(release) = release.filter(|_| !busy) else { return Ok(false) };
    queue(t, &ReleaseBody::Release(release))
}

/// Files that nothing names any more and that are here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UnnamedFiles {
    pub files: u64,
    /// Sealed.
    pub bytes: u64,
    /// In how many days the first of them goes at the earliest: if all computers sync until then. `None` where there is
    /// none, or no server, with which none goes.
    pub first_goes_days: Option<u64>,
}

impl Vault {
    /// What takes room and is in no note, as of the last sync.
    pub fn unnamed_files(&self) -> Result<UnnamedFiles> {
        const DAY_MS: u64 = 24 * 3_600_000;
        let times = self.env().release_times();
        self.read(|r| {
            let age_ms = r.get_u64(meta::AGE_MS)?.unwrap_or(0);
            let count = r.count_unnamed()?;
            let (files, live) = (Files::load(r)?, r.live_releases()?);
            let mut first = None;
            for row in r.unnamed_files()?.into_iter().filter(|row| !row.named && row.gone_ms == 0) {
                let gone_ms = |since_ms: u64| age_ms.saturating_sub(since_ms);
                let chunks = files.chunks_of(&row.content);
                let of_it = live.iter().filter(|release| release.cids.iter().any(|cid| chunks.contains(cid)));
                let left_ms = match of_it.map(|release| release.age_ms).max() {
                    Some(since_ms) if row.released => times.grace_ms.saturating_sub(gone_ms(since_ms)),
                    _ => times.grace_ms + times.wait_ms.saturating_sub(gone_ms(row.age_ms)),
                };
                first = Some(left_ms.min(first.unwrap_or(u64::MAX)));
            }
            let first_goes_days = first.map(|left_ms| left_ms.div_ceil(DAY_MS));
            Ok(UnnamedFiles { files: count.files, bytes: count.bytes, first_goes_days })
        })
    }
}
