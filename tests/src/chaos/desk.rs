//! One person at one computer: what they do, and what the program answers.

use std::borrow::Borrow;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::Duration;

use holdfast_protocol::JoinLink;
use serde_json::Value;

use super::known::{Fate, Known, canary, words_of};
use super::plan::{Act, Kill, Op};
use super::report::{Report, Violation};
use crate::kill::{kill, reached};
use crate::programs::{Computer, Done, USER, text};
use crate::small_disk::SmallDisk;
use crate::wire::{Befell, Fault, Wire};

/// No command takes so long, however bad the wire is: it gives up by itself before.
const PATIENCE: Duration = Duration::from_mins(5);

/// Of a vault's disk, enough for all that a run writes; and what it gets in peace.
const DISK_MIB: usize = 48;
const PEACE_MIB: usize = 512;

/// Notes that everybody works on.
const FEW: usize = 3;

pub struct Desk<'a> {
    pub n: usize,
    pub computer: Computer,
    wire: Wire,
    /// What is wrong with it in this round.
    weather: Fault,
    link: String,
    /// `None` where this user may not mount one.
    disk: Option<SmallDisk>,
    full: bool,
    joined: bool,
    /// Something was saved here, and nobody has tried to send it.
    unsent: bool,
    /// Folders to import, outside of what the programs write.
    imports: PathBuf,
    known: &'a Mutex<Known>,
    report: &'a Mutex<Report>,
}

/// What a command said.
pub enum Heard {
    Answer(Value),
    /// The server was not reached; how things stand then, where it was a sync.
    Unreached(Value),
    /// The disk is full, and nothing was changed.
    NoRoom,
    /// It was killed before it said anything.
    Silence,
}

impl<'a> Desk<'a> {
    pub fn new(
        n: usize,
        folder: &Path,
        server: u16,
        link: &str,
        known: &'a Mutex<Known>,
        report: &'a Mutex<Report>,
    ) -> Self {
        let computer = Computer::kept(folder, &format!("computer-{n}"));
        let wire = Wire::to(server);
        let through = JoinLink { url: format!("https://127.0.0.1:{}", wire.port), ..JoinLink::parse(link).unwrap() };
        // Every other computer has a disk that can be filled; where none can be mounted, the database has a limit.
        let disk = if n % 2 == 1 { SmallDisk::mount(computer.vault(), DISK_MIB) } else { None };
        if n % 2 == 1 {
            let mut report = report.lock().unwrap();
            report.small_disks += u64::from(disk.is_some());
            report.limited_disks += u64::from(disk.is_none());
        }
        let imports = folder.join(format!("imports-{n}"));
        fs::create_dir(&imports).unwrap();
        let link = through.to_string();
        let weather = Fault::None;
        Self {
            n,
            computer,
            wire,
            weather,
            link,
            disk,
            full: false,
            joined: false,
            unsent: false,
            imports,
            known,
            report,
        }
    }

    pub fn create_account(&mut self) -> Result<(), Violation> {
        self.must(&["init", "--device-name", &self.name()])?;
        let link = self.link.clone();
        self.must(&["account", "create", "--link", &link, "--user", USER])?;
        self.joined = true;
        // Something to disagree about.
        for _ in 0..FEW {
            self.add(200, None)?;
        }
        self.sync_in_peace().map(drop)
    }

    /// In peace.
    pub fn join(&mut self) -> Result<(), Violation> {
        if self.try_join(None)? {
            return self.sync_in_peace().map(drop);
        }
        Err(self.wrong("works", "joining did not get through in peace"))
    }

    /// True where it has the vault now. One that was killed may have it: then it goes on from there.
    fn try_join(&mut self, kill: Option<Kill>) -> Result<bool, Violation> {
        let (link, name) = (self.link.clone(), self.name());
        self.run(&["account", "join", "--link", &link, "--user", USER, "--device-name", &name], b"", kill)?;
        self.joined = self.computer.vault().join("vault.keys").exists();
        Ok(self.joined)
    }

