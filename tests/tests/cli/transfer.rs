//! Folders of Markdown, in and out.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::json;

use crate::harness::{Device, Pair, shared, text, tree};

fn write(root: &Path, files: &[(&str, &[u8])]) {
    for (path, bytes) in files {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

const FILES: &[(&str, &[u8])] = &[
    ("Top.md", b"no front matter\r\nand CRLF\r\n"),
    (
        "Work/Plan.md",
        b"---\ntitle: The plan\ntags: [a, 'b c']\ndue: 2026-03-04\nodd:   kept   \n---\n# Body\n\n![p](img/p.png)\n",
    ),
    ("Work/img/p.png", b"\x89PNG\r\n\x1a\nnot text\xff"),
    ("Work/Empty.md", b""),
    ("Work/Deep/Er/No end.md", "Grüße, 世界".as_bytes()),
    ("Work/Deep/Er/e\u{301}.md", b"composed otherwise\n"),
];

fn import(device: &Device, root: &Path, more: &[&str]) -> serde_json::Value {
    device.ok(["import", "--from", "markdown", root.to_str().unwrap()].iter().chain(more))
}

#[test]
fn a_folder_goes_in_and_comes_out_byte_for_byte() {
    let device = Device::new("Desk");
    let root = device.path("in");
    write(&root, FILES);
    write(&root, &[("bad.md", b"ab\xff"), ("alone.bin", b"x"), (".obsidian/app.md", b"hidden")]);
    write(&root, &[(".hidden.md", b"x"), ("Work/.git/HEAD", b"x"), ("Work/.git/refs/a.md", b"x")]);
    let dry = import(&device, &root, &["--dry-run"]);
    assert_eq!(device.ok(["note", "list"]), json!([]), "a dry run takes nothing");
    let mut report = import(&device, &root, &[]);
    assert_eq!((&report["notes"], &report["notebooks"], &report["tags"]), (&json!(5), &json!(3), &json!(2)));
    assert_eq!(report["attachments"], 1);
    let skipped: BTreeMap<String, String> =
        report["skipped"].as_array().unwrap().iter().map(|s| (text(&s["path"]), text(&s["reason"]))).collect();
    assert_eq!(
        skipped.keys().collect::<Vec<_>>(),
        [".hidden.md", ".obsidian", "Work/.git", "alone.bin", "bad.md"],
        "{skipped:?}"
    );
    assert_eq!(
        (skipped[".hidden.md"].as_str(), skipped["Work/.git"].as_str()),
        ("a hidden file is left out", "a hidden folder is left out")
    );
    assert_eq!(report["warnings"], json!([]));
    report["elapsed_ms"] = dry["elapsed_ms"].clone();
    assert_eq!(report, dry);

    let list = device.ok(["note", "list"]);
    let plan = list.as_array().unwrap().iter().find(|n| n["title"] == "The plan").unwrap();
    assert_eq!((&plan["due"], &plan["tags"]), (&json!("2026-03-04"), &json!(["a", "b c"])));
    assert_eq!((&plan["notebook"], &plan["body"]), (&json!("Work"), &json!("# Body\n\n![p](img/p.png)\n")));

    let out = device.path("out");
    let exported = device.ok(["export", "--to", "markdown", out.to_str().unwrap()]);
    assert_eq!(
        (&exported["notes"], &exported["attachments"], &exported["skipped"]),
        (&json!(5), &json!(1), &json!([]))
    );
    let expected: BTreeMap<String, Vec<u8>> = FILES.iter().map(|(p, b)| ((*p).to_owned(), b.to_vec())).collect();
    assert_eq!(tree(&out), expected);
    device.run(["export", "--to", "markdown", out.to_str().unwrap()]).failed(1, "not empty");
}

#[test]
fn an_empty_notebook_comes_out_as_an_empty_folder() {
    let device = Device::new("Desk");
    for path in ["Plans/Next: year", "Plans/Next_ year", "Gone/Below"] {
        device.ok(["notebook", "add", path]);
    }
    device.ok_with_input(["note", "add", "--title", "n", "--notebook", "plans"], b"text\n");
    device.ok_with_input(["note", "add", "--title", "trashed", "--notebook", "Left"], b"text\n");
    let list = device.ok(["note", "list"]);
    let trashed = list.as_array().unwrap().iter().find(|n| n["title"] == "trashed").unwrap();
    device.ok(["note", "trash", &text(&trashed["id"])]);
    device.ok(["notebook", "trash", "Gone"]);
    let out = device.path("out");
    let report = device.ok(["export", "--to", "markdown", out.to_str().unwrap()]);
    assert_eq!((&report["notes"], &report["empty_notebooks"]), (&json!(1), &json!(3)));
    let mut folders = Vec::new();
    let mut todo = vec![out.clone()];
    while let Some(dir) = todo.pop() {
        for entry in fs::read_dir(dir).unwrap().map(|e| e.unwrap().path()).filter(|p| p.is_dir()) {
            folders.push(entry.strip_prefix(&out).unwrap().to_str().unwrap().to_owned());
            todo.push(entry);
        }
    }
    folders.sort();
    assert_eq!(folders, ["Left", "Plans", "Plans/Next_ year", "Plans/Next_ year (2)"]);
    assert_eq!(tree(&out).into_keys().collect::<Vec<_>>(), ["Plans/n.md"]);
}

#[test]
fn a_title_that_is_too_long_is_told_and_its_text_kept() {
    let device = Device::new("Desk");
    let root = device.path("in");
    let (fits, long) = ("f".repeat(1024), "l".repeat(1025));
    let file = |title: &str| format!("---\ntitle: {title}\n---\nbody\n").into_bytes();
    let files = [("fits.md", file(&fits)), ("long.md", file(&long))];
    write(&root, &files.each_ref().map(|(path, bytes)| (*path, bytes.as_slice())));
    let report = import(&device, &root, &[]);
    assert_eq!((&report["notes"], &report["skipped"]), (&json!(2), &json!([])));
    let warnings = report["warnings"].as_array().unwrap();
    assert_eq!((warnings.len(), &warnings[0]["path"]), (1, &json!("long.md")));
    assert!(text(&warnings[0]["reason"]).contains("1024 bytes"));
    let titles = device.ok(["note", "list"]);
    let mut titles: Vec<_> = titles.as_array().unwrap().iter().map(|n| text(&n["title"])).collect();
    titles.sort();
    assert_eq!(titles, [fits, long[..1024].to_owned()]);
    let out = device.path("out");
    device.ok(["export", "--to", "markdown", out.to_str().unwrap()]);
    assert_eq!(tree(&out), files.into_iter().map(|(path, bytes)| (path.to_owned(), bytes)).collect());
}

/// Two folders with a `note.md` and a `p.png` each; and a note that was moved away from its picture.
#[test]
fn files_of_one_name_come_out_each_beside_its_own_note() {
    let device = Device::new("Desk");
    for (name, picture) in [("one", b"first"), ("two", b"other"), ("three", b"first")] {
        let root = device.path(name);
        write(&root, &[("note.md", format!("# {name}\n\n![](p.png)\n").as_bytes()), ("p.png", picture)]);
        import(&device, &root, &[]);
    }
    let root = device.path("deep");
    write(&root, &[("A/B/moved.md", b"![](../../up.png)\n"), ("up.png", b"up")]);
    import(&device, &root, &[]);
    let list = device.ok(["note", "list"]);
    let moved = list.as_array().unwrap().iter().find(|n| n["title"] == "moved").unwrap();
    device.edit(&text(&moved["id"]), &["--notebook", "/"]);

    let out = device.path("out");
    let report = device.ok(["export", "--to", "markdown", out.to_str().unwrap()]);
    assert_eq!((&report["notes"], &report["skipped"]), (&json!(4), &json!([])));
    let files = tree(&out);
    let mut shown = BTreeMap::new();
    for (path, bytes) in files.iter().filter(|(path, _)| path.ends_with(".md")) {
        let body = String::from_utf8(bytes.clone()).unwrap();
        let (head, link) = body.trim().trim_end_matches(')').split_once("![](").unwrap();
        let file = Path::new(path).parent().unwrap().components().collect::<std::path::PathBuf>();
        let up = link.matches("../").count();
        let file = file.ancestors().nth(up).unwrap().join(link.trim_start_matches("../"));
        // What shares a name has its title in the front matter.
        let head = head.split("---\n").last().unwrap().trim();
        shown.insert(head.to_owned(), files[file.to_str().unwrap()].clone());
    }
    let expected = [("# one", &b"first"[..]), ("# two", b"other"), ("# three", b"first"), ("", b"up")];
    assert_eq!(shown, expected.map(|(head, bytes)| (head.to_owned(), bytes.to_vec())).into());
    // And in again: nothing is gone.
    let again = Device::new("Again");
    assert_eq!(import(&again, &out, &[])["notes"], 4);
}

#[test]
fn what_was_imported_here_comes_out_there() {
    let pair = Pair::new();
    let root = pair.desk.path("in");
    write(&root, FILES);
    import(&pair.desk, &root, &[]);
    pair.converge();
    let out = pair.laptop.path("out");
    pair.laptop.ok(["export", "--to", "markdown", out.to_str().unwrap()]);
    let expected: BTreeMap<String, Vec<u8>> = FILES.iter().map(|(p, b)| ((*p).to_owned(), b.to_vec())).collect();
    assert_eq!(tree(&out), expected);
}

#[test]
fn the_real_samples_go_in_and_come_out() {
    for name in ["samples/obsidian-vault", "samples/tutorial-ja", "samples"] {
        let Some(root) = shared(name) else { continue };
        let device = Device::new("Desk");
        let report = import(&device, &root, &[]);
        let out = device.path("out");
        device.ok(["export", "--to", "markdown", out.to_str().unwrap()]);
        let (before, after) = (tree(&root), tree(&out));
        let is_note = |path: &str| Path::new(path).extension().is_some_and(|e| e.eq_ignore_ascii_case("md"));
        let hidden = |path: &str| path.split('/').any(|part| part.starts_with('.'));
        let notes = before.keys().filter(|p| is_note(p) && !hidden(p)).count();
        assert_eq!(report["notes"], json!(notes), "{name}: {}", report["skipped"]);
        for (path, bytes) in &after {
            assert!(before.get(path) == Some(bytes), "{name}: {path} is not what it was");
        }
        for path in before.keys().filter(|p| is_note(p) && !hidden(p)) {
            assert!(after.contains_key(path), "{name}: {path} did not come out");
            // Found without a parser of Markdown: what a person sees as a link in the text.
            let text = String::from_utf8_lossy(&before[path]);
            for target in text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target) {
                let file = Path::new(path).with_file_name(target);
                let file = file.to_str().unwrap();
                assert!(after.contains_key(file) || !before.contains_key(file), "{name}: {path} links {file}");
            }
        }
        assert_eq!(after.len() as u64, report["notes"].as_u64().unwrap() + report["attachments"].as_u64().unwrap());
    }
}
