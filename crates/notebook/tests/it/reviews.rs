//! What two devices disagree about: shown, decided, taken back.

use std::collections::BTreeMap;

use holdfast_domain::{NoteId, TrashState};
use holdfast_merge::{Choice, PlaceKind, PlaceValue};
use holdfast_notebook::{KeptChoice, NotePatch, NotebookError};
use holdfast_testkit::{TestClock, TestDevice, World};

use crate::syncing::assert_same;

/// A note in which A and B wrote another line in the same place, B later; on both devices, and in step.
async fn open_line(w: &World) -> NoteId {
    let id = w["A"].add("T", "head\n\nline\n\ntail\n");
    w.sync_all().await;
    w["A"].replace(id, "line", "line of a");
    w.clock.advance(1_000);
    w["B"].replace(id, "line", "line of b");
    w.sync_all().await;
    id
}

fn revisions(w: &World, name: &str, id: NoteId) -> usize {
    w[name].vault().history(id.into()).unwrap().len()
}

#[tokio::test]
async fn one_line_on_both_is_the_same_question_on_both() {
    let w = World::of(2);
    let id = open_line(&w).await;
    assert_same(&w);
    let (a, b) = (w["A"].review(id), w["B"].review(id));
    assert_eq!(a.review, b.review);
    assert_eq!(a.review.places.len(), 1);
    let place = &a.review.places[0];
    let sides: Vec<_> = place.sides.iter().map(|s| (s.value.clone(), s.stamp().device)).collect();
    let side = |text: &str, name: &str| (PlaceValue::Text(text.into()), w[name].id());
    assert_eq!(sides, [side("line of b\n", "B"), side("line of a\n", "A")]);
    assert_eq!(place.base, [PlaceValue::Text("line\n".into())]);
    for d in &w.devices {
        assert_eq!(d.body(id), "head\n\nline of b\n\ntail\n", "the newest is shown");
        for word in ["\"line of a\"", "\"line of b\""] {
            assert_eq!(d.vault().search(word, 5).unwrap().len(), 1, "{word}");
        }
        assert_eq!(d.vault().receipts().unwrap().len(), 0, "what asks has no receipt");
        let listed = d.vault().reviews().unwrap();
        assert_eq!((listed.len(), listed[0].choices, listed[0].devices.len()), (1, 1, 2));
        assert_eq!(d.vault().sync_status().unwrap().to_review, 1);
    }
    for side in &place.sides {
        assert!(a.written_by(side.stamp()).revision.is_some());
    }
}

#[tokio::test]
async fn a_decision_on_one_device_closes_it_on_both() {
    let w = World::of(2);
    let id = open_line(&w).await;
    w["A"].take_side_of(id, w["A"].id());
    assert_eq!((w["A"].to_review(id), w["A"].body(id).as_str()), (0, "head\n\nline of a\n\ntail\n"));
    assert_eq!(w["A"].vault().receipts().unwrap().len(), 0, "a decision is not an automatic merge");
    w.sync_all().await;
    assert_same(&w);
    for d in &w.devices {
        assert_eq!((d.to_review(id), d.body(id).as_str()), (0, "head\n\nline of a\n\ntail\n"));
        assert_eq!((d.heads(id).len(), d.vault().receipts().unwrap().len()), (1, 0));
    }
}

#[tokio::test]
async fn decisions_that_cross_ask_again() {
    let w = World::of(2);
    let id = open_line(&w).await;
    w["A"].take_side_of(id, w["A"].id());
    w["B"].take_side_of(id, w["B"].id());
    w.sync_all().await;
    assert_same(&w);
    assert_eq!(w["A"].text_sides(id), [["line of a\n", "line of b\n"]]);
    // The same decision on both is one.
    w["A"].take_side_of(id, w["A"].id());
    w["B"].take_side_of(id, w["A"].id());
    w.sync_all().await;
    assert_same(&w);
    assert_eq!((w["B"].to_review(id), w["B"].body(id).as_str()), (0, "head\n\nline of a\n\ntail\n"));
}

