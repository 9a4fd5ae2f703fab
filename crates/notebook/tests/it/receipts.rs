//! Automatic merges: listed, shown, taken back.

use holdfast_notebook::NotebookError;
use holdfast_testkit::World;

use crate::syncing::assert_same;

async fn merged(w: &World) -> holdfast_domain::NoteId {
    let id = w["A"].add("T", "one\n\ntwo\n\nthree\n");
    w.sync_all().await;
    w["A"].replace(id, "one", "ONE");
    w["B"].replace(id, "three", "THREE");
    w.sync_all().await;
    id
}

#[tokio::test]
async fn a_merge_is_taken_back_to_one_side_for_all() {
    let w = World::of(2);
    let id = merged(&w).await;
    let receipt = w["A"].vault().receipts().unwrap().remove(0);
    assert_eq!((receipt.title.as_str(), receipt.undone, receipt.seen), ("T", false, false));
    let mine = receipt.sides.iter().find(|s| s.author == w["A"].id()).unwrap();
    assert_eq!((mine.body[0].removed.as_str(), mine.body[0].added.as_str()), ("one\n", "ONE\n"));
    // What was written since stays.
    w["A"].replace(id, "two", "zwei");
    w["A"].vault().undo_receipt(receipt.id, mine.head).unwrap();
    assert_eq!(w["A"].body(id), "ONE\n\nzwei\n\nthree\n");
    assert!(w["A"].vault().receipt(receipt.id).unwrap().undone);
    w.sync_all().await;
    assert_same(&w);
    assert_eq!((w["B"].body(id).as_str(), w["B"].to_review(id)), ("ONE\n\nzwei\n\nthree\n", 0));
}

#[tokio::test]
async fn a_merge_is_taken_back_right_after_it() {
    let w = World::of(2);
    let id = merged(&w).await;
    let receipt = w["B"].vault().receipts().unwrap().remove(0);
    let theirs = receipt.sides.iter().find(|s| s.author == w["A"].id()).unwrap();
    w["B"].vault().undo_receipt(receipt.id, theirs.head).unwrap();
    w.sync_all().await;
    assert_same(&w);
    assert_eq!(w["A"].body(id), "ONE\n\ntwo\n\nthree\n");
}

#[tokio::test]
async fn receipts_are_marked_seen_and_unknown_ones_are_not_found() {
    let w = World::of(2);
    let id = merged(&w).await;
    let vault = w["A"].vault();
    assert_eq!(vault.unseen_receipts().unwrap(), 1);
    vault.mark_receipts_seen().unwrap();
    assert_eq!(vault.unseen_receipts().unwrap(), 0);
    let receipt = vault.receipts().unwrap().remove(0);
    assert!(matches!(vault.receipt([0; 16]), Err(NotebookError::NotFound { .. })));
    assert!(matches!(vault.undo_receipt([0; 16], receipt.heads[0]), Err(NotebookError::NotFound { .. })));
    let other = holdfast_domain::RevisionId([1; 32]);
    assert!(matches!(vault.undo_receipt(receipt.id, other), Err(NotebookError::NotFound { .. })));
    assert_eq!(w["A"].body(id), "ONE\n\ntwo\n\nTHREE\n");
}

#[tokio::test]
async fn tags_of_both_merge_and_the_undo_brings_back_what_was_removed() {
    let w = World::of(2);
    let id = w["A"].add("T", "text\n");
    w["A"].tag(id, &["old"], &[]);
    w.sync_all().await;
    w["A"].tag(id, &["new"], &[]);
    w["B"].tag(id, &[], &["old"]);
    w.sync_all().await;
    assert_same(&w);
    assert_eq!(w["A"].note(id).row.tags, ["new"]);
    let receipt = w["B"].vault().receipts().unwrap().remove(0);
    let of_a = receipt.sides.iter().find(|s| s.author == w["A"].id()).unwrap().head;
    w["B"].vault().undo_receipt(receipt.id, of_a).unwrap();
    w.sync_all().await;
    assert_same(&w);
    assert_eq!(w["A"].note(id).row.tags, ["new", "old"]);
}

#[tokio::test]
async fn what_was_written_on_the_side_that_stays_is_kept_as_it_was_written() {
    let w = World::of(3);
    let id = w["A"].add("T", "two\nthree\nfour\nfive\nsix\nseven\n");
    w.sync_all().await;
    w["A"].write(id, "two\nthree\nfour\nfive\nsix\nseven\nlast\n");
    w["B"].write(id, "three\nfour\nfive\nsix\n");
    for one in ["A", "C", "B", "A"] {
        w[one].sync().await;
    }
    let receipt = w["A"].vault().receipts().unwrap().remove(0);
    let mine = receipt.sides.iter().find(|s| s.author == w["A"].id()).unwrap().head;
    // It has not seen what the second one took out.
    w["C"].write(id, "two more\nthree\nfour\nfive\nsix\nseven more\nlast\n");
    for one in ["C", "A"] {
        w[one].sync().await;
    }
    assert_eq!(w["A"].to_review(id), 2);
    w["A"].vault().undo_receipt(receipt.id, mine).unwrap();
    assert_eq!(w["A"].body(id), "two more\nthree\nfour\nfive\nsix\nseven more\nlast\n");
    assert_eq!(w["A"].to_review(id), 0);
    w.sync_all().await;
    assert_same(&w);
    for one in ["A", "B"] {
        let receipts = w[one].vault().receipts().unwrap();
        let undone: Vec<bool> = receipts.iter().filter(|r| r.heads == receipt.heads).map(|r| r.undone).collect();
        assert_eq!(undone, [true], "on {one}");
    }
}
