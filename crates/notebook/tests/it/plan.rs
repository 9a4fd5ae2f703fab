//! Random plans of several devices under faults, from seeds: whatever happens, no word is lost, nothing is written
//! that nobody wrote, and in the end all devices show the same.

use std::collections::{BTreeMap, BTreeSet};

use holdfast_domain::{NoteId, RevisionId};
use holdfast_merge::{Choice, PlaceId, PlaceValue};
use holdfast_notebook::{NotePatch, NotebookError, TagPatch};
use holdfast_testkit::{Fault, TestDevice, TestRng, World};

use crate::syncing::assert_same;

const OPS: usize = 40;

struct Plan {
    world: World,
    rng: TestRng,
    notes: Vec<NoteId>,
    /// Words that were saved, and the note that they were saved in.
    saved: BTreeMap<String, NoteId>,
    /// Words that somebody took away who saw them.
    removed: BTreeSet<String>,
    /// Revisions of notes that people made, as counted when they made them.
    made: usize,
    words: usize,
    /// A text that somebody has open, and the versions that it was made from.
    buffers: BTreeMap<usize, (NoteId, Vec<RevisionId>, String)>,
}

/// The words of a text that this test wrote.
fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|w| w.starts_with("tok")).map(str::to_owned)
}

/// All that is in a note, the sides of its open places included.
fn visible(device: &TestDevice, id: NoteId) -> BTreeSet<String> {
    let review = device.vault().review(id.into()).unwrap();
    let note = review.fields.as_note().unwrap();
    let mut all: BTreeSet<String> = words(&note.body.shown()).collect();
    all.extend(note.body.places().flat_map(|p| p.adds()).flat_map(|t| words(&t.value)));
    all.extend(note.title.adds().flat_map(|t| words(&t.value)));
    all
}

/// Revisions of the notes that this device wrote.
fn own_revisions(device: &TestDevice, notes: &[NoteId]) -> usize {
    let here = |id: &NoteId| device.vault().history((*id).into()).unwrap();
    notes.iter().flat_map(here).filter(|r| r.device == device.id()).count()
}

impl Plan {
    fn new(seed: u64) -> Self {
        let mut rng = TestRng::new(seed);
        let world = World::of(2 + rng.below(3));
        let (notes, saved, removed, buffers) = (Vec::new(), BTreeMap::new(), BTreeSet::new(), BTreeMap::new());
        Self { world, rng, notes, saved, removed, made: 0, words: 0, buffers }
    }

    fn word(&mut self) -> String {
        self.words += 1;
        format!("tok{:04}", self.words)
    }

    /// A change of the shown text, with the words that it takes away on purpose.
    fn change(&mut self, body: &str) -> (String, BTreeSet<String>, BTreeSet<String>) {
        let mut lines: Vec<String> = body.split_inclusive('\n').map(str::to_owned).collect();
        let word = self.word();
        let at = self.rng.below(lines.len() + 1);
        let (mut gone, mut new) = (BTreeSet::new(), BTreeSet::from([word.clone()]));
        match self.rng.below(5) {
            0 if at < lines.len() => {
                gone.extend(words(&lines.remove(at)));
                new.clear();
            }
            1 if at < lines.len() => {
                gone.extend(words(&lines[at]));
                lines[at] = format!("{word} instead\n");
            }
            2 | 3 if at < lines.len() => {
                let line = lines[at].trim_end_matches('\n').to_owned();
                lines[at] = format!("{line} {word}\n");
            }
            _ => lines.insert(at, format!("line {word}\n")),
        }
        (lines.concat(), gone, new)
    }

    fn accept(&mut self, id: NoteId, new: BTreeSet<String>) {
        self.saved.extend(new.into_iter().map(|word| (word, id)));
    }

    /// Checks one act of a person: nothing goes but what it means to take away, and it is one revision at most.
    fn act(
        &mut self,
        at: usize,
        id: NoteId,
        may_go: Option<BTreeSet<String>>,
        act: impl FnOnce(&mut Self, &TestDevice),
    ) {
        let device = self.world.devices.remove(at);
        // Looking at it commits what was typed before.
        let typing = device.vault().sync_status().unwrap().waiting;
        let count_typed = own_revisions(&device, &self.notes);
        let before = visible(&device, id);
        let count = own_revisions(&device, &self.notes);
        assert!(count - count_typed <= typing as usize);
        act(self, &device);
        device.vault().commit_note(id).unwrap();
        let after = visible(&device, id);
        let gone: BTreeSet<String> = before.difference(&after).cloned().collect();
        if let Some(may_go) = may_go {
            assert!(gone.is_subset(&may_go), "{gone:?} went, and only {may_go:?} was taken away");
        }
        // For good: another device may have taken away the same, and an undo here does not undo that.
        self.removed.extend(gone);
        let made = own_revisions(&device, &self.notes) - count;
        assert!(made <= 1, "one act, {made} revisions");
        self.world.devices.insert(at, device);
    }

