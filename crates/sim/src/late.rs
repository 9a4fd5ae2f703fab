//! What a removed device sent late, to a server that had forgotten its removal: people look at it, and take it over,
//! discard it, or leave it (0035).

use std::collections::BTreeSet;

use holdfast_domain::{AttachmentId, Kind, NoteId};
use holdfast_notebook::sync::{AsideEntry, Takes, WhySetAside};
use holdfast_notebook::{NotebookError, RecordId, Vault};

use crate::dice::Dice;
use crate::fault::{Checked, Fault, Invariant, OrBroken as _};
use crate::people::{Deed, short};
use crate::tokens::{Tokens, of_text};
use crate::world::World;

impl World {
    /// The person of a device decides about some of what it has set aside as sent late.
    ///
    /// `again`: a sync has brought what they lacked before.
    pub fn decide_about_late(&mut self, at: usize, again: bool, dice: &mut Dice) -> Checked<Option<String>> {
        if self.network.net().nobodys.is_empty() || self.devices[at].away || self.full {
            return Ok(None);
        }
        let mut said = Vec::new();
        for entry in self.late_entries(at)? {
            // What another one builds on, or names, was decided about with it.
            if !self.late_entries(at)?.iter().any(|left| left.id == entry.id) {
                continue;
            }
            match dice.below(10) {
                0..=4 => {
                    let note = entry.record.filter(|_| entry.kind == Some(Kind::Note)).map(NoteId::from);
                    // Somebody is writing in that note just then.
                    if let Some(note) = note.filter(|note| self.notes.contains(note) && dice.chance(50))
                        && self.devices[at].shown(note.into())?.is_some()
                    {
                        said.push(self.edit(at, note, false, dice)?);
                    }
                    said.extend(self.take_over(at, &entry, again)?);
                }
                5 | 6 => {
                    self.devices[at].vault()?.discard_set_aside(entry.id).works("discarding what came late")?;
                    self.devices[at].decided_late.insert(entry.id);
                    said.push("discarded".to_owned());
                }
                _ => {}
            }
        }
        self.late_entries(at)?;
        Ok((!said.is_empty()).then(|| format!("{} of what came late: {}", self.devices[at].name, said.join(", "))))
    }

    /// What is set aside as sent late, each of which can be looked at, and of which nothing is asked again.
    fn late_entries(&self, at: usize) -> Checked<Vec<AsideEntry>> {
        let (device, vault) = (&self.devices[at], self.devices[at].vault()?);
        let mut out = vault.set_aside_entries().works("what is set aside")?;
        out.retain(|entry| entry.why == WhySetAside::Removed);
        if let Some(again) = device.look(|l| l.asked_again())?.first() {
            return Invariant::Decision.broken(format!("{} decided about {again}, and is asked again", device.name));
        }
        for entry in &out {
            vault.set_aside_text(entry.id).works("a text that is set aside")?;
            // What was done just before a torn write may be gone.
            if device.decided_late.contains(&entry.id) && !self.met.faults.contains(&Fault::TornWrite) {
                let what = format!("{} decided about {:?}, and is asked again", device.name, entry.id);
                return Invariant::Decision.broken(what);
            }
        }
        Ok(out)
    }

