//! Cycles in the tree: told once, equally on every device, and taken back by a move.

use holdfast_domain::NotebookId;
use holdfast_notebook::{NotebookError, Receipt, Vault};
use holdfast_testkit::{TestClock, TestDevice, World};

fn paths(vault: &Vault) -> Vec<String> {
    vault.notebook_tree().unwrap().into_iter().map(|n| n.path.join("/")).collect()
}

/// A moved X into Y, B later Y into X. X was in Shelf before.
async fn crossed(w: &World, a_first: bool) -> (NotebookId, NotebookId) {
    let a = w["A"].vault();
    let (x, y) = (a.ensure_notebook("Shelf/X").unwrap(), a.ensure_notebook("Y").unwrap());
    w.sync_all().await;
    w["A"].vault().move_notebook(x, Some(y)).unwrap();
    w.clock.advance(1_000);
    w["B"].vault().move_notebook(y, Some(x)).unwrap();
    w.clock.advance(1_000);
    for name in if a_first { ["A", "B"] } else { ["B", "A"] } {
        w[name].sync().await;
    }
    w.sync_all().await;
    (x, y)
}

fn receipts(w: &World) -> Vec<Receipt> {
    let first = w.devices[0].vault().receipts().unwrap();
    for d in &w.devices[1..] {
        assert_eq!(d.vault().receipts().unwrap(), first, "{}", d.name);
    }
    first
}

#[tokio::test]
async fn a_cycle_has_one_receipt_equal_on_every_device_in_either_order() {
    for a_first in [true, false] {
        let mut w = World::of(3);
        let (x, y) = crossed(&w, a_first).await;
        let all = receipts(&w);
        let [receipt] = all.as_slice() else { panic!("{all:?}") };
        assert_eq!((receipt.record, receipt.title.as_str(), receipt.undone), (y.into(), "Y", false));
        let why = receipt.why().unwrap();
        assert!(why.contains("“X” into “Y”, “Y” into “X”") && why.contains("“Y” shows at the top level"), "{why}");
        let sides: Vec<_> = receipt.sides.iter().map(|s| s.author).collect();
        assert_eq!(sides, [w["A"].id(), w["B"].id()], "the newest move last");
        assert_eq!(receipt.cycle.as_ref().unwrap()[0].notebook, x);
        for d in &w.devices {
            assert_eq!(paths(d.vault()), ["Shelf", "Y", "Y/X"], "{}", d.name);
            assert_eq!(d.vault().unseen_receipts().unwrap(), 1);
            assert_eq!(d.vault().receipt(receipt.id).unwrap(), *receipt);
            assert!(d.vault().reviews().unwrap().is_empty());
        }
        assert_eq!(w["C"].vault().history(y.into()).unwrap().len(), 2, "nothing is written back");
        // Other changes, a restart and more syncing add no other.
        w["C"].vault().mark_receipts_seen().unwrap();
        w["C"].vault().rename_notebook(x, "Renamed").unwrap();
        w["C"].close();
        w["C"].reopen();
        w.sync_all().await;
        for d in &w.devices {
            assert_eq!(d.vault().receipts().unwrap().len(), 1, "{}", d.name);
        }
        assert_eq!(w["C"].vault().unseen_receipts().unwrap(), 0);
    }
}

/// A move from where a computer had put it whose clock is a year ahead is later than that, and earlier by its own clock.
#[tokio::test]
async fn a_cycle_is_told_where_a_clock_is_a_year_ahead() {
    let mut w = World::of(2);
    let ahead = TestClock::default();
    ahead.set(w.clock.now_ms() + 365 * 24 * 3_600_000);
    w.devices.push(TestDevice::join("Ahead", w.dir.path(), &ahead, &w.server).await.unwrap());
    let (x, y) = (w["A"].vault().ensure_notebook("X").unwrap(), w["A"].vault().ensure_notebook("Y").unwrap());
    let shelf = w["A"].vault().ensure_notebook("Shelf").unwrap();
    w.sync_all().await;
    for id in [x, y] {
        w["Ahead"].vault().move_notebook(id, Some(shelf)).unwrap();
    }
    w.sync_all().await;
    w["A"].vault().move_notebook(x, Some(y)).unwrap();
    w["B"].vault().move_notebook(y, Some(x)).unwrap();
    w.sync_all().await;
    let all = receipts(&w);
    let [receipt] = all.as_slice() else { panic!("{all:?}") };
    assert!(receipt.why().unwrap().contains("shows at the top level"));
}

#[tokio::test]
async fn a_cycle_of_three_tells_all_its_moves() {
    let w = World::of(3);
    let ids: Vec<_> = ["X", "Y", "Z"].map(|name| w["A"].vault().ensure_notebook(name).unwrap()).into();
    w.sync_all().await;
    for (n, d) in w.devices.iter().enumerate() {
        d.vault().move_notebook(ids[n], Some(ids[(n + 1) % 3])).unwrap();
        w.clock.advance(1_000);
    }
    w.sync_all().await;
    let all = receipts(&w);
    assert_eq!((all.len(), all[0].sides.len(), all[0].title.as_str()), (1, 3, "Z"));
    assert_eq!(paths(w["B"].vault()), ["Z", "Z/Y", "Z/Y/X"]);
    // The newest move is let hold: the newest of the others goes back.
    w["A"].vault().undo_receipt(all[0].id, all[0].sides[2].head).unwrap();
    w.sync_all().await;
    for d in &w.devices {
        assert_eq!(paths(d.vault()), ["Y", "Y/X", "Y/X/Z"], "{}", d.name);
    }
}