    async fn step(&mut self) {
        let at = self.rng.below(self.world.devices.len());
        self.world.clock.advance(1 + self.rng.below(20_000) as u64);
        let here: Vec<NoteId> =
            self.notes.iter().copied().filter(|id| self.world.devices[at].vault().note(*id).is_ok()).collect();
        let roll = self.rng.below(100);
        let picked = self.rng.pick(&here).copied();
        let count = own_revisions(&self.world.devices[at], &self.notes);
        match picked.filter(|_| roll >= 3) {
            Some(id) => self.one(at, id, roll).await,
            None => self.add(at),
        }
        self.made += own_revisions(&self.world.devices[at], &self.notes) - count;
    }

    async fn one(&mut self, at: usize, id: NoteId, roll: usize) {
        match roll {
            0..8 => {
                let note = self.world.devices[at].note(id);
                self.buffers.insert(at, (id, note.seen_heads, note.row.body));
            }
            8..15 => self.edit_buffer(at),
            15..50 => self.edit(at, id),
            50..54 => self.retag(at, id),
            54..58 => {
                let title = self.word();
                let gone = words(&self.world.devices[at].note(id).row.title).collect();
                let new = BTreeSet::from([title.clone()]);
                self.set(at, id, NotePatch { title: Some(title), ..NotePatch::default() }, gone, new);
            }
            58..61 => {
                let due = Some(format!("2027-0{}-01", 1 + self.rng.below(9)).parse().ok());
                self.set(at, id, NotePatch { due, ..NotePatch::default() }, BTreeSet::new(), BTreeSet::new());
            }
            61..64 => {
                let done = Some(self.rng.chance(50));
                self.set(at, id, NotePatch { done, ..NotePatch::default() }, BTreeSet::new(), BTreeSet::new());
            }
            64..68 => self.act(at, id, Some(BTreeSet::new()), |_, d| {
                let trashed = d.note(id).row.trashed;
                if trashed { d.vault().restore_note(id).unwrap() } else { d.vault().trash_note(id).unwrap() }
            }),
            68..74 => self.resolve(at, id),
            74..77 => self.act(at, id, None, |_, d| match d.vault().undo_resolution(id.into()) {
                Ok(()) | Err(NotebookError::NothingToUndo(_)) => {}
                Err(e) => panic!("{e}"),
            }),
            77..79 => self.undo_receipt(at),
            79..82 => {
                if self.rng.chance(50) {
                    self.world.devices[at].close();
                } else {
                    self.world.devices[at].crash();
                }
                self.world.devices[at].reopen();
            }
            _ => self.sync(at).await,
        }
    }

    fn add(&mut self, at: usize) {
        let word = self.word();
        let lines: String = (0..self.rng.below(6)).map(|n| format!("base {n}\n")).collect();
        let id = self.world.devices[at].add("Note", &format!("{lines}{word}\n"));
        self.notes.push(id);
        self.accept(id, BTreeSet::from([word]));
    }

    fn set(&mut self, at: usize, id: NoteId, patch: NotePatch, gone: BTreeSet<String>, new: BTreeSet<String>) {
        if self.world.devices[at].note(id).row.trashed {
            return;
        }
        self.accept(id, new);
        self.removed.extend(gone.iter().cloned());
        self.act(at, id, Some(gone), |_, d| drop(d.patch(id, patch)));
    }

    fn retag(&mut self, at: usize, id: NoteId) {
        let tag = format!("tag{}", self.rng.below(3));
        let (add, remove) = if self.rng.chance(60) { (vec![tag], vec![]) } else { (vec![], vec![tag]) };
        let tags = Some(TagPatch::Change { add, remove });
        self.set(at, id, NotePatch { tags, ..NotePatch::default() }, BTreeSet::new(), BTreeSet::new());
    }

    /// Saves a text that was opened a while ago, whatever arrived or was written since.
    fn edit_buffer(&mut self, at: usize) {
        let Some((id, seen, body)) = self.buffers.remove(&at) else { return };
        let (body, gone, new) = self.change(&body);
        let taken = gone.clone();
        let patch = NotePatch { body: Some(body), ..NotePatch::default() };
        self.act(at, id, Some(gone), |plan, d| match d.vault().save_note(id, &seen, &patch) {
            Ok(_) => {
                plan.removed.extend(taken);
                plan.accept(id, new);
            }
            // It was made from typing that was typed over, or the note is in the trash: nothing is saved.
            Err(NotebookError::Stale | NotebookError::Invalid(_)) => {}
            Err(e) => panic!("{e}"),
        });
    }

    fn edit(&mut self, at: usize, id: NoteId) {
        let note = self.world.devices[at].note(id);
        if note.row.trashed {
            return;
        }
        let (body, gone, new) = self.change(&note.row.body);
        let patch = NotePatch { body: Some(body), ..NotePatch::default() };
        if self.rng.chance(30) {
            // Typing that is not committed yet: whatever comes next finds it.
            let d = &self.world.devices[at];
            d.vault().save_note(id, &note.seen_heads, &patch).unwrap();
            self.removed.extend(gone);
            return self.accept(id, new);
        }
        self.accept(id, new);
        // Also where another side of the place still has it: that side may be the one that is discarded later.
        self.removed.extend(gone.iter().cloned());
        self.act(at, id, Some(gone), |_, d| drop(d.vault().save_note(id, &note.seen_heads, &patch).unwrap()));
    }

