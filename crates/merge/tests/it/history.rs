//! Random histories of a few devices on one note. Every line ever written is a name of its own, so that each can
//! be asked after: is it in the view, or did somebody who had seen it take it out?

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use holdfast_domain::{
    Body, Fields, Merge, NoteFields, Origin, RevisionId, Segment, SetEntry, Stamp, Trash, TrashState,
};
use holdfast_merge::{
    Choice, Graph, PlaceKind, PlaceValue, edit_body, edit_merge, fold, left_by_undecided, left_by_undo, resolve,
    review, undo,
};

use crate::world::{World, note, show, stamp, text};

/// SplitMix64: the same histories everywhere.
struct Rng(u64);

impl Rng {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }

    fn percent(&mut self, n: usize) -> bool {
        self.below(100) < n
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i + 1));
        }
    }
}

type Names = BTreeSet<String>;
/// Who did something to a name.
type By<'a> = BTreeMap<&'a String, Vec<RevisionId>>;

fn text_names(text: &str, out: &mut Names) {
    out.extend(text.lines().filter(|l| !l.is_empty()).map(str::to_string));
}

/// Every name in the view or in a side; with `removed`, also those in removed terms.
fn names(fields: &NoteFields, removed: bool) -> Names {
    let mut out = Names::new();
    for segment in fields.body.segments() {
        match segment {
            Segment::Clean(text) => text_names(text, &mut out),
            Segment::Place(merge) => {
                let step = if removed { 1 } else { 2 };
                merge.terms().iter().step_by(step).for_each(|t| text_names(&t.value, &mut out));
            }
        }
    }
    let step = if removed { 1 } else { 2 };
    out.extend(fields.title.terms().iter().step_by(step).map(|t| t.value.clone()));
    out.extend(fields.tags.iter().map(tag_name));
    out
}

/// Names that stand in two passages, or twice in one.
fn doubled(body: &Body) -> Names {
    let (mut seen, mut out) = (Names::new(), Names::new());
    for segment in body.segments() {
        let mut here = Names::new();
        let texts: Vec<&str> = match segment {
            Segment::Clean(text) => vec![text],
            Segment::Place(merge) => merge.adds().map(|t| t.value.as_str()).collect(),
        };
        for text in texts {
            let mut of = Names::new();
            out.extend(text.lines().map(str::to_string).filter(|line| !of.insert(line.clone())));
            here.append(&mut of);
        }
        out.extend(here.intersection(&seen).cloned());
        seen.append(&mut here);
    }
    out
}

fn tag_name(entry: &SetEntry<String>) -> String {
    format!("#{}@{}.{}", entry.value, entry.stamp.hlc.ms, entry.stamp.device)
}

#[derive(Default)]
struct Event {
    adds: Names,
    removes: Names,
    /// What it made clean text of: chosen in a review, or brought back.
    keeps: Names,
}

struct Device {
    n: u8,
    known: BTreeSet<RevisionId>,
    heads: Vec<RevisionId>,
    skew: u64,
    receipts: Vec<Vec<RevisionId>>,
}

/// In how many places a promise was broken.
#[derive(Default, Debug, PartialEq, Eq, Clone)]
struct Broken {
    lost_edits: Vec<String>,
    lost_additions_of_old_text: Vec<String>,
    lost_tags: Vec<String>,
    text_comes_back: Vec<String>,
    /// Open places of the text when all have everything, their sides, and the bytes of those.
    asked: [usize; 3],
}

struct History {
    rng: Rng,
    world: World,
    root: RevisionId,
    events: BTreeMap<RevisionId, Event>,
    resolved: Vec<RevisionId>,
    devices: Vec<Device>,
    /// Names that stood twice in a text: what happens to one of the two cannot be told from what happens to the other.
    doubled: Names,
    /// The step that is played, and how many names it gave.
    step: (usize, usize),
    partition: Option<BTreeSet<u8>>,
}

/// One thing that happens: its number in the plan, and all its randomness. So a plan can be played without some
/// of its steps and the others stay what they are, as far as they can.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step(pub usize, pub u64);

