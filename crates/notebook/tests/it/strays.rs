//! A live note under a trashed notebook is a question, on every device and until a person decides.

use std::collections::BTreeMap;

use holdfast_domain::{NoteId, NotebookId, TrashState};
use holdfast_merge::{Choice, PlaceKind, PlaceValue};
use holdfast_notebook::{KeptChoice, NewNote, NotePatch, NotebookError, NotesFilter, TrashFilter, Vault};
use holdfast_testkit::{TestDevice, TestRng, World};

use crate::syncing::assert_same;

fn paths(vault: &Vault) -> Vec<String> {
    vault.notebook_tree().unwrap().into_iter().map(|n| n.path.join("/")).collect()
}

fn put(device: &TestDevice, path: &str, title: &str) -> NoteId {
    let vault = device.vault();
    let notebook = Some(vault.ensure_notebook(path).unwrap());
    vault.add_note(&NewNote { title: title.into(), body: "text\n".into(), notebook, ..NewNote::default() }).unwrap()
}

fn at(device: &TestDevice, path: &str) -> NotebookId {
    device.vault().notebook_by_path(path).unwrap()
}

fn trash_notebook(device: &TestDevice, path: &str) -> NotebookId {
    let id = at(device, path);
    device.vault().trash_notebook(id).unwrap();
    id
}

fn move_note(device: &TestDevice, note: NoteId, to: Option<NotebookId>) {
    device.vault().edit_note(note, &NotePatch { notebook: Some(to), ..NotePatch::default() }).unwrap();
}

/// Where a note shows; empty in no notebook.
fn shows(device: &TestDevice, note: NoteId) -> String {
    let places = device.vault().notebook_paths().unwrap();
    device.note(note).row.notebook.and_then(|id| places.get(&id).cloned()).unwrap_or_default()
}

/// Everything that counts what is to review reads the same.
fn check_counts(device: &TestDevice, expected: &[NoteId]) {
    let vault = device.vault();
    let mut listed: Vec<_> = vault.reviews().unwrap().into_iter().map(|r| NoteId::from(r.id)).collect();
    let mut of_list: Vec<_> = vault.list_notes(&NotesFilter::to_review()).unwrap().into_iter().map(|n| n.id).collect();
    let mut expected = expected.to_vec();
    for list in [&mut listed, &mut of_list, &mut expected] {
        list.sort_unstable();
    }
    assert_eq!((&listed, &of_list), (&expected, &expected), "{}", device.name);
    assert_eq!(vault.sync_status().unwrap().to_review as usize, expected.len(), "{}", device.name);
    for id in expected {
        let review = device.review(id);
        assert_eq!(review.review.places.len(), device.to_review(id) as usize, "{}", device.name);
        let summary = vault.reviews().unwrap().into_iter().find(|r| NoteId::from(r.id) == id).unwrap();
        let asked = review.review.places.iter().any(|p| p.kind == PlaceKind::TrashedNotebook);
        assert_eq!((summary.choices, summary.in_trashed_notebook), (device.to_review(id), asked), "{}", device.name);
    }
}

fn check_asks(w: &World, notes: &[NoteId]) {
    for d in &w.devices {
        check_counts(d, notes);
    }
    assert_same(w);
}

#[derive(Clone, Copy, Debug)]
enum Take {
    Keep,
    Trash,
    Restore,
}

fn decide(device: &TestDevice, note: NoteId, take: Take) -> Result<(), NotebookError> {
    let places = device.review(note).review.places;
    let place = places.iter().find(|p| p.kind == PlaceKind::TrashedNotebook).unwrap();
    let trashed = PlaceValue::Trash(TrashState::Trashed);
    let choice = match take {
        Take::Keep => Choice::Side(place.sides.iter().find(|s| s.value != trashed).unwrap().value.clone()),
        Take::Trash => Choice::Side(trashed),
        Take::Restore => Choice::Original,
    };
    device.resolve(note, &BTreeMap::from([(place.id, choice)]))
}

