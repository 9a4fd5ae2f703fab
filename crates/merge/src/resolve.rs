//! A person's decisions about open places.

use std::collections::{BTreeMap, BTreeSet};

use holdfast_domain::{Body, Merge, NoteFields, NotebookFields, Segment, Stamp, Trash, TrashState};

use crate::align::{lines, matches};
use crate::review::{Ids, Place, PlaceId, PlaceKind, PlaceValue, Review, review, review_notebook};

/// A decision about one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// The value of a side.
    Side(PlaceValue),
    /// All sides of a text, in the order of their content, with what they share once.
    All,
    /// As it was before.
    Original,
    /// A value that the person wrote.
    Value(PlaceValue),
}

/// A decision that cannot be carried out. Nothing is closed then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    #[error("the place has no such side; show the review again")]
    NotASide(PlaceId),
    #[error("the value is not of the kind that the place has")]
    WrongType(PlaceId),
    #[error("only a text can keep all its sides")]
    AllNeedsText(PlaceId),
    #[error("the place has more than one original")]
    ManyOriginals(PlaceId),
}

/// A passage of the result as it would be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResultSpan {
    pub text: String,
    /// The open place it stands for.
    pub place: Option<PlaceId>,
    /// When the side that it shows was written.
    pub stamp: Option<Stamp>,
}

fn all_of(place: &Place) -> String {
    let texts: BTreeSet<&str> = place
        .sides
        .iter()
        .filter_map(|s| if let PlaceValue::Text(t) = &s.value { Some(t.as_str()) } else { None })
        .collect();
    let most = if crate::planted("all-keeps-one") { 1 } else { usize::MAX };
    texts.into_iter().filter(|t| !t.is_empty()).take(most).fold(String::new(), |all, text| both(&all, text))
}

/// Two texts, with what they have in common once. Blank lines alone are nothing in common: they would weave
/// paragraphs into each other.
fn both<'a>(a: &'a str, b: &'a str) -> String {
    let (old, new): (Vec<&'a str>, Vec<&'a str>) = (lines(a).collect(), lines(b).collect());
    let mut rows: Vec<&str> = Vec::with_capacity(old.len() + new.len());
    let (mut i, mut j) = (0, 0);
    let bare = |rows: &[&'a str]| rows.iter().map(|l| l.trim_end_matches('\n')).collect::<Vec<_>>();
    let mut common =
        matches(&bare(&old), &bare(&new)).into_iter().enumerate().filter_map(|(i, j)| Some((i, j?))).peekable();
    while let Some((start_a, start_b)) = common.next() {
        let mut len = 1;
        while common.next_if(|next| *next == (start_a + len, start_b + len)).is_some() {
            len += 1;
        }
        if old[start_a..start_a + len].iter().any(|line| !line.trim().is_empty()) {
            rows.extend(&old[i..start_a]);
            rows.extend(&new[j..start_b + len]);
            (i, j) = (start_a + len, start_b + len);
        }
    }
    rows.extend(&old[i..]);
    rows.extend(&new[j..]);
    let mut out = String::new();
    for line in rows {
        if !out.is_empty() && !out.ends_with('\n') {
            out.push('\n');
        }
        out.push_str(line);
    }
    out
}

fn chosen(place: &Place, choice: &Choice) -> Result<PlaceValue, ResolveError> {
    let right_type = |value: &PlaceValue| match (&place.kind, value) {
        (PlaceKind::Title | PlaceKind::FrontMatter | PlaceKind::Text { .. }, PlaceValue::Text(_))
        | (PlaceKind::Notebook, PlaceValue::Notebook(_))
        | (PlaceKind::Due, PlaceValue::Due(_))
        | (PlaceKind::Done, PlaceValue::Done(_)) => true,
        (PlaceKind::Trash, PlaceValue::Trash(state)) => *state != TrashState::Open,
        _ => false,
    };
    match choice {
        Choice::Side(_) if crate::planted("another-side-chosen") => Ok(place.sides[0].value.clone()),
        Choice::Side(value) if place.sides.iter().any(|s| s.value == *value) => Ok(value.clone()),
        Choice::Side(_) => Err(ResolveError::NotASide(place.id)),
        Choice::Value(value) if right_type(value) => Ok(value.clone()),
        Choice::Value(_) => Err(ResolveError::WrongType(place.id)),
        Choice::All if matches!(place.kind, PlaceKind::Text { .. }) => Ok(PlaceValue::Text(all_of(place))),
        Choice::All => Err(ResolveError::AllNeedsText(place.id)),
        Choice::Original => match place.base.as_slice() {
            [only] => Ok(only.clone()),
            _ => Err(ResolveError::ManyOriginals(place.id)),
        },
    }
}