/// The steps of a history.
pub fn plan(seed: u64) -> Vec<Step> {
    let mut rng = Rng(seed.wrapping_mul(0x5851_f42d_4c95_7f2d));
    let steps = 60 + rng.below(140);
    (0..steps).map(|n| Step(n, rng.next())).collect()
}

impl History {
    fn new(seed: u64) -> Self {
        let mut rng = Rng(seed);
        let mut world = World::default();
        let mut fields = note(&(0..10).map(|i| format!("base{i}")).collect::<Vec<_>>().join(" "));
        fields.title = Merge::resolved("title".into(), stamp(1, 1));
        fields.tags.add_name("a".into(), stamp(1, 1));
        fields.tags.add_name("b".into(), stamp(1, 1));
        let event = Event { adds: names(&fields, false), ..Event::default() };
        let root = world.insert(&[], stamp(1, 1), Fields::Note(fields));
        let devices = (1..=2 + rng.below(3) as u8)
            .map(|n| Device {
                n,
                known: BTreeSet::from([root]),
                heads: vec![root],
                skew: *rng.pick(&[0, 0, 5, 50]),
                receipts: Vec::new(),
            })
            .collect();
        let events = BTreeMap::from([(root, event)]);
        Self {
            rng,
            world,
            root,
            events,
            resolved: Vec::new(),
            devices,
            doubled: Names::new(),
            step: (0, 0),
            partition: None,
        }
    }

    fn name(&mut self, kind: char) -> String {
        let (step, given) = &mut self.step;
        *given += 1;
        if *given == 1 { format!("{kind}{step}") } else { format!("{kind}{step}.{given}") }
    }

    fn stamp(&mut self, d: usize) -> Stamp {
        let device = &self.devices[d];
        let newest = device.known.iter().filter_map(|id| self.world.graph.revision(*id)).map(|r| r.hlc.ms).max();
        let skew = if self.rng.percent(10) { device.skew } else { 0 };
        stamp(newest.unwrap_or(0) + 1 + skew, device.n)
    }

    fn view(&self, d: usize) -> NoteFields {
        self.world.fold(&self.devices[d].heads)
    }

    /// A revision of `d` on the heads it saw. What it added and removed is measured on what it saw.
    fn write(
        &mut self,
        d: usize,
        was: &NoteFields,
        is: NoteFields,
        stamp: Stamp,
        adds: Names,
        removes: Names,
    ) -> RevisionId {
        self.write_as(Origin::Edit, d, was, is, stamp, (adds, removes))
    }

    fn write_as(
        &mut self,
        origin: Origin,
        d: usize,
        was: &NoteFields,
        is: NoteFields,
        stamp: Stamp,
        (adds, removes): (Names, Names),
    ) -> RevisionId {
        let all = names(was, true);
        let removes = removes.into_iter().filter(|n| all.contains(n)).collect();
        let keeps = &clean_names(&is.body) - &clean_names(&was.body);
        self.doubled.extend(doubled(&is.body));
        let heads = self.devices[d].heads.clone();
        let id = self.world.insert_as(origin, &heads, stamp, Fields::Note(is));
        self.events.insert(id, Event { adds, removes, keeps });
        self.devices[d].known.insert(id);
        self.devices[d].heads = vec![id];
        id
    }