/// A trashed "Top/Box" while B put a note in it. Both know, in the order that is told.
async fn stray(w: &World, a_first: bool) -> NoteId {
    put(&w["A"], "Top/Box", "old");
    w.sync_all().await;
    trash_notebook(&w["A"], "Top/Box");
    w.clock.advance(1_000);
    let note = put(&w["B"], "Top/Box", "new");
    let order = if a_first { ["A", "B", "A"] } else { ["B", "A", "B"] };
    for name in order {
        w[name].sync().await;
    }
    w.sync_all().await;
    note
}

#[tokio::test]
async fn a_note_added_to_a_trashed_notebook_asks_on_both_in_either_order() {
    for a_first in [true, false] {
        let w = World::of(2);
        let note = stray(&w, a_first).await;
        check_asks(&w, &[note]);
        for d in &w.devices {
            assert_eq!((shows(d, note).as_str(), d.note(note).row.trashed, d.heads(note).len()), ("Top", false, 1));
        }
        let review = w["A"].review(note);
        assert_eq!(review.review, w["B"].review(note).review);
        let place = &review.review.places[0];
        assert_eq!(place.kind, PlaceKind::TrashedNotebook);
        let sides: Vec<_> = place.sides.iter().map(|s| (s.value.clone(), s.stamp().device)).collect();
        let top = at(&w["A"], "Top");
        let expected =
            [(PlaceValue::Notebook(Some(top)), w["B"].id()), (PlaceValue::Trash(TrashState::Trashed), w["A"].id())];
        assert_eq!(sides, expected, "who put it there, and who trashed the notebook");
        assert!(place.sides.iter().all(|s| review.written_by(s.stamp()).revision.is_some()));
        let labels = w["B"].vault().notebook_labels().unwrap();
        let [PlaceValue::Notebook(Some(base))] = place.base[..] else { panic!("{:?}", place.base) };
        assert_eq!((labels[&base].as_str(), labels[&top].as_str()), ("Top/Box (in the trash)", "Top"));
    }
}

#[tokio::test]
async fn a_note_moved_into_a_trashed_notebook_asks() {
    let w = World::of(2);
    put(&w["A"], "Box", "old");
    let note = put(&w["A"], "Other", "moved");
    w.sync_all().await;
    trash_notebook(&w["A"], "Box");
    move_note(&w["B"], note, Some(at(&w["B"], "Box")));
    w.sync_all().await;
    check_asks(&w, &[note]);
    assert_eq!((shows(&w["A"], note).as_str(), shows(&w["B"], note).as_str()), ("", ""), "nothing live is above it");
    decide(&w["B"], note, Take::Keep).unwrap();
    w.sync_all().await;
    check_asks(&w, &[]);
    assert_eq!((w["A"].note(note).row.notebook, w["A"].note(note).row.trashed), (None, false));
}

#[tokio::test]
async fn nothing_resolves_by_itself() {
    let mut w = World::of(3);
    let note = stray(&w, true).await;
    check_asks(&w, &[note]);
    let revisions = |w: &World| w["C"].vault().history(note.into()).unwrap().len();
    assert_eq!(revisions(&w), 1, "nothing is written back");
    // Edited, tagged, given a date, by each in turn: still a question.
    w["A"].write(note, "text\nmore\n");
    w.sync_all().await;
    w["B"].tag(note, &["seen"], &[]);
    w.sync_all().await;
    w["C"].set(note, NotePatch { done: Some(true), ..NotePatch::default() });
    w.sync_all().await;
    check_asks(&w, &[note]);
    assert_eq!(revisions(&w), 4);
    // Typing that is not committed, and a restart in between.
    w["B"].type_body(note, "text\nmore\nstill typing\n");
    check_counts(&w["B"], &[note]);
    w["B"].crash();
    w["B"].reopen();
    w["A"].close();
    w["A"].reopen();
    check_counts(&w["A"], &[note]);
    check_counts(&w["B"], &[note]);
    w["B"].vault().commit_all().unwrap();
    w.sync_all().await;
    check_asks(&w, &[note]);
    assert_eq!(w["A"].body(note), "text\nmore\nstill typing\n");
    // A rename of the notebook that it shows in changes nothing about it.
    w["C"].vault().rename_notebook(at(&w["C"], "Top"), "Above").unwrap();
    w.sync_all().await;
    check_asks(&w, &[note]);
    assert_eq!(shows(&w["A"], note), "Above");
}

