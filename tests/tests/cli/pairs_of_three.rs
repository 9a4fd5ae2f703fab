//! What three people do to one note at once, and how it ends: each pair with a third edit, independent or equal.

use serde_json::{Value, json};

use crate::pairs::{Do, Row, row, run, set, with, write};

const LIST: &str = "# Shop\n\n- [ ] buy milk\n- [ ] buy bread\n- [ ] call the bank\n";

#[test]
fn edits_of_three_end_the_same_on_three_computers() {
    run(&["A", "B", "C"], &[texts(), fields(), trash(), lists()].into_iter().flatten().collect::<Vec<_>>());
}

fn texts() -> Vec<Row> {
    let same = || {
        let flags = &["--title", "All", "--done", "--add-tag", "all", "--due", "2027-01-01"];
        write("two", "2").and(flags)
    };
    vec![
        row(
            "three different paragraphs",
            [write("one", "ONE"), write("three", "THREE"), write("two", "TWO")],
            json!({ "body": with(&[("one", "ONE"), ("two", "TWO"), ("three", "THREE")]) }),
        )
        .within("There/Up"),
        row(
            "the same words, three ways",
            [write("two", "zwei"), write("two", "deux"), write("two", "dos")],
            json!({ "body": with(&[("two", "dos")]) }),
        )
        .within("There/Down")
        .asks(("text", Some("two"), &[("zwei", &["A"]), ("deux", &["B"]), ("dos", &["C"])]))
        .decided("B", json!({ "body": with(&[("two", "deux")]) })),
        row(
            "the same words, two of them alike",
            [write("two", "zwei"), write("two", "deux"), write("two", "zwei")],
            json!({ "body": with(&[("two", "zwei")]) }),
        )
        .asks(("text", Some("two"), &[("zwei", &["A", "C"]), ("deux", &["B"])]))
        .decided("A", json!({})),
        row(
            "the same words, and another paragraph",
            [write("two", "zwei"), write("two", "deux"), write("three", "THREE")],
            json!({ "body": with(&[("two", "deux"), ("three", "THREE")]) }),
        )
        .asks(("text", Some("two"), &[("zwei", &["A"]), ("deux", &["B"])]))
        .decided("A", json!({ "body": with(&[("two", "zwei"), ("three", "THREE")]) })),
        row(
            "three identical edits",
            [same(), same(), same()],
            json!({
                "body": with(&[("two", "2")]), "title": "All", "done": true, "tags": ["all", "early"],
                "due": "2027-01-01",
            }),
        ),
    ]
}

