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