#[tokio::test]
async fn each_decision_ends_it_everywhere() {
    for (take, shown, trashed, tree) in [
        (Take::Keep, "Top", false, vec!["Top"]),
        (Take::Trash, "Top", true, vec!["Top"]),
        (Take::Restore, "Top/Box", false, vec!["Top", "Top/Box"]),
    ] {
        for who in ["A", "B"] {
            let w = World::of(3);
            let note = stray(&w, who == "A").await;
            decide(&w[who], note, take).unwrap();
            check_counts(&w[who], &[]);
            w.sync_all().await;
            check_asks(&w, &[]);
            for d in &w.devices {
                let row = d.note(note).row;
                assert_eq!((shows(d, note).as_str(), row.trashed), (shown, trashed), "{take:?} {who} {}", d.name);
                assert_eq!(paths(d.vault()), tree, "{take:?}");
            }
            assert!(w["C"].vault().receipts().unwrap().is_empty());
        }
    }
}

#[tokio::test]
async fn by_hand_it_ends_too() {
    // Moved to a live notebook.
    let w = World::of(2);
    let note = stray(&w, true).await;
    move_note(&w["A"], note, Some(at(&w["A"], "Top")));
    check_counts(&w["A"], &[]);
    w.sync_all().await;
    check_asks(&w, &[]);
    // Trashed; and restored again, with its notebook.
    let w = World::of(2);
    let note = stray(&w, true).await;
    w["B"].vault().trash_note(note).unwrap();
    w.sync_all().await;
    check_asks(&w, &[]);
    w["A"].vault().restore_note(note).unwrap();
    w.sync_all().await;
    check_asks(&w, &[]);
    assert_eq!((shows(&w["B"], note).as_str(), paths(w["B"].vault()).len()), ("Top/Box", 2));
}

#[tokio::test]
async fn a_notebook_that_comes_back_on_another_device_ends_it_and_trashing_asks_again() {
    let w = World::of(3);
    let old = put(&w["A"], "Top/Box", "of c");
    let note = stray(&w, false).await;
    check_asks(&w, &[note]);
    // C restores another note of it, which brings the notebook back.
    w["C"].vault().restore_note(old).unwrap();
    check_counts(&w["C"], &[]);
    w.sync_all().await;
    check_asks(&w, &[]);
    assert_eq!(shows(&w["A"], note), "Top/Box");
    // Trashing it now trashes the note, which everybody knows.
    trash_notebook(&w["A"], "Top/Box");
    w.sync_all().await;
    check_asks(&w, &[]);
    assert!(w["B"].note(note).row.trashed);
}

#[tokio::test]
async fn the_question_follows_the_tree() {
    let w = World::of(2);
    let note = stray(&w, true).await;
    let place = |d: &TestDevice| d.review(note).review.places[0].clone();
    let before = place(&w["A"]);
    // The trashed notebook's parent goes elsewhere: the note shows in another place, and a choice for the first
    // one no longer fits.
    let keep = before.sides.iter().find(|s| matches!(s.value, PlaceValue::Notebook(_))).unwrap().value.clone();
    let kept = KeptChoice::Place(Choice::Side(keep.clone()));
    w["A"].vault().keep_choice(note.into(), before.id, Some(kept)).unwrap();
    assert_eq!(w["A"].review(note).left(), 0);
    trash_notebook(&w["B"], "Top");
    // Trashing what it shows in trashes it.
    assert!(w["B"].note(note).row.trashed);
    check_counts(&w["B"], &[]);
    w["A"].write(note, "text\nedited meanwhile\n");
    w.sync_all().await;
    // Trashed against edited is asked first, and only that.
    check_asks(&w, &[note]);
    assert_eq!(place(&w["A"]).kind, PlaceKind::Trash);
    assert_eq!((w["A"].review(note).stale, w["A"].review(note).left()), (1, 1));
    let seen = w["A"].heads(note);
    let choices = BTreeMap::from([(before.id, Choice::Side(keep))]);
    let stale = w["A"].vault().resolve(note.into(), &seen, &choices, None);
    assert!(matches!(stale, Err(NotebookError::Stale)), "{stale:?}");
    // Kept, it comes back with all that is above it.
    let trash = place(&w["B"]);
    w["B"].resolve(note, &BTreeMap::from([(trash.id, Choice::Original)])).unwrap();
    w.sync_all().await;
    check_asks(&w, &[]);
    assert_eq!((shows(&w["A"], note).as_str(), paths(w["A"].vault()).len()), ("Top/Box", 2));
}

