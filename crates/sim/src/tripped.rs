//! Syncs that would take many notes away: in some seeds a few are many, so that it comes about.

use std::collections::{BTreeMap, BTreeSet};

use holdfast_domain::{Fields, NoteId};
use holdfast_notebook::sync::Happened;
use holdfast_notebook::{BackupReason, NotePatch};

use crate::dice::Dice;
use crate::fault::{Checked, Fault, Invariant, OrBroken as _};
use crate::people::Deed;
use crate::plan::Act;
use crate::tokens;
use crate::world::World;

/// So many may go at once without a question, in the seeds in which that is asked.
const FEW: u64 = 2;

/// So often a device keeps what waits before somebody lets it go.
const MOST_KEPT: usize = 2;

pub fn few_notes(seed: u64) -> u64 {
    if seed % 4 == 1 { FEW } else { u64::MAX }
}

impl World {
    /// The notes that are not in the trash, where it is looked at how many of them go.
    pub fn live_notes(&self, at: usize) -> Checked<Vec<NoteId>> {
        let mut out = Vec::new();
        if self.trips {
            for note in self.notes_of(at)? {
                if !self.devices[at].vault()?.note(note).works("reading a note")?.row.trashed {
                    out.push(note);
                }
            }
        }
        Ok(out)
    }

    /// Not more went in a sync than may go without a question.
    pub fn few_went(&self, at: usize, live: &[NoteId]) -> Checked {
        if live.is_empty() {
            return Ok(());
        }
        let now = self.live_notes(at)?;
        // What came and went while one log was read was never anybody's: a read that broke off goes on with the next sync. So
        // with all that came before the first ended.
        let had = self.devices[at].had_live.as_ref();
        let was_here = |note: &&NoteId| had.is_some_and(|had| had.contains(note));
        let gone: Vec<NoteId> = live.iter().filter(|note| !now.contains(note)).filter(was_here).copied().collect();
        // Nobody else is at the server meanwhile, so that one reading brings all of it. Where something may arrive late, or
        // the log is read anew, each time that it reads so many may go.
        let anew = [Fault::Late, Fault::Restore, Fault::Fork, Fault::Clone, Fault::Alter];
        let reads = if self.faults.iter().any(|fault| anew.contains(fault)) {
            self.network.net().line(at).requests.iter().filter(|what| matches!(**what, "log" | "fetch")).count()
        } else {
            1
        };
        if gone.len() <= reads * FEW as usize {
            return Ok(());
        }
        // What it had trashed itself was in the trash before; the first pages of what it reads may have brought it back.
        let me = self.devices[at].vault()?.device();
        let mut others = 0;
        for note in gone {
            let history = self.devices[at].look(|l| l.history(note.into()))?;
            let mine = history.rows.iter().zip(&history.revisions).any(|(row, revision)| {
                row.author == me && matches!(&revision.fields, Fields::Note(note) if note.trash.is_trashed())
            });
            others += usize::from(!mine);
        }
        if others > reads * FEW as usize {
            let requests = self.network.net().line(at).requests.join(", ");
            let name = &self.devices[at].name;
            let what = format!("{others} notes went in one sync of {name}, and nobody was asked ({requests})");
            return Invariant::Decision.broken(what);
        }
        Ok(())
    }

    /// A sync in which something moved has its line in the log of what sync did.
    pub fn is_noted(&self, at: usize, moved: bool) -> Checked {
        if !moved {
            return Ok(());
        }
        let now = self.devices[at].clock.now_ms();
        let lines = self.devices[at].vault()?.activity(8).works("reading what sync did")?;
        if !lines.iter().any(|line| line.what == Happened::Synced && line.at_ms == now) {
            return Invariant::Liveness.broken(format!("a sync of {} is not in the log", self.devices[at].name));
        }
        Ok(())
    }

    /// A question that waits says what it lists, and lists something; what is held is asked about.
    pub fn asks_what_is_so(&self, at: usize) -> Checked {
        if !self.trips {
            return Ok(());
        }
        let (vault, name) = (self.devices[at].vault()?, &self.devices[at].name);
        let asked = vault.tripwire().works("what waits")?;
        let held = vault.held_notes().works("what waits")?;
        let Some(asked) = asked else {
            let what = format!("{name} holds {} notes, and asks nobody", held.len());
            return if held.is_empty() { Ok(()) } else { Invariant::Decision.broken(what) };
        };
        let trashed = held.iter().filter(|note| note.trashed).count();
        let lists = (trashed as u32, (held.len() - trashed) as u32);
        if (asked.trashed, asked.emptied) != lists || held.is_empty() && asked.notebooks == 0 {
            let what = format!("{name} asks about {} and {} notes, and lists {lists:?}", asked.trashed, asked.emptied);
            return Invariant::Decision.broken(what);
        }
        for note in held {
            let row = vault.note(note.id).works("reading a note")?.row;
            if row.trashed && note.trashed || row.title != note.title {
                return Invariant::Decision.broken(format!("{name} asks about {}, and does not show it so", note.id));
            }
        }
        Ok(())
    }

