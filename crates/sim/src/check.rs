//! What must hold when the faults have stopped.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use holdfast_domain::{DeviceId, Fields, Hlc, NoteFields, NotebookId, Origin, Revision, RevisionId, Segment, Stamp};
use holdfast_notebook::simulation::{History, Shown};
use holdfast_notebook::sync::CycleReport;
use holdfast_notebook::{Attachment, RecordId};

use crate::device::Device;
use crate::fault::{Checked, Fault, Invariant, OrBroken as _};
use crate::people::short;
use crate::story::Story;
use crate::template::read;
use crate::tokens::{MARK, Tokens, of_text, word};
use crate::world::{Decision, World};

/// So often every device syncs at most until nothing moves. A round in which somebody is asked whether they keep some notes
/// does not count: they write those again, and each may be asked once.
const ROUNDS: usize = 10;
const DAY_MS: u64 = 24 * 3_600_000;
/// A device's clock follows another's by so much (`domain::hlc`).
const FOLLOWS_MS: u64 = 5 * 60 * 1_000;

/// A state as few letters: equal for equal states.
pub fn digest(id: RecordId, shown: &Shown) -> String {
    let stamp = Stamp { hlc: Hlc::default(), device: DeviceId([0; 16]) };
    let canonical = Revision::new(id, shown.heads.clone(), stamp, Origin::Edit, 0, shown.fields.clone()).encode();
    let bytes = canonical.unwrap_or_else(|e| format!("{e} {:?}", shown.heads).into_bytes());
    blake3::hash(&bytes).to_hex()[..12].to_owned()
}

impl World {
    /// Everything works again, and everybody syncs until nothing moves.
    pub fn make_peace(&mut self) -> Checked {
        {
            let mut net = self.network.net();
            for line in &mut net.lines {
                line.mute = false;
                line.deaf = false;
                line.next = None;
                line.lie = None;
                line.server = 0;
            }
            let met = net.met.clone();
            drop(net);
            self.met.faults.extend(met);
        }
        for device in &mut self.devices {
            device.away = false;
            device.clock.offset_ms.store(0, std::sync::atomic::Ordering::SeqCst);
        }
        // What an earlier version does not ask for it gets with the next one: the keys of an account that changed.
        if self.met.faults.contains(&Fault::Revoke) {
            (0..self.devices.len()).for_each(|at| self.set_older(at, false));
        }
        self.settle()?;
        if self.asks_by_the_day {
            self.clock.advance(DAY_MS);
            self.settle()?;
        }
        if self.who_let_files_go_has_the_newest_program()? {
            self.settle()?;
        }
        self.late_is_decided()?;
        if self.left_alone {
            self.left_alone()?;
            self.settle()?;
        }
        if self.months_follow { self.months_pass() } else { Ok(()) }
    }

    /// Everybody syncs until nothing moves.
    pub fn settle(&mut self) -> Checked {
        let (mut round, mut asked) = (0, 0);
        while round < ROUNDS {
            let before = self.kept_in_peace();
            // Whoever knows of a removal tells a server that has forgotten it, and the removed device hears it after that.
            let moved = self.round_of_peace()?;
            let told = round > 0 || self.network.net().removed.is_empty();
            if moved == 0 && told {
                return Ok(());
            }
            if self.kept_in_peace() > before && asked < self.devices.len() {
                asked += 1;
            } else {
                round += 1;
            }
        }
        Invariant::Liveness.broken(format!("after {ROUNDS} rounds of sync there is still something to send"))
    }

    fn kept_in_peace(&self) -> usize {
        self.devices.iter().map(|device| device.kept_in_peace).sum()
    }

    /// Everybody syncs once. Gives how much moved.
    pub fn round_of_peace(&mut self) -> Checked<u32> {
        let mut moved = 0;
        for at in self.members() {
            self.clock.advance(1_000);
            match self.sync_in_peace(at)? {
                Some(report) => {
                    moved += report.pushed + report.pulled + report.packed;
                    // A log that begins a new epoch for one of them is read again by all.
                    moved += u32::from(self.network.net().line(at).requests.contains(&"heal"));
                }
                None => {
                    moved += 1;
                    self.devices[at].out = true;
                }
            }
            self.overheard()?;
        }
        Ok(moved)
    }

