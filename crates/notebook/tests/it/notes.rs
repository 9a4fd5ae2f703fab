//! Writing, saving on old versions, tags, due dates, trash, search.

use holdfast_domain::NoteId;
use holdfast_notebook::{NewNote, NotePatch, NotebookError, NotesFilter, TagPatch};
use holdfast_testkit::{TestDevice, World};

fn body(text: &str) -> NotePatch {
    NotePatch { body: Some(text.into()), ..NotePatch::default() }
}

fn revisions(device: &TestDevice, id: NoteId) -> usize {
    device.vault().history(id.into()).unwrap().len()
}

fn found(device: &TestDevice, query: &str) -> Vec<NoteId> {
    device.vault().search(query, 50).unwrap().into_iter().map(|hit| hit.id).collect()
}

#[test]
fn a_new_note_is_as_it_was_given() {
    let w = World::alone();
    let new = NewNote {
        title: "  Trip\nto Oslo ".into(),
        body: "pack\n".into(),
        tags: vec!["#travel".into(), "Travel".into(), "north".into()],
        due: Some("2027-02-28".parse().unwrap()),
        ..NewNote::default()
    };
    let id = w["A"].vault().add_note(&new).unwrap();
    let row = w["A"].note(id).row;
    assert_eq!(row.tags, ["north", "travel"]);
    assert_eq!((row.body.as_str(), row.due, row.done, row.trashed, row.review), ("pack\n", new.due, false, false, 0));
    assert!(!row.title.contains('\n') && row.title.starts_with("Trip"));
    assert_eq!(revisions(&w["A"], id), 1);
}

#[test]
fn saves_go_on_from_each_other_as_one_revision() {
    let w = World::alone();
    let vault = w["A"].vault();
    let id = w["A"].add("T", "");
    let mut seen = w["A"].heads(id);
    for n in 1..=20 {
        let saved = vault.save_note(id, &seen, &body(&"word ".repeat(n))).unwrap();
        assert!(!saved.stale);
        seen = saved.seen_heads;
    }
    assert_eq!(revisions(&w["A"], id), 1);
    vault.commit_note(id).unwrap();
    assert_eq!((revisions(&w["A"], id), w["A"].heads(id)), (2, seen.clone()));
    // The name of a version that was saved holds after the commit.
    vault.save_note(id, &seen, &body("more")).unwrap();
    vault.commit_note(id).unwrap();
    assert_eq!((revisions(&w["A"], id), w["A"].body(id).as_str()), (3, "more"));
}

#[test]
fn a_save_on_an_old_version_is_a_head_of_its_own() {
    let w = World::alone();
    let vault = w["A"].vault();
    let id = w["A"].add("T", "one\n\ntwo\n\nthree\n");
    let old = w["A"].heads(id);
    w["A"].write(id, "ONE\n\ntwo\n\nthree\n");
    let saved = vault.save_note(id, &old, &body("one\n\ntwo\n\nTHREE\n")).unwrap();
    assert!(saved.stale);
    vault.commit_note(id).unwrap();
    assert_eq!(w["A"].heads(id).len(), 2);
    assert_eq!(w["A"].body(id), "ONE\n\ntwo\n\nTHREE\n");
    // The same on both: a question, and both are found.
    let heads = w["A"].heads(id);
    w["A"].replace(id, "two", "deux");
    vault.save_note(id, &heads, &body("ONE\n\nzwei\n\nTHREE\n")).unwrap();
    vault.commit_note(id).unwrap();
    assert_eq!(w["A"].to_review(id), 1);
    assert_eq!((found(&w["A"], "deux"), found(&w["A"], "zwei")), (vec![id], vec![id]));
}

#[test]
fn a_second_window_that_saves_on_what_the_first_had_loses_nothing() {
    let w = World::alone();
    let vault = w["A"].vault();
    let id = w["A"].add("T", "one\n\ntwo\n");
    let both = w["A"].heads(id);
    vault.save_note(id, &both, &body("ONE first\n\ntwo\n")).unwrap();
    let saved = vault.save_note(id, &both, &body("one\n\ntwo second\n")).unwrap();
    assert!(saved.stale);
    assert_eq!(w["A"].body(id), "ONE first\n\ntwo second\n");
}