    /// In a world that asks: somebody trashes several notes in a row, or decides what waits. `None`: does something else.
    pub fn sweep_or_decide(&mut self, at: usize, act: Act, dice: &mut Dice) -> Checked<Option<String>> {
        if !self.trips || self.full {
            return Ok(None);
        }
        match act {
            Act::TrashOrRestore if dice.chance(30) => self.sweep(at, dice).map(Some),
            Act::Resolve | Act::Sync | Act::Restart if dice.chance(40) => {
                if self.devices[at].vault()?.tripwire().works("what waits")?.is_none() {
                    return Ok(None);
                }
                if dice.chance(30) {
                    return self.let_go(at).map(Some);
                }
                self.keep_notes(at).map(Some)
            }
            _ => Ok(None),
        }
    }

    fn sweep(&mut self, at: usize, dice: &mut Dice) -> Checked<String> {
        let (mut swept, empties) = (0, dice.clone().chance(30));
        for note in self.live_notes(at)?.into_iter().take(3 + dice.below(5)) {
            let mut deed = Deed {
                record: note.into(),
                may_go: Some(BTreeSet::new()),
                fresh: &[],
                commit: true,
                most: 1 + self.notebooks.len(),
                stale: false,
            };
            let outcome = if empties {
                let shown = self.devices[at].vault()?.note(note).works("reading a note")?;
                let patch = NotePatch { body: Some(String::new()), ..NotePatch::default() };
                deed.may_go = Some(tokens::of_text(&shown.row.body).collect());
                self.act(at, deed, |v| v.save_note(note, &shown.seen_heads, &patch), "edit")?
            } else {
                self.act(at, deed, |v| v.trash_note(note), "sweep")?
            };
            swept += usize::from(outcome.contains("done"));
        }
        // Whoever tidies up syncs, and others get all of it at once.
        if swept > 0 && !self.unacknowledged && dice.chance(60) {
            let sent = self.sync(at, None)?;
            let other = dice.below(self.devices.len());
            if other != at && !self.devices[other].away {
                let name = self.devices[other].name.clone();
                let got = self.sync(other, None)?;
                return Ok(format!("{swept} notes swept away; {sent}; {name} {got}"));
            }
        }
        Ok(format!("{swept} notes swept away"))
    }

    fn let_go(&mut self, at: usize) -> Checked<String> {
        let typing = self.devices[at].position()?.typing.len();
        let vault = self.devices[at].vault()?.clone();
        let done = vault.tripwire_accept(None).works("accepting what waits")?;
        let backups = vault.backups().works("the backups")?;
        if !backups.iter().any(|backup| backup.reason == BackupReason::BeforeTripwire) {
            let what = format!("{done} notes went from {}, and no backup has them", self.devices[at].name);
            return Invariant::LostEdit.broken(what);
        }
        self.look_at_outbox(at, typing)?;
        Ok(format!("{done} notes may go"))
    }

    /// Nobody has decided yet: by default it keeps, and that is sent. Two who keep what the other has not would do so for
    /// ever; people see that.
    pub fn decide_in_peace(&mut self, at: usize) -> Checked<String> {
        self.devices[at].kept_in_peace += 1;
        if self.devices[at].kept_in_peace > MOST_KEPT { self.let_go(at) } else { self.keep_notes(at) }
    }

    /// Whoever keeps has what was shown: no note of it is in the trash, and none that was emptied lacks a word.
    pub fn keep_notes(&mut self, at: usize) -> Checked<String> {
        let typing = self.devices[at].position()?.typing.len();
        let vault = self.devices[at].vault()?.clone();
        let mut before: BTreeMap<NoteId, BTreeSet<u32>> = BTreeMap::new();
        for held in vault.held_notes().works("what waits")? {
            // Of one that goes to the trash, what others took out of its text is out; one that is emptied has its text again.
            let text = if held.trashed { String::new() } else { vault.note(held.id).works("reading a note")?.row.body };
            before.insert(held.id, tokens::of_text(&text).collect());
        }
        let kept = vault.tripwire_keep(None).works("keeping what is shown")?;
        for (id, words) in &before {
            let note = vault.note(*id).works("reading a note")?;
            let now: BTreeSet<u32> = tokens::of_text(&note.row.body).collect();
            if (note.row.trashed || !words.is_subset(&now)) && !note.read_only {
                let (name, gone) = (&self.devices[at].name, note.row.trashed);
                let what = format!("{name} kept {id}, and it is not there as it was (in the trash: {gone})");
                return Invariant::Decision.broken(what);
            }
        }
        self.look_at_outbox(at, typing + before.len() + self.notebooks.len() + 1)?;
        Ok(format!("{kept} notes kept"))
    }
}
