//! Who wrote the sides of a question: read from the versions in which it was not yet open. The merged state alone does
//! not tell, for it keeps one stamp of those who wrote the same, and none of who kept a note that another trashed.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::rc::Rc;

use holdfast_domain::{Body, DeviceId, Fields, Merge, Origin, Revision, RevisionId, Segment, Stamp, TrashState};
use holdfast_merge::{Place, PlaceKind, PlaceValue, Review};
use holdfast_store::{HistoryRow, Reader};

use crate::Result;
use crate::notebooks::Tree;
use crate::record::Record;

/// Versions read for one review. Beyond them the sides keep the stamps that they have.
const MAX_READ: usize = 500;

/// What one version says about a place.
enum Said {
    /// It was a question in that version too.
    Open,
    Value(PlaceValue, Stamp),
    /// A text, which has the place somewhere, and when it was last written.
    Text(Rc<Shown>, Stamp),
}

/// The text of a version, in which many places are looked for: by their first line, not by reading all of it.
struct Shown {
    text: String,
    /// Its lines, by what they say.
    lines: Vec<Range<usize>>,
}

impl Shown {
    fn of(body: &Body) -> Self {
        let text = body.shown();
        let mut at = 0;
        let mut lines: Vec<Range<usize>> = text
            .split_inclusive('\n')
            .map(|line| {
                let start = at;
                at += line.len();
                start..at
            })
            .collect();
        lines.sort_by(|a, b| text[a.clone()].cmp(&text[b.clone()]));
        Self { text, lines }
    }

    /// Where a passage stands that begins with a line.
    fn find(&self, passage: &str) -> Vec<usize> {
        let Some(end) = passage.find('\n') else {
            let starts = |at: usize| at == 0 || self.text[..at].ends_with('\n');
            return self.text.match_indices(passage).map(|(at, _)| at).filter(|at| starts(*at)).collect();
        };
        let first = &passage[..=end];
        let from = self.lines.partition_point(|line| &self.text[line.clone()] < first);
        let same = self.lines[from..].iter().take_while(|line| &self.text[(*line).clone()] == first);
        same.map(|line| line.start).filter(|at| self.text[*at..].starts_with(passage)).collect()
    }
}

fn value<T: Clone>(merge: &Merge<T>, value: fn(T) -> PlaceValue) -> Said {
    match merge.terms() {
        [only] => Said::Value(value(only.value.clone()), only.stamp),
        _ => Said::Open,
    }
}

/// `None` where the place is not of the record's own versions. `shown`: of this revision, once it was asked for.
fn said(revision: &Revision, kind: &PlaceKind, shown: &mut Option<Rc<Shown>>) -> Option<Said> {
    let trash = |trash: holdfast_domain::Trash| match trash.state {
        TrashState::Open => Said::Open,
        TrashState::Trashed => Said::Value(PlaceValue::Trash(trash.state), trash.stamp),
        // It was kept by being written at all.
        TrashState::Live => Said::Value(PlaceValue::Trash(trash.state), revision.stamp()),
    };
    Some(match (&revision.fields, kind) {
        (Fields::Note(note), PlaceKind::Trash) => trash(note.trash),
        (Fields::Note(note), PlaceKind::Title) => value(&note.title, PlaceValue::Text),
        (Fields::Note(note), PlaceKind::Notebook) => value(&note.notebook, PlaceValue::Notebook),
        (Fields::Note(note), PlaceKind::Due) => value(&note.due, PlaceValue::Due),
        (Fields::Note(note), PlaceKind::Done) => value(&note.done, PlaceValue::Done),
        (Fields::Note(note), PlaceKind::FrontMatter) => value(&note.front_matter, PlaceValue::Text),
        (Fields::Note(note), PlaceKind::Text { .. }) if note.body.is_resolved() => {
            let shown = shown.get_or_insert_with(|| Rc::new(Shown::of(&note.body)));
            Said::Text(shown.clone(), note.body.stamp)
        }
        (Fields::Note(_), PlaceKind::Text { .. }) => Said::Open,
        (Fields::Notebook(notebook), PlaceKind::Trash) => trash(notebook.trash),
        (Fields::Notebook(notebook), PlaceKind::Title) => value(&notebook.name, PlaceValue::Text),
        (Fields::Notebook(notebook), PlaceKind::Notebook) => value(&notebook.parent, PlaceValue::Notebook),
        _ => return None,
    })
}

/// The line before and the line after a place that have words, with what is between.
struct Around {
    before: String,
    after: String,
}