#[test]
fn a_version_that_nobody_has_is_stale_and_changes_nothing() {
    let w = World::alone();
    let id = w["A"].add("T", "one\n");
    let other = w["A"].add("O", "other\n");
    let vault = w["A"].vault();
    for seen in [vec![], vec![holdfast_domain::RevisionId([9; 32])], w["A"].heads(other)] {
        assert!(matches!(vault.save_note(id, &seen, &body("x")), Err(NotebookError::Stale)), "{seen:?}");
    }
    assert_eq!((w["A"].body(id).as_str(), revisions(&w["A"], id)), ("one\n", 1));
    let nobody = NoteId([3; 16]);
    assert!(matches!(vault.note(nobody), Err(NotebookError::NotFound { .. })));
    assert!(matches!(vault.save_note(nobody, &w["A"].heads(id), &body("x")), Err(NotebookError::NotFound { .. })));
    assert!(matches!(vault.trash_note(nobody), Err(NotebookError::NotFound { .. })));
}

#[test]
fn typing_back_to_what_it_was_leaves_no_revision() {
    let w = World::alone();
    let id = w["A"].add("Title", "one\n");
    let vault = w["A"].vault();
    let first = w["A"].heads(id);
    let there = NotePatch {
        title: Some("Titel".into()),
        done: Some(true),
        due: Some("2027-01-01".parse().ok()),
        ..body("two\n")
    };
    let back = NotePatch { title: Some("Title".into()), done: Some(false), due: Some(None), ..body("one\n") };
    w["A"].patch(id, there);
    w["A"].patch(id, back);
    vault.commit_note(id).unwrap();
    assert_eq!((revisions(&w["A"], id), w["A"].heads(id)), (1, first));
    assert_eq!((w["A"].note(id).row.title.as_str(), w["A"].body(id).as_str()), ("Title", "one\n"));
}

#[test]
fn a_trashed_note_is_not_edited_and_comes_back_as_it_was() {
    let w = World::alone();
    let id = w["A"].add("T", "text\n");
    w["A"].tag(id, &["keep"], &[]);
    let before = w["A"].note(id).row;
    let vault = w["A"].vault();
    vault.trash_note(id).unwrap();
    vault.trash_note(id).unwrap();
    assert_eq!(revisions(&w["A"], id), 3, "trashing twice is one change");
    assert!(w["A"].note(id).row.trashed);
    assert!(matches!(vault.save_note(id, &w["A"].heads(id), &body("x")), Err(NotebookError::Invalid(_))));
    assert!(matches!(vault.edit_note(id, &body("x")), Err(NotebookError::Invalid(_))));
    assert_eq!(vault.list_notes(&NotesFilter::default()).unwrap().len(), 0);
    assert_eq!(vault.list_notes(&NotesFilter::trash()).unwrap().len(), 1);
    assert_eq!(vault.tags().unwrap(), []);
    vault.restore_note(id).unwrap();
    assert_eq!(w["A"].note(id).row, before);
    w["A"].write(id, "again\n");
}

#[test]
fn typing_before_the_trash_is_kept() {
    let w = World::alone();
    let id = w["A"].add("T", "one\n");
    w["A"].type_body(id, "two\n");
    w["A"].vault().trash_note(id).unwrap();
    w["A"].vault().restore_note(id).unwrap();
    assert_eq!(w["A"].body(id), "two\n");
}

