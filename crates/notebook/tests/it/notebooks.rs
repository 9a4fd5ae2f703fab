//! The tree, on one device and on two.

use holdfast_notebook::{NewNote, NotePatch, NotebookError, Vault};
use holdfast_testkit::World;

fn paths(vault: &Vault) -> Vec<String> {
    vault.notebook_tree().unwrap().into_iter().map(|n| n.path.join("/")).collect()
}

fn count(vault: &Vault, path: &str) -> u32 {
    vault.notebook_tree().unwrap().into_iter().find(|n| n.path.join("/") == path).unwrap().notes
}

fn put(vault: &Vault, path: &str, title: &str) -> holdfast_domain::NoteId {
    let notebook = Some(vault.ensure_notebook(path).unwrap());
    vault.add_note(&NewNote { title: title.into(), body: "text\n".into(), notebook, ..NewNote::default() }).unwrap()
}

#[test]
fn paths_are_made_found_renamed_and_moved() {
    let w = World::alone();
    let vault = w["A"].vault();
    let c = vault.ensure_notebook("A/B/C").unwrap();
    assert_eq!(vault.ensure_notebook("a/b/c").unwrap(), c);
    assert_eq!(paths(vault), ["A", "A/B", "A/B/C"]);
    assert!(matches!(vault.ensure_notebook("A//C"), Err(NotebookError::Invalid(_))));
    assert!(matches!(
        vault.add_notebook("b", Some(vault.notebook_by_path("A").unwrap())),
        Err(NotebookError::Invalid(_))
    ));
    assert!(matches!(vault.notebook_by_path("A/X"), Err(NotebookError::NotFound { .. })));
    put(vault, "A/B/C", "deep");
    put(vault, "A", "high");
    assert_eq!((count(vault, "A"), count(vault, "A/B"), count(vault, "A/B/C")), (2, 1, 1));
    let (a, b) = (vault.notebook_by_path("A").unwrap(), vault.notebook_by_path("A/B").unwrap());
    for inside in [a, b, c] {
        assert!(matches!(vault.move_notebook(a, Some(inside)), Err(NotebookError::Invalid(_))));
    }
    vault.move_notebook(b, None).unwrap();
    vault.rename_notebook(b, "Beta").unwrap();
    assert_eq!(paths(vault), ["A", "Beta", "Beta/C"]);
    assert_eq!((count(vault, "A"), count(vault, "Beta")), (1, 1));
}

#[test]
fn trashing_a_notebook_trashes_each_note_in_it() {
    let w = World::alone();
    let vault = w["A"].vault();
    let (deep, high, other) = (put(vault, "A/B", "deep"), put(vault, "A", "high"), put(vault, "X", "other"));
    assert_eq!(vault.trash_notebook(vault.notebook_by_path("A").unwrap()).unwrap(), 2);
    assert_eq!(paths(vault), ["X"]);
    assert!(w["A"].note(deep).row.trashed && w["A"].note(high).row.trashed && !w["A"].note(other).row.trashed);
    // A new notebook of that name is another one.
    put(vault, "A", "fresh");
    assert_eq!((paths(vault), count(vault, "A")), (vec!["A".to_owned(), "X".into()], 1));
}

#[test]
fn a_restored_note_comes_back_to_its_notebook() {
    let w = World::alone();
    let vault = w["A"].vault();
    let (deep, high) = (put(vault, "A/B", "deep"), put(vault, "A", "high"));
    vault.trash_notebook(vault.notebook_by_path("A").unwrap()).unwrap();
    vault.restore_note(deep).unwrap();
    assert_eq!(paths(vault), ["A", "A/B"]);
    assert_eq!((count(vault, "A/B"), w["A"].note(high).row.trashed), (1, true), "only what was asked for comes back");
}

#[tokio::test]
async fn a_note_moved_to_the_same_new_notebook_on_both_asks_nothing() {
    let w = World::of(2);
    let note = put(w["A"].vault(), "Old", "moved");
    w.sync_all().await;
    for device in ["A", "B"] {
        let vault = w[device].vault();
        let fresh = vault.ensure_notebook("Fresh/X").unwrap();
        vault.edit_note(note, &NotePatch { notebook: Some(Some(fresh)), ..NotePatch::default() }).unwrap();
    }
    w.sync_all().await;
    for device in ["A", "B"] {
        assert!(w[device].vault().reviews().unwrap().is_empty(), "{device}");
        assert_eq!(count(w[device].vault(), "Fresh/X"), 1, "{device}");
    }
    assert_eq!(w["A"].note(note).row.notebook, w["B"].note(note).row.notebook);
}