impl Around {
    /// True for a text with this side in the place. Where the place begins or ends the text, it must do so there too,
    /// or a side that goes on with other words would be taken for it.
    fn shows(&self, side: &str, shown: &Shown) -> bool {
        let passage = [&self.before, side, &self.after].concat();
        let first = self.before.trim().is_empty();
        let last = self.after.trim().is_empty();
        shown.find(&passage).into_iter().any(|at| {
            let after = &shown.text[at + passage.len()..];
            let ends = if last { after.is_empty() } else { after.is_empty() || passage.ends_with('\n') };
            (!first || at == 0) && ends
        })
    }
}

/// What is around each place of a text, from top to bottom.
fn surroundings(body: &Body) -> Vec<Around> {
    let shown = body.shown();
    let (mut out, mut at) = (Vec::new(), 0);
    for segment in body.segments() {
        match segment {
            Segment::Clean(text) => at += text.len(),
            Segment::Place(merge) => {
                let end = at + merge.shown().len();
                let (before, after) = (last_words(&shown[..at]).to_owned(), first_words(&shown[end..]).to_owned());
                out.push(Around { before, after });
                at = end;
            }
        }
    }
    out
}

/// From the start of the last line with words.
fn last_words(text: &str) -> &str {
    let line = text.trim_end().rfind('\n').map_or(0, |at| at + 1);
    &text[line..]
}

/// To the end of the first line with words.
fn first_words(text: &str) -> &str {
    let blank = text.len() - text.trim_start().len();
    let line = text[blank..].find('\n').map_or(text.len(), |at| blank + at + 1);
    &text[..line]
}

/// The versions of a record, from the oldest to the newest.
struct Versions<'a> {
    rows: Vec<(RevisionId, &'a [RevisionId], Origin)>,
    at: BTreeMap<RevisionId, usize>,
}

impl<'a> Versions<'a> {
    fn new(record: &'a Record<'_, '_>, history: &'a [HistoryRow]) -> Self {
        let mut rows: Vec<_> = history.iter().map(|row| (row.rid, row.parents.as_slice(), row.origin)).collect();
        rows.extend(record.working.iter().map(|w| (w.id, w.revision.parents(), w.revision.origin)));
        let at = rows.iter().enumerate().map(|(at, (id, ..))| (*id, at)).collect();
        Self { rows, at }
    }

    fn positions(&self, ids: &[RevisionId]) -> impl Iterator<Item = usize> {
        ids.iter().filter_map(|id| self.at.get(id).copied())
    }

    fn parents(&self, at: usize) -> impl Iterator<Item = usize> {
        self.positions(self.rows[at].1)
    }

    /// The newest decision that a version is, or builds on.
    fn decision(&self, from: usize) -> Option<usize> {
        let (mut seen, mut todo) = (BTreeSet::from([from]), vec![from]);
        while let Some(at) = todo.pop() {
            todo.extend(self.parents(at).filter(|parent| seen.insert(*parent)));
        }
        seen.into_iter().rev().find(|at| self.rows[*at].2 == Origin::Resolve)
    }
}

/// What the versions before the questions say about each place, by its number.
fn leaves(record: &Record<'_, '_>, versions: &Versions<'_>, heads: &[RevisionId], review: &Review) -> Result<Leaves> {
    let mut out = Leaves::new();
    // From the newest on; each with the places to look for, and whether the version after it took a decision back.
    let mut todo: BTreeMap<usize, BTreeMap<usize, bool>> = BTreeMap::new();
    let all: BTreeMap<usize, bool> = (0..review.places.len()).map(|n| (n, false)).collect();
    todo.extend(versions.positions(heads).map(|at| (at, all.clone())));
    let mut seen: BTreeSet<(usize, usize)> = BTreeSet::new();
    for _ in 0..MAX_READ {
        let Some((at, places)) = todo.pop_last() else { break };
        let (id, _, origin) = versions.rows[at];
        // Of some versions only their place in the history is kept.
        let Some(revision) = record.content(id)? else { continue };
        let mut shown = None;
        for (n, reopened) in places.into_iter().filter(|(n, _)| seen.insert((at, *n))) {
            let (from, by_undo): (Vec<usize>, bool) = match said(&revision, &review.places[n].kind, &mut shown) {
                None => continue,
                Some(Said::Open) => (versions.parents(at).collect(), origin == Origin::Undo),
                Some(said) => match versions.decision(at).filter(|_| reopened) {
                    Some(decision) => (versions.parents(decision).collect(), false),
                    None => {
                        out.entry(n).or_default().push(said);
                        continue;
                    }
                },
            };
            for parent in from {
                todo.entry(parent).or_default().insert(n, by_undo);
            }
        }
    }
    Ok(out)
}

