//! Whether what a device says and shows is so: beside what it has on disk, and beside what its server really has.

use std::collections::{BTreeSet, HashSet};

use holdfast_domain::{Fields, RevisionId};
use holdfast_notebook::simulation::Shown;
use holdfast_notebook::{Note, NoteId, NotebookError, RecordId, SyncState};

use crate::befall::Ended;
use crate::fault::{Checked, Fault, Invariant, OrBroken as _};
use crate::people::short;
use crate::tokens::of_text;
use crate::world::World;

impl World {
    /// True in every second step of one seed of four: for what is dear.
    pub fn now_and_then(&self) -> bool {
        self.looks && self.met.steps.is_multiple_of(2)
    }

    /// Nothing that waits is left out of what a device says: in its status, at the notes, and where it says that it is up
    /// to date. `confirmed`: a sync has just ended well, and nothing lied in it; `alone`: nobody else was at the server.
    pub fn says_what_is_so(&mut self, at: usize, heads: &[RevisionId], confirmed: bool, alone: bool) -> Checked {
        let name = self.devices[at].name.clone();
        let status = self.devices[at].syncer()?.status().works("the status")?;
        let position = self.devices[at].position()?;
        let waiting = position.outbox.len() + position.typing.len();
        let up_to_date = status.state == SyncState::UpToDate;
        if u64::from(status.to_review) != self.devices[at].asks {
            let asks = self.devices[at].asks;
            return Invariant::Liveness.broken(format!("{name} says that {} ask, and {asks} do", status.to_review));
        }
        if (status.waiting as usize) < waiting || up_to_date && waiting > 0 {
            let what = format!("{name} says {:?}, {} waiting, and {waiting} wait", status.state, status.waiting);
            return Invariant::Liveness.broken(what);
        }
        let (said, is) = (status.quarantined, position.quarantine.len() - position.decided);
        if said as usize != is {
            return Invariant::Liveness.broken(format!("{name} says that {said} are set aside, and {is} are"));
        }
        let is_healing = self.devices[at].look(|l| l.is_healing())?;
        // What it could not read is the account's all the same.
        let aside =
            if position.quarantine.is_empty() { Vec::new() } else { self.devices[at].look(|l| l.kept_aside())? };
        let (lacking, behind, knows) = {
            let mut net = self.network.net();
            let line = net.line(at);
            let (server, knows) = (line.server, line.reads_again && is_healing);
            if confirmed {
                line.reads_again = false;
            }
            let log: HashSet<&RevisionId> = net.servers[server].log.iter().collect();
            let kept = heads.iter().chain(aside.iter().filter(|rid| confirmed && !net.is_only_junk(rid, server)));
            let lacking: Vec<RevisionId> = kept.filter(|rid| !log.contains(rid)).copied().collect();
            (lacking, position.cursor.is_some_and(|(_, seq)| seq < net.servers[server].log.len() as u64), knows)
        };
        if confirmed && up_to_date && (!lacking.is_empty() || alone && behind) {
            let what = format!("{name} says that it is up to date: its server lacks {lacking:?} of its versions");
            return Invariant::Liveness.broken(format!("{what}, or has more than it has read ({behind})"));
        }
        // It was told that the server lost something, and reads what that still has.
        if knows && !confirmed && (status.waiting as usize) < lacking.len() {
            let what = format!("{name} says that {} wait, and its server has lost {lacking:?}", status.waiting);
            return Invariant::Liveness.broken(what);
        }
        if self.now_and_then() {
            self.marks_are_so(at, &position.outbox, heads, up_to_date)?;
        }
        Ok(())
    }

    /// What a sync ended with is said from then on, also by a program that starts later.
    pub fn says_how_it_ended(&self, at: usize, ended: &Ended) -> Checked {
        let Ended::Done(done) = ended else { return Ok(()) };
        let (name, vault) = (&self.devices[at].name, self.devices[at].vault()?);
        let shown = self.devices[at].syncer()?.status().works("the status")?.state;
        let at_rest = vault.sync_status().works("the status at rest")?.state;
        let problem = vault.last_sync_problem().works("what went wrong last")?;
        let what = match done {
            Err(error) if [shown, at_rest].contains(&SyncState::UpToDate) => {
                format!("does not sync ({error}), and says that it is up to date")
            }
            // On a full disk there is no room for it.
            Err(error) if problem.is_none() && !matches!(error, NotebookError::DiskFull) => {
                format!("does not sync ({error}), and has forgotten that")
            }
            Ok(_) if shown == SyncState::UpToDate && problem.is_some() => format!("synced, and still says {problem:?}"),
            _ => return Ok(()),
        };
        Invariant::Liveness.broken(format!("{name} {what}"))
    }