#[tokio::test]
async fn a_later_head_keeps_a_decided_note_to_review() {
    let w = World::of(3);
    let id = w["A"].add("T", "line\n");
    w.sync_all().await;
    for d in &w.devices {
        d.write(id, &format!("line of {}\n", d.name));
        w.clock.advance(1_000);
    }
    w["A"].sync().await;
    w["B"].sync().await;
    w["A"].sync().await;
    w["A"].take_side_of(id, w["A"].id());
    w.sync_all().await;
    assert_same(&w);
    assert_eq!(w["B"].text_sides(id), [["line of A\n", "line of C\n"]]);
}

#[tokio::test]
async fn every_kind_of_choice_does_what_it_says() {
    let cases: [(Choice, &str); 4] = [
        (Choice::Side(PlaceValue::Text("line of a\n".into())), "line of a\n"),
        (Choice::All, "line of a\nline of b\n"),
        (Choice::Original, "line\n"),
        (Choice::Value(PlaceValue::Text("both\n".into())), "both\n"),
    ];
    let w = World::of(2);
    for (choice, text) in cases {
        let id = open_line(&w).await;
        let review = w["B"].review(id);
        let choices = BTreeMap::from([(review.review.places[0].id, choice)]);
        w["B"].resolve(id, &choices).unwrap();
        w.sync_all().await;
        assert_eq!((w["A"].body(id), w["A"].to_review(id)), (format!("head\n\n{text}\ntail\n"), 0));
    }
    assert_same(&w);
}

#[tokio::test]
async fn a_text_typed_over_the_result_decides_all_of_it() {
    let w = World::of(2);
    let id = open_line(&w).await;
    let vault = w["A"].vault();
    let seen = w["A"].review(id).seen_heads;
    vault.keep_edited_result(id.into(), &seen, Some("my own\n")).unwrap();
    let review = w["A"].review(id);
    assert_eq!((review.edited.as_deref(), review.left()), (Some("my own\n"), 0));
    vault.resolve(id.into(), &review.seen_heads, &BTreeMap::new(), review.edited.as_deref()).unwrap();
    w.sync_all().await;
    assert_eq!((w["B"].body(id).as_str(), w["B"].to_review(id)), ("my own\n", 0));
}

#[tokio::test]
async fn a_text_typed_before_another_version_arrived_is_set_aside_and_overwrites_nothing() {
    let w = World::of(2);
    let id = open_line(&w).await;
    let vault = w["A"].vault();
    let seen = w["A"].review(id).seen_heads;
    vault.keep_edited_result(id.into(), &seen, Some("head\n\nmine\n\ntail\n")).unwrap();
    w["B"].replace(id, "tail", "tail, and more");
    w.sync_all().await;
    let review = w["A"].review(id);
    assert_eq!((review.edited.as_deref(), review.left()), (None, 1));
    assert_eq!(review.set_aside.as_deref(), Some("head\n\nmine\n\ntail\n"));
    // Taken all the same by who has seen both.
    vault.keep_edited_result(id.into(), &review.seen_heads, review.set_aside.as_deref()).unwrap();
    let review = w["A"].review(id);
    assert_eq!((review.edited.is_some(), review.set_aside), (true, None));
    vault.keep_edited_result(id.into(), &review.seen_heads, None).unwrap();
    assert_eq!(w["A"].review(id).edited, None);
}

