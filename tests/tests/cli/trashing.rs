//! Trashed here and edited there: a question, never a loss.

use serde_json::{Value, json};

use crate::harness::{Pair, text};

fn open(edit: impl Fn(&Pair, &str)) -> (Pair, String) {
    let (pair, id) = Pair::with_note("Note", "one\n\ntwo\n");
    pair.desk.ok(["note", "trash", &id]);
    edit(&pair, &id);
    pair.converge();
    let note = pair.desk.show(&id);
    assert_eq!((&note["trashed"], &note["review"]), (&json!(false), &json!(true)), "the edit survives, as a question");
    let places = pair.desk.places(&id);
    assert_eq!((places.len(), &places[0]["field"]), (1, &json!("trash")));
    (pair, id)
}

fn values(place: &Value) -> Vec<String> {
    let mut values: Vec<_> = place["sides"].as_array().unwrap().iter().map(|s| text(&s["value"])).collect();
    values.sort();
    values
}

#[test]
fn the_edit_is_kept() {
    let (pair, id) = open(|pair, id| pair.laptop.set_body(id, "one\n\nTWO\n"));
    assert_eq!(values(&pair.laptop.places(&id)[0]), ["live", "trashed"]);
    pair.desk.ok(["review", "resolve", &id, "--take", "Laptop"]);
    pair.converge();
    let note = pair.laptop.show(&id);
    assert_eq!(
        (&note["trashed"], &note["review"], &note["body"]),
        (&json!(false), &json!(false), &json!("one\n\nTWO\n"))
    );
}

#[test]
fn the_trash_is_kept_with_the_edit_in_it() {
    let (pair, id) = open(|pair, id| pair.laptop.edit(id, &["--add-tag", "kept"]));
    pair.laptop.ok(["review", "resolve", &id, "--take", "Desk"]);
    pair.converge();
    let note = pair.desk.show(&id);
    assert_eq!((&note["trashed"], &note["review"], &note["tags"]), (&json!(true), &json!(false), &json!(["kept"])));
    pair.desk.ok(["note", "restore", &id]);
    pair.converge();
    assert_eq!(pair.laptop.show(&id)["trashed"], false);
}

#[test]
fn an_edit_before_the_trashing_does_not_hide_whose_it_is() {
    let (pair, id) = Pair::with_note("Note", "one\n\ntwo\n");
    pair.laptop.set_body(&id, "one\n\nTWO\n");
    pair.desk.set_body(&id, "ONE\n\ntwo\n");
    pair.desk.ok(["note", "trash", &id]);
    pair.converge();
    pair.desk.ok(["review", "resolve", &id, "--take", "Laptop"]);
    pair.converge();
    let note = pair.laptop.show(&id);
    assert_eq!(
        (&note["trashed"], &note["review"], &note["body"]),
        (&json!(false), &json!(false), &json!("ONE\n\nTWO\n"))
    );
}

#[test]
fn a_notebook_trashed_with_a_note_that_is_edited_elsewhere() {
    let pair = Pair::new();
    let add = |title: &str| {
        text(&pair.desk.ok_with_input(["note", "add", "--title", title, "--notebook", "Work/Site"], b"text\n")["id"])
    };
    let (edited, other) = (add("edited"), add("other"));
    pair.converge();
    pair.desk.ok(["notebook", "trash", "Work"]);
    pair.laptop.set_body(&edited, "more text\n");
    pair.converge();
    assert_eq!(pair.laptop.to_review(), std::slice::from_ref(&edited));
    assert_eq!(pair.laptop.show(&other)["trashed"], true);
    let note = pair.laptop.show(&edited);
    assert_eq!(
        (&note["trashed"], &note["notebook"], &note["body"]),
        (&json!(false), &Value::Null, &json!("more text\n"))
    );
    pair.laptop.ok(["review", "resolve", &edited, "--take", "Laptop"]);
    pair.converge();
    let kept = pair.desk.show(&edited);
    assert_eq!((&kept["trashed"], &kept["notebook"]), (&json!(false), &json!("Work/Site")), "kept, and where it was");
    assert_eq!(pair.desk.show(&other)["trashed"], true);
    assert_eq!(pair.desk.to_review(), [""; 0]);
}