#[tokio::test]
async fn a_decision_is_taken_back_at_once_and_later() {
    let w = World::of(2);
    let note = stray(&w, true).await;
    for take in [Take::Keep, Take::Trash] {
        decide(&w["A"], note, take).unwrap();
        check_counts(&w["A"], &[]);
        w["A"].vault().undo_resolution(note.into()).unwrap();
        check_counts(&w["A"], &[note]);
        decide(&w["A"], note, take).unwrap();
        w["A"].vault().commit_all().unwrap();
        w.sync_all().await;
        w["A"].vault().undo_resolution(note.into()).unwrap();
        w.sync_all().await;
        check_asks(&w, &[note]);
    }
    decide(&w["A"], note, Take::Restore).unwrap();
    for _ in 0..2 {
        let said = w["A"].vault().undo_resolution(note.into());
        let Err(NotebookError::NothingToUndo(why)) = said else { panic!("{said:?}") };
        assert!(why.contains("notebook"), "{why}");
        w.sync_all().await;
    }
    assert_eq!(shows(&w["B"], note), "Top/Box", "and it is as it was decided");
}

#[tokio::test]
async fn decisions_that_cross() {
    // Kept here and trashed there is a question.
    let w = World::of(3);
    let note = stray(&w, true).await;
    decide(&w["A"], note, Take::Keep).unwrap();
    decide(&w["B"], note, Take::Trash).unwrap();
    w.sync_all().await;
    check_asks(&w, &[note]);
    assert_eq!(w["C"].review(note).review.places[0].kind, PlaceKind::Trash);
    // Restored here and trashed there too.
    let w = World::of(2);
    let note = stray(&w, true).await;
    decide(&w["A"], note, Take::Restore).unwrap();
    decide(&w["B"], note, Take::Trash).unwrap();
    w.sync_all().await;
    check_asks(&w, &[note]);
    // The same on both is one.
    for take in [Take::Keep, Take::Trash, Take::Restore] {
        let w = World::of(2);
        let note = stray(&w, false).await;
        decide(&w["A"], note, take).unwrap();
        decide(&w["B"], note, take).unwrap();
        w.sync_all().await;
        check_asks(&w, &[]);
    }
}

#[tokio::test]
async fn an_answer_to_what_is_no_longer_asked_is_stale() {
    let w = World::of(2);
    let note = stray(&w, true).await;
    let review = w["A"].review(note);
    let choices = BTreeMap::from([(review.review.places[0].id, Choice::Original)]);
    decide(&w["B"], note, Take::Restore).unwrap();
    w["B"].sync().await;
    w["A"].sync().await;
    let late = w["A"].vault().resolve(note.into(), &review.seen_heads, &choices, None);
    assert!(matches!(late, Err(NotebookError::Stale)), "{late:?}");
    for choice in [Choice::All, Choice::Value(PlaceValue::Done(true)), Choice::Side(PlaceValue::Notebook(None))] {
        let w = World::of(2);
        let note = stray(&w, true).await;
        let place = w["A"].review(note).review.places[0].id;
        let wrong = w["A"].resolve(note, &BTreeMap::from([(place, choice)]));
        assert!(matches!(wrong, Err(NotebookError::Invalid(_))), "{wrong:?}");
        check_counts(&w["A"], &[note]);
    }
}

