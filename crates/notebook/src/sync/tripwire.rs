//! The tripwire: a pull that would take many notes away does not show it before a person has decided.
//!
//! What arrives is stored, and the cursor moves, as always. What is *shown* of the notes that would go is made without
//! the versions that arrived ([`Reader::heads_not_held`]) until the person keeps or accepts: so what is typed meanwhile
//! goes on from what is seen, and becomes a head beside the others.
//!
//! **Invariant:** holding writes no revision and drops none. Devices that hold and devices that do not have the same
//! heads.
//!
//! [`Reader::heads_not_held`]: holdfast_store::Reader::heads_not_held

mod decide;

use std::collections::BTreeMap;

use holdfast_domain::{Fields, RecordId, RevisionId};
use holdfast_merge::{SpanKind, diff_words};
use holdfast_store::{LossKind, LossRow, Reader};

use super::meta;
use crate::Result;
use crate::record::Record;
use crate::txn::Txn;

pub(super) use decide::load;
pub use decide::{HeldNote, Tripwire};

/// So many notes may go at once without a question.
const FEW_NOTES: u64 = 20;
/// And one in so many.
const SHARE: u64 = 20;

/// Meta rows.
pub(super) mod rows {
    /// Counts up whenever what waits for the decision changes; absent where nothing does.
    pub const PENDING: &str = "tripwire";
    pub const SINCE_MS: &str = "tripwire_since_ms";
    /// The folder of the snapshot, once it is made.
    pub const SNAPSHOT: &str = "tripwire_snapshot";
}

/// True where so many of so many notes do not go without a question: more than a few, and more than 5 %.
fn trips(few: u64, lost: u64, live: u64) -> bool {
    let few = few.saturating_add(crate::planted("trips-one-late").into());
    !crate::planted("never-trips") && lost > few && lost * SHARE > live
}

/// Looks at what arrived before it is shown. `caught_up`: the pull ends with this transaction.
pub(crate) fn look(t: &mut Txn<'_>, arrived: &[(RecordId, RevisionId)], caught_up: bool) -> Result<()> {
    // Before the first sync is over, nothing was here that could be taken away.
    if t.tx.get_u64(meta::CONFIRMED_MS)?.is_none() {
        return Ok(());
    }
    let pending = is_pending(t.reader())?;
    let mut by_record: BTreeMap<RecordId, Vec<RevisionId>> = BTreeMap::new();
    for (record, rid) in arrived {
        by_record.entry(*record).or_default().push(*rid);
    }
    let few = t.vault.env().few_notes(FEW_NOTES);
    // A pull of one page that brought so few asks nothing, whatever is in it.
    if caught_up && !pending && by_record.len() as u64 <= few && !t.tx.any_arrivals()? {
        return Ok(());
    }
    let mut changed = false;
    for (record, rids) in &by_record {
        let earlier = t.tx.has_arrivals(*record)?;
        // A pull of one page that asks nothing needs no notes about itself.
        if earlier || pending || !caught_up {
            note_arrivals(t, *record, rids)?;
        }
        let before = t.tx.loss(*record)?;
        let now = loss(t, *record, earlier)?;
        changed |= before != now;
        match now {
            Some(kind) => t.tx.put_loss(*record, kind)?,
            // It comes back by itself: nothing is left to ask about.
            None if before.is_some() && t.tx.is_held(*record)? => drop(t.tx.release(*record)?),
            None if before.is_some() => t.tx.remove_loss(*record)?,
            None => {}
        }
    }
    let losses = t.tx.losses()?;
    if pending || !losses.is_empty() && trips(few, notes(&losses), live_notes(t.reader(), &losses)?) {
        for loss in &losses {
            note_arrivals(t, loss.record, by_record.get(&loss.record).map_or(&[], Vec::as_slice))?;
        }
        for record in t.tx.hold_losses()? {
            t.touch(record);
            changed = true;
        }
        note_pending(t, pending, changed)?;
    }
    if caught_up {
        t.tx.forget_arrivals()?;
    }
    Ok(())
}

fn note_arrivals(t: &Txn<'_>, record: RecordId, rids: &[RevisionId]) -> Result<()> {
    rids.iter().try_for_each(|rid| Ok(t.tx.put_arrival(*rid, record)?))
}

/// Looks at a record that was shown anew. What its person put into the trash themselves while the question waited is not
/// asked about any more: to keep it would undo that.
pub(crate) fn look_at_shown(t: &mut Txn<'_>, id: RecordId) -> Result<()> {
    if !is_pending(t.reader())? || !t.tx.is_held(id)? {
        return Ok(());
    }
    let note = t.tx.note(id.into())?.map(|row| row.trashed);
    let trashed = note.or(t.tx.notebook(id.into())?.map(|row| row.trashed));
    // What others wrote in it meanwhile would bring it back, with a question of its own: that waits.
    if trashed == Some(true)
        && !crate::planted("trashed-is-asked")
        && Record::load_with_held(t.vault, t.reader(), id)?.map_or(Ok(false), |all| is_trashed(&all))?
    {
        t.tx.release(id)?;
        t.touch(id);
        note_pending(t, true, true)?;
    }
    Ok(())
}

fn is_trashed(record: &Record) -> Result<bool> {
    Ok(match &record.shown()?.fields {
        Fields::Note(note) => note.trash.is_trashed(),
        Fields::Notebook(notebook) => notebook.trash.is_trashed(),
        _ => false,
    })
}

