//! Thinning of history on this computer (docs/decisions/0039-retention-thins-each-computer.md).
//!
//! Old versions of notes lose their content here, and keep their place: the server has all of it, in the log or in packs.
//! Which ones go, [`holdfast_merge::thin`] decides from the graph and from how old they are; and no version goes that is
//! not in the log at a place that every active device has signed as read.
//!
//! **Invariant:** what the newest versions of a record make together, and what is being typed, needs no content that is not
//! here. A version that arrives and would change that is set aside until what it needs was fetched ([`super::fetch`]).

use std::collections::BTreeSet;

use holdfast_domain::{Kind, Origin, RecordId, Revision, RevisionId};
use holdfast_merge::thin::{Kept, Version, behind, lacking as lacking_of, needed, thinned};
use holdfast_store::{HeldRow, Reader};

use super::{meta, packs, releases};
use crate::txn::Txn;
use crate::{Result, Vault};

/// So many notes are looked at in one transaction, and so many transactions are made after one sync.
const NOTES_AT_ONCE: usize = 32;
const TRANSACTIONS: usize = 8;
/// After the days in which everything stays: the last version of each day for so many.
const DAILY: u64 = 365;

/// For how long this computer keeps every version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HistoryKept {
    Everything,
    /// So many days; then the last version of each day for a year, then the last of each month.
    Days(u32),
}

impl HistoryKept {
    pub const CHOICES: [Self; 5] = [Self::Days(30), Self::Days(90), Self::Days(180), Self::Days(365), Self::Everything];

    fn of(days: Option<u64>) -> Self {
        match days {
            None => Self::default(),
            Some(0) => Self::Everything,
            Some(days) => Self::Days(u32::try_from(days).unwrap_or(u32::MAX)),
        }
    }
}

impl Default for HistoryKept {
    fn default() -> Self {
        Self::Days(90)
    }
}

impl Vault {
    pub fn history_kept(&self) -> Result<HistoryKept> {
        self.read(|r| Ok(HistoryKept::of(r.get_u64(meta::HISTORY_KEPT)?)))
    }

    /// Counts from the next sync. What went comes back only where it is asked for.
    pub fn set_history_kept(&self, kept: HistoryKept) -> Result<()> {
        let days = match kept {
            HistoryKept::Everything => 0,
            HistoryKept::Days(days) => u64::from(days.max(1)),
        };
        self.transact(|t| {
            t.tx.put_u64(meta::HISTORY_KEPT, days)?;
            t.tx.remove_meta(meta::DAY_THINNED)?;
            t.tx.remove_meta(meta::THINNED_UP_TO)?;
            t.changes.settings = true;
            Ok(())
        })
    }
}

/// The day, by the vault's own time: it counts at most one for each look at the clock, whatever the clock does.
pub(super) fn today(vault: &Vault, reader: &Reader<'_>) -> Result<u64> {
    Ok(releases::age_ms(reader)? / vault.env().history_day_ms().max(1))
}

/// The log was read to its end: notes since when everything is here, and thins what may be, some of it each time.
pub(super) fn look(vault: &Vault) -> Result<()> {
    if vault.env().is_older() {
        return Ok(());
    }
    let (day, marked) = vault.read(|r| Ok((today(vault, r)?, r.get_u64(meta::DAY_MARKED)?)))?;
    if marked != Some(day) {
        vault.transact(|t| {
            t.tx.mark_day(day)?;
            Ok(t.tx.put_u64(meta::DAY_MARKED, day)?)
        })?;
    }
    let HistoryKept::Days(days) = vault.history_kept()? else { return Ok(()) };
    let days = if crate::planted("thins-too-early") { days / 8 } else { days };
    for _ in 0..TRANSACTIONS {
        if day < u64::from(days) || vault.read(|r| Ok(r.get_u64(meta::DAY_THINNED)?))? == Some(day) {
            break;
        }
        if !vault.transact(|t| some(t, day, days.into()))? {
            break;
        }
    }
    Ok(())
}

/// Thins some notes. False where there is nothing more to do now.
fn some(t: &mut Txn<'_>, day: u64, days: u64) -> Result<bool> {
    let Some(cursor) = t.tx.cursor()?.filter(|cursor| cursor.seq > 0) else { return Ok(false) };
    // What is not taken in may build on anything.
    if releases::is_unsure(t.reader())? {
        return Ok(false);
    }
    let (waits_ms, day_ms) = (t.vault.env().history_waits_ms(), t.vault.env().history_day_ms().max(1));
    // By the clock, and by days that were counted: one that jumps makes nobody silent.
    let is_silent = |device| {
        let since = t.tx.last_day_of(device)?;
        Ok(since.is_some_and(|since| day.saturating_sub(since) >= waits_ms / day_ms))
    };
    let read = packs::read_by_active(t.vault, t.reader(), cursor, waits_ms, is_silent)?;
    let after = t.tx.get_meta(meta::THINNED_UP_TO)?.and_then(|id| id.try_into().ok()).map(RecordId);
    let notes = t.tx.records_held_since(Kind::Note, day - days, after, NOTES_AT_ONCE)?;
    for id in &notes {
        thin_note(t, *id, day, Kept { days, daily: DAILY }, read)?;
    }
    match notes.last().filter(|_| notes.len() == NOTES_AT_ONCE) {
        Some(last) => t.tx.put_meta(meta::THINNED_UP_TO, &last.0)?,
        None => {
            t.tx.remove_meta(meta::THINNED_UP_TO)?;
            t.tx.put_u64(meta::DAY_THINNED, day)?;
            return Ok(false);
        }
    }
    Ok(true)
}