#[test]
fn tags_are_the_same_in_any_spelling() {
    let w = World::alone();
    let id = w["A"].add("T", "");
    let tags = || w["A"].note(id).row.tags;
    w["A"].tag(id, &["Café", "work"], &[]);
    w["A"].tag(id, &["cafe\u{301}", "#WORK"], &[]);
    assert_eq!(tags(), ["Café", "work"]);
    w["A"].tag(id, &["new"], &["CAFÉ"]);
    assert_eq!(tags(), ["new", "work"]);
    let set = TagPatch::Set(vec!["b".into(), "Work".into()]);
    w["A"].set(id, NotePatch { tags: Some(set), ..NotePatch::default() });
    assert_eq!(tags(), ["b", "work"]);
    let bad = TagPatch::Change { add: vec![" ".into()], remove: vec![] };
    let bad = NotePatch { tags: Some(bad), ..NotePatch::default() };
    assert!(matches!(w["A"].vault().edit_note(id, &bad), Err(NotebookError::Invalid(_))));
    assert_eq!(tags(), ["b", "work"]);
}

#[test]
fn due_and_done_are_set_and_taken_away() {
    let w = World::alone();
    let id = w["A"].add("T", "");
    let vault = w["A"].vault();
    let day = "2027-03-01".parse().unwrap();
    vault.edit_note(id, &NotePatch { due: Some(Some(day)), ..NotePatch::default() }).unwrap();
    assert_eq!(vault.list_notes(&NotesFilter::tasks()).unwrap().len(), 1);
    vault.edit_note(id, &NotePatch { done: Some(true), ..NotePatch::default() }).unwrap();
    assert_eq!((w["A"].note(id).row.due, w["A"].note(id).row.done), (Some(day), true));
    assert_eq!(vault.count_notes(&NotesFilter::tasks()).unwrap(), 0);
    vault.edit_note(id, &NotePatch { due: Some(None), ..NotePatch::default() }).unwrap();
    assert_eq!(w["A"].note(id).row.due, None);
}

#[test]
fn a_body_over_two_mebibytes_is_refused_whole() {
    let w = World::alone();
    let id = w["A"].add("T", "one\n");
    let vault = w["A"].vault();
    let most = "é".repeat(1024 * 1024);
    let over = format!("{most}x");
    assert!(matches!(vault.save_note(id, &w["A"].heads(id), &body(&over)), Err(NotebookError::TooLarge(_))));
    let new = NewNote { body: over, ..NewNote::default() };
    assert!(matches!(vault.add_note(&new), Err(NotebookError::TooLarge(_))));
    assert_eq!((w["A"].body(id).as_str(), revisions(&w["A"], id)), ("one\n", 1));
    w["A"].write(id, &most);
    assert_eq!(w["A"].body(id), most);
}

#[test]
fn search_finds_words_as_they_are_typed_and_forgets_what_was_deleted() {
    let w = World::alone();
    let (one, two) = (w["A"].add("Bread", "flour and Wasser\n"), w["A"].add("Paint", "blue, grün\n"));
    assert_eq!(found(&w["A"], "was"), [one]);
    assert_eq!(found(&w["A"], "GRUN"), [two]);
    w["A"].type_body(one, "rye only\n");
    assert_eq!((found(&w["A"], "wasser"), found(&w["A"], "rye")), (vec![], vec![one]));
    w["A"].tag(two, &["kitchen"], &[]);
    assert_eq!(found(&w["A"], "kitchen"), [two]);
    w["A"].vault().trash_note(two).unwrap();
    assert!(w["A"].vault().search("kitchen", 5).unwrap().iter().all(|hit| hit.trashed));
}

#[test]
fn changes_are_told_when_they_are_on_disk() {
    let w = World::alone();
    let mut told = w["A"].vault().subscribe();
    let id = w["A"].add("T", "one\n");
    let change = told.try_recv().unwrap();
    assert!(change.notes.contains(&id) && change.waiting && !change.from_sync);
    assert!(w["A"].vault().save_note(id, &[], &body("x")).is_err());
    assert!(told.try_recv().is_err(), "nothing of a change that failed");
    w["A"].tag(id, &["x"], &[]);
    assert!(std::iter::from_fn(|| told.try_recv().ok()).any(|c| c.tags));
}