    fn resolve(&mut self, at: usize, id: NoteId) {
        let review = self.world.devices[at].review(id);
        let mut may_go = BTreeSet::new();
        let mut choices: BTreeMap<PlaceId, Choice> = BTreeMap::new();
        for place in &review.review.places {
            if self.rng.chance(30) {
                continue;
            }
            for side in &place.sides {
                if let PlaceValue::Text(text) = &side.value {
                    may_go.extend(words(text));
                }
            }
            let text = matches!(place.kind, holdfast_merge::PlaceKind::Text { .. });
            let choice = match self.rng.below(4) {
                0 if text => Choice::All,
                1 if place.base.len() == 1 => Choice::Original,
                n => Choice::Side(place.sides[n % place.sides.len()].value.clone()),
            };
            choices.insert(place.id, choice);
        }
        if choices.is_empty() {
            return;
        }
        let take_back = self.rng.chance(20);
        self.act(at, id, Some(may_go), |_, d| {
            d.resolve(id, &choices).unwrap();
            if take_back {
                d.vault().undo_resolution(id.into()).unwrap();
            }
        });
    }

    fn undo_receipt(&mut self, at: usize) {
        let receipts = self.world.devices[at].vault().receipts().unwrap();
        let Some(receipt) = self.rng.pick(&receipts).cloned() else { return };
        let Some(side) = self.rng.pick(&receipt.heads).copied() else { return };
        self.act(at, receipt.record.into(), None, |_, d| match d.vault().undo_receipt(receipt.id, side) {
            Ok(()) | Err(NotebookError::NothingToUndo(_)) => {}
            Err(e) => panic!("{e}"),
        });
    }

    async fn sync(&mut self, at: usize) {
        let fault = match self.rng.below(6) {
            0 => Some(Fault::DropRequest),
            1 => Some(Fault::DropAnswer),
            _ => None,
        };
        let after = self.rng.below(3);
        let d = &self.world.devices[at];
        if let Some(fault) = fault {
            d.net.fail(after, fault);
        }
        let count = own_revisions(d, &self.notes);
        let typing = d.vault().sync_status().unwrap().waiting;
        let synced = d.try_sync().await;
        d.net.heal();
        assert!(synced.is_ok() || fault.is_some(), "{synced:?}");
        let made = own_revisions(d, &self.notes) - count;
        assert!(made <= typing as usize, "a sync made {made} revisions");
        if synced.is_ok() {
            assert_eq!(d.vault().sync_status().unwrap().waiting, 0);
        } else if self.rng.chance(40) {
            self.world.devices[at].crash();
            self.world.devices[at].reopen();
        }
    }

    async fn finish(&mut self) {
        for d in &self.world.devices {
            let count = own_revisions(d, &self.notes);
            d.vault().commit_all().unwrap();
            self.made += own_revisions(d, &self.notes) - count;
        }
        self.world.sync_all().await;
        assert_same(&self.world);
        let first = &self.world.devices[0];
        for d in &self.world.devices {
            let all: usize = self.notes.iter().map(|id| d.vault().history((*id).into()).unwrap().len()).sum();
            assert_eq!(all, self.made, "{}: revisions that nobody made", d.name);
        }
        for (word, id) in &self.saved {
            let there = visible(first, *id).contains(word);
            assert!(there || self.removed.contains(word), "{word} of {id} is lost");
            let found = first.vault().search(word, 50).unwrap().iter().any(|hit| hit.id == *id);
            assert_eq!(found, there, "the search disagrees about {word}");
        }
        let listed = first.vault().reviews().unwrap().len() as u32;
        assert_eq!(listed, first.vault().sync_status().unwrap().to_review);
    }
}

async fn run(seed: u64) {
    let mut plan = Plan::new(seed);
    for _ in 0..OPS {
        plan.step().await;
    }
    plan.finish().await;
}

fn run_seeds(seeds: std::ops::Range<u64>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for seed in seeds {
        let ran = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| runtime.block_on(run(seed))));
        assert!(ran.is_ok(), "seed {seed} failed; see above");
    }
}

#[test]
fn seeds_one() {
    run_seeds(0..50);
}

#[test]
fn seeds_two() {
    run_seeds(50..100);
}

#[test]
fn seeds_three() {
    run_seeds(100..150);
}

/// More of them: `HOLDFAST_SEEDS=1000 cargo test -p holdfast-notebook --test it -- --ignored plan`.
#[test]
#[ignore = "as many as one has time for"]
fn seeds_more() {
    let count = std::env::var("HOLDFAST_SEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(500);
    let first = std::env::var("HOLDFAST_FIRST_SEED").ok().and_then(|n| n.parse().ok()).unwrap_or(150);
    run_seeds(first..first + count);
}
