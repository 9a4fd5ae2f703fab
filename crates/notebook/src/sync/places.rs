//! The places of versions whose contents are nowhere (docs/decisions/0039-retention-thins-each-computer.md).
//!
//! A server that was set back may have lost versions that every computer has thinned. Whoever joins the account later would
//! find versions there that build on nothing, and set them aside for ever. So who has brought a server up to date says of
//! the versions of which only the places are here what those are: id, record, parents, author, time. Sealed as a version
//! is, and under the hash of that, so that all say the same in the same entry.
//!
//! **Invariant:** a place is used where a version comes that builds on it, in the same transaction, and with all that it
//! builds on in turn. So nothing that is newest in a record is a place.

use std::collections::BTreeMap;

use holdfast_crypto::CryptoError;
use holdfast_domain::{Fields, NoteFields, RecordId, Revision, RevisionId, Stamp};
use holdfast_protocol::{Entry, EntryKind, LogEntry, Rid, Stored};
use holdfast_store::{HistoryRow, OutboxRow, QuarantineRow, Reader, Waiting};

use super::{apply, seal, thinning};
use crate::txn::Txn;
use crate::{NotebookError, Result, Vault};

/// The version's id, then what is known of it, with nothing in the note.
fn encode(row: &HistoryRow, record: RecordId) -> Result<Vec<u8>> {
    let stamp = Stamp { hlc: row.hlc, device: row.author };
    let fields = Fields::Note(NoteFields::new(stamp, row.hlc.ms));
    let hollow = Revision::new(record, row.parents.clone(), stamp, row.origin, row.merge_algo, fields);
    let mut bytes = row.rid.0.to_vec();
    bytes.extend(hollow.encode()?);
    Ok(bytes)
}

/// The inverse of [`encode`]: the version's id, and the canonical bytes behind it.
fn decode(bytes: &[u8]) -> Option<(RevisionId, Revision, &[u8])> {
    let (rid, canonical) = bytes.split_first_chunk::<32>()?;
    let revision = Revision::decode(canonical).ok()?;
    Some((RevisionId(*rid), revision, canonical))
}

/// The server has all that this computer has. Of the versions whose contents are not here, and that no other computer has
/// brought back yet, it gets the places.
pub(super) fn queue_lost(t: &Txn<'_>) -> Result<()> {
    if t.vault.env().is_older() || crate::planted("places-not-sent") {
        return Ok(());
    }
    let mut history = (RecordId([0; 16]), Vec::new());
    for (record, rid) in t.tx.stubs_nowhere()? {
        if history.0 != record {
            history = (record, t.tx.history(record)?);
        }
        let Some(row) = history.1.iter().find(|row| row.rid == rid) else { continue };
        let bytes = encode(row, record)?;
        let entry = seal(t.vault, t.vault.revision_id(&bytes)?, &bytes)?;
        t.tx.push_outbox(RevisionId(entry.rid.0), EntryKind::Place as u64, entry.key_epoch, &entry.body)?;
    }
    Ok(())
}

/// One that waits to be sent, sealed by the newest key.
pub(super) fn seal_anew(t: &Txn<'_>, row: &OutboxRow) -> Result<(u32, Vec<u8>)> {
    let entry = entry_of(row.rid, row.key_epoch, row.body.clone());
    let bytes = apply::open(t.vault, t.reader(), &entry)??;
    let entry = seal(t.vault, row.rid, &bytes)?;
    Ok((entry.key_epoch, entry.body))
}

fn entry_of(rid: RevisionId, key_epoch: u32, body: Vec<u8>) -> Entry {
    Entry { kind: EntryKind::Place, rid: Rid(rid.0), key_epoch, body }
}

/// What came of an entry.
pub(super) enum Came {
    /// It is noted, or counts for nothing.
    Noted,
    /// It was set aside before it could be told what it is.
    Waits(Waiting),
}

/// An entry of the log that is a place. `late`: by a computer that was removed, of which nobody has to be told.
pub(super) fn note(t: &Txn<'_>, logged: &LogEntry, late: bool) -> Result<Came> {
    if late {
        return Ok(Came::Noted);
    }
    let bytes = match apply::open(t.vault, t.reader(), &logged.entry)? {
        Ok(bytes) => bytes,
        Err(CryptoError::MissingKey { .. }) => return Ok(Came::Waits(Waiting::Key)),
        Err(CryptoError::NewerVersion(_)) => return Ok(Came::Waits(Waiting::Program)),
        Err(_) => return Ok(Came::Waits(Waiting::Variant)),
    };
    // One of a newer version of the program may say it in another way.
    let Some((rid, _, canonical)) = decode(&bytes) else { return Ok(Came::Waits(Waiting::Program)) };
    let entry = RevisionId(logged.entry.rid.0);
    t.tx.put_place(entry, rid, logged.seq, canonical)?;
    t.tx.clear_variants(entry)?;
    let under_way = match t.tx.batch()? {
        Some(batch) => t.tx.outbox_batch(batch.ctr)?.iter().any(|row| row.rid == entry),
        None => false,
    };
    if !under_way && t.tx.in_outbox(entry)? {
        t.tx.ack_outbox(&[entry])?;
    }
    Ok(Came::Noted)
}