/// As above, and a third who knows one of the two gives it another name: then they are two places.
#[tokio::test]
async fn notebooks_that_are_one_no_more_are_asked_about() {
    let w = World::of(3);
    let note = put(w["A"].vault(), "Old", "moved");
    w.sync_all().await;
    let moved = |device: &str| {
        let fresh = w[device].vault().ensure_notebook("Fresh").unwrap();
        let patch = NotePatch { notebook: Some(Some(fresh)), ..NotePatch::default() };
        w[device].vault().edit_note(note, &patch).unwrap();
        fresh
    };
    let of_a = moved("A");
    w["A"].sync().await;
    w["C"].sync().await;
    w["C"].vault().rename_notebook(of_a, "Other").unwrap();
    moved("B");
    w["B"].sync().await;
    w["A"].sync().await;
    assert!(w["A"].vault().reviews().unwrap().is_empty());
    w.sync_all().await;
    for device in ["A", "B", "C"] {
        assert_eq!(w[device].vault().reviews().unwrap().len(), 1, "{device}");
        assert_eq!(w[device].note(note).row.review, 1, "{device}");
    }
    w["B"].vault().rename_notebook(of_a, "Fresh").unwrap();
    w.sync_all().await;
    for device in ["A", "B", "C"] {
        assert!(w[device].vault().reviews().unwrap().is_empty(), "{device}");
    }
}

#[tokio::test]
async fn moves_that_cross_make_no_cycle() {
    let w = World::of(2);
    let (a, b) = (w["A"].vault(), w["B"].vault());
    let (x, y) = (a.ensure_notebook("X").unwrap(), a.ensure_notebook("Y").unwrap());
    let note = put(a, "Y", "in y");
    w.sync_all().await;
    a.move_notebook(x, Some(y)).unwrap();
    w.clock.advance(1_000);
    b.move_notebook(y, Some(x)).unwrap();
    w.sync_all().await;
    // The newest move loses: Y stays at the root.
    assert_eq!(paths(a), ["Y", "Y/X"]);
    assert_eq!(paths(b), paths(a));
    assert_eq!((count(a, "Y"), count(b, "Y")), (1, 1));
    assert!(!w["A"].note(note).row.trashed);
    // And the tree can be put right by hand.
    b.move_notebook(y, None).unwrap();
    w.sync_all().await;
    assert_eq!((paths(a), paths(b)), (vec!["Y".to_owned(), "Y/X".into()], vec!["Y".to_owned(), "Y/X".into()]));
}

#[tokio::test]
async fn siblings_of_one_name_show_as_one() {
    let w = World::of(2);
    let (a, b) = (w["A"].vault(), w["B"].vault());
    put(a, "Work/Plans", "from a");
    put(b, "work/plans", "from b");
    w.sync_all().await;
    assert_eq!((a.notebook_tree().unwrap(), a.notebook_tree().unwrap().len()), (b.notebook_tree().unwrap(), 2));
    let work = &a.notebook_tree().unwrap()[0];
    assert_eq!((work.notes, work.same.len()), (2, 2));
    let inside = a.notebook_with_descendants(work.id).unwrap();
    assert_eq!(inside.len(), 4);
    assert_eq!(a.notebook_with_descendants(work.same[1]).unwrap().len(), 4, "by either id");
    // Trashing what shows as one trashes both.
    assert_eq!(b.trash_notebook(work.id).unwrap(), 2);
    w.sync_all().await;
    assert!(a.notebook_tree().unwrap().is_empty());
}

/// Of two notebooks that show as one a note was moved to the one and to another place; what two write on that question, the
/// one about the place and the other about something else, asks about two places still.
#[tokio::test]
async fn what_asks_beside_notebooks_that_show_as_one_asks_no_more_than_that() {
    let w = World::of(3);
    let (a, b, c) = (w["A"].vault(), w["B"].vault(), w["C"].vault());
    a.ensure_notebook("Home").unwrap();
    b.ensure_notebook("Home").unwrap();
    let (x, y) = (a.ensure_notebook("X").unwrap(), a.ensure_notebook("Y").unwrap());
    w.sync_all().await;
    let home = a.notebook_tree().unwrap().into_iter().find(|node| node.name == "Home").unwrap().same;
    let (shown, hidden) = (home[0], home[1]);
    let id = w["A"].add("Note", "text\n");
    let put = |vault: &Vault, notebook| {
        vault.edit_note(id, &NotePatch { notebook: Some(Some(notebook)), ..NotePatch::default() }).unwrap();
    };
    put(a, hidden);
    w.sync_all().await;
    put(a, x);
    put(b, shown);
    w.sync_all().await;
    let sides = |vault: &Vault| {
        let place = vault.review(id.into()).unwrap().review.places.into_iter().next().unwrap();
        place.sides.len()
    };
    assert_eq!((sides(a), sides(c)), (2, 2));
    put(a, y);
    w["C"].write(id, "text\nand more\n");
    w.sync_all().await;
    for d in &w.devices {
        assert_eq!(sides(d.vault()), 2, "{}", d.name);
    }
}

