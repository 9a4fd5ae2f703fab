//! The life of notes and notebooks on one computer.

use serde_json::{Value, json};

use crate::harness::{Device, text};

#[test]
fn a_note_lives() {
    let device = Device::new("Desk");
    let add = ["note", "add", "--title", "Pump 3", "--notebook", "Field work/Pumps", "--tag", "urgent", "--tag", "#Öl"];
    let added = device.ok_with_input(add.iter().chain(&["--due", "2026-11-28"]), b"- [ ] seal\n- [x] oil\n");
    let id = text(&added["id"]);

    let note = device.show(&id);
    assert_eq!(note["title"], "Pump 3");
    assert_eq!(note["body"], "- [ ] seal\n- [x] oil\n");
    assert_eq!(note["notebook"], "Field work/Pumps");
    assert_eq!(note["tags"], json!(["urgent", "Öl"]));
    assert_eq!(note["due"], "2026-11-28");
    assert_eq!((&note["done"], &note["trashed"], &note["review"]), (&json!(false), &json!(false), &json!(false)));

    let change = ["--title", "Pump 4", "--due", "none", "--done", "--add-tag", "new", "--remove-tag", "URGENT"];
    device.edit(&id[..8], &change);
    device.edit(&id, &["--notebook", "Archive"]);
    let note = device.show(&id[..8]);
    assert_eq!((&note["title"], &note["due"], &note["done"]), (&json!("Pump 4"), &Value::Null, &json!(true)));
    assert_eq!((&note["tags"], &note["notebook"]), (&json!(["new", "Öl"]), &json!("Archive")));
    assert_eq!(note["body"], "- [ ] seal\n- [x] oil\n", "what was not named stays");
    device.edit(&id, &["--notebook", "/", "--not-done"]);
    assert_eq!((&device.show(&id)["notebook"], &device.show(&id)["done"]), (&Value::Null, &json!(false)));

    let found = device.ok(["search", "oil", "--limit", "5"]);
    assert_eq!(found[0]["id"], json!(id));
    device.ok(["note", "trash", &id]);
    assert_eq!(device.show(&id)["trashed"], true);
    assert_eq!(device.ok(["note", "list"])[0]["id"], json!(id), "trashed ones too");
    device.run(["note", "edit", &id, "--title", "x"]).failed(1, "trash");
    device.ok(["note", "restore", &id]);
    assert_eq!(device.show(&id)["trashed"], false);
    assert_eq!(device.show(&id)["title"], "Pump 4");
}

#[test]
fn a_body_is_kept_byte_for_byte() {
    let device = Device::new("Desk");
    for body in [
        "",
        "\u{feff}a\r\nb\r\n",
        "no end",
        "\n\n\n",
        "nul \0 and e\u{301} and é\u{2028}",
        "---\ntitle: x\n---\nbody\n",
    ] {
        let id = device.add("odd", body);
        assert_eq!(device.body(&id), body);
        device.set_body(&id, "between");
        device.set_body(&id, body);
        assert_eq!(device.body(&id), body);
        let file = device.path("body");
        std::fs::write(&file, format!("{body}+")).unwrap();
        device.edit(&id, &["--body-file", file.to_str().unwrap()]);
        assert_eq!(device.body(&id), format!("{body}+"));
    }
}

#[test]
fn a_body_that_is_no_text_is_refused_with_the_place() {
    let device = Device::new("Desk");
    let id = device.add("kept", "as it was");
    let done = device.run_with_input(["note", "add", "--title", "x"], b"abc\xffdef");
    done.failed(1, "the byte at offset 3");
    device.run_with_input(["note", "edit", &id, "--title", "y", "--body-file", "-"], b"\x80").failed(1, "offset 0");
    let long = vec![b'a'; 2 * 1024 * 1024 + 1];
    device.run_with_input(["note", "add", "--title", "x"], &long).failed(1, "2 MiB");
    device.run_with_input(["note", "edit", &id, "--title", "y", "--body-file", "-"], &long).failed(1, "2 MiB");
    device.ok_with_input(["note", "add", "--title", "just fits"], &long[1..]);
    assert_eq!(device.show(&id)["title"], "kept", "all of a change or nothing");
    assert_eq!(device.ok(["note", "list"]).as_array().unwrap().len(), 2);
}

