//! The open places of a record, as the dialog and the terminal show them.

use std::collections::{BTreeMap, BTreeSet};

use holdfast_domain::{
    Body, Date, Merge, NoteFields, NotebookFields, NotebookId, Segment, Stamp, Term, Trash, TrashState,
};

use crate::align::lines;

/// Lines of text shown on each side of a place.
const CONTEXT_LINES: usize = 3;

/// Names an open place by what it holds: unchanged while its sides are, wherever it moves to in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlaceId(pub [u8; 16]);

/// A value that a place can have.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PlaceValue {
    Text(String),
    Notebook(Option<NotebookId>),
    Due(Option<Date>),
    Done(bool),
    Trash(TrashState),
}

/// What a place is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PlaceKind {
    /// A note's title or a notebook's name.
    Title,
    /// The notebook that a note or a notebook is in.
    Notebook,
    Due,
    Done,
    FrontMatter,
    Trash,
    /// A live note under a trashed notebook: no disagreement of its own versions, but of records. See
    /// [`crate::stray`]: its base is the trashed notebook, its sides are where the note shows, and the trash.
    TrashedNotebook,
    Text {
        /// The nearest Markdown heading above, without its `#`.
        heading: Option<String>,
        /// Counted from 0 in the shown text.
        line: usize,
        /// Up to three lines of the shown text on each side.
        before: String,
        after: String,
    },
}

/// A value that somebody gave, and every writing of it, newest first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Side {
    pub value: PlaceValue,
    pub stamps: Vec<Stamp>,
}

impl Side {
    /// The newest writing.
    pub fn stamp(&self) -> Stamp {
        self.stamps.first().copied().unwrap_or(Stamp::ZERO)
    }
}

/// A question for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub id: PlaceId,
    pub kind: PlaceKind,
    /// The distinct values from before; usually one.
    pub base: Vec<PlaceValue>,
    /// Newest first; the first is the one that is shown until somebody decides (not for the trash: shown as live).
    pub sides: Vec<Side>,
    /// A result that is likely right, never taken without being asked for.
    pub suggested: Option<PlaceValue>,
}

/// All open places: fields first, then the text from top to bottom.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Review {
    pub places: Vec<Place>,
}

impl Review {
    pub fn place(&self, id: PlaceId) -> Option<&Place> {
        self.places.iter().find(|p| p.id == id)
    }
}

/// Gives out ids; equal places are numbered from top to bottom.
#[derive(Default)]
pub(crate) struct Ids(BTreeMap<[u8; 32], u64>);

impl Ids {
    fn next<'a>(&mut self, kind: &str, terms: impl Iterator<Item = &'a [u8]>) -> PlaceId {
        let mut hasher = blake3::Hasher::new_derive_key("holdfast merge 1 place");
        hasher.update(kind.as_bytes());
        for term in terms {
            hasher.update(&(term.len() as u64).to_le_bytes()).update(term);
        }
        let ordinal = self.0.entry(*hasher.finalize().as_bytes()).or_insert(0);
        hasher.update(&ordinal.to_le_bytes());
        *ordinal += 1;
        let mut id = [0; 16];
        hasher.finalize_xof().fill(&mut id);
        PlaceId(id)
    }

    pub(crate) fn text(&mut self, merge: &Merge<String>) -> PlaceId {
        self.next("text", merge.terms().iter().map(|t| t.value.as_bytes()))
    }

    pub(crate) fn scalar<T>(&mut self, kind: &str, merge: &Merge<T>, value: fn(T) -> PlaceValue) -> PlaceId
    where
        T: Clone,
    {
        let terms: Vec<Vec<u8>> = merge.terms().iter().map(|t| bytes(&value(t.value.clone()))).collect();
        self.next(kind, terms.iter().map(Vec::as_slice))
    }

    pub(crate) fn trash(&mut self) -> PlaceId {
        self.next("trash", std::iter::empty())
    }

    pub(crate) fn stray(&mut self, values: &[PlaceValue]) -> PlaceId {
        let terms: Vec<Vec<u8>> = values.iter().map(bytes).collect();
        self.next("trashed notebook", terms.iter().map(Vec::as_slice))
    }
}

fn bytes(value: &PlaceValue) -> Vec<u8> {
    match value {
        PlaceValue::Text(text) => text.clone().into_bytes(),
        PlaceValue::Notebook(id) => id.map_or_else(Vec::new, |id| id.0.to_vec()),
        PlaceValue::Due(date) => date.map_or_else(Vec::new, |d| d.to_string().into_bytes()),
        PlaceValue::Done(done) => vec![u8::from(*done)],
        PlaceValue::Trash(state) => vec![*state as u8],
    }
}

fn place<T: Ord + Clone>(id: PlaceId, kind: PlaceKind, merge: &Merge<T>, value: fn(T) -> PlaceValue) -> Place {
    let mut sides: BTreeMap<&T, Vec<Stamp>> = BTreeMap::new();
    for Term { value, stamp } in merge.adds() {
        sides.entry(value).or_default().push(*stamp);
    }
    let mut sides: Vec<(Vec<Stamp>, &T)> = sides
        .into_iter()
        .map(|(value, mut stamps)| {
            stamps.sort_by(|a, b| b.cmp(a));
            stamps.dedup();
            (stamps, value)
        })
        .collect();
    sides.sort_by(|a, b| (b.0.first(), b.1).cmp(&(a.0.first(), a.1)));
    let base: BTreeSet<&T> = merge.removes().map(|t| &t.value).collect();
    Place {
        id,
        kind,
        base: base.into_iter().map(|v| value(v.clone())).collect(),
        sides: sides.into_iter().map(|(stamps, v)| Side { value: value(v.clone()), stamps }).collect(),
        suggested: None,
    }
}