fn thin_note(t: &mut Txn<'_>, id: RecordId, day: u64, kept: Kept, read: u64) -> Result<()> {
    // What is open is shown with who wrote each side of it, however long ago.
    let to_review = t.tx.note(id.into())?.is_none_or(|note| note.review > 0);
    if to_review || t.tx.is_held(id)? {
        return Ok(());
    }
    let (now_ms, day_ms) = (t.now_ms, t.vault.env().history_day_ms().max(1));
    let version = |row: HeldRow| Version {
        id: row.rid,
        parents: row.parents,
        hlc: row.hlc,
        author: row.author,
        whole: !row.stub,
        settled: row.seq.is_some_and(|seq| seq <= read),
        age_days: row
            .since_day
            .map_or(0, |since| day.saturating_sub(since))
            .min(now_ms.saturating_sub(row.hlc.ms) / day_ms),
    };
    let mut versions: Vec<Version> = t.tx.held(id)?.into_iter().map(version).collect();
    versions.extend(typed(t.vault, t.reader(), id)?);
    let Some((waist, mut goes)) = thinned(&versions, kept) else { return Ok(()) };
    if is_asked_again(t, id, &needed(&versions))? {
        return Ok(());
    }
    let behind = behind(&versions, waist);
    for rid in goes.clone() {
        if t.tx.in_outbox(rid)? {
            goes.remove(&rid);
        }
    }
    // A receipt is of versions that were newest together here, before anything was written on them: it is older than
    // what they are behind. Its undo needs what they were made from.
    for receipt in t.tx.receipts_of(id)? {
        if receipt.heads.iter().any(|head| behind.contains(head)) {
            t.tx.remove_receipt(&receipt.id)?;
            t.changes.receipts = true;
        }
    }
    #[cfg(feature = "simulation")]
    crate::simulation::remember(t.vault.device(), t.reader(), &goes)?;
    t.tx.thin(&goes)?;
    t.changes.notes.insert(id.into());
    tracing::debug!(versions = goes.len(), "older versions of a note were thinned");
    Ok(())
}

/// Whether one of these asks a question again. Another beside it may have closed it, and one beside both may open it.
fn is_asked_again(t: &Txn<'_>, id: RecordId, versions: &BTreeSet<RevisionId>) -> Result<bool> {
    for row in t.tx.history(id)?.into_iter().filter(|row| row.origin == Origin::Undo && versions.contains(&row.rid)) {
        if t.tx.revision(row.rid)?.as_ref().is_none_or(asks_again) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What is being typed, as a version.
fn typed(vault: &Vault, reader: &Reader<'_>, record: RecordId) -> Result<Option<Version>> {
    let Some(row) = reader.working(record)? else { return Ok(None) };
    let id = vault.revision_id(&row.fields)?;
    let revision = Revision::decode(&row.fields)?;
    Ok(Some(taken_in(id, &revision)))
}

fn taken_in(id: RevisionId, revision: &Revision) -> Version {
    Version {
        id,
        parents: revision.parents().to_vec(),
        hlc: revision.hlc,
        author: revision.author,
        whole: true,
        settled: false,
        age_days: 0,
    }
}

fn held(row: HeldRow) -> Version {
    let HeldRow { rid, parents, author, hlc, stub, .. } = row;
    Version { id: rid, parents, hlc, author, whole: !stub, settled: false, age_days: 0 }
}

/// A question that is asked again names those who wrote its sides, which is before it was decided: it needs them all.
fn asks_again(revision: &Revision) -> bool {
    revision.origin == Origin::Undo && revision.fields.is_open()
}

/// True where a record could not do without the contents of some versions, with these as their places alone and one more
/// version that builds on them.
pub(super) fn lacks_with<'a>(
    vault: &Vault,
    reader: &Reader<'_>,
    places: impl Iterator<Item = (RevisionId, &'a Revision)>,
    more: (RevisionId, &Revision),
) -> Result<bool> {
    let record = more.1.record;
    // Some of these are without their contents, or it would not be asked.
    if asks_again(more.1) {
        return Ok(true);
    }
    let mut versions: Vec<Version> = reader.held(record)?.into_iter().map(held).collect();
    versions.extend(places.map(|(id, revision)| Version { whole: false, ..taken_in(id, revision) }));
    versions.extend(typed(vault, reader, record)?);
    versions.push(taken_in(more.0, more.1));
    Ok(!lacking_of(&versions).is_empty())
}

/// The versions of a record whose contents are not here and that it cannot do without; with one more version, where that is
/// to be taken in, all of whose parents are known.
pub(super) fn lacking(
    vault: &Vault,
    reader: &Reader<'_>,
    more: Option<(RevisionId, &Revision)>,
    record: RecordId,
) -> Result<Vec<RevisionId>> {
    if !reader.has_stubs(record)? {
        return Ok(Vec::new());
    }
    let asks_again = more.is_some_and(|(_, revision)| asks_again(revision));
    // What is written on the only newest version is behind nothing.
    if let ([only], Some((_, revision))) = (reader.heads(record)?.as_slice(), more)
        && revision.parents().contains(only)
        && !asks_again
        && reader.working(record)?.is_none()
    {
        return Ok(Vec::new());
    }
    let mut versions: Vec<Version> = reader.held(record)?.into_iter().map(held).collect();
    if asks_again {
        return Ok(versions.into_iter().filter(|version| !version.whole).map(|version| version.id).collect());
    }
    versions.extend(typed(vault, reader, record)?);
    versions.extend(more.map(|(id, revision)| taken_in(id, revision)));
    Ok(lacking_of(&versions))
}
