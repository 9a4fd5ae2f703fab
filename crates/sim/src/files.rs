//! Files: attached, taken out of notes, and brought back by older versions. Those that nothing names go while a world
//! lasts, in one seed of two, and what something names never goes.

use std::collections::BTreeSet;

use holdfast_domain::{AttachmentId, NoteId};
use holdfast_notebook::simulation::Shown;
use holdfast_notebook::{ContentAt, NotebookError, RecordId, ReleaseTimes, WhyNotHere};
use holdfast_protocol::Cid;

use crate::dice::Dice;
use crate::fault::{Checked, Invariant, OrBroken as _};
use crate::people::Deed;
use crate::plan::Act;
use crate::tokens::{self, word};
use crate::world::World;

/// By which files go while a world lasts. The longest step that a clock counts for is longer than the grace period, so that a
/// month passes in one.
pub const TIMES: ReleaseTimes = ReleaseTimes { wait_ms: 0, grace_ms: 60_000, step_ms: STEP_MS };
pub const SERVER_TIMES: holdfast_server::ReleaseTimes =
    holdfast_server::ReleaseTimes { grace_ms: 60_000, step_ms: STEP_MS, silent_ms: 3 * STEP_MS };
const STEP_MS: u64 = 300_000;
/// Until it is noticed and said that nothing names a file, until all have read that, and until the members of the account
/// that take no part in this world are not waited for.
const MONTHS: usize = 4;
/// What people do in between.
const AGAIN: [Act; 4] = [Act::GoBack, Act::Attach, Act::Detach, Act::Type];

/// In these seeds people take files out of notes, and what nothing names goes.
pub fn files_go(seed: u64) -> bool {
    seed / 8 % 4 == 1
}

/// In half of those what happens in the months after it is played: it takes as long as all else.
pub fn months_follow(seed: u64) -> bool {
    files_go(seed) && (seed / 32).is_multiple_of(2)
}

fn named(shown: Option<&Shown>) -> BTreeSet<AttachmentId> {
    let note = shown.and_then(|shown| shown.fields.as_note());
    note.into_iter().flat_map(|note| note.attachments.iter().map(|entry| entry.value.1)).collect()
}

impl World {
    pub fn attach(&mut self, at: usize, id: NoteId, dice: &mut Dice) -> Checked<String> {
        let token = self.token();
        let path = self.dir.path().join(format!("{}.bin", word(token)));
        let mut bytes = word(token).into_bytes();
        bytes.extend((0..dice.below(3_000)).map(|n| (n % 251) as u8));
        // Somebody attached the same before, here or elsewhere.
        if let Some((_, same)) = dice.pick(&self.files).filter(|_| dice.clone().chance(25)) {
            bytes.clone_from(same);
        }
        std::fs::write(&path, &bytes).works("writing a file")?;
        self.files.push((token, bytes));
        let fresh = [token];
        let deed = Deed {
            record: id.into(),
            may_go: Some(BTreeSet::new()),
            fresh: &fresh,
            commit: true,
            most: 2,
            stale: false,
        };
        let outcome = self.act(at, deed, |v| v.attach_file(id, &path), "attach")?;
        if outcome.contains("done") {
            let vault = self.devices[at].vault()?;
            let files = vault.attachments(id).works("reading files")?;
            for file in files.iter().filter(|file| tokens::of_text(&file.path).any(|of| of == token)) {
                let bytes = vault.attachment_bytes(file.id).works("reading a file that was just attached")?;
                self.file_is_whole(at, &file.path, &bytes)?;
            }
        }
        Ok(outcome)
    }

    pub fn detach(&mut self, at: usize, id: NoteId, dice: &mut Dice) -> Checked<String> {
        let mut notes = self.notes_of(at)?;
        notes.insert(0, id);
        let mut with = (id, Vec::new());
        // The note that was picked, or else the first that has a file.
        for id in notes {
            let files = self.devices[at].vault()?.attachments(id).works("reading files")?;
            if !files.is_empty() {
                with = (id, files);
                break;
            }
        }
        let (id, files) = with;
        let Some(file) = dice.pick(&files).map(|file| file.id) else { return Ok("no file".into()) };
        let paths = files.iter().filter(|other| other.id == file);
        let gone = paths.flat_map(|other| tokens::of_text(&other.path)).collect();
        let deed = Deed { record: id.into(), may_go: Some(gone), fresh: &[], commit: true, most: 2, stale: false };
        self.act(at, deed, |v| v.detach_file(id, file), "detach")
    }

