//! Who is named as the writer of a side.

use std::collections::BTreeSet;

use holdfast_domain::{NoteId, TrashState};
use holdfast_merge::{Place, PlaceKind, PlaceValue};
use holdfast_notebook::NotePatch;
use holdfast_testkit::World;

use crate::syncing::assert_same;

async fn three_with(body: &str) -> (World, NoteId) {
    let w = World::of(3);
    let id = w["A"].add("T", body);
    w.sync_all().await;
    (w, id)
}

/// The only question, which every device asks alike, and whose writers the list names too.
fn asked(w: &World, id: NoteId) -> Place {
    let of_each = w.devices.iter().map(|d| {
        let mut review = d.review(id);
        let place = review.review.places.remove(0);
        assert_eq!(review.review.places, []);
        let stamps: Vec<_> = place.sides.iter().flat_map(|s| s.stamps.clone()).collect();
        assert!(stamps.iter().all(|s| review.written_by(*s).revision.is_some()), "{place:?}");
        let devices: BTreeSet<_> = stamps.iter().map(|s| s.device).collect();
        assert_eq!(d.vault().reviews().unwrap()[0].devices, devices.into_iter().collect::<Vec<_>>());
        place
    });
    let of_each: Vec<Place> = of_each.collect();
    assert!(of_each.iter().all(|place| *place == of_each[0]), "{of_each:?}");
    of_each[0].clone()
}

/// The names of those who wrote a side, newest first.
fn wrote(w: &World, place: &Place, value: &PlaceValue) -> Vec<String> {
    let side = place.sides.iter().find(|s| s.value == *value).unwrap();
    side.stamps.iter().map(|s| w.devices.iter().find(|d| d.id() == s.device).unwrap().name.clone()).collect()
}

fn text(value: &str) -> PlaceValue {
    PlaceValue::Text(value.into())
}

const LIVE: PlaceValue = PlaceValue::Trash(TrashState::Live);
const TRASHED: PlaceValue = PlaceValue::Trash(TrashState::Trashed);

#[tokio::test]
async fn an_edit_of_another_field_keeps_nobody_s_note() {
    let (w, id) = three_with("text\n").await;
    w["A"].vault().trash_note(id).unwrap();
    w.clock.advance(1_000);
    w["B"].set_title(id, "Edited");
    w.sync_all().await;
    for editor in ["A", "C"] {
        w.clock.advance(1_000);
        w[editor].tag(id, &[editor], &[]);
        w.sync_all().await;
        assert_same(&w);
        let place = asked(&w, id);
        assert_eq!(place.kind, PlaceKind::Trash);
        assert_eq!((wrote(&w, &place, &LIVE), wrote(&w, &place, &TRASHED)), (vec!["B".into()], vec!["A".into()]));
    }
}

#[tokio::test]
async fn all_who_trashed_and_all_who_kept_are_named() {
    let (w, id) = three_with("one\n\ntwo\n").await;
    w["A"].vault().trash_note(id).unwrap();
    w["B"].replace(id, "two", "TWO");
    w.clock.advance(1_000);
    w["C"].vault().trash_note(id).unwrap();
    w.sync_all().await;
    let place = asked(&w, id);
    assert_eq!(
        (wrote(&w, &place, &LIVE), wrote(&w, &place, &TRASHED)),
        (vec!["B".into()], vec!["C".into(), "A".into()])
    );
}

#[tokio::test]
async fn who_decided_and_took_it_back_wrote_no_side() {
    let (w, id) = three_with("text\n").await;
    w["A"].vault().trash_note(id).unwrap();
    w["B"].set_title(id, "Edited");
    w.sync_all().await;
    w["C"].take_side_of(id, w["B"].id());
    w.sync_all().await;
    w["C"].vault().undo_resolution(id.into()).unwrap();
    w.sync_all().await;
    let place = asked(&w, id);
    assert_eq!((wrote(&w, &place, &LIVE), wrote(&w, &place, &TRASHED)), (vec!["B".into()], vec!["A".into()]));
}

