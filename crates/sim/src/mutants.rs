//! Deliberate bugs, each of which the invariants must catch: none of these is written for one bug.

use std::collections::BTreeSet;
use std::ops::Range;
use std::process::{Command, ExitCode, Stdio};

use anyhow::Context as _;

use crate::fault::Invariant;

/// The names, as the code asks for them, and what goes wrong.
const MUTANTS: [(&str, &str); 47] = [
    ("cursor-before-rows", "the cursor is on disk before what was read"),
    ("acknowledged-by-batch", "an answer empties the outbox, whatever it names"),
    ("outbox-dropped-on-error", "a push that fails empties the outbox"),
    ("wall-clock-decides", "of two values of a field the newer one stays"),
    ("publish-merges", "an automatic merge is written as a revision"),
    ("stale-buffer-overwrites", "a save names the newest versions as seen"),
    ("typing-lost-at-start", "what was typed before a crash is dropped"),
    ("edit-of-a-place-dropped", "an edit of a text with open places is not kept"),
    ("views-left-old", "what arrives does not change what is shown"),
    ("decision-forgets-a-head", "a decision names one of the versions that it saw"),
    ("undo-forgets-parents", "an undo names one of the versions that it saw"),
    ("quarantine-dropped", "what waits for its parent is dropped"),
    ("chain-not-checked", "a log that does not go on is read"),
    ("asks-twice", "every pull asks twice"),
    ("trash-forgotten", "a merge forgets what was trashed"),
    ("removals-forgotten", "a merge forgets what was taken out of a set"),
    ("hlc-not-observed", "a clock does not follow the others"),
    ("key-from-id", "the key of a seal follows from the id alone"),
    ("unsealed", "revisions are sent in plain text"),
    ("gap-in-the-log", "the server leaves a number out"),
    ("retry-is-new", "the server does not know a batch again"),
    ("seen-not-checked", "the server takes a batch from a log that it does not have"),
    ("confirmed-and-not-kept", "the server confirms what it does not keep"),
    ("text-newest-wins", "of two texts the newer one stays"),
    ("outbox-backwards", "what waits is sent with the newest first"),
    ("parents-not-awaited", "what builds on something that is not here is taken over"),
    ("quarantine-never-retried", "what was set aside stays so"),
    ("heal-stops-early", "a restored server gets back the first that it lost"),
    ("lost-files-forgotten", "a restored server does not get files back"),
    ("manifests-forgotten", "the signed batches of others are not kept"),
    ("file-after-revision", "a file is sent behind what names it"),
    ("signature-not-checked", "a reader does not check who signed"),
    ("seen-not-compared", "a reader does not compare what the others were shown"),
    ("nested-stays", "a notebook is trashed without those in it"),
    ("far-future-followed", "a clock follows one that is a year ahead"),
    ("unknown-fields-dropped", "a merge drops what a newer version wrote"),
    ("index-left-old", "the search index keeps the first text of a note"),
    ("keys-overwritten", "the server takes account keys that are made on older ones"),
    ("key-epoch-not-raised", "the server takes what is sealed under an older key"),
    ("removed-is-served", "the server answers a removed device"),
    ("late-taken-over", "what a removed device sends is taken over"),
    ("nobody-vouches", "what builds on a removed device's change waits for ever"),
    ("counters-not-adopted", "a restored server forgets how far each device had counted"),
    ("packs-not-compared", "a pack lacks a change, and who reads it says that it fits"),
    ("pack-ids-believed", "what a pack holds is taken for what is looked for"),
    ("pack-acknowledges", "a pack in the log empties the outbox"),
    ("bodies-gone-beside", "the server lets the body go of a change behind the pack, too"),
];

pub fn is_known(name: &str) -> bool {
    MUTANTS.iter().any(|(known, _)| *known == name)
}

/// The seeds that fail, each with what it says.
fn failing(seeds: &Range<u64>, more: &[&str]) -> anyhow::Result<Vec<(u64, String)>> {
    let ourselves = std::env::current_exe().context("the path of this program is unknown")?;
    let mut one = Command::new(&ourselves);
    one.args(["--seeds", &format!("{}..{}", seeds.start, seeds.end)]).args(more);
    let output = one.stderr(Stdio::inherit()).output().context("the simulator could not be started")?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let told = said.lines().filter_map(|line| line.strip_prefix("seed ")?.split_once(": "));
    Ok(told.filter_map(|(seed, what)| Some((seed.parse().ok()?, what.to_owned()))).collect())
}

/// Runs the seeds with each of them, and prints what caught it. What fails without any of them shows nothing.
pub fn run(seeds: &Range<u64>) -> anyhow::Result<ExitCode> {
    let skip: Vec<String> = failing(seeds, &[])?.into_iter().map(|(seed, _)| seed.to_string()).collect();
    let skip = skip.join(",");
    let mut caught_by = BTreeSet::new();
    let mut missed = 0;
    for (name, what) in MUTANTS {
        let mut more = vec!["--mutant", name, "--stop"];
        if !skip.is_empty() {
            more.extend(["--skip", &skip]);
        }
        match failing(seeds, &more)?.into_iter().next() {
            Some((seed, violation)) => {
                let invariant = violation.split(':').next().unwrap_or_default().to_owned();
                println!("{name:<24} {invariant:<17} seed {seed:<6} {what}");
                caught_by.insert(invariant);
            }
            None => {
                missed += 1;
                println!("{name:<24} {:<17} {:<11} {what}", "NOT CAUGHT", "");
            }
        }
    }
    let idle: Vec<&str> = Invariant::ALL.map(Invariant::name).into_iter().filter(|i| !caught_by.contains(*i)).collect();
    println!("{} caught, {missed} not; invariants that caught none: {}", MUTANTS.len() - missed, idle.join(", "));
    Ok(if missed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// A place that goes with the code around it would make a bug that nothing can catch.
    #[test]
    fn each_bug_has_a_place_in_the_code() {
        let crates = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let (mut folders, mut code) = (vec![crates.to_owned()], String::new());
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|ext| ext == "rs") {
                    code.push_str(&std::fs::read_to_string(path).unwrap());
                }
            }
        }
        for (name, _) in MUTANTS {
            assert!(code.contains(&format!("planted(\"{name}\")")), "{name}");
        }
    }
}
