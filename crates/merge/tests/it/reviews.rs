//! Open places as a person sees and decides them.

use std::collections::BTreeMap;

use holdfast_domain::{Body, Fields, Merge, NoteFields, NotebookId, Segment, Term, Trash, TrashState};
use holdfast_merge::{
    Choice, PlaceId, PlaceKind, PlaceValue, ResolveError, merge_fields, resolve, resolve_notebook, resolve_with_body,
    result_text, review, review_notebook,
};
use proptest::prelude::*;

use crate::props::any_body;
use crate::world::{note, place, show_body, stamp, text};

fn open_note() -> NoteFields {
    let mut fields = note("");
    fields.body = Body::from_segments(
        vec![
            Segment::Clean("intro\n# Plan #\none\n```\n# no heading\n```\n".into()),
            Segment::Place(place(&["X", "c", "Y"])),
            Segment::Clean(text("mid")),
            Segment::Place(place(&["X", "c", "Y"])),
            Segment::Clean(text("end")),
        ],
        stamp(20, 1),
    );
    fields.title = place(&["T1", "T0", "T2"]);
    fields.trash = Trash { state: TrashState::Open, stamp: stamp(12, 2) };
    fields
}

fn text_value(words: &str) -> PlaceValue {
    PlaceValue::Text(text(words))
}

#[test]
fn a_review_lists_every_place_with_its_surroundings() {
    let fields = open_note();
    let places = review(&fields).places;
    assert_eq!(places.len(), 4);
    assert_eq!(places[0].kind, PlaceKind::Trash);
    assert_eq!(places[0].sides[0].value, PlaceValue::Trash(TrashState::Live), "edited after it was trashed");
    assert_eq!(places[1].kind, PlaceKind::Title);
    let PlaceKind::Text { heading, line, before, after } = &places[2].kind else { panic!("{places:?}") };
    assert_eq!((heading.as_deref(), *line), (Some("Plan"), 6));
    assert_eq!((before.as_str(), after.as_str()), ("```\n# no heading\n```\n", "mid\nY\nend\n"));
    assert_eq!(places[2].sides.iter().map(|s| s.value.clone()).collect::<Vec<_>>(), [text_value("Y"), text_value("X")]);
    assert_eq!((places[2].sides[0].stamp(), &places[2].base), (stamp(12, 2), &vec![text_value("c")]));
    assert_ne!(places[2].id, places[3].id, "equal places are told apart");
    let mut moved = fields.clone();
    moved.body = holdfast_merge::edit_body(&moved.body, &format!("first\n{}", moved.body.shown()), stamp(40, 1));
    assert_eq!(review(&moved).places[2].id, places[2].id, "an id does not depend on where the place is");
}

#[test]
fn a_decision_closes_its_place_alone() {
    let fields = open_note();
    let places = review(&fields).places;
    let all = BTreeMap::from([(places[2].id, Choice::All), (PlaceId([0; 16]), Choice::All)]);
    let (out, stale) = resolve(&fields, &all, stamp(50, 1)).unwrap();
    assert_eq!(stale, [PlaceId([0; 16])]);
    assert!(show_body(&out.body).ends_with("X,Y,mid {+X -c +Y} end"), "{}", show_body(&out.body));
    assert_eq!((out.body.stamp, out.title.is_resolved(), out.trash), (stamp(50, 1), false, fields.trash));
    let back = BTreeMap::from([
        (places[3].id, Choice::Original),
        (places[1].id, Choice::Value(PlaceValue::Text("T3".into()))),
        (places[0].id, Choice::Side(PlaceValue::Trash(TrashState::Trashed))),
    ]);
    let (out, _) = resolve(&fields, &back, stamp(50, 1)).unwrap();
    assert!(show_body(&out.body).ends_with("{+X -c +Y} mid,c,end"));
    assert_eq!(out.title, Merge::resolved("T3".to_string(), stamp(50, 1)));
    assert_eq!(out.trash, Trash { state: TrashState::Trashed, stamp: stamp(50, 1) });
    let shown: String = result_text(&fields, &back).into_iter().map(|s| s.text).collect();
    assert_eq!(shown, out.body.shown());
    let whole = resolve_with_body(&fields, "done", stamp(50, 1));
    assert_eq!((whole.body, whole.title), (Body::text("done", stamp(50, 1)), fields.title));
}