#[tokio::test]
async fn who_took_a_decision_about_words_or_a_title_back_wrote_neither() {
    for titles in [true, false] {
        let (w, id) = three_with("one\n\ntwo\n\nthree\n").await;
        for (name, words) in [("A", "zwei"), ("B", "deux")] {
            if titles {
                w[name].set_title(id, words)
            } else {
                w[name].replace(id, "two", words)
            }
            w.clock.advance(1_000);
        }
        w.sync_all().await;
        w["C"].take_side_of(id, w["B"].id());
        w.sync_all().await;
        w.clock.advance(1_000);
        w["C"].vault().undo_resolution(id.into()).unwrap();
        w.sync_all().await;
        let place = asked(&w, id);
        let [zwei, deux] =
            ["zwei", "deux"].map(|words| text(&if titles { words.into() } else { format!("{words}\n") }));
        assert_eq!((wrote(&w, &place, &zwei), wrote(&w, &place, &deux)), (vec!["A".into()], vec!["B".into()]));
        assert_eq!(place.sides[0].value, deux, "the newest is first");
    }
}

#[tokio::test]
async fn who_wrote_the_same_title_is_named_beside_the_other() {
    let (w, id) = three_with("text\n").await;
    for (name, title) in [("A", "X"), ("B", "Y"), ("C", "X")] {
        w[name].set_title(id, title);
        w.clock.advance(1_000);
    }
    w.sync_all().await;
    for _ in 0..2 {
        let place = asked(&w, id);
        assert_eq!(place.sides[0].value, text("X"), "the newest is first");
        assert_eq!(
            (wrote(&w, &place, &text("X")), wrote(&w, &place, &text("Y"))),
            (vec!["C".into(), "A".into()], vec!["B".into()])
        );
        w["B"].tag(id, &["later"], &[]);
        w.sync_all().await;
    }
}

#[tokio::test]
async fn who_wrote_the_same_words_is_named_where_they_stand() {
    let (w, id) = three_with("one\n\ntwo\n\nthree\n").await;
    for (name, words) in [("A", "zwei"), ("B", "deux"), ("C", "zwei")] {
        w[name].replace(id, "two", words);
        w.clock.advance(1_000);
    }
    w.sync_all().await;
    let place = asked(&w, id);
    assert_eq!(
        (wrote(&w, &place, &text("zwei\n")), wrote(&w, &place, &text("deux\n"))),
        (vec!["C".into(), "A".into()], vec!["B".into()])
    );
}

#[tokio::test]
async fn a_side_that_is_part_of_another_is_not_the_other_s() {
    let (w, id) = three_with("head\n\nline\n").await;
    w["A"].replace(id, "line\n", "milk\n");
    w["B"].replace(id, "line\n", "milk\nbread\n");
    w["C"].replace(id, "line\n", "tea\n");
    w.sync_all().await;
    let place = asked(&w, id);
    for (value, by) in [("milk\n", "A"), ("milk\nbread\n", "B"), ("tea\n", "C")] {
        assert_eq!(wrote(&w, &place, &text(value)), [by]);
    }
}

#[tokio::test]
async fn notebooks_of_one_name_are_one_side_beside_another() {
    let (w, id) = three_with("text\n").await;
    for (name, path) in [("A", "Up"), ("B", "Down"), ("C", "Up")] {
        let notebook = w[name].vault().ensure_notebook(path).unwrap();
        w[name].set(id, NotePatch { notebook: Some(Some(notebook)), ..NotePatch::default() });
        w.clock.advance(1_000);
    }
    w.sync_all().await;
    let (up, down) = (w["A"].vault().notebook_by_path("Up").unwrap(), w["A"].vault().notebook_by_path("Down").unwrap());
    for _ in 0..2 {
        let place = asked(&w, id);
        assert_eq!(place.sides.len(), 2, "{place:?}");
        assert_eq!(wrote(&w, &place, &PlaceValue::Notebook(Some(up))), ["C", "A"]);
        assert_eq!(wrote(&w, &place, &PlaceValue::Notebook(Some(down))), ["B"]);
        w["B"].tag(id, &["later"], &[]);
        w.sync_all().await;
    }
    w["B"].take_side_of(id, w["B"].id());
    w.sync_all().await;
    assert_same(&w);
    assert_eq!((w["C"].to_review(id), w["C"].note(id).row.notebook), (0, Some(down)));
}