#[tokio::test]
async fn a_live_notebook_in_a_trashed_one_brings_the_question_to_its_notes() {
    for take in [Take::Keep, Take::Trash, Take::Restore] {
        let w = World::of(2);
        put(&w["A"], "Top/Box", "old");
        w.sync_all().await;
        trash_notebook(&w["A"], "Top/Box");
        let (one, two) = (put(&w["B"], "Top/Box/New", "one"), put(&w["B"], "Top/Box/New", "two"));
        w.sync_all().await;
        check_asks(&w, &[one, two]);
        assert_eq!(paths(w["A"].vault()), ["Top", "Top/New"]);
        decide(&w["A"], one, take).unwrap();
        w.sync_all().await;
        match take {
            // That the notebook stays where it shows, or comes back, is decided for both.
            Take::Keep => assert_eq!(paths(w["B"].vault()), ["Top", "Top/New"]),
            Take::Restore => assert_eq!(paths(w["B"].vault()), ["Top", "Top/Box", "Top/Box/New"]),
            Take::Trash => {
                check_asks(&w, &[two]);
                continue;
            }
        }
        check_asks(&w, &[]);
    }
}

#[tokio::test]
async fn a_review_that_is_shown_knows_when_the_tree_changed() {
    let w = World::of(2);
    let note = stray(&w, true).await;
    let old = w["A"].vault().list_notes(&NotesFilter::trash()).unwrap()[0].id;
    let current = |review: &holdfast_notebook::RecordReview| w["A"].vault().review_is_current(review).unwrap();
    let asked = w["A"].review(note);
    assert!(current(&asked));
    let top = at(&w["A"], "Top");
    let above = w["A"].vault().ensure_notebook("Above").unwrap();
    w["A"].vault().move_notebook(top, Some(above)).unwrap();
    assert!(current(&asked), "it shows in the same notebook");
    w["B"].vault().restore_note(old).unwrap();
    w["B"].sync().await;
    w["A"].sync().await;
    assert!(!current(&asked));
    let nothing = w["A"].review(note);
    assert!(nothing.review.places.is_empty() && current(&nothing) && nothing.seen_heads == asked.seen_heads);
    w["A"].write(note, "text\nmore\n");
    assert!(!current(&nothing));
}

#[tokio::test]
async fn two_places_at_once_the_notebook_first() {
    let w = World::of(2);
    let note = stray(&w, true).await;
    w["A"].set_title(note, "from a");
    w["B"].set_title(note, "from b");
    w.sync_all().await;
    check_asks(&w, &[note]);
    let kinds: Vec<_> = w["A"].review(note).review.places.into_iter().map(|p| p.kind).collect();
    assert_eq!(kinds, [PlaceKind::TrashedNotebook, PlaceKind::Title]);
    // One of them decided leaves the other.
    decide(&w["A"], note, Take::Keep).unwrap();
    w.sync_all().await;
    check_asks(&w, &[note]);
    assert_eq!(w["B"].review(note).review.places[0].kind, PlaceKind::Title);
    w["B"].take_side_of(note, w["A"].id());
    w.sync_all().await;
    check_asks(&w, &[]);
    assert_eq!((shows(&w["A"], note).as_str(), w["A"].note(note).row.title.as_str()), ("Top", "from a"));
}

#[tokio::test]
async fn moved_here_and_into_the_trashed_notebook_there_is_a_question() {
    let w = World::of(2);
    put(&w["A"], "Top/Box", "old");
    let note = put(&w["A"], "X", "moved");
    w.sync_all().await;
    trash_notebook(&w["A"], "Top/Box");
    move_note(&w["A"], note, Some(at(&w["A"], "Top")));
    w.clock.advance(1_000);
    move_note(&w["B"], note, Some(at(&w["B"], "Top/Box")));
    w.sync_all().await;
    // The box shows in Top, but a note in it is not a note in Top.
    check_asks(&w, &[note]);
    assert_eq!(w["B"].review(note).review.places[0].kind, PlaceKind::Notebook);
    w["B"].take_side_of(note, w["A"].id());
    w.sync_all().await;
    check_asks(&w, &[]);
    assert_eq!(shows(&w["A"], note), "Top");
}