    fn act(&mut self, d: usize) {
        let was = self.view(d);
        let stamp = self.stamp(d);
        if was.is_open() && self.rng.percent(22) {
            return self.decide(d, &was, stamp);
        }
        let what = self.rng.below(100);
        let mut is = was.clone();
        let (mut adds, mut removes) = (Names::new(), Names::new());
        if what >= 93 {
            return self.undo(d, &was, stamp);
        } else if was.trash.is_trashed() {
            if self.rng.percent(50) {
                return;
            }
            is.trash = Trash { state: TrashState::Live, stamp };
        } else if what < 70 {
            let shown = was.body.shown();
            let mut lines: Vec<String> = shown.lines().map(str::to_string).collect();
            if self.rng.percent(45) || lines.is_empty() {
                let at = self.rng.below(lines.len() + 1);
                let name = self.name('L');
                adds.insert(name.clone());
                lines.insert(at, name);
            } else {
                let at = self.rng.below(lines.len());
                removes.insert(lines[at].clone());
                if self.rng.percent(55) {
                    lines[at] = self.name('L');
                    adds.insert(lines[at].clone());
                } else {
                    lines.remove(at);
                }
                // A line that stands there twice is not gone with one of them.
                removes.retain(|n| !lines.contains(n));
            }
            is.body = edit_body(&was.body, &text(&lines.join(" ")), stamp);
        } else if what < 77 {
            let name = self.name('T');
            removes.insert(was.title.shown().clone());
            adds.insert(name.clone());
            is.title = edit_merge(&was.title, name, stamp);
        } else if what < 88 {
            let tag = *self.rng.pick(&["a", "b", "c", "d"]);
            let there = was.tags.iter().filter(|e| e.value == tag).map(tag_name);
            removes.extend(there);
            if !is.tags.remove_name(tag) {
                is.tags.add_name(tag.into(), stamp);
                adds.insert(tag_name(&SetEntry { value: tag.into(), stamp }));
            }
        } else {
            is.trash = Trash { state: TrashState::Trashed, stamp };
        }
        self.write(d, &was, is, stamp, adds, removes);
    }

    /// Decides all open places, or one.
    fn decide(&mut self, d: usize, was: &NoteFields, stamp: Stamp) {
        let mut places = review(was).places;
        if self.rng.percent(60) {
            places = vec![self.rng.pick(&places).clone()];
        }
        let mut choices = BTreeMap::new();
        for place in &places {
            let side = self.rng.pick(&place.sides).value.clone();
            let how = self.rng.below(100);
            let choice = match place.kind {
                PlaceKind::Text { .. } if how < 20 => Choice::All,
                PlaceKind::Text { .. } if how < 35 => Choice::Value(PlaceValue::Text(text(&self.name('L')))),
                PlaceKind::Title if how < 30 => Choice::Value(PlaceValue::Text(self.name('T'))),
                _ => Choice::Side(side),
            };
            choices.insert(place.id, choice);
        }
        let (is, stale) = resolve(was, &choices, stamp).unwrap();
        assert!(stale.is_empty());
        let (before, after) = (names(was, true), names(&is, true));
        let adds = names(&is, false).difference(&names(was, false)).cloned().collect();
        let removes = before.difference(&after).cloned().collect();
        let id = self.write(d, was, is, stamp, adds, removes);
        self.resolved.push(id);
    }

    /// Takes back a decision or an automatic merge that this device has seen.
    fn undo(&mut self, d: usize, was: &NoteFields, stamp: Stamp) {
        let graph = &self.world.graph;
        let seen = |id: &RevisionId| self.devices[d].heads.iter().any(|h| graph.is_ancestor(*id, *h));
        let mut options: Vec<(NoteFields, NoteFields)> = Vec::new();
        for id in self.resolved.iter().filter(|id| seen(id)) {
            let revision = graph.revision(*id).unwrap();
            options.push(match left_by_undecided(graph, &self.devices[d].heads, *id, revision.parents()) {
                Some(left) => (was.clone(), self.world.fold(&left)),
                None => (revision.fields.as_note().unwrap().clone(), self.world.fold(revision.parents())),
            });
        }
        for heads in self.devices[d].receipts.iter().filter(|heads| heads.iter().all(&seen)) {
            options.push(match left_by_undo(graph, &self.devices[d].heads, heads, heads[0]) {
                Some(left) => (was.clone(), self.world.fold(&left)),
                None => (self.world.fold(heads), self.world.fold(&heads[..1])),
            });
        }
        if options.is_empty() {
            return;
        }
        let (merged, side) = self.rng.pick(&options).clone();
        let is = undo(&Fields::Note(was.clone()), &Fields::Note(merged), &Fields::Note(side), stamp);
        let is = is.as_note().unwrap().clone();
        let (before, after) = (names(was, false), names(&is, false));
        let changes = (&after - &before, &before - &after);
        self.write_as(Origin::Undo, d, was, is, stamp, changes);
    }