    fn name(&self) -> String {
        format!("Computer {}", self.n)
    }

    pub fn befell(&self) -> Befell {
        self.wire.befell()
    }

    pub fn wrong(&self, promise: &'static str, what: impl std::fmt::Display) -> Violation {
        Violation::new(promise, format!("on computer {}: {what}", self.n))
    }

    /// Nothing is wrong with the wire and the disk any more, and it has joined.
    pub fn peace(&mut self) -> Result<(), Violation> {
        self.wire.release();
        self.room();
        if let Some(disk) = &self.disk {
            disk.grow(PEACE_MIB);
        }
        if self.joined { Ok(()) } else { self.join() }
    }

    fn room(&mut self) {
        if let Some(disk) = self.disk.as_ref().filter(|_| self.full) {
            disk.empty();
        }
        self.full = false;
    }

    /// A round.
    pub fn act(&mut self, round: usize, acts: &[Act]) -> Result<(), Violation> {
        for act in acts {
            match *act {
                Act::Wire(fault) => {
                    self.weather = fault;
                    self.wire.set(fault);
                }
                Act::FillDisk => self.fill(),
                Act::EmptyDisk => self.room(),
                Act::Do { kill, .. } if !self.joined => {
                    self.try_join(kill)?;
                }
                Act::Do { op: Op::Sync, kill } => {
                    if self.unsent && round % 3 == self.n % 3 && !self.full {
                        self.says_that_it_waits()?;
                    }
                    self.sync(kill)?;
                }
                Act::Do { op, kill } => self.write(op, kill)?,
            }
        }
        self.weather = Fault::None;
        self.wire.release();
        if self.joined { self.nothing_is_gone() } else { Ok(()) }
    }

    fn fill(&mut self) {
        // One that is somebody's only disk is left alone: without a mount, the limit is this computer's anyway.
        if self.n % 2 == 1 {
            if let Some(disk) = &self.disk {
                disk.fill();
            }
            self.full = true;
            self.report.lock().unwrap().full_disks += 1;
        }
    }

    fn write(&mut self, op: Op, kill: Option<Kill>) -> Result<(), Violation> {
        match op {
            Op::Add { bytes } => self.add(bytes, kill),
            Op::Import { files } => self.import(files, kill),
            Op::Line { note, at, bytes } => self.line(note, at, bytes, kill),
            Op::More { note, at } => self.more(note, at, kill),
            Op::Remove { note, at } => self.remove(note, at, kill),
            Op::Field { note, which } => {
                let tag = canary("tag").word().to_owned();
                let due = format!("2026-{:02}-{:02}", 1 + which % 12, 1 + which / 12 % 28);
                let change = match which % 4 {
                    0 => ["--add-tag", &tag].to_vec(),
                    1 => ["--done"].to_vec(),
                    2 => ["--not-done"].to_vec(),
                    _ => ["--due", &due].to_vec(),
                };
                self.with_note(note, |desk, id| desk.change(&[&["note", "edit", id], &change[..]].concat(), kill))
            }
            Op::Trash { note } => self.with_note(note, |desk, id| desk.change(&["note", "trash", id], kill)),
            Op::Restore { note } => {
                self.with_one_of(note, true, |desk, id| desk.change(&["note", "restore", id], kill))
            }
            Op::Resolve { note } => self.resolve(note, kill),
            Op::Sync => self.sync(kill),
        }
    }

    /// A new word, and a line with it that no file of a server may hold.
    fn sentence(&self, kind: &str, bytes: usize) -> (String, String) {
        let word = self.known.lock().unwrap().word(self.n);
        let mut line = format!("{word} {}", canary(kind).word());
        let mut noise = fnv(&word);
        while line.len() < bytes {
            noise = noise.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
            write!(line, " {:012x}", noise >> 16).unwrap();
        }
        (word, line)
    }