#[test]
fn the_tree_of_notebooks() {
    let device = Device::new("Desk");
    let paths = |device: &Device| {
        let list = device.ok(["notebook", "list"]);
        list.as_array().unwrap().iter().map(|n| (text(&n["path"]), n["notes"].as_u64().unwrap())).collect::<Vec<_>>()
    };
    let made = text(&device.ok(["notebook", "add", "A/B/C"])["id"]);
    assert_eq!(text(&device.ok(["notebook", "add", "a/b/c"])["id"]), made, "the same name in another case");
    let id = text(&device.ok_with_input(["note", "add", "--title", "n", "--notebook", "A/B"], b"")["id"]);
    assert_eq!(paths(&device), [("A".into(), 1), ("A/B".into(), 1), ("A/B/C".into(), 0)]);
    device.ok(["notebook", "rename", "A/B", "D"]);
    assert_eq!(device.show(&id)["notebook"], "A/D");
    device.ok(["notebook", "move", "A/D", "/"]);
    assert_eq!(device.show(&id)["notebook"], "D");
    device.run(["notebook", "move", "D", "D/C"]).failed(1, "into itself");
    device.run(["notebook", "rename", "D", "A"]).failed(1, "already");
    device.run(["notebook", "rename", "D", "x/y"]).failed(1, "slash");
    device.run(["notebook", "move", "D", "Nowhere"]).failed(1, "no notebook Nowhere");
    device.ok(["notebook", "move", "D", "A"]);
    assert_eq!(paths(&device), [("A".into(), 1), ("A/D".into(), 1), ("A/D/C".into(), 0)]);
    device.ok(["notebook", "trash", "A/D"]);
    assert_eq!(paths(&device), [("A".into(), 0)]);
    assert_eq!(device.show(&id)["trashed"], true);
    device.ok(["note", "restore", &id]);
    assert_eq!(device.show(&id)["notebook"], "A/D", "it comes back to where it was");
}

#[test]
fn without_json_it_speaks_to_people() {
    let device = Device::new("Desk");
    let done = device.run_with_input(["note", "add", "--title", "Hello", "--notebook", "N"], b"line\n");
    let id = done.stdout.trim().to_owned();
    assert_eq!((done.code, id.len()), (0, 32), "{done:?}");
    assert_eq!(device.run(["note", "list"]).stdout, format!("{}  Hello  [N]\n", &id[..8]));
    let shown = device.run(["note", "show", &id]).stdout;
    assert!(shown.starts_with("Hello\nNotebook: N\nChanged: ") && shown.ends_with("\n\nline\n"), "{shown:?}");
    assert_eq!(device.run(["review", "list"]).stdout, "Nothing is to review.\n");
    assert_eq!(device.run(["notebook", "list"]).stdout, "N  (1 note)\n");
}

#[test]
fn search_finds_what_a_person_remembers() {
    let device = Device::new("Desk");
    let pump = device.add("Pump station", "The valve of 東京 is dürr.");
    device.add("Other", "nothing of it");
    let hits = |query: &str| -> Vec<String> {
        device.ok(["search", query]).as_array().unwrap().iter().map(|h| text(&h["id"])).collect()
    };
    for query in ["pump", "VALVE", "durr", "station valve", "東京", "alv"] {
        assert_eq!(hits(query), std::slice::from_ref(&pump), "{query}");
    }
    for query in ["", "pump nothing", "\"", "*", "-", "NEAR(", "a AND"] {
        assert!(!hits(query).contains(&pump) || query == "a AND" || query == "-", "{query}");
    }
}

#[test]
fn search_finds_by_notebook_after_what_is_in_the_notes_and_the_trash_comes_last() {
    let device = Device::new("Desk");
    let add = |title: &str, notebook: &str, body: &str| {
        text(&device.ok_with_input(["note", "add", "--title", title, "--notebook", notebook], body.as_bytes())["id"])
    };
    let inside = add("Valve", "Pumps/Kraków", "nothing of it");
    let named = add("Other", "/", "about pumps");
    let below = add("Deep", "Pumps/Kraków/Old", "");
    let (gone, gone_by_notebook) = (add("Pumps", "/", "pumps pumps"), add("Away", "Pumps/Kraków", ""));
    device.ok(["note", "trash", &gone]);
    device.ok(["note", "trash", &gone_by_notebook]);
    let hits = |query: &str, limit: &str| -> Vec<(String, bool)> {
        let found = device.ok(["search", query, "--limit", limit]);
        found.as_array().unwrap().iter().map(|h| (text(&h["id"]), h["trashed"] == true)).collect()
    };
    let found = hits("PUMP", "9");
    assert_eq!(found[0], (named.clone(), false), "what is in the note is the better hit");
    let live: std::collections::BTreeSet<_> = found[1..3].iter().cloned().collect();
    assert_eq!(live, [(inside.clone(), false), (below.clone(), false)].into());
    assert_eq!(found[3..], [(gone, true), (gone_by_notebook.clone(), true)]);
    assert_eq!(hits("pumps", "3"), found[..3], "the trash takes no place of a live one");
    assert_eq!(hits("pumps", "1"), found[..1]);
    assert_eq!(hits("pumps krakow", "9").len(), 3);
    assert_eq!(hits("krakow old", "9"), [(below, false)]);
    assert_eq!(hits("pumps nowhere", "9"), []);
    device.ok(["notebook", "rename", "Pumps", "Wells"]);
    assert!(hits("wells", "9").contains(&(inside, false)), "by the name that it has now");
}

