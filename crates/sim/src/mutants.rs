//! Deliberate bugs, each of which the invariants must catch: none of these is written for one bug.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::process::{Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use anyhow::{Context as _, bail};

use crate::fault::Invariant;

/// A name as the code asks for it, the faults that it needs (any where there are none), and what goes wrong.
type Mutant = (&'static str, &'static str, &'static str);

const MUTANTS: [Mutant; 210] = [
    ("cursor-before-rows", "", "the cursor is on disk before what was read"),
    ("acknowledged-by-batch", "", "an answer empties the outbox, whatever it names"),
    ("outbox-dropped-on-error", "", "a push that fails empties the outbox"),
    ("answer-not-compared", "alter,swap", "an answer may name other changes than were sent"),
    ("duplicate-is-believed", "alter", "what the server calls known leaves the outbox unseen"),
    ("signed-anew", "", "a retry is a new batch under the old counter"),
    ("wall-clock-decides", "", "of two values of a field the newer one stays"),
    ("text-newest-wins", "", "of two texts the newer one stays"),
    ("third-side-dropped", "", "of three values of a field two stay"),
    ("newest-move-wins", "", "of two notebooks that a note was moved to the newer one stays"),
    ("trash-wins", "", "what is trashed stays so, whatever was written meanwhile"),
    ("trash-forgotten", "", "a merge forgets what was trashed"),
    ("removals-forgotten", "", "a merge forgets what was taken out of a set"),
    ("unknown-fields-dropped", "", "a merge drops what a newer version wrote"),
    ("publish-merges", "", "an automatic merge is written as a revision"),
    ("no-receipt", "", "an automatic merge leaves no receipt"),
    ("stale-buffer-overwrites", "", "a save names the newest versions as seen"),
    ("typing-lost-at-start", "", "what was typed before a crash is dropped"),
    ("typing-not-counted", "", "what is being typed does not count as waiting"),
    ("edit-of-a-place-dropped", "", "an edit of a text with open places is not kept"),
    ("heads-stay", "", "a version that was built on is still a head"),
    ("views-left-old", "", "what arrives does not change what is shown"),
    ("index-left-old", "", "the search index keeps the first text of a note"),
    ("decision-forgets-a-head", "", "a decision names one of the versions that it saw"),
    ("decision-stays", "", "a decision that is taken back at once stays"),
    ("undo-forgets-parents", "", "an undo names one of the versions that it saw"),
    ("undo-to-another-side", "", "a merge is undone to another version than was chosen"),
    ("nested-stays", "", "a notebook is trashed without those in it"),
    ("hlc-not-observed", "", "a clock does not follow the others"),
    ("far-future-followed", "", "a clock follows one that is a year ahead"),
    ("clock-not-kept", "clock-jump,crash", "a clock begins anew with the program"),
    ("page-is-the-log", "", "the first page of the log is taken for all of it"),
    ("cursor-over-others", "", "a push moves the cursor over what others sent"),
    ("quarantine-dropped", "", "what waits for its parent is dropped"),
    ("quarantine-never-retried", "", "what was set aside stays so"),
    ("parents-not-awaited", "", "what builds on something that is not here is taken over"),
    ("variants-stay", "alter", "what was set aside stays when a body of it opens"),
    ("variants-not-fetched", "alter", "what does not open is not asked for again"),
    ("chain-not-checked", "", "a log that does not go on is read"),
    ("signature-not-checked", "", "a reader does not check who signed"),
    ("seen-not-compared", "fork", "a reader does not compare what the others were shown"),
    ("asks-twice", "", "every pull asks twice"),
    ("outbox-backwards", "", "what waits is sent with the newest first"),
    ("file-after-revision", "", "a file is sent behind what names it"),
    ("aad-without-id,id-not-compared", "swap,alter", "a seal does not say whose it is, and nobody compares"),
    ("sent-before-it-is", "drop-request,crash-in-request", "a part of a file counts as sent before it is"),
    ("files-not-fetched", "", "files are not fetched"),
    ("chunks-of-one-place", "", "each part of a file is sealed as its first"),
    ("last-chunk-forgotten", "", "the last part of a file is not kept"),
    ("held-is-shown", "", "a sync that would take many notes away is shown"),
    ("never-trips", "", "a sync that takes many notes away asks nobody"),
    ("kept-is-gone", "", "what a person keeps of such a sync goes"),
    ("nothing-noted", "", "what sync does is not in its log"),
    ("key-from-id", "", "the key of a seal follows from the id alone"),
    ("salt-of-one-byte", "", "the salt of a seal is one of 256"),
    ("unsealed", "", "revisions are sent in plain text"),
    ("gap-in-the-log", "", "the server leaves a number out"),
    ("retry-is-new", "", "the server does not know a batch again"),
    ("counter-is-enough", "clone,restore", "the server knows a batch by its counter alone"),
    ("confirmed-and-not-kept", "", "the server confirms what it does not keep"),
    ("set-back-not-heeded", "restore", "a device goes on beside a server that was set back"),
    ("heal-stops-early", "restore", "a restored server gets back the first that it lost"),
    ("altered-is-given-back", "restore,swap", "a restored server is given what was altered"),
    (
        "batch-before-what-it-builds-on",
        "restore,revoke",
        "a restored server gets what waits before what that builds on",
    ),
    ("same-epoch-goes-on", "restore", "a restored server begins no new epoch"),
    ("lost-files-forgotten", "restore", "a restored server does not get files back"),
    ("manifests-forgotten", "restore", "the signed batches of others are not kept"),
    ("counters-not-adopted", "restore,drop-answer", "a restored server forgets how far each device had counted"),
    ("lost-not-counted", "restore,drop-request,drop-answer", "what a restored server lacks does not count as waiting"),
    ("place-not-noted", "restore", "what was sent is not known to be in the log"),
    ("packs-not-compared", "", "a pack lacks a change, and who reads it says that it fits"),
    ("pack-ids-believed", "", "what a pack holds is taken for what is looked for"),
    ("pack-acknowledges", "", "a pack in the log empties the outbox"),
    ("bodies-gone-beside", "", "the server lets the body go of a change behind the pack, too"),
    ("keys-overwritten", "revoke", "the server takes account keys that are made on older ones"),
    ("key-epoch-not-raised", "revoke,older", "the server takes what is sealed under an older key"),
    ("removed-is-served", "revoke", "the server answers a removed device"),
    ("old-secret-signs-in", "revoke", "a new passphrase does not sign in"),
    ("late-taken-over", "revoke,restore", "what a removed device sends is taken over"),
    ("nobody-vouches", "revoke,restore", "what builds on a removed device's change waits for ever"),
    ("page-keys-not-compared", "revoke", "that the account has other keys is not seen in the log"),
    ("typing-has-seen-all", "", "what was typed is said to build on what has come meanwhile"),
    ("counter-not-kept", "clock-jump,crash", "of a clock that stands still a part is forgotten with the program"),
    ("stamps-repeat", "", "a clock that stands still says the same twice"),
    ("undo-drops-typing", "", "whoever takes a decision back loses what they were typing"),
    ("restored-alone", "", "a note comes out of the trash and its notebook does not"),
    ("untag-leaves-one", "", "of a tag that two added one stays"),
    ("mark-of-one-head", "", "a note with one version never has the mark that it waits"),
    ("title-not-asked", "", "titles and dates that are open are not counted"),
    ("each-page-alone", "", "how many notes go is counted by the page"),
    ("head-not-kept", "restore", "how far the log went is not remembered"),
    ("aside-not-brought-back", "revoke,restore", "what was set aside is not given back to a restored server"),
    ("heirs-not-named", "clone", "a copy does not say whose changes it sends"),
    ("copy-sends-first", "clone", "a copy sends before it has read what the other sent"),
    ("whole-too-early", "", "two parts of a file are taken for all of it"),
    ("first-part-is-enough", "", "what names a file is sent after its first part"),
    ("file-list-stays", "", "a note with a file shows no second one"),
    ("index-keeps-old", "", "what a note said once is found for ever"),
    ("pack-without-its-last", "", "all make packs that lack the last change"),
    ("bodies-gone-at-once", "", "bodies go when the pack comes, and nobody has looked into it"),
    ("release-too-early", "", "files that notes name are released"),
    ("release-not-taken-back", "", "who names a file that was released does not take that back"),
    ("taken-back-and-gone", "", "the server lets go what was taken back"),
    ("gone-not-given-back", "", "who names what the server has let go does not send it again"),
    ("counter-not-observed", "", "of another's time within a millisecond a clock follows a part"),
    ("tags-by-letter", "", "a tag that was written with a capital is not taken off"),
    ("tag-list-keeps-old", "", "a tag that was taken off stays in the lists"),
    ("trashed-is-to-do", "", "what is in the trash counts as a task"),
    ("tags-of-the-trash", "", "tags count what is in the trash"),
    ("tag-asked-by-letter", "", "a list by tag heeds capitals"),
    ("undated-first", "", "a list by date begins with what has none"),
    ("part-marks-file", "", "when a part of a file is sent all of it counts as sent"),
    ("date-stays", "", "a date cannot be taken away"),
    ("restored-below-trash", "", "of the notebooks above what comes back the nearest comes back"),
    ("namesake-left", "", "of two notebooks that show as one, one is renamed and moved"),
    ("tree-counts-one-level", "", "a note counts in its notebook, and in none above it"),
    ("cycle-hides", "", "notebooks that lie in each other are nowhere"),
    ("trips-one-late", "", "one note more than may goes without a question"),
    ("emptied-not-kept", "", "whoever keeps what was emptied has it empty"),
    ("one-typing-is-all", "", "of what is being typed one note is sent"),
    ("view-of-one-head", "", "lists show one of the versions"),
    ("first-side-not-found", "", "one side of a place is not found"),
    ("cursor-follows-loosely", "", "a push moves the cursor over what others sent just before"),
    ("old-key-seals", "revoke", "whoever has new keys seals under the first"),
    ("undo-of-the-first", "", "the first decision is taken back instead of the last"),
    ("restored-without-title", "", "whoever goes back to a version does not get its title"),
    ("removed-unread", "revoke", "whoever removes a device has not read what it sent"),
    ("notebooks-not-counted", "", "notebooks that ask are not said to"),
    ("base-counts-once", "", "of three sets what all had before counts once"),
    ("trash-not-asked", "", "what one trashed and another kept is kept"),
    ("written-earlier", "", "of two times of writing the earlier one stays"),
    ("last-not-relinked", "restore", "a new epoch leaves the last link as it was"),
    ("past-epoch-forgotten", "restore", "a server forgets that an epoch is over"),
    ("healed-unsigned", "restore", "what is brought back is kept without its signature"),
    ("files-are-never-missing", "restore", "a restored server says that it has all files"),
    ("page-begins-late", "", "a page of the log leaves out its first"),
    ("one-late-batch-counts", "revoke,restore", "the first that a removed device sends is taken over"),
    ("passphrase-not-kept", "revoke", "a new passphrase does not open the vault"),
    ("typing-forgets-arrivals", "", "what is typed on says that it has not seen what came"),
    ("stray-not-asked", "", "a note in a notebook of the trash asks nobody"),
    ("first-edge-not-kept", "", "of what a version builds on the first is not kept"),
    ("seen-is-counted", "", "merges that were seen count as new"),
    ("first-date-stays", "", "of two dates one stays"),
    ("newest-name-wins", "", "of two names of a notebook the newer one stays"),
    ("key-before-is-taken", "revoke,older", "the server takes what is sealed under the key before"),
    ("thin-takes-the-base", "", "the version goes over which what comes next merges"),
    ("thin-leaves-deltas", "", "what is stored as the difference to a version that goes stays so"),
    ("stub-counts-as-content", "", "what builds on a version whose content is gone is taken in"),
    ("thinned-not-fetched", "", "what was thinned and is needed again is not asked for"),
    ("places-not-sent", "restore", "a server that lost what all have thinned does not get the places"),
    ("duplicate-by-id", "squat", "the server knows an entry by its id, whatever its body"),
    ("one-body-an-id", "squat", "the server takes one body of an id"),
    ("one-variant", "squat", "one body of an id is set aside, and no other"),
    ("junk-is-the-change", "squat,restore", "whatever the log has under the id of a change is taken for it"),
    ("healed-by-id", "squat,restore", "a restored server takes one body of an id back, whoever sent it"),
    ("healed-by-anybody", "squat,restore,clone,fork", "a lost change goes back under the batch of whoever used its id"),
    ("thins-too-early", "", "history is thinned sooner than its person has chosen"),
    ("tried-is-sent", "drop-request", "a part of a file whose sending failed counts as sent"),
    ("row-without-its-file", "restore", "a restored server says that it has a file which is not on its disk"),
    ("aside-not-counted", "", "what is set aside is not said"),
    ("tried-once", "", "what failed is not tried again until somebody asks"),
    ("tried-each-second", "", "what failed is tried again every second"),
    ("busy-unheeded", "", "a server that is busy is asked before the time that it named"),
    ("stream-each-second", "", "a stream of events that failed is asked for every second"),
    ("paused-goes-on", "", "whoever said that nothing is to be sent for now sends all the same"),
    ("network-unheard", "", "a network that is there again is no reason to try"),
    ("polls-never", "", "where no stream goes through nobody asks what is new"),
    ("another-side-chosen", "", "of a place the first side is kept, whichever was chosen"),
    ("all-keeps-one", "", "whoever keeps all sides of a place keeps one of them"),
    ("up-to-date-unasked", "", "a program that has asked nobody says that it is up to date"),
    ("failure-forgotten", "", "what failed is forgotten when the program ends"),
    ("typing-never-ends", "", "what is typed without a pause becomes no version"),
    ("database-unsealed", "", "the database of a vault can be read by anybody"),
    ("titles-not-found", "", "titles are not searched"),
    ("lengths-told", "", "what is sealed tells how long it is"),
    ("pokes-unheard", "", "what the server tells of is not fetched"),
    ("changes-unheard", "", "what was written waits for the next poll"),
    ("polls-always", "", "the server is asked every second"),
    ("typing-stays-typing", "", "what is typed becomes no version until somebody asks"),
    ("taken-over-and-asked", "revoke,restore", "what came late is taken over, and asked about again"),
    ("taken-without-files", "revoke,restore", "a note that came late comes without its files"),
    ("late-by-its-seal", "revoke,restore", "what came late is told by its seal"),
    ("taken-over-overrules", "revoke,restore", "what came late takes the place of what was written since"),
    ("cycle-untold", "", "notebooks that lie in each other are shown so without a word"),
    ("space-of-others", "", "the server answers every account about every space"),
    ("any-secret-signs-in", "", "who knows a name signs in"),
    ("each-loss-counts", "", "who is asked about notes that go is told a wrong number"),
    ("no-backup-before", "", "what waits is let go, and no backup has it"),
    ("trashed-is-asked", "", "who puts into the trash what a question holds is asked about it all the same"),
    ("removal-untold", "revoke", "that a computer was removed is not in the log of what sync did"),
    ("heals-for-ever", "restore", "a server that was set back is asked for ever what it lacks"),
    ("new-without-date", "", "a note that is made with a date has none"),
    ("space-of-anybody", "", "the server takes a push into any space from every account"),
    ("anybody-heals", "", "the server is brought back what another account says that it lost"),
    ("pushed-unsigned", "", "the server takes a batch whoever signed it"),
    ("heals-unsigned", "", "the server takes back a batch whoever signed it"),
    ("blob-of-anybody", "", "the server gives a file to whoever knows its id"),
    ("file-of-anybody", "", "the server says to whoever knows the id of a file that it has it"),
    ("blob-unhashed", "", "the server takes something else for a file"),
    ("epoch-of-anybody", "", "the server takes a new key epoch of any space from every account"),
    ("claim-is-enough", "", "who names a computer is it"),
    ("nobody-shuts-out", "", "a session of nobody removes computers, and sets the passphrase"),
    ("removed-everywhere", "", "who is removed from one account is removed from all"),
    ("uninvited-comes-in", "", "an account is made without an invitation"),
    ("invitation-never-ends", "", "an invitation holds for ever"),
    ("made-again-by-anybody", "", "who makes an account once more need not know its secrets"),
    ("guesses-uncounted", "", "whoever guesses may go on"),
    ("session-never-ends", "", "a session lasts for ever"),
    ("sessions-stay", "", "who is no member keeps being signed in"),
    ("members-stay-out", "", "who was shut out by a removed device stays so"),
];

/// One of several lines of defence each: another one sees it, so that alone they are not caught; or no seed that was run has
/// shown it. docs/testing-sync.md says which.
const SECOND_LINES: [Mutant; 16] = [
    ("epoch-not-compared", "restore", "a push moves the cursor of another log"),
    ("nothing-is-missing", "restore", "a restored server says that it lost nothing"),
    ("seen-not-checked", "restore", "the server takes a batch from a log that it does not have"),
    ("position-not-checked", "restore", "the server shows its log to whoever has read another"),
    ("links-not-kept", "fork", "a reader does not keep what it was shown"),
    ("digest-not-compared", "", "devices do not compare what they have"),
    ("aad-without-id", "swap,alter", "a seal does not say whose it is"),
    ("id-not-compared", "swap,alter", "what opens is not compared with its id"),
    ("packs-suffice", "", "a pack that lacks something is enough"),
    ("passphrase-not-told", "revoke,drop-request", "a new passphrase whose sending failed is not sent again"),
    ("gone-unasked", "", "the server lets files go and waits for nobody"),
    ("quarantine-retried-once", "", "what waits for what waits goes on waiting"),
    ("heal-skips-one", "restore", "between two questions to a restored server one change is left out"),
    ("done-is-no-edit", "", "what is marked as done beside a trashing is trashed"),
    ("rolled-back-is-here", "disk-full", "what was not kept on a full disk is read as if it were"),
    ("nobody-is-older", "older", "packs are made where a program does not know them"),
];

fn all() -> impl Iterator<Item = &'static Mutant> {
    MUTANTS.iter().chain(&SECOND_LINES)
}