    fn add(&mut self, bytes: usize, kill: Option<Kill>) -> Result<(), Violation> {
        let (titled, title) = self.sentence("title", 0);
        let (written, body) = self.sentence("body", bytes);
        let heard = self.run(&["note", "add", "--title", &title], format!("{body}\n").as_bytes(), kill)?;
        self.saved(&[titled, written], &heard);
        Ok(())
    }

    fn import(&mut self, files: usize, kill: Option<Kill>) -> Result<(), Violation> {
        let mut words = Vec::new();
        let (named, folder) = self.sentence("title", 0);
        let folder = self.imports.join(folder);
        fs::create_dir(&folder).unwrap();
        // A notebook's name: nothing shows it but export, which is compared as a whole.
        self.known.lock().unwrap().became(&named, Fate::Either);
        for _ in 0..files {
            let (titled, title) = self.sentence("title", 0);
            let (written, body) = self.sentence("body", 600);
            fs::write(folder.join(format!("{title}.md")), format!("{body}\n")).unwrap();
            words.extend([titled, written]);
        }
        let heard = self.run(&["import", "--from", "markdown", folder.to_str().unwrap()], b"", kill)?;
        self.saved(&words, &heard);
        Ok(())
    }

    fn saved(&mut self, words: &[String], heard: &Heard) {
        let fate = match heard {
            Heard::Answer(_) => Fate::Saved,
            Heard::NoRoom | Heard::Unreached(_) => Fate::Refused,
            Heard::Silence => Fate::Either,
        };
        let mut known = self.known.lock().unwrap();
        for word in words {
            known.became(word, fate);
        }
        self.unsent |= fate == Fate::Saved;
    }

    /// Does something with one of the live notes that are here, if there are any and they can be read.
    fn with_note(
        &mut self,
        which: u64,
        act: impl FnOnce(&mut Self, &str) -> Result<(), Violation>,
    ) -> Result<(), Violation> {
        self.with_one_of(which, false, act)
    }

    /// As [`Self::with_note`], or with one in the trash: those cannot be changed before they are restored.
    fn with_one_of(
        &mut self,
        which: u64,
        trashed: bool,
        act: impl FnOnce(&mut Self, &str) -> Result<(), Violation>,
    ) -> Result<(), Violation> {
        let Some(notes) = self.notes()? else { return Ok(()) };
        let ids: Vec<String> = notes.iter().filter(|n| n["trashed"] == trashed).map(|n| text(&n["id"])).collect();
        // Mostly one of the few that were changed last, as others do at the same time: so they disagree.
        let among = if which.is_multiple_of(4) { ids.len() } else { ids.len().min(FEW) };
        match ids.get((which / 4).checked_rem(among as u64).unwrap_or(0) as usize) {
            Some(id) => act(self, id),
            None => Ok(()),
        }
    }

    /// A change without a word of its own.
    fn change(&mut self, args: &[&str], kill: Option<Kill>) -> Result<(), Violation> {
        let heard = self.run(args, b"", kill)?;
        self.unsent |= matches!(heard, Heard::Answer(_));
        Ok(())
    }

    fn line(&mut self, note: u64, at: u64, bytes: usize, kill: Option<Kill>) -> Result<(), Violation> {
        let (word, line) = self.sentence("body", bytes);
        self.saved(std::slice::from_ref(&word), &Heard::NoRoom);
        self.with_note(note, |desk, id| {
            let Some(body) = desk.body(id)? else { return Ok(()) };
            let mut lines: Vec<&str> = body.lines().collect();
            let at = (at % (lines.len() as u64 + 1)) as usize;
            lines.insert(at, &line);
            if at.is_multiple_of(3) {
                lines.insert(at, "");
            }
            let heard = desk.edit(id, &lines, kill)?;
            desk.saved(&[word], &heard);
            Ok(())
        })
    }

