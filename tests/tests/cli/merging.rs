//! Edits in different places: merged, with a receipt that can be undone.

use serde_json::json;

use crate::harness::{Pair, text};

const BODY: &str = "# List\n\none\n\ntwo\n\nthree\n\nfour\n";

#[test]
fn edits_in_different_places_merge_with_a_receipt() {
    let (pair, id) = Pair::with_note("Plan", BODY);
    pair.desk.set_body(&id, &BODY.replace("one", "ONE"));
    pair.desk.edit(&id, &["--add-tag", "desk"]);
    pair.laptop.set_body(&id, &BODY.replace("four", "FOUR"));
    pair.laptop.edit(&id, &["--due", "2027-01-02"]);
    pair.converge();

    let merged = BODY.replace("one", "ONE").replace("four", "FOUR");
    let note = pair.desk.show(&id);
    assert_eq!(note["body"], json!(merged));
    assert_eq!((&note["tags"], &note["due"], &note["review"]), (&json!(["desk"]), &json!("2027-01-02"), &json!(false)));
    let receipts = pair.laptop.ok(["receipts"]);
    let receipt = &receipts[0];
    assert_eq!((&receipt["note"], &receipt["title"], &receipt["undone"]), (&json!(id), &json!("Plan"), &json!(false)));
    let sides = receipt["sides"].as_array().unwrap();
    assert_eq!(sides.len(), 2);
    let of = |device: &str| sides.iter().find(|s| s["device"] == device).unwrap()["changes"].clone();
    assert_eq!(
        of("Desk"),
        json!([
            { "field": "tags", "added": "desk" },
            { "field": "text", "line": 3, "removed": "one\n", "added": "ONE\n" },
        ])
    );
    assert_eq!(
        of("Laptop"),
        json!([
            { "field": "due", "from": null, "to": "2027-01-02" },
            { "field": "text", "line": 9, "removed": "four\n", "added": "FOUR\n" },
        ])
    );
}

#[test]
fn a_receipt_is_undone_by_device() {
    let (pair, id) = Pair::with_note("Plan", BODY);
    pair.desk.set_body(&id, &BODY.replace("one", "ONE"));
    pair.laptop.set_body(&id, &BODY.replace("four", "FOUR"));
    pair.converge();
    let receipt = text(&pair.desk.ok(["receipts"])[0]["id"]);
    pair.desk.run(["receipts", "undo", &receipt, "--take", "Nobody"]).failed(1, "Desk");
    pair.desk.ok(["receipts", "undo", &receipt[..8], "--take", "laptop"]);
    assert_eq!(pair.desk.body(&id), BODY.replace("four", "FOUR"));
    assert_eq!(pair.desk.ok(["receipts"])[0]["undone"], true);
    assert_eq!(pair.laptop.ok(["receipts"])[0]["undone"], false, "not known there yet");
    pair.converge();
    assert_eq!(pair.laptop.body(&id), BODY.replace("four", "FOUR"));
    assert_eq!(pair.laptop.ok(["receipts"])[0]["undone"], true, "the undo is a version, and it has arrived");
}

#[test]
fn only_the_receipt_that_was_undone_says_so() {
    let (pair, id) = Pair::with_note("Plan", BODY);
    let mut body = BODY.to_owned();
    for (here, there) in [("one", "three"), ("two", "four")] {
        pair.desk.set_body(&id, &body.replace(here, &here.to_uppercase()));
        pair.laptop.set_body(&id, &body.replace(there, &there.to_uppercase()));
        pair.converge();
        // A version on top, so that the next merge is another one.
        pair.desk.edit(&id, &["--add-tag", here]);
        pair.converge();
        body = pair.desk.body(&id);
    }
    let receipts = |device: &crate::harness::Device| -> Vec<(String, bool)> {
        let all = device.ok(["receipts"]);
        let mut all: Vec<_> = all.as_array().unwrap().iter().map(|r| (text(&r["id"]), r["undone"] == true)).collect();
        all.sort();
        all
    };
    let newest = text(&pair.desk.ok(["receipts"])[0]["id"]);
    pair.desk.ok(["receipts", "undo", &newest, "--take", "Laptop"]);
    pair.desk.set_body(&id, &format!("{}more\n", pair.desk.body(&id)));
    pair.converge();
    let known = receipts(&pair.desk);
    assert_eq!(known.len(), 2);
    assert!(known.iter().all(|(id, undone)| *undone == (*id == newest)), "{known:?}");
    assert_eq!(receipts(&pair.laptop), known);
}

#[test]
fn a_receipt_is_undone_to_this_device_and_keeps_what_was_written_since() {
    let (pair, id) = Pair::with_note("Plan", BODY);
    pair.desk.set_body(&id, &BODY.replace("one", "ONE"));
    pair.laptop.set_body(&id, &BODY.replace("four", "FOUR"));
    pair.converge();
    let merged = pair.laptop.body(&id);
    pair.laptop.set_body(&id, &merged.replace("# List", "# A list"));
    let receipt = text(&pair.laptop.ok(["receipts"])[0]["id"]);
    pair.laptop.ok(["receipts", "undo", &receipt]);
    pair.converge();
    assert_eq!(pair.desk.body(&id), BODY.replace("four", "FOUR").replace("# List", "# A list"));
}

#[test]
fn the_same_change_on_both_is_one_change() {
    let (pair, id) = Pair::with_note("Plan", BODY);
    for device in [&pair.desk, &pair.laptop] {
        device.set_body(&id, &BODY.replace("two", "2"));
        device.edit(&id, &["--title", "Plan B", "--done", "--add-tag", "same"]);
    }
    pair.converge();
    let note = pair.desk.show(&id);
    assert_eq!((&note["title"], &note["review"], &note["tags"]), (&json!("Plan B"), &json!(false), &json!(["same"])));
    assert_eq!(note["body"], json!(BODY.replace("two", "2")));
}

#[test]
fn one_notebook_made_on_both_shows_as_one() {
    let pair = Pair::new();
    for device in [&pair.desk, &pair.laptop] {
        device.ok_with_input(["note", "add", "--title", "n", "--notebook", "Work/Site"], b"");
    }
    pair.converge();
    let list = pair.desk.ok(["notebook", "list"]);
    let paths: Vec<_> = list.as_array().unwrap().iter().map(|n| (text(&n["path"]), n["notes"].clone())).collect();
    assert_eq!(paths, [("Work".into(), json!(2)), ("Work/Site".into(), json!(2))]);
    pair.desk.ok(["notebook", "rename", "Work/Site", "Place"]);
    pair.converge();
    let list = pair.laptop.ok(["notebook", "list"]);
    assert_eq!((list.as_array().unwrap().len(), &list[1]["path"]), (2, &json!("Work/Place")), "both were renamed");
}