/// Desk trashes Top/Box while Laptop adds a note to it.
fn in_a_trashed_notebook() -> (Pair, String) {
    let pair = Pair::new();
    pair.desk.ok_with_input(["note", "add", "--title", "old", "--notebook", "Top/Box"], b"text\n");
    pair.converge();
    pair.desk.ok(["notebook", "trash", "Top/Box"]);
    let added = pair.laptop.ok_with_input(["note", "add", "--title", "new", "--notebook", "Top/Box"], b"text\n");
    pair.converge();
    (pair, text(&added["id"]))
}

#[test]
fn a_note_put_in_a_notebook_that_was_trashed_elsewhere() {
    for (take, trashed, notebook) in [("Laptop", false, "Top"), ("Desk", true, "Top"), ("original", false, "Top/Box")] {
        let (pair, id) = in_a_trashed_notebook();
        for device in [&pair.desk, &pair.laptop] {
            let note = device.show(&id);
            assert_eq!((&note["trashed"], &note["review"]), (&json!(false), &json!(true)));
            assert_eq!((&note["notebook"], device.to_review()), (&json!("Top"), vec![id.clone()]));
            assert_eq!(device.ok(["status"])["to_review"], 1);
            let places = device.places(&id);
            assert_eq!((places.len(), &places[0]["field"]), (1, &json!("trashed_notebook")));
            assert_eq!(places[0]["base"], json!(["Top/Box (in the trash)"]));
            assert_eq!(values(&places[0]), ["Top", "trashed"]);
            assert!(places[0]["sides"].as_array().unwrap().iter().all(|s| s["revision"].is_string()));
        }
        pair.laptop.run(["review", "resolve", &id, "--take", "all"]).failed(1, "only one value");
        pair.desk.ok(["review", "resolve", &id, "--take", take]);
        pair.converge();
        let note = pair.laptop.show(&id);
        assert_eq!(
            (&note["trashed"], &note["review"], &note["notebook"]),
            (&json!(trashed), &json!(false), &json!(notebook)),
            "{take}"
        );
        assert_eq!(pair.laptop.to_review(), [""; 0]);
    }
}

#[test]
fn notebooks_moved_into_each_other_are_told_and_taken_back() {
    let pair = Pair::new();
    for name in ["X", "Y"] {
        pair.desk.ok(["notebook", "add", name]);
    }
    pair.converge();
    pair.desk.ok(["notebook", "move", "X", "Y"]);
    pair.laptop.ok(["notebook", "move", "Y", "X"]);
    pair.converge();
    let receipts = pair.desk.ok(["receipts"]);
    let there = pair.laptop.ok(["receipts"]);
    assert_eq!((receipts.as_array().unwrap().len(), there.as_array().unwrap().len()), (1, 1));
    let receipt = &receipts[0];
    for part in ["id", "kind", "note", "title", "at", "why", "undone"] {
        assert_eq!(receipt[part], there[0][part], "{part}");
    }
    assert_eq!((&receipt["kind"], &receipt["title"]), (&json!("cycle"), &json!("Y")));
    assert_eq!(receipt["sides"].as_array().unwrap().len(), 2);
    assert!(text(&receipt["why"]).contains("“Y” shows at the top level"), "{receipt}");
    assert_eq!((&receipt["sides"][1]["notebook"], &receipt["sides"][1]["device"]), (&json!("Y"), &json!("Laptop")));
    let tree = |device: &crate::harness::Device| -> Vec<String> {
        device.ok(["notebook", "list"]).as_array().unwrap().iter().map(|n| text(&n["path"])).collect()
    };
    assert_eq!(
        (tree(&pair.desk), tree(&pair.laptop)),
        (vec!["Y".into(), "Y/X".into()], vec!["Y".into(), "Y/X".into()])
    );
    let id = text(&receipt["id"]);
    pair.desk.ok(["receipts", "undo", &id, "--take", "Laptop"]);
    pair.converge();
    assert_eq!(tree(&pair.laptop), ["X", "X/Y"]);
    pair.laptop.run(["receipts", "undo", &id, "--take", "Desk"]).failed(1, "Nothing was undone");
}