    fn more(&mut self, note: u64, at: u64, kill: Option<Kill>) -> Result<(), Violation> {
        let (word, more) = self.sentence("body", 0);
        self.saved(std::slice::from_ref(&word), &Heard::NoRoom);
        self.with_note(note, |desk, id| {
            let Some(body) = desk.body(id)? else { return Ok(()) };
            let mut lines: Vec<String> = body.lines().map(str::to_owned).collect();
            let places = lines.len() as u64;
            match lines.get_mut((at % places.max(1)) as usize) {
                Some(line) => line.extend([" ", &more]),
                None => lines.push(more),
            }
            let heard = desk.edit(id, &lines, kill)?;
            desk.saved(&[word], &heard);
            Ok(())
        })
    }

    fn remove(&mut self, note: u64, at: u64, kill: Option<Kill>) -> Result<(), Violation> {
        self.with_note(note, |desk, id| {
            let Some(body) = desk.body(id)? else { return Ok(()) };
            let mut lines: Vec<&str> = body.lines().collect();
            if lines.len() < 2 {
                return Ok(());
            }
            let gone = lines.remove((at % lines.len() as u64) as usize).to_owned();
            {
                // Before it is done: whoever looks meanwhile must not miss it.
                let mut known = desk.known.lock().unwrap();
                words_of(&gone).for_each(|word| known.became(word, Fate::Either));
            }
            let heard = desk.edit(id, &lines, kill)?;
            desk.unsent |= matches!(heard, Heard::Answer(_));
            Ok(())
        })
    }

    fn edit(&mut self, id: &str, lines: &[impl Borrow<str>], kill: Option<Kill>) -> Result<Heard, Violation> {
        let body = format!("{}\n", lines.join("\n"));
        self.run(&["note", "edit", id, "--body-file", "-", "--allow-empty"], body.as_bytes(), kill)
    }

    /// The text of a note; `None` where the disk is too full to open the vault.
    fn body(&mut self, id: &str) -> Result<Option<String>, Violation> {
        match self.run(&["note", "show", id], b"", None)? {
            Heard::Answer(note) => Ok(Some(text(&note["body"]))),
            _ => Ok(None),
        }
    }

    /// All notes, trashed ones too; `None` where the disk is too full to open the vault.
    pub fn notes(&mut self) -> Result<Option<Vec<Value>>, Violation> {
        match self.run(&["note", "list"], b"", None)? {
            Heard::Answer(notes) => Ok(Some(notes.as_array().cloned().unwrap_or_default())),
            _ => Ok(None),
        }
    }

    fn resolve(&mut self, note: u64, mut kill: Option<Kill>) -> Result<(), Violation> {
        let Some(notes) = self.notes()? else { return Ok(()) };
        let asked: Vec<String> = notes.iter().filter(|n| n["review"] == true).map(|n| text(&n["id"])).collect();
        if asked.is_empty() {
            return Ok(());
        }
        let id = &asked[(note % asked.len() as u64) as usize];
        self.known.lock().unwrap().decided.insert(id.clone());
        let Heard::Answer(review) = self.run(&["review", "show", id], b"", None)? else { return Ok(()) };
        for place in review["places"].as_array().into_iter().flatten() {
            let number = place["id"].as_str().unwrap_or_default().to_owned();
            // Of what can have one value only, a version by its id; where no version tells, it stays open.
            let take = match place["field"].as_str() {
                Some("text") => Some("all"),
                _ => place["sides"].as_array().into_iter().flatten().find_map(|side| side["revision"].as_str()),
            };
            let Some(take) = take else { continue };
            match self.run(&["review", "resolve", id, "--place", &number, "--take", take], b"", kill.take())? {
                Heard::Answer(_) => {
                    self.unsent = true;
                    self.report.lock().unwrap().resolved += 1;
                }
                _ => return Ok(()),
            }
        }
        Ok(())
    }

    /// What waits is said to wait.
    fn says_that_it_waits(&mut self) -> Result<(), Violation> {
        if let Heard::Answer(status) = self.run(&["status"], b"", None)?
            && (status["state"] == "up_to_date" || status["waiting"] == 0)
        {
            return Err(self.wrong("honest", format!("something was saved and not sent, and it says {status}")));
        }
        Ok(())
    }