#[tokio::test]
async fn a_passage_is_what_the_whole_result_has_there_whatever_is_chosen() {
    let w = World::of(2);
    // The second and third place hold the same, so that only their order tells them apart.
    let id = w["A"].add("T", "one\n\nmiddle\n\nsame\n\nbetween\n\nsame\n");
    w.sync_all().await;
    for d in &w.devices {
        d.write(id, &format!("one {0}\n\nmiddle\n\nsame {0}\n\nbetween\n\nsame {0}\n", d.name));
        w.clock.advance(1_000);
    }
    w["A"].vault().edit_note(id, &NotePatch { title: Some("TA".into()), ..Default::default() }).unwrap();
    w["B"].vault().edit_note(id, &NotePatch { title: Some("TB".into()), ..Default::default() }).unwrap();
    w.sync_all().await;
    let vault = w["A"].vault();
    let places = w["A"].review(id).review.places;
    assert_eq!(places.len(), 4);
    let side = |text: &str| Choice::Side(PlaceValue::Text(text.into()));
    let choices = [
        None,
        Some(side("same A\n")),
        Some(Choice::Original),
        Some(Choice::All),
        Some(Choice::Value(PlaceValue::Text("typed\n".into()))),
    ];
    for (n, choice) in choices.into_iter().enumerate() {
        let place = places[1 + n % 3].id;
        if n != 1 || place == places[2].id {
            vault.keep_choice(id.into(), place, choice.map(KeptChoice::Place)).unwrap();
        }
        let review = w["A"].review(id);
        let spans: Vec<_> = review.result.iter().filter(|span| span.place.is_some()).cloned().collect();
        let passages: Vec<_> = review.review.places.iter().filter_map(|p| review.passage(p.id)).collect();
        assert_eq!(passages, spans);
        assert_eq!(review.passage(places[0].id), None, "a title is no passage of the text");
    }
}

#[tokio::test]
async fn choices_that_no_longer_fit_are_told_once() {
    let w = World::of(2);
    let id = open_line(&w).await;
    let vault = w["A"].vault();
    let place = w["A"].review(id).review.places[0].id;
    vault.keep_choice(id.into(), place, Some(KeptChoice::Place(Choice::All))).unwrap();
    w["B"].replace(id, "line of b", "another line of b");
    w.sync_all().await;
    let review = w["A"].review(id);
    assert_eq!((review.kept.len(), review.stale, review.left()), (0, 1, 1));
    vault.keep_edited_result(id.into(), &review.seen_heads, Some("typed")).unwrap();
    vault.forget_stale_choices(&review).unwrap();
    let review = w["A"].review(id);
    assert_eq!((review.stale, review.edited.as_deref()), (0, Some("typed")));
}

#[tokio::test]
async fn choices_wait_for_the_end_and_outlive_a_quit() {
    let mut w = World::of(2);
    let id = w["A"].add("T", "one\n\nmiddle\n\ntwo\n");
    w.sync_all().await;
    for d in &w.devices {
        d.write(id, &format!("one {0}\n\nmiddle\n\ntwo {0}\n", d.name));
        w.clock.advance(1_000);
    }
    w.sync_all().await;
    let review = w["A"].review(id);
    assert_eq!((review.review.places.len(), review.left()), (2, 2));
    let (first, second) = (review.review.places[0].id, review.review.places[1].id);
    let choice = Choice::Side(PlaceValue::Text("one A\n".into()));
    w["A"].vault().keep_choice(id.into(), first, Some(KeptChoice::Place(choice.clone()))).unwrap();
    let before = revisions(&w, "A", id);
    w["A"].crash();
    w["A"].reopen();
    let review = w["A"].review(id);
    assert_eq!((review.kept.clone(), review.left()), (BTreeMap::from([(first, choice)]), 1));
    let result: String = review.result.iter().map(|span| span.text.as_str()).collect();
    assert_eq!(result, "one A\n\nmiddle\n\ntwo B\n");
    assert_eq!((w["A"].to_review(id), revisions(&w, "A", id)), (2, before), "nothing is decided by it");
    // A new version elsewhere in the text leaves the choice; deciding some leaves the rest.
    w["B"].replace(id, "middle", "centre");
    w["B"].sync().await;
    w["A"].sync().await;
    let review = w["A"].review(id);
    assert_eq!((review.kept.len(), review.stale), (1, 0));
    w["A"].resolve(id, &review.kept).unwrap();
    assert_eq!(w["A"].to_review(id), 1);
    assert!(w["A"].review(id).kept.is_empty());
    w["A"].resolve(id, &BTreeMap::from([(second, Choice::All)])).unwrap();
    w.sync_all().await;
    assert_same(&w);
    assert_eq!((w["B"].body(id).as_str(), w["B"].to_review(id)), ("one A\n\ncentre\n\ntwo A\ntwo B\n", 0));
}

