//! Three writers of a note: the fold is the same whatever the order of its heads, every word that one of them wrote
//! stands in the clean text or in a side that the review shows, and deciding every place leaves none.
#![no_main]

use std::collections::BTreeMap;
use std::sync::Arc;

use holdfast_domain::{
    Body, DeviceId, Fields, Hlc, NoteFields, Origin, RecordId, Revision, RevisionId, Segment, Stamp,
};
use holdfast_fuzz::{Texts, written};
use holdfast_merge::{Choice, Graph, PlaceKind, PlaceValue, fold, resolve, review};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|texts: Texts<3>| {
    let Texts { base, sides } = texts;
    let mut graph = Graph::new();
    let root = insert(&mut graph, vec![], 1, &base);
    let mut heads: Vec<RevisionId> =
        (2..).zip(&sides).map(|(n, side)| insert(&mut graph, vec![root], n, side)).collect();
    let note = note_of(&graph, &heads);
    heads.reverse();
    assert_eq!(note_of(&graph, &heads), note, "the order of the heads matters");

    let places = review(&note).places;
    let clean =
        note.body.segments().iter().filter_map(|s| if let Segment::Clean(t) = s { Some(t.as_str()) } else { None });
    // A word may not come from two pieces that only happen to be neighbours here.
    let mut found: Vec<&str> = clean.collect();
    for place in &places {
        assert!(matches!(place.kind, PlaceKind::Text { .. }), "only the text differs: {place:?}");
        assert!(place.sides.len() > 1, "a question with one answer: {place:?}");
        found.extend(
            place.sides.iter().filter_map(|s| if let PlaceValue::Text(t) = &s.value { Some(t.as_str()) } else { None }),
        );
    }
    for side in &sides {
        for word in written(side, &base) {
            assert!(found.iter().any(|text| text.contains(word)), "{word:?} is not found in {:?}", note.body);
        }
    }

    let choices: [fn(&[_]) -> Choice; 2] = [|_| Choice::All, |values: &[PlaceValue]| Choice::Side(values[0].clone())];
    for choice in choices {
        let choose = places.iter().map(|place| {
            let values: Vec<PlaceValue> = place.sides.iter().map(|side| side.value.clone()).collect();
            (place.id, choice(&values))
        });
        let choose: BTreeMap<_, _> = choose.collect();
        assert_eq!(choose.len(), places.len(), "two places have one name");
        let (closed, stale) = resolve(&note, &choose, stamp(9)).expect("the review offers what can be chosen");
        assert!(stale.is_empty() && !closed.is_open() && review(&closed).places.is_empty(), "still open: {closed:?}");
    }
});

fn stamp(n: u8) -> Stamp {
    Stamp { hlc: Hlc { ms: n.into(), counter: 0 }, device: DeviceId([n; 16]) }
}

fn insert(graph: &mut Graph, parents: Vec<RevisionId>, n: u8, text: &str) -> RevisionId {
    let mut fields = NoteFields::new(stamp(1), 1);
    fields.body = Body::text(text, stamp(n));
    let revision = Revision::new(RecordId([7; 16]), parents.clone(), stamp(n), Origin::Edit, 1, Fields::Note(fields));
    // What a revision is named by does not matter here, only that each has its own name.
    let id = RevisionId([n; 32]);
    graph.insert(id, parents, Some(Arc::new(revision)));
    id
}

fn note_of(graph: &Graph, heads: &[RevisionId]) -> NoteFields {
    match fold(graph, heads).expect("all revisions are there").fields {
        Fields::Note(note) => note,
        other => panic!("a note was written, not {other:?}"),
    }
}