fn trash_place(id: PlaceId, trash: Trash, last_edit: Stamp) -> Place {
    let mut sides = vec![
        Side { value: PlaceValue::Trash(TrashState::Live), stamps: vec![last_edit] },
        Side { value: PlaceValue::Trash(TrashState::Trashed), stamps: vec![trash.stamp] },
    ];
    sides.sort_by_key(|s| std::cmp::Reverse(s.stamp()));
    let base = vec![PlaceValue::Trash(TrashState::Live)];
    Place { id, kind: PlaceKind::Trash, base, sides, suggested: None }
}

/// The text of an ATX heading.
fn heading(line: &str) -> Option<&str> {
    let line = line.trim();
    let text = line.trim_start_matches('#');
    let level = line.len() - text.len();
    ((1..=6).contains(&level) && (text.is_empty() || text.starts_with([' ', '\t'])))
        .then(|| text.trim().trim_end_matches('#').trim_end())
}

/// What stands above a place, found by going down the text once, however many places it has.
#[derive(Clone, Copy, Default)]
struct Above<'a> {
    heading: Option<&'a str>,
    fenced: bool,
    /// Line breaks.
    lines: usize,
    /// Bytes of whole lines that were looked at.
    bytes: usize,
}

impl<'a> Above<'a> {
    fn look(&mut self, line: &'a str) {
        let start = line.trim_start();
        if start.starts_with("```") || start.starts_with("~~~") {
            self.fenced = !self.fenced;
        } else if !self.fenced {
            self.heading = heading(line).or(self.heading);
        }
    }

    /// Goes on to `at`. The start of a line that goes on below counts for the answer, and is looked at again.
    fn down_to(&mut self, text: &'a str, at: usize) -> Self {
        let mut part = "";
        for line in lines(&text[self.bytes..at]) {
            if !line.ends_with('\n') {
                part = line;
                break;
            }
            self.look(line);
            self.lines += 1;
            self.bytes += line.len();
        }
        let mut here = *self;
        here.look(part);
        here
    }
}

fn text_places(body: &Body, ids: &mut Ids, out: &mut Vec<Place>) {
    let shown = body.shown();
    let (mut at, mut above) = (0, Above::default());
    for segment in body.segments() {
        match segment {
            Segment::Clean(text) => at += text.len(),
            Segment::Place(merge) => {
                let end = at + merge.shown().len();
                let mut before: Vec<&str> = lines(&shown[..at]).rev().take(CONTEXT_LINES).collect();
                before.reverse();
                let here = above.down_to(&shown, at);
                let kind = PlaceKind::Text {
                    heading: here.heading.map(str::to_owned),
                    line: here.lines,
                    before: before.concat(),
                    after: lines(&shown[end..]).take(CONTEXT_LINES).collect(),
                };
                out.push(place(ids.text(merge), kind, merge, PlaceValue::Text));
                at = end;
            }
        }
    }
}

fn newest_of<T>(merge: &Merge<T>) -> Stamp {
    merge.adds().map(|t| t.stamp).max().unwrap_or(Stamp::ZERO)
}

/// The open places of a note.
pub fn review(fields: &NoteFields) -> Review {
    let mut ids = Ids::default();
    let mut places = Vec::new();
    macro_rules! scalar {
        ($field:ident, $tag:literal, $kind:ident, $value:expr) => {
            if !fields.$field.is_resolved() {
                let id = ids.scalar($tag, &fields.$field, $value);
                places.push(place(id, PlaceKind::$kind, &fields.$field, $value));
            }
        };
    }
    if fields.trash.state == TrashState::Open {
        let edits = [newest_of(&fields.title), fields.body.stamp, newest_of(&fields.front_matter)];
        let more = [newest_of(&fields.notebook), newest_of(&fields.due), newest_of(&fields.done)];
        let tags = fields.tags.iter().chain(fields.aliases.iter()).map(|e| e.stamp);
        let last = edits.into_iter().chain(more).chain(tags).max().unwrap_or(Stamp::ZERO);
        places.push(trash_place(ids.trash(), fields.trash, last));
    }
    scalar!(title, "title", Title, PlaceValue::Text);
    scalar!(notebook, "notebook", Notebook, PlaceValue::Notebook);
    scalar!(due, "due", Due, PlaceValue::Due);
    scalar!(done, "done", Done, PlaceValue::Done);
    scalar!(front_matter, "front matter", FrontMatter, PlaceValue::Text);
    text_places(&fields.body, &mut ids, &mut places);
    Review { places }
}

/// The open places of a notebook.
pub fn review_notebook(fields: &NotebookFields) -> Review {
    let mut ids = Ids::default();
    let mut places = Vec::new();
    if fields.trash.state == TrashState::Open {
        let last = newest_of(&fields.name).max(newest_of(&fields.parent));
        places.push(trash_place(ids.trash(), fields.trash, last));
    }
    if !fields.name.is_resolved() {
        let id = ids.scalar("title", &fields.name, PlaceValue::Text);
        places.push(place(id, PlaceKind::Title, &fields.name, PlaceValue::Text));
    }
    if !fields.parent.is_resolved() {
        let id = ids.scalar("notebook", &fields.parent, PlaceValue::Notebook);
        places.push(place(id, PlaceKind::Notebook, &fields.parent, PlaceValue::Notebook));
    }
    Review { places }
}