    /// Nobody has anything set aside any more, but for what a removed device sent, and packs that an earlier version does not
    /// know.
    pub fn nothing_waits(&self) -> Checked {
        let late = self.network.net().nobodys.clone();
        for at in self.members() {
            let device = &self.devices[at];
            let nobodys = device.look(|l| l.set_aside_as_late())?;
            let is_late = |rid: &RevisionId| late.contains(rid) && nobodys.contains(rid);
            let mut packs = BTreeSet::<RevisionId>::new();
            if device.is_older() {
                let net = self.network.net();
                packs.extend(net.packs.union(&net.releases));
            }
            // What its maker never sent nobody can give back.
            let is_junk = |rid: &RevisionId| self.network.net().is_only_junk(rid, 0);
            let mut aside = device.position()?.quarantine.into_iter();
            let waits = aside.find(|rid| !is_late(rid) && !packs.contains(rid) && !is_junk(rid));
            if let Some(waits) = waits {
                let why = device.vault()?.set_aside().works("what is set aside")?;
                let sent = late.contains(&waits);
                let mut what =
                    format!("{} has {waits} in quarantine ({why:?}; sent after a removal: {sent})", device.name);
                for rid in device.look(|l| l.awaited())?.into_iter().take(3) {
                    for at in 0..self.devices.len() {
                        let of = self.devices[at].look(|l| l.whereabouts(rid))?;
                        let _ = write!(what, "\n  {rid} {}: {of}", self.devices[at].name);
                    }
                }
                return Invariant::Liveness.broken(what);
            }
        }
        Ok(())
    }

    /// All that a device shows, a line for each thing.
    pub fn picture(&self, at: usize) -> Checked<BTreeMap<String, String>> {
        let device = &self.devices[at];
        let vault = device.vault()?;
        let (mut out, mut notes, mut notebooks) = (BTreeMap::new(), Vec::new(), Vec::new());
        for id in device.look(|l| l.records())? {
            let Some(shown) = device.shown(id)? else { continue };
            out.insert(format!("record {id}"), digest(id, &shown));
            if let Fields::Note(_) = &shown.fields {
                let note = vault.note(id.into()).works("reading a note")?;
                self.is_as_shown(at, &note, &shown)?;
                out.insert(format!("note {id}"), format!("{:?} {}", note.row, note.read_only));
                for file in vault.attachments(id.into()).works("reading files")? {
                    // Whether its bytes are here is looked at below; where they may be gone, one may have them still.
                    let told = format!("{:?}", Attachment { here: false, here_bytes: 0, ..file.clone() });
                    let bytes = vault.attachment_bytes(file.id);
                    let said = bytes.as_ref().err();
                    if said.is_some() && self.may_be_gone_for_good(at, id, file.id, said)? {
                        out.insert(format!("file {id} {}", file.path), told);
                        continue;
                    }
                    if bytes.as_ref().ok().map(|bytes| bytes.len() as u64) != Some(file.size) {
                        let what = format!("{} lacks the file {}: {:?}", device.name, file.path, bytes.err());
                        return Invariant::Convergence.broken(what);
                    }
                    self.file_is_whole(at, &file.path, bytes.as_deref().unwrap_or_default())?;
                    out.insert(format!("file {id} {}", file.path), told);
                }
                notes.push(note);
            }
            if shown.fields.as_notebook().is_some_and(|notebook| !notebook.trash.is_trashed()) {
                notebooks.push(NotebookId::from(id));
            }
            if shown.heads.len() > 1 && !shown.fields.is_open() && !shown.typing {
                let there = device.look(|l| l.has_receipt(&shown.heads))?;
                out.insert(format!("receipt {id}"), there.to_string());
                if !there && matches!(shown.fields, Fields::Note(_) | Fields::Notebook(_)) {
                    let what = format!("{} merged {} without a receipt", device.name, short(id));
                    return Invariant::Convergence.broken(what);
                }
            }
        }
        self.counts_what_is(at, &notes)?;
        let tree = vault.notebook_tree().works("the tree")?;
        self.tree_is_so(at, &tree, &notebooks, &notes)?;
        self.cycles_are_told(at, &notebooks)?;
        out.insert("tree".into(), format!("{tree:?}"));
        out.insert("tags".into(), format!("{:?}", vault.tags().works("tags")?));
        out.insert("counts".into(), format!("{:?}", vault.sidebar_counts().works("counts")?));
        out.insert("account".into(), format!("{:?}", device.look(|l| l.membership())?));
        let reviews = vault.reviews().works("reviews")?;
        out.insert("reviews".into(), format!("{:?}", reviews.iter().map(|r| (r.id, r.choices)).collect::<Vec<_>>()));
        Ok(out)
    }

