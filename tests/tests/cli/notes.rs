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