#[test]
fn nothing_is_cleared_or_cut_without_being_told_to() {
    let device = Device::new("Desk");
    let add = ["note", "add", "--title", "Kept", "--notebook", "A", "--due", "2026-11-28"];
    let id = text(&device.ok_with_input(add, b"body\n")["id"]);
    let before = device.show(&id);
    device.run(["note", "edit", &id, "--due", ""]).failed(2, "--no-due");
    device.run(["note", "edit", &id, "--due", "2026-12-01", "--no-due"]).failed(2, "--no-due");
    device.run(["note", "edit", &id, "--notebook", ""]).failed(2, "for no notebook, say /");
    device.run(["note", "add", "--title", "x", "--notebook", ""]).failed(2, "say /");
    device.run(["notebook", "move", "A", ""]).failed(2, "say /");
    device.run_with_input(["note", "edit", &id, "--body-file", "-"], b"").failed(1, "--allow-empty");
    // Standard input that is not given is empty.
    device.run(["note", "edit", &id, "--body-file", "-"]).failed(1, "--allow-empty");
    let long = "é".repeat(513);
    device.run(["note", "edit", &id, "--title", &long]).failed(1, "The title has 1026 bytes");
    device.run(["note", "add", "--title", &long]).failed(1, "a title can have 1024");
    device.run(["init", "--device-name", &long, "--vault", device.path("other").to_str().unwrap()]).failed(1, "1024");
    assert_eq!(device.show(&id), before);
    assert_eq!(device.ok(["note", "list"]).as_array().unwrap().len(), 1);

    device.edit(&id, &["--no-due", "--notebook", "/", "--title", &long[..1024]]);
    let note = device.show(&id);
    assert_eq!((&note["due"], &note["notebook"], &note["title"]), (&Value::Null, &Value::Null, &json!(long[..1024])));
    device.ok_with_input(["note", "edit", &id, "--body-file", "-", "--allow-empty"], b"");
    assert_eq!(device.body(&id), "");
    device.set_body(&id, "again");
    let empty = device.path("empty");
    std::fs::write(&empty, "").unwrap();
    device.edit(&id, &["--body-file", empty.to_str().unwrap()]);
    assert_eq!(device.body(&id), "", "a file that is empty is meant");
}

#[test]
fn a_note_has_a_history_and_goes_back() {
    let device = Device::new("Desk");
    let id = device.add("Shift", "one\n");
    device.set_body(&id, "one\ntwo\n");
    device.edit(&id, &["--title", "x", "--done"]);
    device.set_body(&id, "oops\n");
    let history = device.ok(["note", "history", &id]);
    let versions = history.as_array().unwrap();
    let newest: Vec<_> = versions.iter().map(|v| v["newest"].as_bool().unwrap()).collect();
    assert_eq!(newest, [true, false, false, false]);
    assert!(versions.iter().all(|v| v["device"] == "Desk" && v["kind"] == "edit" && v["time"].is_u64()));
    let two = text(&versions[2]["revision"]);
    let shown = device.ok(["note", "show", &id, "--version", &two[..12]]);
    assert_eq!((&shown["title"], &shown["body"]), (&json!("Shift"), &json!("one\ntwo\n")));
    assert_eq!(shown["changes"], json!([{ "field": "text", "line": 2, "removed": "", "added": "two\n" }]));
    assert_eq!(device.body(&id), "oops\n", "a look changes nothing");

    device.ok(["note", "revert", &id, &two]);
    let note = device.show(&id);
    assert_eq!((&note["title"], &note["body"], &note["done"]), (&json!("Shift"), &json!("one\ntwo\n"), &json!(true)));
    let after = device.ok(["note", "history", &id]);
    assert_eq!((after.as_array().unwrap().len(), &after[0]["kind"]), (5, &json!("restore")));
    device.run(["note", "revert", &id, "ffffffff"]).failed(1, "There is no version ffffffff");
    let nobody = "0".repeat(32);
    device.run(["note", "history", &nobody]).failed(1, "There is no note");
    device.ok(["note", "trash", &id]);
    device.run(["note", "revert", &id, &two]).failed(1, "trash");
}