    fn deliver(&mut self, to: usize, most: usize) {
        let together = |a: u8, b: u8| self.partition.as_ref().is_none_or(|p| p.contains(&a) == p.contains(&b));
        let from: Vec<usize> =
            (0..self.devices.len()).filter(|&i| i != to && together(self.devices[i].n, self.devices[to].n)).collect();
        if from.is_empty() {
            return;
        }
        let from = *self.rng.pick(&from);
        for _ in 0..most {
            let (known, source) = (&self.devices[to].known, &self.devices[from].known);
            let ready: Vec<RevisionId> = source
                .difference(known)
                .copied()
                .filter(|id| self.world.graph.revision(*id).unwrap().parents().iter().all(|p| known.contains(p)))
                .collect();
            if ready.is_empty() {
                break;
            }
            let id = *self.rng.pick(&ready);
            self.devices[to].known.insert(id);
        }
        if self.rng.percent(70) {
            self.join(to);
        }
    }

    /// What arrived enters the buffer.
    fn join(&mut self, d: usize) {
        let device = &mut self.devices[d];
        device.heads = self.world.graph.maximal(device.known.iter().copied()).into_iter().collect();
        if device.heads.len() > 1 && !self.world.fold(&device.heads).is_open() {
            device.receipts.push(device.heads.clone());
        }
    }

    fn play(&mut self, steps: &[Step]) -> Broken {
        let mut broken = Broken::default();
        for &Step(n, seed) in steps {
            (self.rng, self.step) = (Rng(seed), (n, 0));
            let d = self.rng.below(self.devices.len());
            if self.rng.percent(3) {
                let some = self.devices.iter().map(|d| d.n).filter(|_| self.rng.percent(50)).collect();
                self.partition = if self.partition.is_none() { Some(some) } else { None };
            }
            if self.rng.percent(50) {
                self.act(d);
            } else {
                let most = *self.rng.pick(&[1, 1, 2, 3, 8, 50]);
                self.deliver(d, most);
            }
            if self.rng.percent(4) {
                let known = self.devices[d].known.clone();
                self.check(&known, &mut broken);
            }
        }
        self.step = (1_000, 0);
        broken
    }

    /// Asks after every name that a known revision added.
    fn check(&self, known: &BTreeSet<RevisionId>, broken: &mut Broken) {
        let graph = &self.world.graph;
        let heads: Vec<RevisionId> = graph.maximal(known.iter().copied()).into_iter().collect();
        let view = self.world.fold(&heads);
        let held = names(&view, false);
        let (mut adders, mut removers, mut keepers) = (By::new(), By::new(), By::new());
        for id in known {
            let event = &self.events[id];
            event.adds.iter().for_each(|n| adders.entry(n).or_default().push(*id));
            event.keeps.iter().for_each(|n| keepers.entry(n).or_default().push(*id));
            event.removes.iter().for_each(|n| removers.entry(n).or_default().push(*id));
        }
        let removed = |name: &String, by: RevisionId| {
            removers.get(name).is_some_and(|r| r.iter().any(|x| *x != by && graph.is_ancestor(by, *x)))
        };
        for (name, by) in adders.iter().filter(|(name, _)| !self.doubled.contains(**name)) {
            for &id in by.iter().filter(|_| !held.contains(*name)) {
                if !removed(name, id) {
                    let first = by.iter().all(|x| graph.is_ancestor(id, *x));
                    if name.starts_with('#') {
                        broken.lost_tags.push((*name).clone());
                    } else if first {
                        broken.lost_edits.push((*name).clone());
                    } else {
                        broken.lost_additions_of_old_text.push((*name).clone());
                    }
                }
            }
        }
        let clean = clean_names(&view.body);
        for name in clean.difference(&self.doubled).cloned() {
            let by: Vec<RevisionId> =
                [&adders, &keepers].iter().filter_map(|b| b.get(&name)).flatten().copied().collect();
            if !by.is_empty() && by.iter().all(|id| removed(&name, *id)) {
                broken.text_comes_back.push(name);
            }
        }
    }