type Leaves = BTreeMap<usize, Vec<Said>>;

/// Adds those who wrote a side too, each computer once.
fn add(stamps: &mut Vec<Stamp>, mut more: Vec<Stamp>) {
    more.sort_by_key(|stamp| Reverse(*stamp));
    let mut named: BTreeSet<DeviceId> = stamps.iter().map(|stamp| stamp.device).collect();
    stamps.extend(more.into_iter().filter(|stamp| named.insert(stamp.device)));
    stamps.sort_by_key(|stamp| Reverse(*stamp));
}

fn name_trash(place: &mut Place, said: &[Said]) {
    for side in &mut place.sides {
        let wrote = said.iter().filter_map(|said| match said {
            Said::Value(value, stamp) if *value == side.value => Some(*stamp),
            _ => None,
        });
        let wrote: Vec<Stamp> = wrote.collect();
        if !wrote.is_empty() {
            side.stamps.clear();
            add(&mut side.stamps, wrote);
        }
    }
    place.sides.sort_by_key(|side| Reverse(side.stamp()));
}

fn name_same(place: &mut Place, said: &[Said], tree: Option<&Tree>, around: Option<&Around>, writing: &Writing) {
    let is = |value: &PlaceValue, side: &PlaceValue| match (value, tree) {
        (PlaceValue::Notebook(Some(id)), Some(tree)) if value != side => {
            tree.live(*id).is_some_and(|node| *side == PlaceValue::Notebook(Some(node.id)))
        }
        _ => value == side,
    };
    let base = &place.base;
    // Who left a place alone did not write what was there before.
    for side in place.sides.iter_mut().filter(|side| !base.contains(&side.value)) {
        let shows = |shown: &Shown| match (&side.value, around) {
            (PlaceValue::Text(side), Some(around)) => around.shows(side, shown),
            _ => false,
        };
        let wrote: Vec<Stamp> = said
            .iter()
            .filter_map(|said| match said {
                Said::Value(value, stamp) if is(value, &side.value) => Some(*stamp),
                Said::Text(text, stamp) if shows(text) => Some(*stamp),
                _ => None,
            })
            .collect();
        if !wrote.is_empty() {
            side.stamps.retain(|stamp| writing.is_of(*stamp));
        }
        add(&mut side.stamps, wrote);
    }
    place.sides.sort_by_key(|side| Reverse(side.stamp()));
}

/// The versions in which somebody wrote. Who takes something back puts stamps of their own on what they bring back.
struct Writing {
    /// Of all versions but those; `None` where nobody took anything back.
    stamps: Option<BTreeSet<Stamp>>,
}

impl Writing {
    fn new(record: &Record<'_, '_>, history: &[HistoryRow]) -> Self {
        let taken_back = history.iter().any(|row| row.origin == Origin::Undo);
        let stamps = || {
            let rows = history.iter().filter(|row| row.origin != Origin::Undo);
            let committed = rows.map(|row| Stamp { hlc: row.hlc, device: row.author });
            committed.chain(record.working.iter().map(|w| w.revision.stamp())).collect()
        };
        Self { stamps: taken_back.then(stamps) }
    }

    fn is_of(&self, stamp: Stamp) -> bool {
        self.stamps.as_ref().is_none_or(|stamps| stamps.contains(&stamp))
    }
}

/// Names all who wrote the sides of a review's places, as far as the versions stored here tell.
pub(super) fn name(
    review: &mut Review,
    fields: &Fields,
    record: &Record<'_, '_>,
    reader: &Reader<'_>,
    history: &[HistoryRow],
) -> Result<()> {
    let (versions, writing) = (Versions::new(record, history), Writing::new(record, history));
    let leaves = leaves(record, &versions, &record.shown_heads(), review)?;
    let in_tree = review.places.iter().any(|place| place.kind == PlaceKind::Notebook);
    let tree = if in_tree { Some(Tree::load(reader)?) } else { None };
    let around = fields.as_note().map(|note| surroundings(&note.body)).unwrap_or_default();
    let mut around = around.iter();
    for (n, place) in review.places.iter_mut().enumerate() {
        let around = if matches!(place.kind, PlaceKind::Text { .. }) { around.next() } else { None };
        match leaves.get(&n) {
            Some(said) if place.kind == PlaceKind::Trash => name_trash(place, said),
            Some(said) => name_same(place, said, tree.as_ref(), around, &writing),
            None => {}
        }
    }
    Ok(())
}