#[tokio::test]
async fn a_notebook_renamed_on_both_devices_is_a_question() {
    let w = World::of(2);
    let id = w["A"].vault().ensure_notebook("Old").unwrap();
    w.sync_all().await;
    w["A"].vault().rename_notebook(id, "From A").unwrap();
    w.clock.advance(1_000);
    w["B"].vault().rename_notebook(id, "From B").unwrap();
    w.sync_all().await;
    for d in &w.devices {
        assert_eq!(paths(d.vault()), ["From B"], "the newest is shown");
        assert_eq!((d.vault().reviews().unwrap().len(), d.vault().sync_status().unwrap().to_review), (1, 1));
    }
    w["A"].take_side_of(id, w["A"].id());
    w.sync_all().await;
    for d in &w.devices {
        assert_eq!((paths(d.vault()), d.vault().reviews().unwrap().len()), (vec!["From A".to_owned()], 0));
    }
}

#[tokio::test]
async fn a_notebook_trashed_here_with_a_note_edited_there_asks() {
    let w = World::of(2);
    let (edited, left) = (put(w["A"].vault(), "Top/Box", "edited"), put(w["A"].vault(), "Top/Box", "left"));
    w.sync_all().await;
    let notebook = w["A"].vault().notebook_by_path("Top/Box").unwrap();
    w["A"].vault().trash_notebook(notebook).unwrap();
    w["B"].write(edited, "text\nand more\n");
    let added = put(w["B"].vault(), "Top/Box", "added");
    w.sync_all().await;
    for d in &w.devices {
        let row = d.note(edited).row;
        assert_eq!((row.trashed, row.review, row.body.as_str()), (false, 1, "text\nand more\n"), "{}", d.name);
        assert!(d.note(left).row.trashed);
        assert!(!d.note(added).row.trashed);
        // Live notes of a trashed notebook show in the nearest live one, to review.
        assert_eq!(d.to_review(added), 1, "{}", d.name);
        assert_eq!((paths(d.vault()), count(d.vault(), "Top")), (vec!["Top".to_owned()], 2), "{}", d.name);
    }
    w["B"].take_side_of(edited, w["A"].id());
    w.sync_all().await;
    for d in &w.devices {
        assert_eq!((d.note(edited).row.trashed, d.to_review(edited)), (true, 0), "{}", d.name);
    }
}

#[cfg(unix)]
#[test]
fn a_linked_folder_does_not_take_the_place_of_the_real_one() {
    use std::os::unix::fs::symlink;
    let w = World::alone();
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("root");
    std::fs::create_dir_all(root.join("m/deep")).unwrap();
    std::fs::write(root.join("m/deep/n.md"), "text\n").unwrap();
    std::fs::write(dir.path().join("outside.md"), "not yours\n").unwrap();
    for name in ["a", "z"] {
        symlink("m", root.join(name)).unwrap();
    }
    symlink("../outside.md", root.join("out.md")).unwrap();
    let report = w["A"].vault().import_folder(&root, false).unwrap();
    assert_eq!((report.notes, report.skipped.len()), (1, 1));
    assert_eq!(report.skipped[0].path, "out.md");
    assert_eq!(paths(w["A"].vault()), ["m", "m/deep"]);
}

#[cfg(target_os = "linux")]
#[test]
fn names_that_differ_in_case_or_composition_come_out_as_they_went_in() {
    let w = World::alone();
    let dir = tempfile::tempdir().unwrap();
    let (from, to) = (dir.path().join("from"), dir.path().join("to"));
    let files = ["Case.md", "case.md", "CASE.MD", "Dir/n.md", "dir/n.md", "nf\u{e9}.md", "nfe\u{301}.md"];
    for (n, file) in files.iter().enumerate() {
        let path = from.join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, format!("text {n}\n")).unwrap();
    }
    assert_eq!(w["A"].vault().import_folder(&from, false).unwrap().notes, 7);
    assert_eq!(w["A"].vault().export_folder(&to).unwrap().notes, 7);
    for (n, file) in files.iter().enumerate() {
        assert_eq!(std::fs::read_to_string(to.join(file)).unwrap(), format!("text {n}\n"), "{file}");
    }
    assert_eq!(std::fs::read_dir(&to).unwrap().count(), 7, "no probe is left: five notes and two folders");
}