#[tokio::test]
async fn a_decision_about_what_was_not_shown_is_refused() {
    let w = World::of(2);
    let id = open_line(&w).await;
    let review = w["A"].review(id);
    let choices = BTreeMap::from([(review.review.places[0].id, Choice::All)]);
    w["B"].replace(id, "line of b", "line of b, better");
    w["B"].sync().await;
    w["A"].sync().await;
    let late = w["A"].vault().resolve(id.into(), &review.seen_heads, &choices, None);
    assert!(matches!(late, Err(NotebookError::Stale)), "{late:?}");
    let now = w["A"].review(id);
    let gone = w["A"].vault().resolve(id.into(), &now.seen_heads, &choices, None);
    assert!(matches!(gone, Err(NotebookError::Stale)), "{gone:?}");
    let no_side = BTreeMap::from([(now.review.places[0].id, Choice::Side(PlaceValue::Text("x".into())))]);
    assert!(matches!(w["A"].resolve(id, &no_side), Err(NotebookError::Invalid(_))));
    assert_eq!(w["A"].text_sides(id), [["line of a\n", "line of b, better\n"]]);
}

#[tokio::test]
async fn typing_in_a_note_to_review_decides_nothing_and_loses_nothing() {
    let w = World::of(2);
    let id = open_line(&w).await;
    w["A"].replace(id, "head", "new head");
    w["A"].replace(id, "line of b", "line of b and more");
    w.sync_all().await;
    assert_same(&w);
    for d in &w.devices {
        assert_eq!(d.body(id), "new head\n\nline of b and more\n\ntail\n");
        assert_eq!(d.text_sides(id), [["line of a\n", "line of b and more\n"]]);
    }
    // Emptying the shown text keeps the other side.
    w["A"].write(id, "");
    w.sync_all().await;
    assert_same(&w);
    assert_eq!(w["B"].vault().search("\"line of a\"", 5).unwrap().len(), 1);
    assert_eq!(w["B"].to_review(id), 1);
}

#[tokio::test]
async fn a_tag_decides_nothing() {
    let w = World::of(2);
    let id = open_line(&w).await;
    w["B"].tag(id, &["work"], &[]);
    w.sync_all().await;
    assert_same(&w);
    assert_eq!((w["A"].to_review(id), w["A"].note(id).row.tags.len(), w["A"].heads(id).len()), (1, 1, 1));
    assert_eq!(w["A"].text_sides(id), [["line of a\n", "line of b\n"]]);
}

#[tokio::test]
async fn each_field_asks_in_its_own_place() {
    let w = World::of(2);
    let id = w["A"].add("Title", "text\n");
    let vault = w["A"].vault();
    let (x, y) = (vault.ensure_notebook("X").unwrap(), vault.ensure_notebook("Y").unwrap());
    w.sync_all().await;
    let patch = |title: &str, due: &str, notebook| NotePatch {
        title: Some(title.into()),
        due: Some(Some(due.parse().unwrap())),
        notebook: Some(Some(notebook)),
        ..NotePatch::default()
    };
    w["A"].set(id, patch("From A", "2027-01-01", x));
    w.clock.advance(1_000);
    w["B"].set(id, patch("From B", "2027-02-02", y));
    w.sync_all().await;
    assert_same(&w);
    let kinds: Vec<_> = w["A"].review(id).review.places.into_iter().map(|p| p.kind).collect();
    assert_eq!(kinds, [PlaceKind::Title, PlaceKind::Notebook, PlaceKind::Due]);
    assert_eq!(w["A"].note(id).row.title, "From B");
    for title in ["\"From A\"", "\"From B\""] {
        assert_eq!(w["B"].vault().search(title, 5).unwrap().len(), 1, "{title}");
    }
    w["A"].take_side_of(id, w["A"].id());
    w.sync_all().await;
    assert_same(&w);
    let row = w["B"].note(id).row;
    let all = (row.title.as_str(), row.due.unwrap().to_string(), row.notebook, row.review);
    assert_eq!(all, ("From A", "2027-01-01".into(), Some(x), 0));
}