    /// Everything reaches everybody, in another order for each; all see the same. Then one person decides all.
    fn settle(&mut self, broken: &mut Broken) {
        let mut all: Vec<RevisionId> = self.events.keys().copied().collect();
        let mut views = Vec::new();
        for _ in 0..self.devices.len() {
            self.rng.shuffle(&mut all);
            let mut graph = Graph::new();
            for id in &all {
                let revision = self.world.graph.revision(*id).unwrap().clone();
                graph.insert(*id, revision.parents().to_vec(), Some(revision));
            }
            let mut heads: Vec<RevisionId> = graph.maximal(all.iter().copied()).into_iter().collect();
            self.rng.shuffle(&mut heads);
            views.push(fold(&graph, &heads).unwrap());
        }
        assert!(views.windows(2).all(|w| w[0] == w[1]), "devices with the same revisions differ");
        self.check(&self.events.keys().copied().collect(), broken);
        for place in views[0].fields.as_note().unwrap().body.places() {
            let bytes = place.adds().map(|t| t.value.len()).sum::<usize>();
            broken.asked = [broken.asked[0] + 1, broken.asked[1] + place.adds().count(), broken.asked[2] + bytes];
        }

        self.devices[0].known = self.events.keys().copied().collect();
        self.join(0);
        for _ in 0..40 {
            let was = self.view(0);
            if !was.is_open() && self.devices[0].heads.len() == 1 {
                return;
            }
            let stamp = self.stamp(0);
            if was.is_open() {
                self.decide(0, &was, stamp);
            } else {
                self.write(0, &was, was.clone(), stamp, Names::new(), Names::new());
            }
        }
        panic!("one person cannot finish: {}", show(&self.view(0)));
    }
}

fn clean_names(body: &Body) -> Names {
    let mut out = Names::new();
    for segment in body.segments() {
        if let Segment::Clean(text) = segment {
            text_names(text, &mut out);
        }
    }
    out
}

fn run(seed: u64, steps: &[Step]) -> (Broken, History) {
    let mut history = History::new(seed);
    let mut broken = history.play(steps);
    history.settle(&mut broken);
    assert!(history.events.contains_key(&history.root));
    (broken, history)
}

/// The smallest history with `wrong`: steps are left out for as long as it stays wrong.
fn shrink(seed: u64, wrong: impl Fn(&Broken) -> bool) -> Vec<Step> {
    let fails = |steps: &[Step]| std::panic::catch_unwind(|| run(seed, steps).0).is_ok_and(|b| wrong(&b));
    let mut steps = plan(seed);
    let mut size = steps.len() / 2;
    while size > 0 {
        let before = steps.len();
        let mut at = 0;
        while at < steps.len() {
            let mut fewer = steps.clone();
            fewer.drain(at..(at + size).min(steps.len()));
            if fails(&fewer) {
                steps = fewer;
            } else {
                at += size;
            }
        }
        size = if steps.len() < before { size.min(steps.len()) } else { size / 2 };
    }
    steps
}

/// A history in words.
fn tell(history: &History) -> String {
    let graph = &history.world.graph;
    let mut order: Vec<&RevisionId> = history.events.keys().collect();
    order.sort_by_key(|id| graph.revision(**id).map(|r| r.stamp()));
    let name = |id: &RevisionId| order.iter().position(|x| *x == id).unwrap_or(99);
    let mut out = String::new();
    for id in &order {
        let revision = graph.revision(**id).unwrap();
        let event = &history.events[*id];
        let parents: Vec<usize> = revision.parents().iter().map(name).collect();
        let fields = show(revision.fields.as_note().unwrap());
        let (n, device) = (name(id), revision.author.0[0]);
        let _ = writeln!(out, "r{n} {:02x} dev {device} on {parents:?}: {fields}", id.0[0]);
        if revision.parents().len() > 1 {
            let _ = writeln!(out, "     of: {}", show(&history.world.fold(revision.parents())));
        }
        let _ = writeln!(out, "     adds {:?} removes {:?} keeps {:?}", event.adds, event.removes, event.keeps);
    }
    out
}