    /// Goes back to a version that had a file which the note has no more.
    pub fn bring_file_back(&mut self, at: usize, id: NoteId, dice: &mut Dice) -> Checked<String> {
        let vault = self.devices[at].vault()?.clone();
        let now = named(self.devices[at].shown(id.into())?.as_ref());
        let mut with = Vec::new();
        for version in
            vault.history(id.into()).works("reading a history")?.iter().filter(|info| info.content == ContentAt::Here)
        {
            let row = vault.note_version(id, version.id).works("reading a version")?.row;
            if row.attachments.iter().any(|(_, file)| !now.contains(file)) {
                with.push(version.id);
            }
        }
        let Some(version) = dice.pick(&with).copied() else { return Ok("nothing to go back to".into()) };
        let deed = Deed { record: id.into(), may_go: None, fresh: &[], commit: true, most: 2, stale: false };
        self.act(at, deed, |v| v.restore_version(id, version), "go back")
    }

    /// Remembers what somebody names whose bytes are gone from their computer, by a release: whether anybody has it still is
    /// not known. It says so.
    pub fn note_named(
        &mut self,
        at: usize,
        record: RecordId,
        before: Option<&Shown>,
        after: Option<&Shown>,
    ) -> Checked {
        let before = named(before);
        for file in named(after).into_iter().filter(|file| !before.contains(file)) {
            let device = &self.devices[at];
            let (released, gone) = device.look(|l| l.is_released(file))?;
            if !released {
                continue;
            }
            match device.vault()?.attachment_bytes(file) {
                Ok(_) => {}
                Err(NotebookError::NotHere { why, .. }) if matches!(why, WhyNotHere::Gone { .. }) == gone => {
                    self.named_when_gone.insert((record, file));
                }
                Err(other) => {
                    return Invariant::Works.broken(format!("{} says of a file that is gone: {other}", device.name));
                }
            }
        }
        Ok(())
    }

    /// Whether what this device asks the server for may be gone: each is in no note of its, and was let go, or may be gone as
    /// below.
    pub fn asks_for_what_may_be_gone(&self, at: usize) -> Checked<bool> {
        let wanted = self.devices[at].look(|l| l.wanted_files())?;
        for file in &wanted {
            for note in self.notes_of(at)? {
                let files = self.devices[at].vault()?.attachments(note).works("reading files")?;
                if files.iter().any(|named| named.id == *file)
                    && !self.may_be_gone_for_good(at, note.into(), *file, None)?
                {
                    return Ok(false);
                }
            }
        }
        Ok(!wanted.is_empty())
    }

    /// Whether a file of a note may be gone: it was when somebody named it again; or who attached it was removed while they
    /// gave it to a server that had lost it. (Texts go before files there, too.)
    pub fn may_be_gone_for_good(
        &self,
        at: usize,
        record: RecordId,
        file: AttachmentId,
        said: Option<&NotebookError>,
    ) -> Checked<bool> {
        if said.is_some_and(|said| !matches!(said, NotebookError::NotHere { .. })) {
            return Ok(false);
        }
        if self.named_when_gone.contains(&(record, file)) {
            return Ok(true);
        }
        if !self.server_forgets() {
            return Ok(false);
        }
        // A member who has it gives it to the server.
        for member in self.members() {
            if self.devices[member].vault()?.attachment_bytes(file).is_ok() {
                return Ok(false);
            }
        }
        // What came late with a note was nobody's until somebody took it over.
        if self.came_late.contains(&file) && !self.is_at_the_server(at, file)? {
            return Ok(true);
        }
        let versions = self.devices[at].vault()?.history(file.into()).works("reading a history")?;
        let removed = &self.network.net().removed;
        Ok(versions.iter().any(|info| removed.contains(&holdfast_protocol::DeviceId(info.device.0))))
    }