/// The server has taken what this computer said.
pub(super) fn sent(t: &Txn<'_>, stored: &Stored, key_epoch: u32) -> Result<()> {
    let entry = RevisionId(stored.rid.0);
    let Some(body) = t.tx.outbox_body(entry)? else {
        // Given back as it was set aside: it is read from there.
        return Ok(());
    };
    let bytes = apply::open(t.vault, t.reader(), &entry_of(entry, key_epoch, body))??;
    let damaged = || NotebookError::Damaged("the place of a version that was sent cannot be read".into());
    let (rid, _, canonical) = decode(&bytes).ok_or_else(damaged)?;
    Ok(t.tx.put_place(entry, rid, stored.seq, canonical)?)
}

/// Whether the log, as far as it was read, has this entry.
pub(super) fn is_in_log(reader: &Reader<'_>, entry: RevisionId) -> Result<bool> {
    Ok(reader.has_place(entry)? || reader.quarantined(entry)?.iter().any(|row| row.seq > 0))
}

/// Stores what a version builds on as places, where all of that is known and the record needs the content of none: it can
/// be taken in then. True where any were stored.
///
/// Known is also what is set aside because something before it is missing. That is in the log, and a person can get its
/// content from there. `nowhere`: the server was asked for what is missing, and does not have it.
pub(super) fn bring(t: &mut Txn<'_>, rid: RevisionId, revision: &Revision, nowhere: bool) -> Result<bool> {
    let Some(behind) = needed(t.vault, t.reader(), revision, nowhere)? else { return Ok(false) };
    let mut left: Vec<(RevisionId, Behind)> = behind.into_iter().collect();
    let places = || left.iter().map(|(rid, behind)| (*rid, &behind.revision));
    if left.is_empty() || thinning::lacks_with(t.vault, t.reader(), places(), (rid, revision))? {
        return Ok(false);
    }
    // Parents first, for which the times are a good guess.
    left.sort_by_key(|(rid, behind)| (behind.revision.hlc, *rid));
    while !left.is_empty() {
        let before = left.len();
        let mut later = Vec::new();
        for (rid, behind) in left {
            if !t.tx.missing_parents(&behind.revision)?.is_empty() {
                later.push((rid, behind));
                continue;
            }
            t.tx.put_stub(rid, &behind.revision)?;
            // What is shown now is without them.
            t.arrived(behind.revision.record, rid);
            if let Some(row) = behind.aside {
                t.tx.remove_quarantine(row.rid, &row.body_hash)?;
                t.tx.set_received(rid, row.seq)?;
            }
        }
        if later.len() == before {
            return Err(NotebookError::Internal("places of versions that build on each other in a circle".into()));
        }
        left = later;
    }
    Ok(true)
}

/// A version that is not here.
struct Behind {
    revision: Revision,
    /// Where it came whole, and is set aside.
    aside: Option<QuarantineRow>,
}

/// All that a version builds on and that is not here. `None` where not all of that is known.
fn needed(
    vault: &Vault,
    reader: &Reader<'_>,
    revision: &Revision,
    nowhere: bool,
) -> Result<Option<BTreeMap<RevisionId, Behind>>> {
    let (mut found, mut todo) = (BTreeMap::new(), reader.missing_parents(revision)?);
    let mut any = nowhere;
    while let Some(rid) = todo.pop() {
        if found.contains_key(&rid) {
            continue;
        }
        let behind = match reader.place(rid)? {
            Some(bytes) => {
                any = true;
                Revision::decode(&bytes).ok().map(|revision| Behind { revision, aside: None })
            }
            None => set_aside(vault, reader, rid, nowhere)?,
        };
        let Some(behind) = behind.filter(|behind| behind.revision.record == revision.record) else { return Ok(None) };
        todo.extend(reader.missing_parents(&behind.revision)?);
        found.insert(rid, behind);
    }
    Ok(Some(found).filter(|_| any))
}

fn set_aside(vault: &Vault, reader: &Reader<'_>, rid: RevisionId, nowhere: bool) -> Result<Option<Behind>> {
    let waits = |row: &QuarantineRow| match row.waiting {
        Waiting::Parent => row.seq > 0,
        // It needs contents that are not to be had; what builds on it may do without.
        Waiting::Content => row.seq > 0 && nowhere,
        _ => false,
    };
    for row in reader.quarantined(rid)?.into_iter().filter(waits) {
        let Some((logged, manifest)) = apply::set_aside(reader, &row)? else { continue };
        let Ok(bytes) = apply::open(vault, reader, &logged.entry)? else { continue };
        if let Ok(revision) = Revision::decode(&bytes)
            && logged.entry.kind == EntryKind::Revision
            && apply::is_from(vault, &manifest, revision.author)
        {
            return Ok(Some(Behind { revision, aside: Some(row) }));
        }
    }
    Ok(None)
}
