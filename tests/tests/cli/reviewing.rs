//! Edits in the same place: a question, decided in every way there is.

use serde_json::{Value, json};

use crate::harness::{Device, Pair, text};

const BODY: &str = "# Head\n\nfirst\n\nmiddle\n\nlast\n";

fn with(word: &str, by: &str) -> String {
    BODY.replace(word, by)
}

/// Both changed the same line; both know it.
fn open() -> (Pair, String) {
    let (pair, id) = Pair::with_note("Note", BODY);
    pair.desk.set_body(&id, &with("middle", "of the desk"));
    pair.laptop.set_body(&id, &with("middle", "of the laptop"));
    pair.converge();
    (pair, id)
}

fn side<'p>(place: &'p Value, device: &str) -> &'p Value {
    place["sides"].as_array().unwrap().iter().find(|s| s["device"] == device).unwrap()
}

fn decided(device: &Device, id: &str, body: &str) {
    let note = device.show(id);
    assert_eq!((&note["review"], &note["body"]), (&json!(false), &json!(body)));
    assert_eq!(device.to_review(), [""; 0]);
}

#[test]
fn a_review_shows_each_place_with_its_versions() {
    let (pair, id) = open();
    let note = pair.desk.show(&id);
    assert_eq!(note["review"], true);
    assert_eq!(note["body"], json!(with("middle", "of the laptop")), "the newest shows until it is decided");
    let list = pair.desk.ok(["review", "list"]);
    assert_eq!((&list[0]["id"], &list[0]["choices"], &list[0]["kind"]), (&json!(id), &json!(1), &json!("note")));
    let places = pair.desk.places(&id);
    let place = &places[0];
    assert_eq!((places.len(), &place["number"], &place["field"]), (1, &json!(1), &json!("text")));
    assert_eq!(place["region"], json!({ "heading": "Head", "line": 5 }));
    assert_eq!(place["base"], json!(["middle\n"]));
    assert_eq!(side(place, "Desk")["value"], "of the desk\n");
    assert_eq!(side(place, "Laptop")["value"], "of the laptop\n");
    assert_eq!(
        (&side(place, "Desk")["this_device"], &side(place, "Laptop")["this_device"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(text(&side(place, "Desk")["revision"]).len(), 64);
    assert!(side(place, "Laptop")["time"].as_u64() > side(place, "Desk")["time"].as_u64());
    for found in ["desk", "laptop"] {
        assert_eq!(pair.desk.ok(["search", found])[0]["id"], json!(id), "every side is found");
    }
}

#[test]
fn a_review_shows_what_merged_by_itself_around_it() {
    let (pair, id) = Pair::with_note("Note", BODY);
    pair.desk.set_body(&id, &with("middle", "of the desk").replace("first", "FIRST"));
    pair.desk.edit(&id, &["--add-tag", "new", "--title", "Of the desk"]);
    pair.laptop.set_body(&id, &with("middle", "of the laptop"));
    pair.laptop.edit(&id, &["--done", "--title", "Of the laptop"]);
    pair.converge();
    for device in [&pair.desk, &pair.laptop] {
        let review = device.ok(["review", "show", &id]);
        assert_eq!(review["places"].as_array().unwrap().len(), 2, "the title and a line: {review}");
        let mut merged = review["merged"].as_array().unwrap().clone();
        merged.sort_by_key(Value::to_string);
        let mut expected = [
            json!({ "devices": ["Desk"], "field": "tags", "added": "new" }),
            json!({ "devices": ["Desk"], "field": "text", "removed": "first\n", "added": "FIRST\n" }),
            json!({ "devices": ["Laptop"], "field": "done", "from": false, "to": true }),
        ];
        expected.sort_by_key(Value::to_string);
        assert_eq!(merged, expected, "what is in question is not among it");
        let shown = device.run(["review", "show", &id]).stdout;
        assert!(shown.contains("Merged by itself\n") && shown.contains("  Desk (tags)\n    + new\n"), "{shown}");
        assert!(shown.contains("  Desk (text)\n    - first\n    + FIRST\n"), "{shown}");
    }
}

#[test]
fn decided_by_device() {
    let (pair, id) = open();
    let answer = pair.desk.ok(["review", "resolve", &id, "--take", "desk"]);
    assert_eq!(answer, json!({ "ok": true, "left": 0, "open": [] }));
    decided(&pair.desk, &id, &with("middle", "of the desk"));
    pair.converge();
    decided(&pair.laptop, &id, &with("middle", "of the desk"));
}

#[test]
fn decided_by_version_in_part_of_its_id() {
    let (pair, id) = open();
    let revision = text(&side(&pair.laptop.places(&id)[0], "Desk")["revision"]);
    pair.laptop.run(["review", "resolve", &id, "--take", "ffffffffffff"]).failed(1, "Place 1");
    pair.laptop.ok(["review", "resolve", &id[..6], "--take", &revision[..10]]);
    pair.converge();
    decided(&pair.desk, &id, &with("middle", "of the desk"));
}

#[test]
fn decided_by_a_later_version_that_still_holds_it() {
    let (pair, id) = Pair::with_note("Note", BODY);
    pair.desk.set_body(&id, &with("middle", "of the desk"));
    pair.desk.edit(&id, &["--add-tag", "later"]);
    pair.laptop.set_body(&id, &with("middle", "of the laptop"));
    pair.converge();
    let shown = pair.desk.ok(["review", "show", &id]);
    let written = |device| text(&side(&shown["places"][0], device)["revision"]);
    let heads: Vec<String> = shown["heads"].as_array().unwrap().iter().map(text).collect();
    let head = heads.iter().find(|h| **h != written("Laptop")).unwrap();
    assert_ne!(*head, written("Desk"), "the tag is a version of its own");
    pair.desk.ok(["review", "resolve", &id, "--take", head]);
    decided(&pair.desk, &id, &with("middle", "of the desk"));
}

#[test]
fn decided_by_keeping_all() {
    let (pair, id) = open();
    pair.desk.ok(["review", "resolve", &id, "--take", "all"]);
    decided(&pair.desk, &id, &with("middle", "of the desk\nof the laptop"));
}

#[test]
fn decided_by_going_back_to_the_original() {
    let (pair, id) = open();
    pair.desk.ok(["review", "resolve", &id, "--take", "original"]);
    pair.converge();
    decided(&pair.laptop, &id, BODY);
}

#[test]
fn decided_by_a_text_of_ones_own() {
    let (pair, id) = open();
    pair.desk.run_with_input(["review", "resolve", &id, "--body-file", "-"], b"\xff").failed(1, "offset 0");
    assert_eq!(pair.desk.places(&id).len(), 1);
    let own = "all of it new\r\n";
    pair.desk.ok_with_input(["review", "resolve", &id, "--body-file", "-"], own.as_bytes());
    pair.converge();
    decided(&pair.laptop, &id, own);
}

#[test]
fn a_decision_is_taken_back() {
    let (pair, id) = open();
    pair.desk.ok(["review", "resolve", &id, "--take", "Desk"]);
    pair.converge();
    pair.desk.ok(["review", "undo", &id]);
    pair.converge();
    for device in [&pair.desk, &pair.laptop] {
        let places = device.places(&id);
        assert_eq!(places.len(), 1, "the question is back");
        let mut values: Vec<_> = places[0]["sides"].as_array().unwrap().iter().map(|s| text(&s["value"])).collect();
        values.sort();
        assert_eq!(values, ["of the desk\n", "of the laptop\n"]);
    }
    pair.laptop.ok(["review", "resolve", &id, "--take", "Laptop"]);
    pair.converge();
    decided(&pair.desk, &id, &with("middle", "of the laptop"));
}

#[test]
fn typing_in_a_note_to_review_decides_nothing_and_loses_nothing() {
    let (pair, id) = open();
    let shown = pair.laptop.body(&id);
    pair.laptop.set_body(&id, &shown.replace("last", "LAST"));
    pair.laptop.edit(&id, &["--add-tag", "typed", "--title", "Typed"]);
    pair.converge();
    for device in [&pair.desk, &pair.laptop] {
        let note = device.show(&id);
        assert_eq!(
            (&note["review"], &note["title"], &note["tags"]),
            (&json!(true), &json!("Typed"), &json!(["typed"]))
        );
        assert_eq!(note["body"], json!(with("middle", "of the laptop").replace("last", "LAST")));
        let place = &device.places(&id)[0];
        assert_eq!(side(place, "Desk")["value"], "of the desk\n");
    }
    pair.desk.ok(["review", "resolve", &id, "--take", "Desk"]);
    pair.converge();
    decided(&pair.laptop, &id, &with("middle", "of the desk").replace("last", "LAST"));
}

#[test]
fn places_are_decided_one_by_one() {
    let (pair, id) = Pair::with_note("Old", BODY);
    let change = |device: &Device, name: &str, due: &str| {
        device.set_body(&id, &with("first", &format!("first {name}")).replace("last", &format!("last {name}")));
        device.edit(&id, &["--title", &format!("Title {name}"), "--due", due]);
    };
    change(&pair.desk, "desk", "2026-01-01");
    change(&pair.laptop, "laptop", "2026-02-02");
    pair.converge();
    let fields: Vec<_> = pair.desk.places(&id).iter().map(|p| text(&p["field"])).collect();
    assert_eq!(fields, ["title", "due", "text", "text"]);
    assert_eq!(pair.desk.places(&id)[1]["base"], json!([null]));

    pair.desk.run(["review", "resolve", &id, "--place", "5", "--take", "Desk"]).failed(1, "There is no place 5");
    let answer = pair.desk.ok(["review", "resolve", &id, "--place", "3", "--take", "all"]);
    assert_eq!(answer["left"], 3);
    pair.converge();
    pair.laptop.ok(["review", "resolve", &id, "--place", "1", "--take", "Laptop"]);
    let gone = ["review", "resolve", &id, "--place", "1", "--take", "original"];
    pair.laptop.run(gone).failed(1, "There is no place 1 to decide in \"Title laptop\", only 2 (due), 3 (text");
    pair.laptop.ok(["review", "resolve", &id, "--place", "2", "--take", "original"]);
    pair.converge();
    pair.desk.ok(["review", "resolve", &id, "--take", "Desk"]);
    pair.converge();
    let note = pair.laptop.show(&id);
    assert_eq!((&note["title"], &note["due"], &note["review"]), (&json!("Title laptop"), &Value::Null, &json!(false)));
    assert_eq!(note["body"], json!(with("first", "first desk\nfirst laptop").replace("last", "last desk")));
}

/// Title, and the words "first", "middle" and "last" of the text, changed on both.
fn four_places() -> (Pair, String) {
    let (pair, id) = Pair::with_note("Old", BODY);
    for (device, name) in [(&pair.desk, "desk"), (&pair.laptop, "laptop")] {
        let body = ["first", "middle", "last"]
            .into_iter()
            .fold(BODY.to_owned(), |body, word| body.replace(word, &format!("{word} of the {name}")));
        device.set_body(&id, &body);
        device.edit(&id, &["--title", name]);
    }
    pair.converge();
    (pair, id)
}

fn numbers(device: &Device, id: &str) -> Vec<u64> {
    device.places(id).iter().map(|p| p["number"].as_u64().unwrap()).collect()
}

#[test]
fn a_place_keeps_its_number_while_others_are_decided() {
    let (pair, id) = four_places();
    assert_eq!(numbers(&pair.desk, &id), [1, 2, 3, 4]);
    let by_id = text(&pair.desk.places(&id)[2]["id"]);
    assert_eq!(by_id.len(), 32);
    let answer = pair.desk.ok(["review", "resolve", &id, "--place", "2", "--take", "Desk"]);
    let left: Vec<_> = answer["open"].as_array().unwrap().iter().map(|p| p["number"].as_u64().unwrap()).collect();
    assert_eq!(left, [1, 3, 4]);
    assert_eq!(numbers(&pair.desk, &id), [1, 3, 4]);
    // By its id, which is the same on the other computer and after a restart.
    pair.desk.ok(["review", "resolve", &id, "--place", &by_id[..8], "--take", "Desk"]);
    pair.desk.run(["review", "resolve", &id, "--place", &by_id, "--take", "Desk"]).failed(1, "There is no place");
    assert_eq!(numbers(&pair.desk, &id), [1, 4]);
    // Several in one command go by the numbers of before it.
    let both = ["review", "resolve", &id, "--place", "1", "--place", "4", "--take", "Laptop"];
    assert_eq!(pair.desk.ok(both)["left"], 0);
    let text = "# Head\n\nfirst of the desk\n\nmiddle of the desk\n\nlast of the laptop\n";
    decided(&pair.desk, &id, text);
    pair.converge();
    // The next review starts again from 1.
    pair.desk.set_body(&id, &text.replace("first", "1st"));
    pair.laptop.set_body(&id, &text.replace("first", "First"));
    pair.converge();
    assert_eq!(numbers(&pair.desk, &id), [1]);
}

#[test]
fn a_number_that_was_seen_never_means_a_place_that_was_not() {
    let (pair, id) = open();
    assert_eq!(numbers(&pair.desk, &id), [1]);
    // Decided elsewhere; another question takes its place, and nobody has looked.
    pair.laptop.ok(["review", "resolve", &id, "--take", "Laptop"]);
    pair.converge();
    let body = pair.desk.body(&id);
    pair.desk.set_body(&id, &body.replace("last", "last of the desk"));
    pair.laptop.set_body(&id, &body.replace("last", "last of the laptop"));
    pair.converge();
    pair.desk.run(["review", "resolve", &id, "--place", "1", "--take", "Desk"]).failed(1, "There is no place 1");
    assert_eq!(numbers(&pair.desk, &id), [2]);
    pair.desk.ok(["review", "resolve", &id, "--place", "2", "--take", "Desk"]);
    decided(&pair.desk, &id, &body.replace("last", "last of the desk"));
}

#[test]
fn keeping_all_takes_the_texts_and_leaves_what_can_have_one_value() {
    let (pair, id) = four_places();
    let title = ["review", "resolve", &id, "--place", "1", "--take", "all"];
    pair.desk.run(title).failed(1, "Place 1 (title) can have only one value");
    let done = pair.desk.run(["review", "resolve", &id, "--take", "all"]);
    assert_eq!((done.code, done.stdout.as_str()), (0, "Decided; 1 place left to decide: 1 (title).\n"), "{done:?}");
    pair.desk.run(["review", "resolve", &id, "--take", "all"]).failed(1, "Place 1 (title)");
    let body = ["first", "middle", "last"]
        .into_iter()
        .fold(BODY.to_owned(), |body, word| body.replace(word, &format!("{word} of the desk\n{word} of the laptop")));
    assert_eq!(pair.desk.body(&id), body);
    pair.desk.ok(["review", "resolve", &id, "--take", "Desk"]);
    decided(&pair.desk, &id, &body);
}

#[test]
fn a_decision_is_by_a_version_or_by_a_text_and_an_empty_one_is_said() {
    let (pair, id) = open();
    let both = ["review", "resolve", &id, "--take", "Desk", "--body-file", "-"];
    pair.desk.run_with_input(both, b"mine").failed(2, "--body-file");
    let empty = ["review", "resolve", &id, "--body-file", "-"];
    pair.desk.run_with_input(empty, b"").failed(1, "--allow-empty");
    pair.desk.run(empty).failed(1, "--allow-empty");
    assert_eq!(pair.desk.places(&id).len(), 1);
    pair.desk.ok_with_input(empty.iter().chain(&["--allow-empty"]), b"");
    decided(&pair.desk, &id, "");
    pair.converge();
    // A text is no answer to a question about something else.
    pair.desk.edit(&id, &["--title", "D"]);
    pair.laptop.edit(&id, &["--title", "L"]);
    pair.converge();
    pair.desk.run_with_input(empty, b"text").failed(1, "Nothing of the text is to decide");
    assert_eq!(pair.desk.body(&id), "");
}

#[test]
fn a_text_of_ones_own_leaves_other_fields_open() {
    let (pair, id) = Pair::with_note("Old", BODY);
    for (device, name) in [(&pair.desk, "desk"), (&pair.laptop, "laptop")] {
        device.set_body(&id, &with("middle", name));
        device.edit(&id, &["--title", name]);
    }
    pair.converge();
    assert_eq!(pair.desk.ok_with_input(["review", "resolve", &id, "--body-file", "-"], b"mine\n")["left"], 1);
    assert_eq!(text(&pair.desk.places(&id)[0]["field"]), "title");
    pair.desk.ok(["review", "undo", &id]);
    assert_eq!(pair.desk.places(&id).len(), 2);
    pair.desk.ok_with_input(["review", "resolve", &id, "--body-file", "-"], b"mine\n");
    assert_eq!(pair.desk.ok(["review", "resolve", &id, "--take", "laptop"])["left"], 0);
    pair.converge();
    assert_eq!(pair.laptop.show(&id)["title"], "laptop");
    decided(&pair.laptop, &id, "mine\n");
}

#[test]
fn two_decisions_that_cross_lose_neither() {
    let (pair, id) = open();
    pair.desk.ok(["review", "resolve", &id, "--take", "Desk"]);
    pair.laptop.ok(["review", "resolve", &id, "--take", "Laptop"]);
    pair.converge();
    let values: Vec<_> =
        pair.desk.places(&id)[0]["sides"].as_array().unwrap().iter().map(|s| text(&s["value"])).collect();
    assert_eq!(values.len(), 2, "{values:?}");
    pair.desk.ok(["review", "resolve", &id, "--take", "all"]);
    pair.converge();
    decided(&pair.laptop, &id, &with("middle", "of the desk\nof the laptop"));
}

#[test]
fn a_notebook_renamed_on_both_is_a_question() {
    let pair = Pair::new();
    pair.desk.ok(["notebook", "add", "Work"]);
    pair.converge();
    pair.desk.ok(["notebook", "rename", "Work", "Desk work"]);
    pair.laptop.ok(["notebook", "rename", "Work", "Laptop work"]);
    pair.converge();
    let list = pair.desk.ok(["review", "list"]);
    assert_eq!((list.as_array().unwrap().len(), &list[0]["kind"]), (1, &json!("notebook")));
    let id = text(&list[0]["id"]);
    assert_eq!(pair.desk.ok(["status"])["to_review"], 1);
    assert_eq!(pair.desk.places(&id)[0]["base"], json!(["Work"]));
    pair.desk.ok(["review", "resolve", &id, "--take", "Desk"]);
    pair.converge();
    assert_eq!(pair.laptop.ok(["notebook", "list"])[0]["path"], "Desk work");
    assert_eq!(pair.laptop.ok(["status"])["to_review"], 0);
}

#[test]
fn after_an_undo_a_computer_s_version_is_still_its_own() {
    let (pair, id) = Pair::with_note("Plan", "one\n\ntwo\n");
    pair.desk.set_body(&id, "one\n\nzwei\n");
    pair.laptop.set_body(&id, "one\n\ndeux\n");
    pair.converge();
    pair.desk.ok(["review", "resolve", &id, "--take", "Desk"]);
    pair.converge();
    pair.desk.ok(["review", "undo", &id]);
    pair.converge();
    assert_eq!(pair.laptop.to_review(), std::slice::from_ref(&id));
    pair.laptop.ok(["review", "resolve", &id, "--take", "Desk"]);
    pair.converge();
    assert_eq!(pair.desk.body(&id), "one\n\nzwei\n");
}

/// Whoever exports to leave takes every version along.
#[test]
fn an_export_has_all_versions_of_what_is_to_review() {
    let (pair, _) = open();
    let out = |device: &Device| {
        let out = device.path("out");
        let report = device.ok(["export", "--to", "markdown", out.to_str().unwrap()]);
        assert_eq!((&report["notes"], &report["to_review"]), (&json!(1), &json!(1)));
        let read = |name: &str| std::fs::read_to_string(out.join(name)).unwrap();
        (read("Note.md"), read("Note (to review).md"))
    };
    let (note, versions) = out(&pair.desk);
    assert_eq!(note, with("middle", "of the laptop"));
    let expected = "# To review: Note\n\nThis note has one place to decide. `Note.md` shows one version of it; here are \
                    all of them.\n\n## 1. Text below “Head”\n\n### Before\n\n```markdown\nmiddle\n```\n\n### Laptop\n\n\
                    ```markdown\nof the laptop\n```\n\n### Desk\n\n```markdown\nof the desk\n```\n";
    assert_eq!(versions, expected);
    assert_eq!(out(&pair.laptop), (note, versions), "the same files from both computers");
}