type Chosen = BTreeMap<PlaceId, PlaceValue>;

/// The value for each place that is there, and the ids of those that are not.
fn choose(review: &Review, choices: &BTreeMap<PlaceId, Choice>) -> Result<(Chosen, Vec<PlaceId>), ResolveError> {
    let (mut values, mut stale) = (Chosen::new(), Vec::new());
    for (id, choice) in choices {
        match review.place(*id) {
            Some(place) => drop(values.insert(*id, chosen(place, choice)?)),
            None => stale.push(*id),
        }
    }
    Ok((values, stale))
}

fn close<T>(field: &mut Merge<T>, value: T, stamp: Stamp) {
    *field = Merge::resolved(value, stamp);
}

/// Closes the chosen places and no others. Also returns the chosen ids that are not there any more: those
/// places changed since the review was shown, and are still open or were decided elsewhere.
pub fn resolve(
    fields: &NoteFields,
    choices: &BTreeMap<PlaceId, Choice>,
    stamp: Stamp,
) -> Result<(NoteFields, Vec<PlaceId>), ResolveError> {
    let review = review(fields);
    let (values, stale) = choose(&review, choices)?;
    let mut out = fields.clone();
    for place in &review.places {
        match (&place.kind, values.get(&place.id).cloned()) {
            (PlaceKind::Title, Some(PlaceValue::Text(v))) => close(&mut out.title, v, stamp),
            (PlaceKind::FrontMatter, Some(PlaceValue::Text(v))) => close(&mut out.front_matter, v, stamp),
            (PlaceKind::Notebook, Some(PlaceValue::Notebook(v))) => close(&mut out.notebook, v, stamp),
            (PlaceKind::Due, Some(PlaceValue::Due(v))) => close(&mut out.due, v, stamp),
            (PlaceKind::Done, Some(PlaceValue::Done(v))) => close(&mut out.done, v, stamp),
            (PlaceKind::Trash, Some(PlaceValue::Trash(state))) => out.trash = Trash { state, stamp },
            _ => {}
        }
    }
    let mut ids = Ids::default();
    let mut decided = false;
    let segments = fields.body.segments().iter().map(|segment| {
        if let Segment::Place(merge) = segment
            && let Some(PlaceValue::Text(text)) = values.get(&ids.text(merge))
        {
            decided = true;
            return Segment::Clean(text.clone());
        }
        segment.clone()
    });
    let segments = segments.collect();
    out.body = Body::from_segments(segments, if decided { stamp } else { fields.body.stamp });
    Ok((out, stale))
}

/// As [`resolve`], for a notebook.
pub fn resolve_notebook(
    fields: &NotebookFields,
    choices: &BTreeMap<PlaceId, Choice>,
    stamp: Stamp,
) -> Result<(NotebookFields, Vec<PlaceId>), ResolveError> {
    let review = review_notebook(fields);
    let (values, stale) = choose(&review, choices)?;
    let mut out = fields.clone();
    for place in &review.places {
        match (&place.kind, values.get(&place.id).cloned()) {
            (PlaceKind::Title, Some(PlaceValue::Text(v))) => close(&mut out.name, v, stamp),
            (PlaceKind::Notebook, Some(PlaceValue::Notebook(v))) => close(&mut out.parent, v, stamp),
            (PlaceKind::Trash, Some(PlaceValue::Trash(state))) => out.trash = Trash { state, stamp },
            _ => {}
        }
    }
    Ok((out, stale))
}

/// Closes every place of the text with a whole text that the person made; other fields stay as they are.
pub fn resolve_with_body(fields: &NoteFields, text: &str, stamp: Stamp) -> NoteFields {
    NoteFields { body: Body::text(text, stamp), ..fields.clone() }
}

/// The text as it would be with these choices. A place without one (or with one that cannot be carried out)
/// shows its newest side.
pub fn result_text(fields: &NoteFields, choices: &BTreeMap<PlaceId, Choice>) -> Vec<ResultSpan> {
    let review = review(fields);
    let mut ids = Ids::default();
    let span = |segment: &Segment| match segment {
        Segment::Clean(text) => ResultSpan { text: text.clone(), place: None, stamp: None },
        Segment::Place(merge) => {
            let id = ids.text(merge);
            let place = review.place(id);
            let value = place.zip(choices.get(&id)).and_then(|(place, choice)| chosen(place, choice).ok());
            let text = match value {
                Some(PlaceValue::Text(text)) => text,
                _ => merge.shown().clone(),
            };
            let stamp = merge.adds().filter(|t| t.value == text).map(|t| t.stamp).max();
            ResultSpan { text, place: Some(id), stamp }
        }
    };
    fields.body.segments().iter().map(span).collect()
}