/// Also of several, with commas.
pub fn is_known(names: &str) -> bool {
    names.split(',').all(|name| all().any(|(known, ..)| known.split(',').any(|known| known == name)))
}

/// The first seed that fails, with what it says.
fn first_failing(seeds: &Range<u64>, more: &[&str]) -> anyhow::Result<Option<(u64, String)>> {
    let ourselves = std::env::current_exe().context("the path of this program is unknown")?;
    let mut one = Command::new(&ourselves);
    one.args(["--stop", "--jobs", "1", "--seeds", &format!("{}..{}", seeds.start, seeds.end)]).args(more);
    let output = one.stderr(Stdio::null()).output().context("the simulator could not be started")?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    // A program that ends without its report has found nothing, and says so only by that.
    if !said.lines().any(|line| line.ends_with(" violations")) {
        bail!("the simulator ended without a report ({}): {more:?}", output.status);
    }
    let mut told = said.lines().filter_map(|line| line.strip_prefix("seed ")?.split_once(": "));
    Ok(told.find_map(|(seed, what)| Some((seed.parse().ok()?, what.to_owned()))))
}

/// Whether seeds hold without any bug, by their faults: asked once.
type Hold = Mutex<BTreeMap<(u64, &'static str), bool>>;

/// The first seed that fails with this bug and holds without it: what fails either way shows nothing.
fn caught(seeds: &Range<u64>, mutant: &Mutant, hold: &Hold) -> anyhow::Result<Option<(u64, String)>> {
    let (name, faults, _) = *mutant;
    let only: &[&str] = if faults.is_empty() { &[] } else { &["--faults", faults] };
    let mut left = seeds.clone();
    while let Some((seed, said)) = first_failing(&left, &[&["--mutant", name], only].concat())? {
        let known = hold.lock().unwrap_or_else(PoisonError::into_inner).get(&(seed, faults)).copied();
        let holds = match known {
            Some(holds) => holds,
            None => first_failing(&(seed..seed + 1), only)?.is_none(),
        };
        hold.lock().unwrap_or_else(PoisonError::into_inner).insert((seed, faults), holds);
        if holds {
            return Ok(Some((seed, said)));
        }
        left.start = seed + 1;
    }
    Ok(None)
}

/// What became of each, in the order of the list, told as soon as all before it are known.
struct Table {
    done: BTreeMap<usize, anyhow::Result<Option<(u64, String)>>>,
    told: usize,
    caught_by: BTreeSet<String>,
    missed: usize,
    failed: Option<anyhow::Error>,
}

impl Table {
    fn tell(&mut self, of: &[&Mutant]) {
        while let Some(outcome) = self.done.remove(&self.told) {
            let (name, faults, what) = of[self.told];
            self.told += 1;
            let only = if faults.is_empty() { String::new() } else { format!(" (--faults {faults})") };
            match outcome {
                Ok(Some((seed, violation))) => {
                    let invariant = violation.split(':').next().unwrap_or_default().to_owned();
                    println!("{name:<31} {invariant:<17} seed {seed:<6} {what}{only}");
                    self.caught_by.insert(invariant);
                }
                Ok(None) => {
                    self.missed += 1;
                    println!("{name:<31} {:<17} {:<11} {what}{only}", "NOT CAUGHT", "");
                }
                Err(error) => {
                    self.missed += 1;
                    println!("{name:<31} {:<17} {:<11} {what}{only}", "FAILED", "");
                    self.failed.get_or_insert(error);
                }
            }
        }
    }
}

/// Runs the seeds with each of them until one fails, and prints what caught it, a line at a time; `jobs` of them at the same
/// time, each in a process of its own. `from`: begins with this one.
pub fn run(seeds: &Range<u64>, from: Option<&str>, jobs: usize) -> anyhow::Result<ExitCode> {
    let of: Vec<&Mutant> = MUTANTS.iter().skip_while(|(name, ..)| from.is_some_and(|from| from != *name)).collect();
    let started = Instant::now();
    let (next, hold) = (AtomicUsize::new(0), Hold::default());
    let table =
        Mutex::new(Table { done: BTreeMap::new(), told: 0, caught_by: BTreeSet::new(), missed: 0, failed: None });
    std::thread::scope(|scope| {
        for _ in 0..jobs.max(1) {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::SeqCst);
                    let Some(mutant) = of.get(at) else { break };
                    let outcome = caught(seeds, mutant, &hold);
                    let mut table = table.lock().unwrap_or_else(PoisonError::into_inner);
                    table.done.insert(at, outcome);
                    table.tell(&of);
                }
            });
        }
    });
    let Table { caught_by, missed, failed, .. } = table.into_inner().unwrap_or_else(PoisonError::into_inner);
    if let Some(error) = failed {
        return Err(error);
    }
    let idle: Vec<&str> = Invariant::ALL.map(Invariant::name).into_iter().filter(|i| !caught_by.contains(*i)).collect();
    let minutes = started.elapsed().as_secs_f64() / 60.0;
    println!("{} caught, {missed} not, in {minutes:.0} minutes", of.len() - missed);
    println!("invariants that caught none: {}", if idle.is_empty() { "none".to_owned() } else { idle.join(", ") });
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
        for name in all().flat_map(|(names, ..)| names.split(',')) {
            assert!(code.contains(&format!("planted(\"{name}\")")), "{name}");
        }
    }
}