#[test]
fn what_cannot_be_carried_out_is_refused() {
    let fields = open_note();
    let places = review(&fields).places;
    let refused = |id, choice| resolve(&fields, &BTreeMap::from([(id, choice)]), stamp(50, 1)).unwrap_err();
    let (title, text) = (places[1].id, places[2].id);
    assert_eq!(refused(title, Choice::All), ResolveError::AllNeedsText(title));
    assert_eq!(refused(text, Choice::Side(text_value("Z"))), ResolveError::NotASide(text));
    assert_eq!(refused(text, Choice::Value(PlaceValue::Done(true))), ResolveError::WrongType(text));
    let trash = places[0].id;
    assert_eq!(refused(trash, Choice::Value(PlaceValue::Trash(TrashState::Open))), ResolveError::WrongType(trash));
}

#[test]
fn all_sides_are_joined_by_content_with_a_line_break_between() {
    let mut fields = note("");
    let terms = ["b", "", "a\n", "", "b"].iter().enumerate();
    let terms = terms.map(|(i, t)| Term::new((*t).to_string(), stamp(i as u64, 1))).collect();
    fields.body = Body::from_segments(vec![Segment::Place(Merge::from_terms(terms).unwrap())], stamp(1, 1));
    let places = review(&fields).places;
    assert_eq!((places[0].sides.len(), places[0].sides[0].stamps.len()), (2, 2), "equal sides are one");
    let (out, _) = resolve(&fields, &BTreeMap::from([(places[0].id, Choice::All)]), stamp(9, 1)).unwrap();
    assert_eq!(out.body.shown(), "a\nb");
}

#[test]
fn all_sides_are_kept_with_what_they_share_once() {
    let kept = |terms: &[&str]| {
        let mut fields = note("");
        let terms = terms.iter().enumerate();
        let terms = terms.map(|(i, t)| Term::new((*t).to_string(), stamp(i as u64, 1))).collect();
        fields.body = Body::from_segments(vec![Segment::Place(Merge::from_terms(terms).unwrap())], stamp(1, 1));
        let id = review(&fields).places[0].id;
        resolve(&fields, &BTreeMap::from([(id, Choice::All)]), stamp(9, 1)).unwrap().0.body.shown()
    };
    assert_eq!(kept(&["x\ns\nx2\n", "", "y\ns\n"]), "x\ny\ns\nx2\n");
    assert_eq!(kept(&["a\n\nb\n", "", "c\n\nd\n"]), "a\n\nb\nc\n\nd\n", "blank lines are nothing in common");
}

#[test]
fn a_notebook_is_reviewed_too() {
    let parent = |n: u8| Some(NotebookId([n; 16]));
    let base = holdfast_domain::NotebookFields {
        name: Merge::resolved("n".into(), stamp(1, 1)),
        parent: Merge::resolved(None, stamp(1, 1)),
        trash: Trash::LIVE,
        created_ms: 1,
        unknown: BTreeMap::new(),
    };
    let side = |n: u8| {
        let mut side = base.clone();
        side.parent = Merge::resolved(parent(n), stamp(u64::from(n), n));
        Fields::Notebook(side)
    };
    let merged = merge_fields(&Fields::Notebook(base.clone()), &[&side(3), &side(2)]);
    let merged = merged.as_notebook().unwrap();
    let places = review_notebook(merged).places;
    assert_eq!((places.len(), &places[0].kind), (1, &PlaceKind::Notebook));
    assert_eq!(places[0].sides[0].value, PlaceValue::Notebook(parent(3)));
    let choice = BTreeMap::from([(places[0].id, Choice::Side(PlaceValue::Notebook(parent(2))))]);
    let (out, _) = resolve_notebook(merged, &choice, stamp(9, 9)).unwrap();
    assert_eq!(out.parent, Merge::resolved(parent(2), stamp(9, 9)));
}

proptest! {
    #![proptest_config(crate::props::config())]

    #[test]
    fn choosing_a_side_everywhere_closes_everything(body in any_body(), n in 0..4_usize) {
        let mut fields = note("");
        fields.body = body;
        let mut choices = BTreeMap::new();
        let mut expected = String::new();
        let places = review(&fields).places;
        let mut next = places.iter();
        for segment in fields.body.segments() {
            match segment {
                Segment::Clean(text) => expected.push_str(text),
                Segment::Place(_) => {
                    let place = next.next().unwrap();
                    let side = &place.sides[n.min(place.sides.len() - 1)];
                    let PlaceValue::Text(text) = &side.value else { panic!("a text has texts") };
                    expected.push_str(text);
                    choices.insert(place.id, Choice::Side(side.value.clone()));
                }
            }
        }
        let (out, stale) = resolve(&fields, &choices, stamp(99, 1)).unwrap();
        prop_assert!(stale.is_empty() && !out.is_open());
        prop_assert_eq!(out.body.shown(), expected.clone());
        let spans: String = result_text(&fields, &choices).into_iter().map(|s| s.text).collect();
        prop_assert_eq!(spans, expected);
    }
}
