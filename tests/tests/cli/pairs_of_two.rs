//! What two people do to one note, and how it ends.

use serde_json::json;

use crate::pairs::{Do, Row, row, run, set, with, write};

const LIST: &str = "# Shop\n\n- [ ] buy milk\n- [ ] buy bread\n- [ ] call the bank\n";
const TRAIN: &str = "# Trip\n\nThe train leaves at nine.\n\nBring the tickets.\n";

#[test]
fn pairs_of_edits_end_the_same_on_two_computers() {
    run(&["A", "B"], &[texts(), fields(), trash(), lists()].into_iter().flatten().collect::<Vec<_>>());
}

fn texts() -> Vec<Row> {
    vec![
        row(
            "different paragraphs",
            [write("one", "ONE"), write("three", "THREE")],
            json!({ "body": with(&[("one", "ONE"), ("three", "THREE")]) }),
        ),
        row(
            "neighbouring paragraphs",
            [write("one", "ONE"), write("two", "TWO")],
            json!({ "body": with(&[("one", "ONE"), ("two", "TWO")]) }),
        ),
        row(
            "a paragraph removed, another reworded",
            [write("two\n\n", ""), write("one", "ONE")],
            json!({ "body": with(&[("two\n\n", ""), ("one", "ONE")]) }),
        ),
        row(
            "the same words",
            [write("two", "zwei"), write("two", "deux")],
            json!({ "body": with(&[("two", "deux")]) }),
        )
        .asks(("text", Some("two"), &[("zwei", &["A"]), ("deux", &["B"])]))
        .decided("A", json!({ "body": with(&[("two", "zwei")]) })),
        row(
            "the same word of a sentence",
            [write("nine", "ten"), write("nine", "eleven")],
            json!({ "body": TRAIN.replace("nine", "eleven") }),
        )
        .of(TRAIN)
        .asks(("text", Some("nine"), &[("ten", &["A"]), ("eleven", &["B"])]))
        .decided("B", json!({})),
        row(
            "identical edits",
            [
                write("two", "2").and(&["--title", "Both", "--done", "--add-tag", "both", "--due", "2027-01-01"]),
                write("two", "2").and(&["--title", "Both", "--done", "--add-tag", "both", "--due", "2027-01-01"]),
            ],
            json!({
                "body": with(&[("two", "2")]), "title": "Both", "done": true, "tags": ["both", "early"],
                "due": "2027-01-01",
            }),
        ),
    ]
}

fn fields() -> Vec<Row> {
    vec![
        row(
            "title against body",
            [set(&["--title", "Named"]), write("two", "TWO")],
            json!({ "title": "Named", "body": with(&[("two", "TWO")]) }),
        ),
        row(
            "body against title",
            [write("two", "TWO"), set(&["--title", "Named"])],
            json!({ "title": "Named", "body": with(&[("two", "TWO")]) }),
        ),
        row(
            "a tag each",
            [set(&["--add-tag", "mine"]), set(&["--add-tag", "yours"])],
            json!({ "tags": ["early", "mine", "yours"] }),
        ),
        row(
            "the same new tag",
            [set(&["--add-tag", "new"]), set(&["--add-tag", "new"])],
            json!({ "tags": ["early", "new"] }),
        ),
        row(
            "the same new tag, spelled otherwise",
            [set(&["--add-tag", "Errand"]), set(&["--add-tag", "errand"])],
            json!({ "tags": ["early", "Errand"] }),
        ),
        row(
            "a tag removed against a tag added",
            [set(&["--remove-tag", "early"]), set(&["--add-tag", "late"])],
            json!({ "tags": ["late"] }),
        ),
        row(
            "tag against body",
            [set(&["--add-tag", "new"]), write("two", "TWO")],
            json!({ "tags": ["early", "new"], "body": with(&[("two", "TWO")]) }),
        ),
        row(
            "a tag removed against body",
            [set(&["--remove-tag", "early"]), write("two", "TWO")],
            json!({ "tags": [], "body": with(&[("two", "TWO")]) }),
        ),
        row(
            "move to two notebooks",
            [set(&["--notebook", "Two/Mine"]), set(&["--notebook", "Two/Yours"])],
            json!({ "notebook": "Two/Yours" }),
        )
        .asks(("notebook", None, &[("Two/Mine", &["A"]), ("Two/Yours", &["B"])]))
        .decided("A", json!({ "notebook": "Two/Mine" })),
        row(
            "move out of one notebook into two",
            [set(&["--notebook", "Two/Third"]), set(&["--notebook", "Two/Fourth"])],
            json!({ "notebook": "Two/Fourth" }),
        )
        .within("Two/First")
        .asks(("notebook", Some("Two/First"), &[("Two/Third", &["A"]), ("Two/Fourth", &["B"])]))
        .decided("B", json!({})),
        row(
            "move to the same notebook, made on both",
            [set(&["--notebook", "Two/Same"]), set(&["--notebook", "Two/Same"])],
            json!({ "notebook": "Two/Same" }),
        ),
        row(
            "move against body",
            [set(&["--notebook", "Moved"]), write("two", "TWO")],
            json!({ "notebook": "Moved", "body": with(&[("two", "TWO")]) }),
        ),
        row(
            "done against body",
            [set(&["--done"]), write("two", "TWO")],
            json!({ "done": true, "body": with(&[("two", "TWO")]) }),
        ),
    ]
}