    fn sync(&mut self, kill: Option<Kill>) -> Result<(), Violation> {
        let unsent = std::mem::take(&mut self.unsent);
        match self.run(&["sync"], b"", kill)? {
            Heard::Answer(answer) => {
                self.report.lock().unwrap().syncs += 1;
                if answer["state"] != "up_to_date" || answer["waiting"] != 0 {
                    return Err(self.wrong("honest", format!("a sync that got through says {answer}")));
                }
            }
            Heard::Unreached(answer) => {
                self.report.lock().unwrap().unreached += 1;
                if answer["state"] == "up_to_date" {
                    return Err(self.wrong("honest", format!("the server was not reached, and it says {answer}")));
                }
            }
            Heard::NoRoom => self.unsent = unsent,
            Heard::Silence => {}
        }
        Ok(())
    }

    /// A sync that must get through; how many versions it moved.
    pub fn sync_in_peace(&mut self) -> Result<u64, Violation> {
        self.unsent = false;
        match self.run(&["sync"], b"", None)? {
            Heard::Answer(answer) if answer["state"] == "up_to_date" && answer["waiting"] == 0 => {
                Ok(["pushed", "pulled"].iter().filter_map(|key| answer[key].as_u64()).sum())
            }
            Heard::Answer(answer) | Heard::Unreached(answer) => {
                Err(self.wrong("liveness", format!("nothing is wrong, and a sync says {answer}")))
            }
            Heard::NoRoom | Heard::Silence => Err(self.wrong("liveness", "in peace, there is no room")),
        }
    }

    /// A command that must succeed.
    pub fn must(&mut self, args: &[&str]) -> Result<Value, Violation> {
        match self.run(args, b"", None)? {
            Heard::Answer(answer) => Ok(answer),
            _ => Err(self.wrong("works", format!("{args:?} did not get through in peace"))),
        }
    }

    /// What was saved here is here, in a text or in a place to review.
    fn nothing_is_gone(&mut self) -> Result<(), Violation> {
        let wanted = self.known.lock().unwrap().saved_by(self.n);
        let Some(shown) = self.shown()? else { return Ok(()) };
        // Somebody at another computer may have taken it away meanwhile, and that has arrived here.
        let still = self.known.lock().unwrap().saved_by(self.n);
        match wanted.iter().find(|word| still.contains(word) && !shown.has(word)) {
            Some(word) => Err(self.wrong("lost-edit", format!("{word} was saved here, and is gone"))),
            None => Ok(()),
        }
    }

    /// Everything that can be read here; `None` where the disk is too full to open the vault.
    pub fn shown(&mut self) -> Result<Option<Shown>, Violation> {
        let Some(notes) = self.notes()? else { return Ok(None) };
        let mut shown = Shown::default();
        for note in &notes {
            let id = text(&note["id"]);
            let words: Vec<String> = [&note["title"], &note["body"]]
                .iter()
                .filter_map(|text| text.as_str())
                .flat_map(words_of)
                .map(str::to_owned)
                .collect();
            shown.clean.extend(words.iter().cloned());
            shown.notes.push((id.clone(), words));
            if note["review"] == true {
                let Heard::Answer(review) = self.run(&["review", "show", &id], b"", None)? else { return Ok(None) };
                shown.aside.extend(texts(&review["places"]).flat_map(words_of).map(str::to_owned));
            }
        }
        Ok(Some(shown))
    }