    /// A note of which something waits has its mark, and none has one where all is said to be there.
    fn marks_are_so(&self, at: usize, outbox: &[RevisionId], heads: &[RevisionId], up_to_date: bool) -> Checked {
        let waits: BTreeSet<&RevisionId> = outbox.iter().collect();
        let mut notes = BTreeSet::new();
        for head in heads.iter().filter(|head| waits.contains(head)).take(8) {
            let record = self.devices[at].look(|l| l.record_of(*head))?;
            notes.extend(self.notes.iter().copied().find(|note| record == Some((*note).into())));
        }
        let asked: Vec<NoteId> = if up_to_date { self.notes_of(at)? } else { notes.iter().copied().collect() };
        let marked = self.devices[at].vault()?.waiting_among(&asked).works("what waits")?;
        match notes.symmetric_difference(&marked).next() {
            Some(wrong) => {
                let (name, record) = (&self.devices[at].name, short((*wrong).into()));
                Invariant::Liveness
                    .broken(format!("{record} waits on {name}, or does not, and its mark says otherwise"))
            }
            None => Ok(()),
        }
    }

    /// What lists show of a note is what its versions make.
    pub fn shows_what_is(&self, at: usize, id: NoteId) -> Checked {
        let (Some(shown), note) = (self.devices[at].shown(id.into())?, self.devices[at].vault()?.note(id)) else {
            return Ok(());
        };
        self.is_as_shown(at, &note.works("reading a note")?, &shown)
    }

    pub fn is_as_shown(&self, at: usize, note: &Note, shown: &Shown) -> Checked {
        let (Fields::Note(is), row) = (&shown.fields, &note.row) else { return Ok(()) };
        // Attached twice, it is one.
        let files: BTreeSet<_> = is.attachments.iter().map(|file| file.value.clone()).collect();
        let same = [
            ("title", row.title == *is.title.shown()),
            ("text", row.body == is.body.shown()),
            ("notebook", row.notebook == *is.notebook.shown()),
            ("date", row.due == *is.due.shown()),
            ("done", row.done == *is.done.shown()),
            ("trash", row.trashed == is.trash.is_trashed()),
            ("tags", row.tags == is.tags.names()),
            ("files", row.attachments.len() == files.len() && files.iter().all(|file| row.attachments.contains(file))),
            ("review", (row.review > 0) || !is.is_open()),
            ("versions", note.seen_heads == shown.heads),
        ];
        let rest = !self.looks || self.devices[at].look(|l| l.row_of(row.id, &shown.fields))?.as_ref() == Some(row);
        match same.iter().chain([&("the rest", rest)]).find(|(_, same)| !same) {
            Some((what, _)) => {
                let (name, record) = (&self.devices[at].name, short(row.id.into()));
                Invariant::Convergence.broken(format!("{name} does not show {record} as it is: {what}"))
            }
            None => Ok(()),
        }
    }

    /// A file that is here has the bytes that somebody attached.
    pub fn file_is_whole(&self, at: usize, path: &str, bytes: &[u8]) -> Checked {
        let attached = of_text(path).find_map(|token| self.files.iter().find(|(of, _)| *of == token));
        if attached.is_some_and(|(_, attached)| attached != bytes) {
            let name = &self.devices[at].name;
            return Invariant::LostEdit.broken(format!("{path} on {name} has not the bytes that were attached"));
        }
        Ok(())
    }

    /// A body goes where two devices have found in a pack what they have themselves: who made it, and another.
    pub fn bodies_went_by_two(&self) -> Checked {
        if [Fault::Restore, Fault::Fork].iter().any(|fault| self.met.faults.contains(fault)) {
            return Ok(());
        }
        let net = self.network.net();
        let figures =
            net.servers[0].core.as_ref().map(|core| core.figures()).transpose().works("the server's packs")?;
        for pack in figures.iter().flat_map(|figures| &figures.packs).filter(|pack| pack.dropped) {
            let maker = net.pack_makers.get(&pack.seq);
            if !net.pack_words.iter().any(|(seq, by)| *seq == pack.seq && Some(by) != maker) {
                let what = format!("the bodies under the pack at {} are gone, and only its maker knows it", pack.seq);
                return Invariant::LostEdit.broken(what);
            }
        }
        Ok(())
    }

    /// What somebody was typing when something else was done to the record is a version, unless it is still being typed.
    pub fn typing_is_kept(&self, at: usize, record: RecordId, before: &Shown, after: Option<&Shown>) -> Checked {
        let Some(typed) = before.typed else { return Ok(()) };
        if after.is_some_and(|after| after.heads.contains(&typed)) || self.devices[at].look(|l| l.has(typed))? {
            return Ok(());
        }
        let (name, record) = (&self.devices[at].name, short(record));
        Invariant::LostEdit.broken(format!("what was being typed in {record} on {name} is gone"))
    }
}