fn trash() -> Vec<Row> {
    let edited = || json!({ "body": with(&[("two", "TWO")]) });
    vec![
        row("edit against trash", [write("two", "TWO"), Do::Trash], edited())
            .asks(("trash", None, &[("live", &[]), ("trashed", &[])]))
            .decided("A", json!({})),
        row("trash against edit", [Do::Trash, write("two", "TWO")], edited())
            .asks(("trash", None, &[("live", &[]), ("trashed", &[])]))
            .decided("A", json!({ "trashed": true })),
        row(
            "notebook trashed against a note edited in it",
            [Do::TrashNotebook, write("two", "TWO")],
            json!({ "notebook": null, "body": with(&[("two", "TWO")]) }),
        )
        .within("Away")
        .asks(("trash", None, &[("live", &[]), ("trashed", &[])]))
        .decided("B", json!({ "notebook": "Away" })),
        row(
            "a note edited in a notebook that is trashed",
            [write("two", "TWO"), Do::TrashNotebook],
            json!({ "notebook": "Gone", "body": with(&[("two", "TWO")]) }),
        )
        .within("Gone/Far")
        .asks(("trash", None, &[("live", &[]), ("trashed", &[])]))
        .decided("B", json!({ "trashed": true })),
    ]
}

fn lists() -> Vec<Row> {
    let both = LIST.replace("[ ] buy milk", "[x] buy oat milk");
    vec![
        row(
            "item ticked against the same item reworded",
            [write("[ ] buy milk", "[x] buy milk"), write("buy milk", "buy oat milk")],
            json!({ "body": both }),
        )
        .of(LIST),
        row(
            "item reworded against the same item ticked",
            [write("buy milk", "buy oat milk"), write("[ ] buy milk", "[x] buy milk")],
            json!({ "body": both }),
        )
        .of(LIST),
        row(
            "two append a paragraph at the end",
            [write("three\n", "three\n\nfour of mine\n"), write("three\n", "three\n\nfive of yours\n")],
            json!({ "appended": ["\nfour of mine\n", "\nfive of yours\n"] }),
        ),
        row(
            "two append a line at the end",
            [write("three\n", "three\nfour of mine\n"), write("three\n", "three\nfive of yours\n")],
            json!({ "appended": ["four of mine\n", "five of yours\n"] }),
        ),
        row(
            "two append to a text without a last line break",
            [write("\ntwo", "\ntwo\nmilk of mine"), write("\ntwo", "\ntwo\neggs of yours")],
            json!({ "appended": ["\nmilk of mine", "\neggs of yours"] }),
        )
        .of("one\ntwo"),
        row(
            "two append an item at the end",
            [write("bank\n", "bank\n- [ ] post the letter\n"), write("bank\n", "bank\n- [ ] water the plants\n")],
            json!({ "appended": ["- [ ] post the letter\n", "- [ ] water the plants\n"] }),
        )
        .of(LIST),
    ]
}