#[tokio::test]
async fn a_notebook_trashed_here_and_renamed_there_is_asked_about_first() {
    let w = World::of(2);
    let id = w["A"].vault().ensure_notebook("Top/Box").unwrap();
    w.sync_all().await;
    trash_notebook(&w["A"], "Top/Box");
    w["B"].vault().rename_notebook(id, "Crate").unwrap();
    let note = put(&w["B"], "Top/Crate", "new");
    w.sync_all().await;
    for d in &w.devices {
        // Until that is decided it shows as not trashed, and the note in it is where it was put.
        assert_eq!((shows(d, note).as_str(), d.to_review(note)), ("Top/Crate", 0), "{}", d.name);
        assert_eq!(d.vault().sync_status().unwrap().to_review, 1);
    }
    let place = w["B"].review(id).review.places[0].id;
    let trashed = Choice::Side(PlaceValue::Trash(TrashState::Trashed));
    w["B"].resolve(id, &BTreeMap::from([(place, trashed)])).unwrap();
    check_counts(&w["B"], &[note]);
    w.sync_all().await;
    check_asks(&w, &[note]);
}

/// Whatever three people do to a small tree: the counts are what the reviews say, everywhere, and all devices agree.
#[tokio::test]
async fn seeded_plans_over_a_tree_agree() {
    const PATHS: [&str; 5] = ["P", "Q", "P/R", "Q/S", "P/R/U"];
    let mut asked = 0;
    for seed in 0..16 {
        let mut rng = TestRng::new(seed);
        let w = World::of(3);
        for path in PATHS {
            put(&w["A"], path, "first");
        }
        w.sync_all().await;
        for _ in 0..30 {
            w.clock.advance(1_000);
            let d = &w.devices[rng.below(3)];
            let vault = d.vault();
            let tree = vault.notebook_tree().unwrap();
            let notes = vault.list_notes(&NotesFilter { trash: TrashFilter::Any, ..NotesFilter::default() }).unwrap();
            let (node, other) = (rng.pick(&tree).cloned(), rng.pick(&tree).cloned());
            let note = rng.pick(&notes).cloned().unwrap();
            match (rng.below(8), node, other) {
                (0, _, _) => drop(put(d, PATHS[rng.below(5)], "more")),
                (1, Some(node), _) => drop(vault.trash_notebook(node.id).unwrap()),
                // Into itself is refused.
                (2, Some(node), Some(other)) => drop(vault.move_notebook(node.id, Some(other.id))),
                (3, _, Some(other)) if !note.trashed => move_note(d, note.id, Some(other.id)),
                (4, _, _) if note.trashed => vault.restore_note(note.id).unwrap(),
                (5, _, _) if !note.trashed => d.tag(note.id, &[PATHS[rng.below(5)]], &[]),
                _ => drop(d.sync().await),
            }
        }
        w.sync_all().await;
        assert_same(&w);
        for d in &w.devices {
            let all = d.vault().list_notes(&NotesFilter { trash: TrashFilter::Any, ..NotesFilter::default() }).unwrap();
            for note in all {
                let places = d.review(note.id).review.places;
                assert_eq!(note.review as usize, places.len(), "seed {seed}, {}", d.name);
                let stray = places.iter().any(|p| p.kind == PlaceKind::TrashedNotebook);
                asked += u32::from(stray);
                // What is counted follows from the rows alone: no notebook of a note that does not ask is trashed.
                let labels = d.vault().notebook_labels().unwrap();
                let label = note.notebook.map(|id| labels[&id].clone()).unwrap_or_default();
                if !note.trashed && places.is_empty() {
                    assert!(!label.ends_with("(in the trash)"), "seed {seed}, {}: {label}", d.name);
                }
            }
        }
    }
    assert!(asked > 0, "the plans never came to it");
}