    /// Everything that is checked at the end.
    pub fn judge_all(&mut self) -> Checked {
        self.nothing_waits()?;
        self.removals_hold()?;
        let members = self.members();
        let Some(first) = members.first().copied() else { return Invariant::Works.broken("nobody is left") };
        // What a removed device sent to a server that had forgotten it some have taken over, who did not know of it
        // either, and the others set it aside.
        let differ = !self.network.net().nobodys.is_empty();
        let pictures: Vec<_> = members.iter().map(|at| Ok((*at, self.picture(*at)?))).collect::<Checked<_>>()?;
        for (at, picture) in &pictures {
            if !differ {
                self.compare(first, *at, &pictures[0].1, picture, Invariant::Convergence)?;
            }
            let hash = blake3::hash(format!("{picture:?}").as_bytes()).to_hex();
            self.note(&format!("{} {hash}", self.devices[*at].name));
        }
        self.met.receipts += u64::from(self.devices[first].vault()?.unseen_receipts().works("counting receipts")?);
        self.again(&pictures)?;
        self.no_storm()?;
        // What was under way goes back to a server that was set back before what it builds on.
        let healed = [Fault::Restore, Fault::Fork].iter().any(|fault| self.met.faults.contains(fault));
        let log = if healed { Vec::new() } else { self.network.net().servers[0].log.clone() };
        for (place, rid) in log.into_iter().enumerate() {
            self.places.entry(rid).or_insert(place);
        }
        // Where all show the same, one of them is enough.
        let nobodys = self.nobodys()?;
        let mut by_record: BTreeMap<RecordId, Vec<u32>> = BTreeMap::new();
        for saved in &self.saved {
            if self.is_everybodys(saved, &nobodys)? {
                by_record.entry(saved.record).or_default().push(saved.token);
            }
        }
        for at in if differ { members } else { vec![first] } {
            for record in self.records() {
                self.judge_record(record, at, by_record.get(&record).map_or(&[], Vec::as_slice))?;
            }
        }
        self.named_files_are_at_the_server(first)?;
        if self.looks {
            self.lists_show_what_is(first)?;
            self.merges_are_counted(first)?;
        }
        self.searchable(first, false)?;
        if let Some(last) = self.members().last() {
            self.searchable(*last, true)?;
        }
        self.bodies_went_by_two()?;
        self.judge_those_out()?;
        // A new passphrase has to open the account.
        if (self.joins || self.account.passphrase.is_some()) && !differ {
            self.join(first)?;
        }
        self.scan()
    }

    fn records(&self) -> Vec<RecordId> {
        let notes = self.notes.iter().map(|id| RecordId::from(*id));
        let notebooks = self.notebooks.iter().map(|id| RecordId::from(*id));
        notes.chain(notebooks).chain(self.others.iter().copied()).collect()
    }

    pub fn compare(
        &self,
        a: usize,
        b: usize,
        one: &BTreeMap<String, String>,
        other: &BTreeMap<String, String>,
        invariant: Invariant,
    ) -> Checked {
        if one == other {
            return Ok(());
        }
        let (a, b) = (&self.devices[a].name, &self.devices[b].name);
        let all: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
        let differ: Vec<&String> = all.into_iter().filter(|key| one.get(*key) != other.get(*key)).collect();
        let of = |key: &&String| format!("{key}: {a} has {:?} and {b} has {:?}", one.get(*key), other.get(*key));
        invariant.broken(differ.iter().map(of).collect::<Vec<_>>().join("\n    "))
    }

