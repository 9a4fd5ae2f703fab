//! What must hold when there is peace again.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Mutex;

use serde_json::Value;

use super::desk::{Desk, Shown};
use super::known::{Fate, KINDS, Known, canary};
use super::machine::Machine;
use super::report::{Report, Violation};
use crate::canary::{Canary, Scanner};
use crate::programs::PASSPHRASE;

/// What `doctor` may find here: these computers have no keychain and make no backups, and their disks are small.
const DOCTOR_MAY_SAY: [&str; 3] = ["keychain", "disk", "backup"];

/// Everybody shows the same, and everything is there.
pub fn judge(desks: &mut [Desk<'_>], known: &Known, report: &Mutex<Report>) -> Result<(), Violation> {
    let mut first: Option<(BTreeMap<String, Vec<u8>>, Value, Value)> = None;
    for desk in desks.iter_mut() {
        nothing_waits(desk)?;
        healthy(desk)?;
        let shown = desk.shown()?.ok_or_else(|| desk.wrong("works", "the notes cannot be read in peace"))?;
        everything_is_there(desk, &shown, known)?;
        // Beside the computer's own folder: nothing of it is the program's.
        let out = desk.computer.root().with_file_name(format!("export-{}", desk.n));
        desk.must(&["export", "--to", "markdown", out.to_str().unwrap()])?;
        let picture = (tree(&out), desk.must(&["note", "list"])?, desk.must(&["review", "list"])?);
        match &first {
            None => {
                let mut report = report.lock().unwrap();
                report.notes += shown.notes.len() as u64;
                report.words += known.words().filter(|(_, word)| word.fate == Fate::Saved).count() as u64;
                report.words_to_review += shown.aside.difference(&shown.clean).count() as u64;
                first = Some(picture);
            }
            Some(first) if *first != picture => {
                return Err(desk.wrong("convergence", difference(first, &picture)));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

fn difference(
    first: &(BTreeMap<String, Vec<u8>>, Value, Value),
    other: &(BTreeMap<String, Vec<u8>>, Value, Value),
) -> String {
    let files: BTreeSet<&String> = first.0.keys().chain(other.0.keys()).collect();
    let differ: Vec<_> = files.into_iter().filter(|name| first.0.get(*name) != other.0.get(*name)).collect();
    let lists = [("notes", first.1 != other.1), ("reviews", first.2 != other.2)];
    let lists: Vec<_> = lists.iter().filter(|(_, differ)| *differ).map(|(name, _)| *name).collect();
    format!("it shows other things than computer 0: files {differ:?}, lists of {lists:?}")
}

fn nothing_waits(desk: &mut Desk<'_>) -> Result<(), Violation> {
    let status = desk.must(&["status"])?;
    let quiet = status["state"] == "up_to_date"
        && status["waiting"] == 0
        && status["problem"].is_null()
        && status["tripwire"].is_null()
        && status["set_aside"].as_array().is_some_and(Vec::is_empty);
    if quiet { Ok(()) } else { Err(desk.wrong("liveness", format!("in peace it says {status}"))) }
}

fn healthy(desk: &mut Desk<'_>) -> Result<(), Violation> {
    let found = desk.must(&["doctor"])?;
    let bad: Vec<_> = found["checks"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|line| line["ok"] != true && !DOCTOR_MAY_SAY.iter().any(|id| line["id"] == *id))
        .collect();
    if bad.is_empty() { Ok(()) } else { Err(desk.wrong("works", format!("doctor says {bad:?}"))) }
}

fn everything_is_there(desk: &Desk<'_>, shown: &Shown, known: &Known) -> Result<(), Violation> {
    for (word, what) in known.words() {
        match what.fate {
            Fate::Saved if !shown.has(word) => {
                let by = what.by;
                return Err(desk.wrong("lost-edit", format!("{word} was saved on computer {by}, and is not here")));
            }
            Fate::Refused if shown.has(word) => {
                return Err(desk.wrong("all-or-nothing", format!("{word} is here, and its save said that it failed")));
            }
            _ => {}
        }
    }
    let mut seen = BTreeMap::new();
    for (id, words) in shown.notes.iter().filter(|(id, _)| !known.decided.contains(id)) {
        for word in words {
            if let Some(other) = seen.insert(word, id) {
                return Err(desk.wrong("no-duplicate", format!("{word} is in {other} and in {id}")));
            }
        }
    }
    Ok(())
}

/// Neither what the server keeps nor what it printed holds anything that a person wrote.
pub fn nothing_in_plain_sight(machine: &Machine<'_>) -> Result<(), Violation> {
    let canaries: Vec<Canary> = KINDS.map(canary).into_iter().chain([Canary::of("passphrase", PASSPHRASE)]).collect();
    let folders = machine.folders();
    let roots: Vec<&Path> = folders.iter().map(std::path::PathBuf::as_path).collect();
    match Scanner::new(&canaries).scan(&roots).first() {
        Some(finding) => Err(Violation::new("plaintext", finding.to_string())),
        None => Ok(()),
    }
}

/// All files below a folder, by their path from it.
fn tree(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut out = BTreeMap::new();
    let mut todo = vec![root.to_owned()];
    while let Some(folder) = todo.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                todo.push(path);
            } else {
                let name = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
                out.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    out
}