/// One of the lists of a [`Broken`].
type ListOf = fn(&Broken) -> &Vec<String>;

/// Plays `from..to` and says what each broke.
fn survey(from: u64, to: u64) -> BTreeMap<u64, Broken> {
    let mut all = BTreeMap::new();
    for seed in from..to {
        let outcome = std::panic::catch_unwind(|| run(seed, &plan(seed)));
        let (broken, _) = outcome.unwrap_or_else(|e| {
            eprintln!("seed {seed}");
            std::panic::resume_unwind(e)
        });
        all.insert(seed, broken);
    }
    let kinds: [(&str, ListOf); 4] = [
        ("lost edits", |b| &b.lost_edits),
        ("lost additions of old text", |b| &b.lost_additions_of_old_text),
        ("lost tags", |b| &b.lost_tags),
        ("text comes back", |b| &b.text_comes_back),
    ];
    for (what, of) in kinds {
        let some: Vec<_> = all.iter().filter(|(_, b)| !of(b).is_empty()).map(|(seed, b)| (seed, of(b))).collect();
        eprintln!("{what}: {} of {} histories {:?}", some.len(), all.len(), &some[..some.len().min(12)]);
    }
    let asked = [0, 1, 2].map(|i| all.values().map(|b| b.asked[i]).sum::<usize>());
    eprintln!("open at the end: {} places, {} sides, {} bytes", asked[0], asked[1], asked[2]);
    all
}

fn seeds() -> Option<(u64, u64)> {
    let seeds = std::env::var("HOLDFAST_SEEDS").ok()?;
    seeds.split_once("..").map(|(a, b)| (a.parse().unwrap(), b.parse().unwrap()))
}

/// 500 histories, in which nothing is lost; `HOLDFAST_SEEDS=from..to` plays others.
#[test]
fn no_history_loses_an_edit_and_all_devices_agree() {
    let (from, to) = seeds().unwrap_or((0, 500));
    let all = survey(from, to);
    assert!(all.values().all(|b| b.lost_edits.is_empty() && b.lost_tags.is_empty()));
}

#[test]
#[ignore = "10,000 histories: a minute in a release build; for --long"]
fn ten_thousand_histories_lose_nothing() {
    let all = survey(0, 10_000);
    assert!(all.values().all(|b| b.lost_edits.is_empty() && b.lost_tags.is_empty()));
}

/// Shrinks the history of the seed `HOLDFAST_SHRINK=seed:kind`, and tells it. Without it, does nothing.
#[test]
#[ignore = "a tool: HOLDFAST_SHRINK=seed:lost|readded|back"]
fn shrink_one() {
    let Ok(what) = std::env::var("HOLDFAST_SHRINK") else { return };
    let (seed, kind) = what.split_once(':').unwrap();
    let seed = seed.parse().unwrap();
    let of: ListOf = match kind {
        "readded" => |b| &b.lost_additions_of_old_text,
        "back" => |b| &b.text_comes_back,
        _ => |b| &b.lost_edits,
    };
    let steps = shrink(seed, |b| !of(b).is_empty());
    let (broken, history) = run(seed, &steps);
    let heads: Vec<RevisionId> = history.world.graph.maximal(history.events.keys().copied()).into_iter().collect();
    eprintln!("{}view: {}\n{broken:?}\n{steps:?}", tell(&history), show(&history.world.fold(&heads)));
}

#[test]
fn a_history_is_the_same_when_it_is_played_again() {
    for seed in 1_000..1_010 {
        let [a, b] = [run(seed, &plan(seed)), run(seed, &plan(seed))];
        assert!(a.0 == b.0 && a.1.events.keys().eq(b.1.events.keys()), "seed {seed}");
    }
}