#[tokio::test]
async fn taking_the_newest_move_puts_the_other_back_where_it_was() {
    let w = World::of(2);
    let (x, y) = crossed(&w, true).await;
    let receipt = receipts(&w).remove(0);
    w["B"].vault().undo_receipt(receipt.id, receipt.sides[1].head).unwrap();
    assert!(w["B"].vault().receipt(receipt.id).unwrap().undone);
    w.sync_all().await;
    for d in &w.devices {
        assert_eq!(paths(d.vault()), ["Shelf", "Shelf/X", "Shelf/X/Y"], "{}", d.name);
        let all = d.vault().receipts().unwrap();
        assert_eq!((all.len(), all[0].undone), (1, true), "{}: the undo is a version, and has arrived", d.name);
    }
    // Once more, here or there: it says what to do.
    for d in &w.devices {
        let said = d.vault().undo_receipt(receipt.id, receipt.sides[0].head);
        let Err(NotebookError::NothingToUndo(why)) = said else { panic!("{said:?}") };
        assert!(why.contains("move"), "{why}");
    }
    // The same cycle made again is another one.
    w["A"].vault().move_notebook(x, None).unwrap();
    w["A"].vault().move_notebook(y, None).unwrap();
    w.sync_all().await;
    w["A"].vault().move_notebook(x, Some(y)).unwrap();
    w["B"].vault().move_notebook(y, Some(x)).unwrap();
    w.sync_all().await;
    for d in &w.devices {
        assert_eq!(d.vault().receipts().unwrap().len(), 2, "{}", d.name);
    }
}

#[tokio::test]
async fn taking_the_older_move_makes_what_shows_so() {
    let w = World::of(2);
    let (_, y) = crossed(&w, false).await;
    let receipt = receipts(&w).remove(0);
    let before = paths(w["A"].vault());
    w["A"].vault().undo_receipt(receipt.id, receipt.sides[0].head).unwrap();
    w.sync_all().await;
    for d in &w.devices {
        assert_eq!(paths(d.vault()), before, "{}", d.name);
        let node = d.vault().notebook_tree().unwrap().into_iter().find(|n| n.id == y).unwrap();
        assert_eq!(node.parent, None);
    }
    let other = holdfast_domain::RevisionId([1; 32]);
    let unknown = w["A"].vault().undo_receipt(receipt.id, other);
    assert!(matches!(unknown, Err(NotebookError::NotFound { .. })));
}

#[tokio::test]
async fn a_place_that_is_gone_is_not_gone_back_to() {
    let w = World::of(2);
    crossed(&w, true).await;
    let a = w["A"].vault();
    a.trash_notebook(a.notebook_by_path("Shelf").unwrap()).unwrap();
    let receipt = receipts_of(a);
    a.undo_receipt(receipt.id, receipt.sides[1].head).unwrap();
    w.sync_all().await;
    assert_eq!(paths(w["B"].vault()), ["X", "X/Y"]);
}

fn receipts_of(vault: &Vault) -> Receipt {
    vault.receipts().unwrap().remove(0)
}

#[tokio::test]
async fn a_cycle_put_right_by_hand_keeps_its_receipt() {
    let w = World::of(2);
    let (_, y) = crossed(&w, true).await;
    w["B"].vault().move_notebook(y, None).unwrap();
    w.sync_all().await;
    let all = receipts(&w);
    assert_eq!((all.len(), all[0].undone), (1, false));
    let said = w["A"].vault().undo_receipt(all[0].id, all[0].sides[1].head);
    assert!(matches!(said, Err(NotebookError::NothingToUndo(_))), "{said:?}");
    assert_eq!(paths(w["A"].vault()), ["Shelf", "Y", "Y/X"]);
}

/// Who moves a notebook of a cycle sees no cycle, but a tree.
#[tokio::test]
async fn a_notebook_of_a_cycle_goes_where_it_is_moved() {
    let w = World::of(2);
    let (x, y) = crossed(&w, true).await;
    let vault = w["A"].vault();
    let beside = vault.add_notebook("Beside", Some(y)).unwrap();
    assert_eq!(paths(vault), ["Shelf", "Y", "Y/Beside", "Y/X"]);
    vault.move_notebook(x, Some(beside)).unwrap();
    assert_eq!(paths(vault), ["Shelf", "Y", "Y/Beside", "Y/Beside/X"]);
    w.sync_all().await;
    assert_eq!(paths(w["B"].vault()), paths(w["A"].vault()));
    // What shows at the root is refused below what shows in it, as ever, and goes elsewhere.
    let refused = vault.move_notebook(y, Some(x));
    assert!(matches!(refused, Err(NotebookError::Invalid(_))), "{refused:?}");
    let shelf = vault.ensure_notebook("Shelf").unwrap();
    vault.move_notebook(y, Some(shelf)).unwrap();
    assert_eq!(paths(vault), ["Shelf", "Shelf/Y", "Shelf/Y/Beside", "Shelf/Y/Beside/X"]);
}