#[tokio::test]
async fn fields_that_one_device_changed_merge_and_equal_ones_do_not_ask() {
    let w = World::of(2);
    let id = w["A"].add("Title", "text\n");
    w.sync_all().await;
    w["A"].set(id, NotePatch { done: Some(true), title: Some("Same".into()), ..NotePatch::default() });
    let due = Some("2027-02-02".parse().ok());
    w["B"].set(id, NotePatch { due, title: Some("Same".into()), ..NotePatch::default() });
    w["B"].tag(id, &["tag"], &[]);
    w.sync_all().await;
    assert_same(&w);
    let row = w["A"].note(id).row;
    assert_eq!(
        (row.title.as_str(), row.done, row.due.is_some(), row.tags.len(), row.review),
        ("Same", true, true, 1, 0)
    );
}

#[tokio::test]
async fn done_changed_on_one_and_changed_back_on_the_other_asks_where_they_differ() {
    let w = World::of(2);
    let id = w["A"].add("Title", "text\n");
    w["A"].set(id, NotePatch { done: Some(true), ..NotePatch::default() });
    w.sync_all().await;
    w["A"].set(id, NotePatch { done: Some(false), ..NotePatch::default() });
    w["B"].set(id, NotePatch { due: Some("2027-02-02".parse().ok()), ..NotePatch::default() });
    w.sync_all().await;
    assert_same(&w);
    assert_eq!((w["B"].note(id).row.done, w["B"].to_review(id)), (false, 0));
}

#[tokio::test]
async fn trashed_here_and_edited_there_is_a_question_either_way() {
    for trasher in ["A", "B"] {
        let editor = if trasher == "A" { "B" } else { "A" };
        for keep in [true, false] {
            let w = World::of(2);
            let id = w["A"].add("T", "text\n");
            w.sync_all().await;
            w[trasher].vault().trash_note(id).unwrap();
            w.clock.advance(1_000);
            w[editor].write(id, "text\nmore\n");
            w.sync_all().await;
            assert_same(&w);
            for d in &w.devices {
                let row = d.note(id).row;
                assert_eq!((row.trashed, row.review, row.body.as_str()), (false, 1, "text\nmore\n"), "{}", d.name);
            }
            let place = &w["A"].review(id).review.places[0];
            assert_eq!((place.kind.clone(), place.sides.len()), (PlaceKind::Trash, 2));
            let state = if keep { TrashState::Live } else { TrashState::Trashed };
            let choice = Choice::Side(PlaceValue::Trash(state));
            w["A"].resolve(id, &BTreeMap::from([(place.id, choice)])).unwrap();
            w.sync_all().await;
            assert_same(&w);
            assert_eq!((w["B"].note(id).row.trashed, w["B"].to_review(id)), (!keep, 0));
            assert_eq!(w["B"].body(id), "text\nmore\n");
        }
    }
}

#[tokio::test]
async fn trashed_on_both_is_trashed() {
    let w = World::of(2);
    let id = w["A"].add("T", "text\n");
    w.sync_all().await;
    w["A"].vault().trash_note(id).unwrap();
    w["B"].vault().trash_note(id).unwrap();
    w.sync_all().await;
    assert_same(&w);
    assert_eq!((w["A"].note(id).row.trashed, w["A"].to_review(id)), (true, 0));
}