/// A field against the text: the third changes another paragraph, or does what the first did.
fn against_body(name: [&'static str; 2], field: &Do, ends: Value) -> [Row; 2] {
    let with_body = |words: &[(&str, &str)]| {
        let mut ends = ends.clone();
        ends["body"] = json!(with(words));
        ends
    };
    let (two, one) = (write("two", "TWO"), write("one", "ONE"));
    [
        row(name[0], [field.clone(), two.clone(), one], with_body(&[("one", "ONE"), ("two", "TWO")])),
        row(name[1], [field.clone(), two, field.clone()], with_body(&[("two", "TWO")])),
    ]
}

fn fields() -> Vec<Row> {
    let mut rows = vec![
        row(
            "body against title, and the same body",
            [write("two", "TWO"), set(&["--title", "Named"]), write("two", "TWO")],
            json!({ "title": "Named", "body": with(&[("two", "TWO")]) }),
        ),
        row(
            "body against title, and a tag",
            [write("two", "TWO"), set(&["--title", "Named"]), set(&["--add-tag", "new"])],
            json!({ "title": "Named", "tags": ["early", "new"], "body": with(&[("two", "TWO")]) }),
        ),
        row(
            "a tag of each",
            [set(&["--add-tag", "mine"]), set(&["--add-tag", "yours"]), set(&["--add-tag", "hers"])],
            json!({ "tags": ["early", "hers", "mine", "yours"] }),
        ),
        row(
            "the same new tag of all",
            [set(&["--add-tag", "new"]), set(&["--add-tag", "New"]), set(&["--add-tag", "new"])],
            json!({ "tags": ["early", "new"] }),
        ),
        row(
            "a tag removed by two, and one added",
            [set(&["--remove-tag", "early"]), set(&["--add-tag", "late"]), set(&["--remove-tag", "early"])],
            json!({ "tags": ["late"] }),
        ),
        row(
            "move to three notebooks",
            [set(&["--notebook", "To/Mine"]), set(&["--notebook", "To/Yours"]), set(&["--notebook", "To/Hers"])],
            json!({ "notebook": "To/Hers" }),
        )
        .asks(("notebook", None, &[("To/Mine", &["A"]), ("To/Yours", &["B"]), ("To/Hers", &["C"])]))
        .decided("A", json!({ "notebook": "To/Mine" })),
        row(
            "move to two notebooks, and another paragraph",
            [set(&["--notebook", "To/Left"]), set(&["--notebook", "To/Right"]), write("two", "TWO")],
            json!({ "notebook": "To/Right", "body": with(&[("two", "TWO")]) }),
        )
        .within("To/Start")
        .asks(("notebook", Some("To/Start"), &[("To/Left", &["A"]), ("To/Right", &["B"])]))
        .decided("B", json!({})),
        row(
            "move to two notebooks that are there, two of them alike",
            [
                set(&["--notebook", "There/Up"]),
                set(&["--notebook", "There/Down"]),
                set(&["--notebook", "There/Up", "--add-tag", "new"]),
            ],
            json!({ "notebook": "There/Up", "tags": ["early", "new"] }),
        )
        .asks(("notebook", None, &[("There/Up", &["A", "C"]), ("There/Down", &["B"])]))
        .decided("C", json!({})),
        row(
            "move to two notebooks made offline, two of them alike",
            [set(&["--notebook", "To/Up"]), set(&["--notebook", "To/Down"]), set(&["--notebook", "To/Up"])],
            json!({ "notebook": "To/Up" }),
        )
        .asks(("notebook", None, &[("To/Up", &["A", "C"]), ("To/Down", &["B"])]))
        .decided("B", json!({ "notebook": "To/Down" })),
        row(
            "move to the same notebook, made on all",
            [set(&["--notebook", "To/Same"]), set(&["--notebook", "To/Same"]), set(&["--notebook", "To/Same"])],
            json!({ "notebook": "To/Same" }),
        ),
    ];
    rows.extend(against_body(
        ["title against body, and another paragraph", "title against body, and the same title"],
        &set(&["--title", "Named"]),
        json!({ "title": "Named" }),
    ));
    rows.extend(against_body(
        ["tag against body, and another paragraph", "tag against body, and the same tag"],
        &set(&["--add-tag", "new"]),
        json!({ "tags": ["early", "new"] }),
    ));
    rows.extend(against_body(
        ["move against body, and another paragraph", "move against body, and the same move"],
        &set(&["--notebook", "Moved"]),
        json!({ "notebook": "Moved" }),
    ));
    rows.extend(against_body(
        ["done against body, and another paragraph", "done against body, and done"],
        &set(&["--done"]),
        json!({ "done": true }),
    ));
    rows
}

fn trash() -> Vec<Row> {
    let edited = || json!({ "body": with(&[("two", "TWO")]) });
    let asked = |row: Row| row.asks(("trash", None, &[("live", &[]), ("trashed", &[])]));
    let (one, two) = (write("one", "ONE"), write("two", "TWO"));
    let both = || json!({ "body": with(&[("one", "ONE"), ("two", "TWO")]) });
    vec![
        asked(row("edit against trash, and another paragraph", [two.clone(), Do::Trash, one.clone()], both()))
            .decided("C", json!({})),
        asked(row("edit against trash, and trash", [two.clone(), Do::Trash, Do::Trash], edited()))
            .decided("B", json!({ "trashed": true })),
        asked(row("trash against edit, and the same edit", [Do::Trash, two.clone(), two.clone()], edited()))
            .decided("A", json!({ "trashed": true })),
        asked(row(
            "notebook trashed against edited, and another paragraph",
            [Do::TrashNotebook, two.clone(), one],
            json!({ "notebook": null, "body": with(&[("one", "ONE"), ("two", "TWO")]) }),
        ))
        .within("Away")
        .decided("B", json!({ "notebook": "Away" })),
        asked(row(
            "notebook trashed by two against edited",
            [Do::TrashNotebook, two, Do::TrashNotebook],
            json!({ "notebook": "Gone", "body": with(&[("two", "TWO")]) }),
        ))
        .within("Gone/Far")
        .decided("A", json!({ "trashed": true })),
    ]
}

fn lists() -> Vec<Row> {
    let append = |more: &'static str| write("three\n", more);
    let (tick, reword) = (write("[ ] buy milk", "[x] buy milk"), write("buy milk", "buy oat milk"));
    vec![
        row(
            "item ticked by two against the same item reworded",
            [tick.clone(), reword.clone(), tick.clone()],
            json!({ "body": LIST.replace("[ ] buy milk", "[x] buy oat milk") }),
        )
        .of(LIST),
        row(
            "item ticked against reworded, and another item ticked",
            [tick, reword, write("[ ] call", "[x] call")],
            json!({ "body": LIST.replace("[ ] buy milk", "[x] buy oat milk").replace("[ ] call", "[x] call") }),
        )
        .of(LIST),
        row(
            "three append a paragraph at the end",
            [
                append("three\n\nfour of mine\n"),
                append("three\n\nfive of yours\n"),
                append("three\n\nsix, which she wrote\n"),
            ],
            json!({ "appended": ["\nfour of mine\n", "\nfive of yours\n", "\nsix, which she wrote\n"] }),
        ),
        row(
            "three append at the end, two of them the same",
            [append("three\n\nfour of mine\n"), append("three\n\nfive of yours\n"), append("three\n\nfour of mine\n")],
            json!({ "appended": ["\nfour of mine\n", "\nfive of yours\n"] }),
        ),
        row(
            "three append an item at the end",
            [
                write("bank\n", "bank\n- [ ] post the letter\n"),
                write("bank\n", "bank\n- [ ] water the plants\n"),
                write("bank\n", "bank\n- [ ] fetch the parcel\n"),
            ],
            json!({ "appended": ["- [ ] post the letter\n", "- [ ] water the plants\n", "- [ ] fetch the parcel\n"] }),
        )
        .of(LIST),
    ]
}