    /// In peace the server has all that a note of this device names: whoever comes later gets it.
    pub fn named_files_are_at_the_server(&self, at: usize) -> Checked {
        for note in self.notes_of(at)? {
            for file in self.devices[at].vault()?.attachments(note).works("reading files")? {
                if !self.is_at_the_server(at, file.id)? && !self.may_be_gone_for_good(at, note.into(), file.id, None)? {
                    return Invariant::LostEdit
                        .broken(format!("the server has {} no more, which a note names", file.path));
                }
            }
        }
        Ok(())
    }

    /// Whether the server has all of a file, in one of the ways in which it was sealed.
    fn is_at_the_server(&self, at: usize, file: AttachmentId) -> Checked<bool> {
        let blobs = self.server_dir(0).join("blobs");
        let is_there = |cid: &[u8; 32]| {
            let name = Cid(*cid).to_string();
            blobs.join(&name[..2]).join(name).exists()
        };
        let sealings = self.devices[at].look(|l| l.sealings_of(file))?;
        Ok(sealings.iter().any(|chunks| chunks.iter().all(is_there)))
    }

    /// An earlier program knows of nothing that is let go. Where a newer one let a file go that is named again, it takes
    /// nothing back: that comes with the newest one. True where somebody has got that now.
    pub fn who_let_files_go_has_the_newest_program(&mut self) -> Checked<bool> {
        let mut any = false;
        for at in self.members().into_iter().filter(|at| self.devices[*at].is_older()).collect::<Vec<_>>() {
            if self.names_what_it_let_go(at)? {
                self.has_the_newest_program(at)?;
                any = true;
            }
        }
        Ok(any)
    }

    fn names_what_it_let_go(&self, at: usize) -> Checked<bool> {
        let vault = self.devices[at].vault()?;
        for note in self.notes_of(at)? {
            for file in vault.attachments(note).works("reading files")? {
                let bytes = vault.attachment_bytes(file.id);
                // Also what was never here, and is not fetched any more.
                let let_go = self.devices[at].look(|l| l.is_released(file.id))?.0;
                if let_go && matches!(bytes, Err(NotebookError::NotHere { .. })) {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    fn has_the_newest_program(&mut self, at: usize) -> Checked {
        self.set_older(at, false);
        self.person(at, Act::Restart, &mut Dice::new(self.met.steps ^ 0x60_4E))?;
        Ok(())
    }

    /// After peace has come somebody takes a file out, and months pass, in which what nothing names goes. When only the word
    /// is out, and again when all is gone, people attach what was attached before, or go back to when a note had it.
    pub fn months_pass(&mut self) -> Checked {
        let mut dice = Dice::new(self.met.steps ^ 0x60_4E);
        // By then everybody has the newest program: an earlier one that names what was let go takes nothing back.
        for at in self.members() {
            if self.devices[at].is_older() {
                self.has_the_newest_program(at)?;
            }
        }
        for (acts, months) in [(&[Act::Detach][..], 1), (&AGAIN, MONTHS), (&AGAIN, MONTHS)] {
            for act in acts {
                let Some(at) = dice.pick(&self.members()).copied() else { break };
                let outcome = match act {
                    Act::GoBack => self.go_back_somewhere(at, &mut dice)?,
                    act => self.person(at, *act, &mut dice)?,
                };
                let line = format!("in peace {} {act:?}: {outcome}", self.devices[at].name);
                self.note(&line);
            }
            for _ in 0..months {
                self.clock.advance(STEP_MS);
                self.round_of_peace()?;
            }
            self.settle()?;
        }
        Ok(())
    }

    fn go_back_somewhere(&mut self, at: usize, dice: &mut Dice) -> Checked<String> {
        let notes = self.notes_of(at)?;
        let first = dice.below(notes.len().max(1));
        let mut outcome = "nothing to go back to".to_owned();
        for n in 0..notes.len() {
            outcome = self.bring_file_back(at, notes[(first + n) % notes.len()], dice)?;
            if outcome.contains("done") {
                break;
            }
        }
        Ok(outcome)
    }
}