#[tokio::test]
async fn a_decision_just_made_is_taken_back_as_if_it_had_not_been() {
    let w = World::of(2);
    let id = open_line(&w).await;
    let (before, count) = (w["A"].note(id), revisions(&w, "A", id));
    w["A"].take_side_of(id, w["A"].id());
    w["A"].vault().undo_resolution(id.into()).unwrap();
    assert_eq!((w["A"].note(id), revisions(&w, "A", id)), (before, count));
}

#[tokio::test]
async fn a_decision_that_was_sent_is_taken_back_for_all() {
    let w = World::of(2);
    let id = open_line(&w).await;
    w["A"].take_side_of(id, w["A"].id());
    w.sync_all().await;
    w["A"].vault().undo_resolution(id.into()).unwrap();
    assert_eq!(w["A"].text_sides(id), [["line of a\n", "line of b\n"]]);
    w.sync_all().await;
    assert_same(&w);
    assert_eq!(w["B"].to_review(id), 1);
    // Decided once more, and undone on the other device.
    w["B"].take_side_of(id, w["B"].id());
    w.sync_all().await;
    assert_eq!(w["A"].to_review(id), 0);
    w["A"].vault().undo_resolution(id.into()).unwrap();
    w.sync_all().await;
    assert_same(&w);
    assert_eq!(w["B"].text_sides(id), [["line of a\n", "line of b\n"]]);
}

/// Which decision was the last is told by what builds on what: an earlier one may be dated a year later.
#[tokio::test]
async fn the_last_decision_is_taken_back_whatever_the_clocks_said() {
    let mut w = World::of(2);
    let ahead = TestClock::default();
    ahead.set(w.clock.now_ms() + 365 * 24 * 3_600_000);
    w.devices.push(TestDevice::join("Ahead", w.dir.path(), &ahead, &w.server).await.unwrap());
    let id = open_line(&w).await;
    w["Ahead"].sync().await;
    w["Ahead"].take_side_of(id, w["A"].id());
    w.sync_all().await;
    let open = |w: &World, name: &str| w[name].to_review(id);
    assert_eq!((open(&w, "A"), w["A"].body(id).as_str()), (0, "head\n\nline of a\n\ntail\n"));
    // Two write over one another once more, and A decides.
    w["A"].replace(id, "tail", "tail of a");
    w["B"].replace(id, "tail", "tail of b");
    w.sync_all().await;
    w["A"].take_side_of(id, w["B"].id());
    w.sync_all().await;
    assert_eq!(w["A"].body(id), "head\n\nline of a\n\ntail of b\n");
    w["A"].vault().undo_resolution(id.into()).unwrap();
    assert_eq!(w["A"].text_sides(id), [["tail of a\n", "tail of b\n"]]);
    assert!(w["A"].body(id).contains("line of a\n"), "an earlier decision was taken back");
}

#[tokio::test]
async fn undoing_what_was_never_decided_says_so() {
    let w = World::of(2);
    let id = w["A"].add("T", "text\n");
    let nothing = w["A"].vault().undo_resolution(id.into());
    assert!(matches!(nothing, Err(NotebookError::NothingToUndo(_))), "{nothing:?}");
}

#[tokio::test]
async fn a_decision_is_a_revision_of_its_own() {
    let w = World::of(2);
    let id = open_line(&w).await;
    let before = revisions(&w, "A", id);
    w["A"].type_body(id, "new head\n\nline of b\n\ntail\n");
    w["A"].take_side_of(id, w["A"].id());
    w["A"].type_body(id, "newer head\n\nline of a\n\ntail\n");
    w["A"].vault().commit_note(id).unwrap();
    assert_eq!((revisions(&w, "A", id), w["A"].to_review(id)), (before + 3, 0));
    // The decision undone leaves the typing.
    w["A"].vault().undo_resolution(id.into()).unwrap();
    assert!(w["A"].body(id).starts_with("newer head\n"));
    assert_eq!(w["A"].text_sides(id), [["line of a\n", "line of b\n"]]);
}
