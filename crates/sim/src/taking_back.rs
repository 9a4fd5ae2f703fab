//! Whoever takes something back: a decision, or an automatic merge.

use holdfast_domain::{Fields, NoteId};
use holdfast_notebook::RecordId;

use crate::dice::Dice;
use crate::fault::{Checked, Invariant, OrBroken as _, Violation};
use crate::people::{Deed, short};
use crate::tokens::Tokens;
use crate::traced::Traced;
use crate::world::{Decision, World};

impl World {
    /// Takes a decision back, most of the time one about something that was decided, at times in the middle of typing in it.
    pub fn undo_resolution(&mut self, at: usize, note: NoteId, notes: &[NoteId], dice: &mut Dice) -> Checked<String> {
        let decided: Vec<NoteId> =
            notes.iter().copied().filter(|n| self.decisions.iter().any(|d| d.record == (*n).into())).collect();
        let note = dice.pick(&decided).copied().filter(|_| dice.clone().chance(60)).unwrap_or(note);
        if dice.clone().chance(25) {
            self.edit(at, note, false, dice)?;
        }
        let record = if dice.chance(85) {
            note.into()
        } else {
            dice.pick(&self.notebooks_of(at)?).map_or(note.into(), |id| (*id).into())
        };
        self.take_decision_back(at, record)
    }

    pub fn take_decision_back(&mut self, at: usize, record: RecordId) -> Checked<String> {
        let deed = Deed { record, may_go: None, fresh: &[], commit: true, most: 1, stale: false };
        let before = self.before_the_decision(at, record)?;
        let outcome = self.act(at, deed, |v| v.undo_resolution(record), "undo a resolution")?;
        if let Some(was) = before.filter(|_| outcome.contains("done")) {
            let is = self.devices[at].shown(record)?.map(|s| s.fields);
            is_as_it_was(record, Some(&was), is.as_ref(), "a decision that was taken back")
                .or_else(|broken| self.with_its_story(at, record, broken))?;
        }
        Ok(outcome)
    }

    /// A violation that tells how the record came to be what it is.
    fn with_its_story(&self, at: usize, record: RecordId, broken: Violation) -> Checked {
        let history = self.devices[at].look(|l| l.history(record))?;
        let (traced, shown) = (Traced::of(&history)?, self.devices[at].shown(record)?);
        let story = shown.map(|shown| traced.story(&history, u32::MAX, &shown.fields)).unwrap_or_default();
        Err(Violation { what: broken.what + &story, ..broken })
    }

    /// What a record was before somebody decided, where nothing was written since.
    fn before_the_decision(&self, at: usize, record: RecordId) -> Checked<Option<Fields>> {
        let heads = self.devices[at].shown(record)?.map(|s| s.heads).unwrap_or_default();
        let made = |d: &&Decision| d.record == record && heads == [d.revision];
        let Some(decision) = self.decisions.iter().find(made) else { return Ok(None) };
        let history = self.devices[at].look(|l| l.history(record))?;
        let row = history.rows.iter().find(|row| row.rid == decision.revision);
        Ok(row.and_then(|row| history.fold(&row.parents)))
    }

    pub fn undo_receipt(&mut self, at: usize, dice: &mut Dice) -> Checked<String> {
        let receipts = self.devices[at].vault()?.receipts().works("listing receipts")?;
        let Some(receipt) = dice.pick(&receipts).cloned() else { return Ok("no receipt".into()) };
        let Some(side) = dice.pick(&receipt.heads).copied() else { return Ok("no side".into()) };
        let most = 1 + self.notebooks.len();
        let deed = Deed { record: receipt.record, may_go: None, fresh: &[], commit: true, most, stale: false };
        let shown = self.devices[at].shown(receipt.record)?;
        let nothing_since = receipt.cycle.is_none() && shown.is_some_and(|s| s.heads == receipt.heads);
        let outcome = self.act(at, deed, |v| v.undo_receipt(receipt.id, side), "undo a receipt")?;
        if nothing_since && outcome.contains("done") {
            let was = self.devices[at].look(|l| l.history(receipt.record))?.fold(&[side]);
            let is = self.devices[at].shown(receipt.record)?.map(|s| s.fields);
            is_as_it_was(receipt.record, was.as_ref(), is.as_ref(), "a merge that was undone at once")?;
        }
        Ok(outcome)
    }
}

/// Whoever takes something back, with nothing written since, has what was before.
pub fn is_as_it_was(record: RecordId, was: Option<&Fields>, is: Option<&Fields>, what: &str) -> Checked {
    let (was, is) = (was.map(Tokens::of).unwrap_or_default(), is.map(Tokens::of).unwrap_or_default());
    if was.all != is.all || was.open != is.open {
        let what = format!(
            "{what} in {} left {:?} open {}, and it was {:?} open {}",
            short(record),
            is.all,
            is.open,
            was.all,
            was.open
        );
        return Invariant::Decision.broken(what);
    }
    Ok(())
}
