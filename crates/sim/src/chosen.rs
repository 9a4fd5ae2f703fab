//! Whether what stands there after a decision is what was chosen.

use std::collections::{BTreeMap, BTreeSet};

use holdfast_domain::{Body, Fields, NoteFields, NotebookFields, Segment};
use holdfast_merge::{Choice, Place, PlaceId, PlaceKind, PlaceValue, review, review_notebook};
use holdfast_notebook::RecordId;

use crate::fault::{Checked, Invariant};
use crate::tokens::{Tokens, of_date, of_text};
use crate::world::World;

type Choices = BTreeMap<PlaceId, Choice>;

impl World {
    /// What was decided stands there as it was chosen, and the rest as it was; and it is asked about no more. (Not of texts:
    /// where two places are alike, the other one takes the name.)
    pub fn is_as_chosen(
        &self,
        at: usize,
        record: RecordId,
        before: &Fields,
        places: &[Place],
        choices: &Choices,
    ) -> Checked {
        let Some(after) = self.devices[at].shown(record)?.map(|shown| shown.fields) else { return Ok(()) };
        let (left, differs) = match (before, &after) {
            (Fields::Note(before), Fields::Note(after)) => {
                (review(after), note_differs(before, after, places, choices))
            }
            (Fields::Notebook(_), Fields::Notebook(after)) => {
                (review_notebook(after), notebook_differs(after, places, choices))
            }
            _ => return Ok(()),
        };
        if let Some(what) = differs {
            let text = |fields: &Fields| format!("{:?}", fields.as_note().map(|note| note.body.segments()));
            let what = format!("the {what} of {record} is not what was chosen by {choices:?}");
            let (before, after) = (text(before), text(&after));
            return Invariant::ReadYourWrites.broken(format!("{what}\n    before: {before}\n    after: {after}"));
        }
        let of_text = |kind: &PlaceKind| matches!(kind, PlaceKind::Text { .. });
        match left.places.iter().find(|place| choices.contains_key(&place.id) && !of_text(&place.kind)) {
            Some(place) => {
                Invariant::ReadYourWrites.broken(format!("{:?} of {record} was decided, and is asked", place.kind))
            }
            None => Ok(()),
        }
    }
}

/// The words that a choice keeps at its place.
pub fn kept(place: &Place, choice: &Choice) -> BTreeSet<u32> {
    match chosen(place, choice) {
        Some(value) => words(value),
        None => place.sides.iter().flat_map(|side| words(&side.value)).collect(),
    }
}

/// The words of a value that people write.
pub fn words(value: &PlaceValue) -> BTreeSet<u32> {
    match value {
        PlaceValue::Text(text) => of_text(text).collect(),
        PlaceValue::Due(due) => due.and_then(of_date).into_iter().collect(),
        _ => BTreeSet::new(),
    }
}

/// What is to stand there; `None` for all sides.
fn chosen<'a>(place: &'a Place, choice: &'a Choice) -> Option<&'a PlaceValue> {
    match choice {
        Choice::Side(value) | Choice::Value(value) => Some(value),
        Choice::Original => place.base.first(),
        Choice::All => None,
    }
}

fn note_differs(before: &NoteFields, after: &NoteFields, places: &[Place], choices: &Choices) -> Option<&'static str> {
    let field = places.iter().find_map(|place| {
        let value = chosen(place, choices.get(&place.id)?)?;
        let (what, same) = match (&place.kind, value) {
            (PlaceKind::Title, PlaceValue::Text(title)) => ("title", after.title.shown() == title),
            (PlaceKind::Notebook, PlaceValue::Notebook(notebook)) => ("notebook", after.notebook.shown() == notebook),
            (PlaceKind::Due, PlaceValue::Due(due)) => ("date", after.due.shown() == due),
            (PlaceKind::Done, PlaceValue::Done(done)) => ("done", after.done.shown() == done),
            (PlaceKind::Trash, PlaceValue::Trash(state)) => ("trash", after.trash.state == *state),
            _ => return None,
        };
        (!same).then_some(what)
    });
    field.or_else(|| text_differs(before, after, places, choices).then_some("text"))
}

fn notebook_differs(after: &NotebookFields, places: &[Place], choices: &Choices) -> Option<&'static str> {
    places.iter().find_map(|place| {
        let value = chosen(place, choices.get(&place.id)?)?;
        let (what, same) = match (&place.kind, value) {
            (PlaceKind::Title, PlaceValue::Text(name)) => ("name", after.name.shown() == name),
            (PlaceKind::Notebook, PlaceValue::Notebook(parent)) => ("place", after.parent.shown() == parent),
            (PlaceKind::Trash, PlaceValue::Trash(state)) => ("trash", after.trash.state == *state),
            _ => return None,
        };
        (!same).then_some(what)
    })
}

/// The places of the text are told from top to bottom.
fn text_differs(before: &NoteFields, after: &NoteFields, places: &[Place], choices: &Choices) -> bool {
    let mut told = places.iter().filter(|place| matches!(place.kind, PlaceKind::Text { .. }));
    let mut all: Option<BTreeSet<u32>> = None;
    let mut expected = Vec::new();
    for segment in before.body.segments() {
        let decided = match segment {
            Segment::Clean(_) => None,
            Segment::Place(_) => match told.next() {
                Some(place) => choices.get(&place.id).map(|choice| (place, choice)),
                None => return true,
            },
        };
        match decided.map(|(place, choice)| (place, chosen(place, choice))) {
            None => expected.push(segment.clone()),
            Some((_, Some(PlaceValue::Text(text)))) => expected.push(Segment::Clean(text.clone())),
            Some((place, _)) => {
                all.get_or_insert_default().extend(place.sides.iter().flat_map(|side| words(&side.value)));
            }
        }
    }
    let Some(all) = all else {
        return Body::from_segments(expected, before.body.stamp).segments() != after.body.segments();
    };
    // In which order all of it stands is not told again here.
    let stands = Tokens::of(&Fields::Note(after.clone())).clean;
    !all.is_subset(&stands)
}