    /// Runs a command, and sorts what it says. What nobody may hear is a violation.
    fn run(&mut self, args: &[&str], input: &[u8], killing: Option<Kill>) -> Result<Heard, Violation> {
        self.report.lock().unwrap().commands += 1;
        let mut command = self.computer.command(args);
        if self.full && self.disk.is_none() {
            command.env("HOLDFAST_TEST_MAX_PAGES", "1");
        }
        if let Some(Kill::AtByte { way, byte, .. }) = killing {
            self.wire.stop_after(way, byte);
        }
        let mut child = start(command, input);
        let (done, killed) = match killing {
            None => (self.ended(child, args)?, false),
            Some(when) => {
                let running = match when {
                    Kill::After(time) => reached(&mut child, || true, time),
                    Kill::AtByte { then, .. } => reached(&mut child, || self.wire.stopped(), then),
                };
                let done = kill(child);
                if matches!(when, Kill::AtByte { .. }) {
                    self.wire.set(self.weather);
                }
                let killed = running && done.code.is_none();
                let mut report = self.report.lock().unwrap();
                report.kills += u64::from(killed);
                report.kills_inside += u64::from(killed && done.stdout.is_empty());
                (done, killed)
            }
        };
        self.computer.keep_log(&done.stderr);
        let answer = || serde_json::from_str::<Value>(&done.stdout).ok();
        let heard = match (done.code, killed) {
            (None, true) if args[0] == "sync" => Some(Heard::Silence),
            (None, true) => Some(answer().map_or(Heard::Silence, Heard::Answer)),
            (Some(0), _) => answer().map(Heard::Answer),
            (Some(1), _) if args[0] == "doctor" => answer().map(Heard::Answer),
            (Some(75), _) if args[0] == "sync" => answer().map(Heard::Unreached),
            (Some(75), _) if args[0] == "account" => Some(Heard::Unreached(Value::Null)),
            (Some(1), _) if self.full && done.stderr.contains("The disk is full.") => Some(Heard::NoRoom),
            _ => None,
        };
        if matches!(heard, Some(Heard::NoRoom)) {
            self.report.lock().unwrap().no_room += 1;
        }
        heard.filter(|_| !done.stderr.contains("panicked")).ok_or_else(|| {
            self.wrong(
                "works",
                format!("{args:?} ended with {:?} and said {:?} {:?}", done.code, done.stdout, done.stderr),
            )
        })
    }

    fn ended(&self, child: Child, args: &[&str]) -> Result<Done, Violation> {
        let id = child.id().to_string();
        let (tell, told) = mpsc::channel();
        thread::spawn(move || {
            // Nobody listens where it took too long.
            let _ = tell.send(child.wait_with_output());
        });
        match told.recv_timeout(PATIENCE) {
            Ok(output) => Ok(Done::new(output.unwrap())),
            Err(_) => {
                let _ = Command::new("kill").args(["-9", &id]).status();
                Err(self.wrong("liveness", format!("{args:?} does not end")))
            }
        }
    }
}

impl Drop for Desk<'_> {
    fn drop(&mut self) {
        if let Some(disk) = self.disk.take() {
            disk.leave();
        }
    }
}

/// What can be read on a computer.
#[derive(Default)]
pub struct Shown {
    /// Each note with its words in their order.
    pub notes: Vec<(String, Vec<String>)>,
    pub clean: std::collections::BTreeSet<String>,
    /// In places to review.
    pub aside: std::collections::BTreeSet<String>,
}

impl Shown {
    pub fn has(&self, word: &str) -> bool {
        self.clean.contains(word) || self.aside.contains(word)
    }
}

/// Every text in an answer.
fn texts(value: &Value) -> Box<dyn Iterator<Item = &str> + '_> {
    match value {
        Value::String(text) => Box::new(std::iter::once(text.as_str())),
        Value::Array(items) => Box::new(items.iter().flat_map(texts)),
        Value::Object(fields) => Box::new(fields.values().flat_map(texts)),
        _ => Box::new(std::iter::empty()),
    }
}

fn start(mut command: Command, input: &[u8]) -> Child {
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    // One that reads nothing may have ended already.
    let _ = child.stdin.take().unwrap().write_all(input);
    child
}

fn fnv(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_found_wherever_its_line_stands_in_a_place() {
        let places = serde_json::json!([{ "sides": [{ "value": "\nw1x0x2z and more\nw1x0x3z" }], "base": null }]);
        let words: Vec<&str> = texts(&places).flat_map(words_of).collect();
        assert_eq!(words, ["w1x0x2z", "w1x0x3z"]);
    }
}