/// Begins, goes on with, or ends the question.
fn note_pending(t: &mut Txn<'_>, pending: bool, changed: bool) -> Result<()> {
    if !t.tx.anything_held()? {
        end(t)?;
        return Ok(());
    }
    if !pending {
        t.tx.put_u64(rows::SINCE_MS, t.now_ms)?;
        let losses = t.tx.losses()?;
        super::activity::write(t, &super::activity::Line::held(notes(&losses)))?;
    }
    if changed || !pending {
        let number = t.tx.get_u64(rows::PENDING)?.unwrap_or(0) + 1;
        t.tx.put_u64(rows::PENDING, number)?;
        t.changes.settings = true;
    }
    Ok(())
}

fn end(t: &mut Txn<'_>) -> Result<()> {
    for row in [rows::PENDING, rows::SINCE_MS, rows::SNAPSHOT] {
        t.tx.remove_meta(row)?;
    }
    t.changes.settings = true;
    Ok(())
}

pub(super) fn is_pending(reader: &Reader<'_>) -> Result<bool> {
    Ok(reader.get_u64(rows::PENDING)?.is_some())
}

/// Notes only: a notebook goes with its notes.
fn notes(losses: &[LossRow]) -> u64 {
    losses.iter().filter(|l| l.kind != LossKind::Notebook).count() as u64
}

/// How many notes there were before the pull: those that are shown, and those that its earlier pages took.
fn live_notes(reader: &Reader<'_>, losses: &[LossRow]) -> Result<u64> {
    let mut live = reader.count_notes(&holdfast_store::NoteQuery::default())?;
    for loss in losses.iter().filter(|l| l.kind == LossKind::Trashed) {
        live += u64::from(reader.note(loss.record.into())?.is_some_and(|note| note.trashed));
    }
    Ok(live)
}

/// What of a record would go, compared with how it was before the pull (or before the decision that waits).
///
/// What is shown now is what was before, unless something has arrived `earlier` in this pull.
fn loss(t: &Txn<'_>, id: RecordId, earlier: bool) -> Result<Option<LossKind>> {
    let shown = t.tx.note(id.into())?.is_some() || t.tx.notebook(id.into())?.is_some();
    if !shown {
        return Ok(None);
    }
    let Some(after) = Record::load_with_held(t.vault, t.reader(), id)? else { return Ok(None) };
    let after = after.shown()?.fields;
    if let Fields::Note(after) = &after {
        let (trashed, body) = if earlier {
            match before(t, id)? {
                Some(Fields::Note(note)) => (note.trash.is_trashed(), note.body.shown()),
                _ => return Ok(None),
            }
        } else {
            t.tx.note(id.into())?.map_or((true, String::new()), |row| (row.trashed, row.body))
        };
        return Ok(match (trashed, after.trash.is_trashed()) {
            (true, _) => None,
            (false, true) => Some(LossKind::Trashed),
            (false, false) => mostly_gone(&body, &after.body.shown()).then_some(LossKind::Emptied),
        });
    }
    if let Fields::Notebook(after) = &after {
        let trashed = if earlier {
            match before(t, id)? {
                Some(Fields::Notebook(notebook)) => notebook.trash.is_trashed(),
                _ => return Ok(None),
            }
        } else {
            t.tx.notebook(id.into())?.is_none_or(|row| row.trashed)
        };
        return Ok((!trashed && after.trash.is_trashed()).then_some(LossKind::Notebook));
    }
    Ok(None)
}

/// The record without what this pull brought. `None` where it was not here.
fn before(t: &Txn<'_>, id: RecordId) -> Result<Option<Fields>> {
    let heads = t.tx.heads_before_arrivals(id)?;
    if heads.is_empty() {
        return Ok(None);
    }
    Record::load_at(t.vault, t.reader(), id, heads)?.map(|record| Ok(record.shown()?.fields)).transpose()
}

/// True where less than half of a text is left, wherever it stands now.
fn mostly_gone(before: &str, after: &str) -> bool {
    if before.is_empty() || after.len() >= before.len() && after.contains(before) {
        return false;
    }
    let same = |a: &mut dyn Iterator<Item = (u8, u8)>| a.take_while(|(x, y)| x == y).count();
    let start = same(&mut before.bytes().zip(after.bytes()));
    let end = same(&mut before.bytes().rev().zip(after.bytes().rev()));
    let kept = if start + end >= before.len().div_ceil(2) {
        // The usual edit: something within it changed.
        (start + end).min(before.len())
    } else {
        diff_words(before, after).iter().filter(|s| s.kind == SpanKind::Same).map(|s| s.text.len()).sum()
    };
    kept * 2 < before.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_twenty_and_more_than_five_in_a_hundred() {
        for (lost, live, asks) in [
            (20, 20, false),
            (21, 21, true),
            (20, 100, false),
            (21, 100, true),
            (21, 420, false),
            (22, 420, true),
            (50, 1_000, false),
            (51, 1_000, true),
            (0, 0, false),
        ] {
            assert_eq!(trips(FEW_NOTES, lost, live), asks, "{lost} of {live}");
        }
    }

    #[test]
    fn a_text_is_gone_where_less_than_half_of_it_is_left() {
        let text = "one two three four five six seven eight\n";
        for (after, gone) in [
            ("", true),
            ("one\n", true),
            ("ninety nine other words that have nothing of it\n", true),
            (text, false),
            ("one two three four five six seven\n", false),
            ("before\n\none two three four five six seven eight\n\nafter\n", false),
            ("five six seven eight\none two three four\n", false),
        ] {
            assert_eq!(mostly_gone(text, after), gone, "{after:?}");
        }
        assert!(!mostly_gone("", "anything"));
    }
}