    /// A second sync changes nothing, and asks once.
    fn again(&mut self, pictures: &[(usize, BTreeMap<String, String>)]) -> Checked {
        for (at, picture) in pictures {
            let at = *at;
            let count = self.devices[at].look(|l| l.revision_count())?;
            let released = self.network.net().releases.len();
            let mut report = self.sync_again(at)?;
            // Just now a file was in no note for long enough, or the last of the members has asked as one that knows packs:
            // that happens once.
            if (self.network.net().releases.len() > released || report.packed > 0) && report.pushed == 0 {
                report = self.sync_again(at)?;
            }
            let mut requests = self.network.net().line(at).requests.clone();
            // What is gone is asked for, since whoever has it may have given it back.
            let may_ask = self.asks_for_what_may_be_gone(at)?;
            requests.retain(|request| *request != "get_blob" || !may_ask);
            let name = self.devices[at].name.clone();
            let moved = report.pushed + report.pulled > 0;
            if moved || requests != ["log"] || self.devices[at].look(|l| l.revision_count())? != count {
                let what = format!("a second sync of {name} asked {requests:?}, {report:?}");
                return Invariant::Idempotence.broken(what);
            }
            let now = self.picture(at)?;
            self.compare(at, at, picture, &now, Invariant::Idempotence)?;
        }
        Ok(())
    }

    fn sync_again(&mut self, at: usize) -> Checked<CycleReport> {
        match self.sync_in_peace(at)? {
            Some(report) => Ok(report),
            None => Invariant::Idempotence.broken("a device that was in the account is out at its next sync"),
        }
    }

    /// Each device has what people wrote and nothing else.
    fn no_storm(&self) -> Checked {
        let nobodys = self.nobodys()?;
        for at in self.members() {
            let device = &self.devices[at];
            let count = device.look(|l| l.revision_count())?;
            let mut made = self.made.len() as u64;
            for rid in nobodys.iter().filter(|rid| self.made.contains(rid)) {
                made -= u64::from(!device.look(|l| l.has(*rid))?);
            }
            if count != made {
                let name = &device.name;
                return Invariant::Storm.broken(format!("{name} has {count} revisions, and people made {made}"));
            }
        }
        Ok(())
    }

    /// `more`: not the newest words alone, and those that stand in open places.
    fn searchable(&self, at: usize, more: bool) -> Checked {
        let of_notes = || self.saved.iter().rev().filter(|s| self.notes.iter().any(|n| s.record == (*n).into()));
        let tree = self.devices[at].vault()?.notebook_tree().works("the tree")?;
        let others = of_notes().skip(3).step_by(self.saved.len() / 4 + 1);
        let sides = if more { self.words_of_sides(at)? } else { Vec::new() };
        let saved = of_notes().take(3).chain(others.take(if more { 4 } else { 0 }));
        for (token, record) in saved.map(|s| (s.token, s.record)).chain(sides) {
            let Some(shown) = self.devices[at].shown(record)? else { continue };
            let Some(note) = shown.fields.as_note() else { continue };
            let token = word(token);
            let stands = |text: &str| text.contains(&format!("{token} ")) || text.contains(&format!("{token}\n"));
            let there = stands(&note.body.shown())
                || stands(&format!("{}\n", note.title.shown()))
                || sides_of(note).any(stands);
            let hits = self.devices[at].vault()?.search(&token, 50).works("searching")?;
            for hit in &hits {
                let held = self.devices[at].shown(hit.id.into())?;
                // What begins with a word is found by it, too.
                let has = |held: Shown| Tokens::of(&held.fields).all.iter().any(|of| word(*of).starts_with(&token));
                // So is the name of a notebook that it is in.
                let named = tree.iter().any(|node| node.path.iter().any(|name| name.contains(&token)));
                if !named && !held.is_some_and(has) {
                    return Invariant::Convergence.broken(format!("{token} is found in a note that does not have it"));
                }
            }
            if there && !hits.iter().any(|hit| RecordId::from(hit.id) == record) {
                return Invariant::Convergence.broken(format!("{token} is in a note and is not found"));
            }
        }
        Ok(())
    }

    /// Of some notes with open places each side's last word.
    fn words_of_sides(&self, at: usize) -> Checked<Vec<(u32, RecordId)>> {
        let mut out = Vec::new();
        for note in self.notes_of(at)? {
            if out.len() < 4
                && let Some(shown) = self.devices[at].shown(note.into())?
                && let Some(fields) = shown.fields.as_note()
            {
                out.extend(sides_of(fields).filter_map(|side| Some((of_text(side).last()?, note.into()))).take(3));
            }
        }
        Ok(out)
    }

