//! Killed inside a save.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant, SystemTime};

use holdfast_testkit::TestRng;
use holdfast_tests::kill::{kill, reached};
use holdfast_tests::programs::{Computer, Done, text};
use serde_json::Value;

use crate::{prose, seeded};

/// What the person knows: each acknowledged note, and what its text may be.
#[derive(Default)]
struct Known(BTreeMap<String, Note>);

struct Note {
    title: String,
    /// One, or two after a killed edit.
    bodies: Vec<String>,
}

/// What is under way.
enum Save {
    Add {
        title: String,
        body: String,
    },
    Edit {
        id: String,
        body: String,
    },
    /// Titles of the notes of the folder.
    Import {
        titles: Vec<String>,
    },
}

/// The size of the write-ahead log, and when it was written last. Opening writes a page or two, then the save begins.
fn wal(computer: &Computer) -> (u64, Option<SystemTime>) {
    let meta = fs::metadata(computer.vault().join("vault.db-wal"));
    meta.map_or((0, None), |meta| (meta.len(), Some(meta.modified().unwrap())))
}

/// More than opening writes: pages of the note itself have come to the log.
const NOTE_BYTES: u64 = 24 * 1024;

fn start(mut command: Command, body: &str) -> Child {
    let mut child = command.stdin(std::process::Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(body.as_bytes()).unwrap();
    child
}

impl Save {
    fn choose(rng: &mut TestRng, known: &Known, n: usize, scratch: &Path) -> (Self, Option<PathBuf>) {
        let ids: Vec<&String> = known.0.keys().collect();
        let size = 20_000 + rng.below(400_000);
        let body = prose(rng, size);
        match rng.below(5) {
            0 | 1 => (Self::Add { title: format!("Added {n}"), body }, None),
            2 | 3 => (Self::Edit { id: (*rng.pick(&ids).unwrap()).clone(), body }, None),
            _ => {
                let folder = scratch.join(format!("folder-{n}"));
                fs::create_dir(&folder).unwrap();
                let titles: Vec<String> = (0..30).map(|k| format!("Imported {n} {k}")).collect();
                for title in &titles {
                    fs::write(folder.join(format!("{title}.md")), &body[..5_000]).unwrap();
                }
                (Self::Import { titles }, Some(folder))
            }
        }
    }

    fn start(&self, computer: &Computer, folder: Option<&Path>) -> Child {
        match self {
            Self::Add { title, body } => start(computer.command(["note", "add", "--title", title]), body),
            Self::Edit { id, body } => start(computer.command(["note", "edit", id, "--body-file", "-"]), body),
            Self::Import { .. } => {
                start(computer.command(["import", "--from", "markdown", folder.unwrap().to_str().unwrap()]), "")
            }
        }
    }
}

impl Known {
    fn texts(&self) -> Vec<String> {
        self.0.values().flat_map(|note| &note.bodies).cloned().collect()
    }

    /// The list after a save that may have been killed must be what is known, and of the save all or nothing: all,
    /// where it was acknowledged. What it shows is known from now on.
    fn check(&mut self, list: &[Value], save: &Save, acknowledged: bool) {
        if let Save::Edit { id, body } = save {
            let bodies = &mut self.0.get_mut(id).unwrap().bodies;
            if acknowledged {
                bodies.clear();
            }
            bodies.push(body.clone());
        }
        let mut new = Vec::new();
        let mut there = 0;
        for note in list {
            let (id, title, body) = (text(&note["id"]), text(&note["title"]), text(&note["body"]));
            if let Some(known) = self.0.get_mut(&id) {
                assert_eq!(known.title, title);
                assert!(known.bodies.contains(&body), "{title} is neither as it was nor as it was saved");
                known.bodies = vec![body];
                there += 1;
            } else {
                new.push(title.clone());
                if let Save::Add { body: wanted, .. } = save {
                    assert_eq!(body, *wanted, "{title} is there, but not whole");
                }
                self.0.insert(id, Note { title, bodies: vec![body] });
            }
        }
        assert_eq!(there + new.len(), self.0.len(), "acknowledged notes are gone");
        new.sort();
        let mut wanted = match save {
            Save::Add { title, .. } => vec![title.clone()],
            Save::Edit { .. } => Vec::new(),
            Save::Import { titles } => titles.clone(),
        };
        wanted.sort();
        assert!(new == wanted || (new.is_empty() && !acknowledged), "of {wanted:?} there is {new:?}");
        let mut titles: Vec<&String> = self.0.values().map(|n| &n.title).collect();
        titles.sort();
        titles.dedup();
        assert_eq!(titles.len(), self.0.len(), "a note is there twice");
    }
}

/// Whether the answer was printed, whatever became of the process then.
fn acknowledged(done: &Done) -> bool {
    done.code == Some(0) || serde_json::from_str::<Value>(&done.stdout).is_ok()
}

/// How long a save takes from its first write to its end.
fn calibrate(computer: &Computer, known: &mut Known) -> Duration {
    let body = prose(&mut TestRng::new(1), 200_000);
    let before = wal(computer);
    let save = Save::Add { title: "First".into(), body };
    let mut child = save.start(computer, None);
    assert!(reached(&mut child, || wal(computer) != before, Duration::ZERO), "the save was missed");
    let begun = Instant::now();
    let done = Done::new(child.wait_with_output().unwrap());
    let took = begun.elapsed();
    assert!(acknowledged(&done), "{done:?}");
    known.check(&computer.notes(), &save, true);
    took
}

fn kills_inside_a_save(wanted: usize) {
    let mut rng = seeded("saves");
    let computer = Computer::with_vault();
    let scratch = tempfile::tempdir().unwrap();
    let mut known = Known::default();
    let took = calibrate(&computer, &mut known);
    let (mut inside, mut acknowledged_kills, mut whole, mut late, mut imports) = (0, 0, 0, 0, 0);
    for n in 0.. {
        if inside == wanted {
            break;
        }
        assert!(n < wanted * 8, "only {inside} of {n} kills were inside a save");
        let (save, folder) = Save::choose(&mut rng, &known, n, scratch.path());
        let before = wal(&computer);
        // Anywhere in the save, or while its pages are written and moved.
        let late_half = rng.chance(50);
        let span = if late_half { took / 2 } else { took };
        let delay = Duration::from_nanos(rng.next_u64() % span.as_nanos() as u64);
        let mut child = save.start(&computer, folder.as_deref());
        let begun = || {
            let now = wal(&computer);
            now != before && (!late_half || now.0 > before.0 + NOTE_BYTES)
        };
        let running = reached(&mut child, begun, delay);
        let done = kill(child);
        let killed = running && done.code.is_none();
        let acknowledged = acknowledged(&done);
        match (killed, acknowledged) {
            (true, false) => {
                inside += 1;
                imports += usize::from(matches!(save, Save::Import { .. }));
            }
            (true, true) => acknowledged_kills += 1,
            (false, _) => late += 1,
        }
        let before = known.texts();
        known.check(&computer.notes(), &save, acknowledged);
        whole += usize::from(killed && !acknowledged && known.texts() != before);
    }
    println!(
        "saves: {inside} kills inside a save ({imports} of them of an import; {whole} had come to the disk), \
         {acknowledged_kills} after the answer, {late} too late; {} notes",
        known.0.len()
    );
    let again = computer.add("After it all", "still works");
    assert!(computer.notes().iter().any(|note| note["id"] == again.as_str()));
}

#[test]
fn a_killed_save_loses_nothing() {
    kills_inside_a_save(10);
}

#[test]
#[ignore = "takes minutes: cargo xtask test --long"]
fn fifty_killed_saves_lose_nothing() {
    kills_inside_a_save(50);
}