    fn take_over(&mut self, at: usize, entry: &AsideEntry, again: bool) -> Checked<Option<String>> {
        let (Some(record), Some(Takes::Version | Takes::NewNote)) = (entry.record, entry.takes) else {
            return Ok(None);
        };
        let text = self.devices[at].vault()?.set_aside_text(entry.id).works("a text that is set aside")?;
        let mut words: BTreeSet<u32> = of_text(text.text.as_deref().unwrap_or_default()).collect();
        words.extend(of_text(entry.title.as_deref().unwrap_or_default()));
        // What a removed device wrote alone is somebody's now. Of other words it may be that somebody took them away. What
        // its author had seen may go.
        let history = self.devices[at].look(|l| l.history(record))?;
        let seen = self.devices[at].look(|l| l.aside_builds_on(entry.id))?;
        let may_go = history.fold(&seen).map(|fields| Tokens::of(&fields).all).unwrap_or_default();
        for revision in &history.revisions {
            let there = Tokens::of(&revision.fields).all;
            words.retain(|word| !there.contains(word));
        }
        let words: Vec<u32> = words.into_iter().collect();
        // The records of files come with it.
        let most = 1 + self.network.net().nobodys.len();
        let aside = self.late_entries(at)?;
        let before: BTreeSet<RecordId> = self.devices[at].look(|l| l.records())?.into_iter().collect();
        let comes = !self.devices[at].kind().thins.is_some_and(|thins| thins.all);
        let taken = std::cell::Cell::new(None);
        let act = |v: &Vault| match v.take_over(entry.id) {
            Ok(over) => {
                taken.set(Some(over));
                Ok(())
            }
            // Its person tries again when a sync has brought what is lacking.
            Err(NotebookError::Thinned { .. }) if !(again && comes) => {
                Err(NotebookError::Invalid("an old version is fetched first".into()))
            }
            Err(e) => Err(e),
        };
        // A file is shown at the notes that name it.
        let whole = entry.takes == Some(Takes::Version) && entry.kind != Some(Kind::Attachment);
        let fresh: &[u32] = if whole { &words } else { &[] };
        let deed = Deed { record, may_go: Some(may_go), fresh, commit: false, most, stale: true };
        let outcome = self.act(at, deed, act, "take over")?;
        let Some(over) = taken.get() else { return Ok(Some(outcome)) };
        self.met.taken_over += 1;
        self.devices[at].decided_late.insert(entry.id);
        self.knows_of(at, over.record)?;
        self.came_with_its_files(at, over.record, &aside)?;
        let fresh = self.devices[at].look(|l| l.records())?.into_iter().filter(|id| !before.contains(id));
        self.came_late.extend(fresh.map(AttachmentId::from));
        if over.new_note {
            let shown = self.devices[at].shown(over.record)?.map(|s| Tokens::of(&s.fields)).unwrap_or_default();
            if let Some(missing) = words.iter().find(|token| !shown.all.contains(token)) {
                let what = format!("a note of what came late does not show {}", crate::tokens::word(*missing));
                return Invariant::ReadYourWrites.broken(what);
            }
            self.acknowledge(at, over.record, &words);
        }
        Ok(Some(format!("{outcome} as {}", short(over.record))))
    }

    /// Of the files that a note names, those that came late with it are here.
    fn came_with_its_files(&self, at: usize, record: RecordId, aside: &[AsideEntry]) -> Checked {
        let shown = self.devices[at].shown(record)?;
        let Some(note) = shown.as_ref().and_then(|shown| shown.fields.as_note()) else { return Ok(()) };
        for file in note.attachments.iter().map(|entry| RecordId::from(entry.value.1)) {
            let came = aside.iter().any(|entry| entry.record == Some(file) && entry.takes == Some(Takes::Version));
            if came && self.devices[at].shown(file)?.is_none() {
                let what = format!("{} took {record} over without its file {file}", self.devices[at].name);
                return Invariant::LostEdit.broken(what);
            }
        }
        Ok(())
    }

    /// A record that only a removed device had is one of the account's now.
    fn knows_of(&mut self, at: usize, record: RecordId) -> Checked {
        let shown = self.devices[at].shown(record)?;
        let fields = shown.as_ref().map(|shown| &shown.fields);
        if fields.is_some_and(|fields| fields.as_note().is_some()) && !self.notes.contains(&record.into()) {
            self.notes.push(record.into());
        }
        if fields.is_some_and(|fields| fields.as_notebook().is_some()) && !self.notebooks.contains(&record.into()) {
            self.notebooks.push(record.into());
        }
        Ok(())
    }

    /// When everything works again each decides about what is left, and everybody hears of it. What lacks an old version is
    /// decided about when that has come.
    pub fn late_is_decided(&mut self) -> Checked {
        let mut dice = Dice::new(self.met.steps ^ 0x1A7E);
        for again in [false, true] {
            let mut any = false;
            for at in self.members() {
                if let Some(said) = self.decide_about_late(at, again, &mut dice)? {
                    any = true;
                    self.note(&said);
                }
            }
            if any {
                self.settle()?;
            }
        }
        Ok(())
    }
}