    /// No word of any text is in any file of the server.
    fn scan(&self) -> Checked {
        let mut files = Vec::new();
        let servers = self.network.net().servers.len();
        for server in 0..servers {
            let dir = self.dir.path().join(if server == 0 { "server".to_owned() } else { format!("server{server}") });
            read(&dir, std::path::Path::new(""), &mut files).works("reading the server")?;
        }
        // Where pages are sealed as a program seals them, so is all that a computer has on its disk.
        for device in self.devices.iter().filter(|device| !device.kind().plain_pages) {
            read(&device.dir, std::path::Path::new(""), &mut files).works("reading a vault")?;
        }
        for (path, bytes) in files {
            if bytes.windows(MARK.len()).any(|w| w == MARK.as_bytes()) {
                return Invariant::Plaintext.broken(format!("a planted word can be read in {}", path.display()));
            }
        }
        Ok(())
    }

    /// What became of everything that people wrote in a record, as one device has it.
    pub fn judge_record(&mut self, record: RecordId, at: usize, saved: &[u32]) -> Checked {
        let name = self.devices[at].name.clone();
        let Some(shown) = self.devices[at].shown(record)? else {
            return match saved.first() {
                Some(token) => Invariant::LostEdit.broken(format!("{name} lacks the record of {}", word(*token))),
                None => Ok(()),
            };
        };
        let history = self.devices[at].look(|l| l.history(record))?;
        self.causality(&history, &name)?;
        let tree = self.notebooks_of(at)?;
        let all = self.notebooks.iter().filter(|id| !tree.contains(id));
        let hidden = all.map(|id| format!("{:?}", Some(*id))).collect();
        let story = Story { record, history: &history, shown: &shown, by: &name, hidden: &hidden };
        let decisions: Vec<&Decision> = self.decisions.iter().filter(|d| d.record == record).collect();
        story.judge(saved, &self.typed_over, &decisions, &mut self.met)
    }

    /// What builds on another version was written later, by the clocks that follow each other.
    fn causality(&self, history: &History, name: &str) -> Checked {
        let mut furthest: BTreeMap<DeviceId, u64> = BTreeMap::new();
        for device in self.devices.iter().filter(|device| !device.twin) {
            furthest.insert(device.vault()?.device(), device.has_shown());
        }
        // A copy goes on from the other's clock.
        let twins = self.devices.iter().filter(|device| device.twin).map(Device::has_shown).max();
        for row in &history.rows {
            let latest = furthest.get(&row.author).copied().or(twins);
            if let Some(latest) = latest.filter(|latest| row.hlc.ms > latest + FOLLOWS_MS) {
                let what = format!(
                    "{} has a time that no clock of its device showed, nor one that it may follow ({} by {}, {latest})",
                    row.rid, row.hlc.ms, row.author
                );
                return Invariant::Causality.broken(what);
            }
        }
        let times: BTreeMap<RevisionId, Hlc> = history.rows.iter().map(|row| (row.rid, row.hlc)).collect();
        let authors: BTreeMap<RevisionId, DeviceId> = history.rows.iter().map(|row| (row.rid, row.author)).collect();
        for row in &history.rows {
            for parent in &row.parents {
                // Whoever reads the log has what a change builds on before it comes.
                if let (Some(place), Some(before)) = (self.places.get(&row.rid), self.places.get(parent))
                    && before > place
                {
                    return Invariant::Causality.broken(format!("{} is in the log before what it builds on", row.rid));
                }
                let Some(before) = times.get(parent) else {
                    return Invariant::Causality.broken(format!("{name} has {} without its parent", row.rid));
                };
                // A clock that is far ahead is not followed.
                let jumped = self.met.faults.contains(&Fault::ClockJump) || before.ms > row.hlc.ms + FOLLOWS_MS;
                // Of one device each is later, whatever its clock shows, and whenever its program was begun.
                let own = twins.is_none() && authors.get(parent) == Some(&row.author);
                if *before >= row.hlc && (own || !jumped) {
                    return Invariant::Causality.broken(format!("{} is older than what it builds on", row.rid));
                }
            }
        }
        Ok(())
    }
}

/// The sides of the open places of a text.
fn sides_of(note: &NoteFields) -> impl Iterator<Item = &str> {
    let places = note.body.segments().iter().filter_map(|segment| match segment {
        Segment::Place(place) => Some(place),
        Segment::Clean(_) => None,
    });
    places.flat_map(|place| place.adds().map(|side| side.value.as_str()))
}
