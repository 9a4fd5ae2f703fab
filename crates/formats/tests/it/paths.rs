use std::collections::BTreeSet;

use holdfast_domain::{Merge, NoteFields, fold_name};
use holdfast_formats::{ExportNote, Names, export_paths, export_tree, parse_note};
use proptest::prelude::*;

use crate::{STAMP, edited, id};

fn note(n: u32, notebook: &str, title: &str, file_name: Option<&str>) -> ExportNote {
    ExportNote {
        id: id(n),
        notebook: notebook.split('/').filter(|p| !p.is_empty()).map(str::to_owned).collect(),
        title: title.into(),
        file_name: file_name.map(str::to_owned),
        front_title: None,
    }
}

fn check(notes: &[ExportNote], expected: &[&str]) {
    let paths = export_paths(notes, holdfast_formats::Names::Folded);
    let found: Vec<_> = notes.iter().map(|n| paths[&n.id].as_str()).collect();
    assert_eq!(found, expected);
    let reversed: Vec<_> = notes.iter().rev().cloned().collect();
    assert_eq!(export_paths(&reversed, holdfast_formats::Names::Folded), paths);
}

#[test]
fn names_that_clash_get_a_number() {
    check(
        &[note(1, "A", "T", None), note(2, "A", "t", None), note(3, "A", "T", Some("T.md")), note(4, "B", "T", None)],
        &["A/T (2).md", "A/t (3).md", "A/T.md", "B/T.md"],
    );
    // Sibling notebooks with the same name are one folder; names that only look alike once made safe are not.
    check(
        &[note(1, "a", "1", None), note(2, "A", "2", None), note(3, "x:y", "3", None), note(4, "x?y", "4", None)],
        &["a/1.md", "a/2.md", "x_y/3.md", "x_y (2)/4.md"],
    );
    // A folder and a file are not the same name either.
    check(&[note(1, "", "n", None), note(2, "n.md", "x", None)], &["n (2).md", "n.md/x.md"]);
}

#[test]
fn imported_names_are_kept_while_they_hold() {
    check(
        &[
            note(1, "What?", "ART", Some("ART .md")),
            note(2, "", "New", Some("Old.md")),
            note(3, "", "a", Some("../a.md")),
            note(4, "..", "b", None),
            note(5, "", "x.y", Some("x.y.Markdown")),
        ],
        &["What?/ART .md", "New.md", "a.md", "_/b.md", "x.y.Markdown"],
    );
}

#[test]
fn the_title_is_in_the_name_or_in_the_front_matter() {
    let rename = |to: &'static str| move |f: &mut NoteFields| f.title = Merge::resolved(to.into(), STAMP);
    for (path, text, title, to, expected) in [
        ("a/Old.md", "hi", "New", "a/New.md", "hi"),
        ("a/Old.md", "hi", "N: 1", "a/N_ 1.md", "---\ntitle: \"N: 1\"\n---\nhi"),
        ("a/2024.md", "---\ntitle: Old\n---\nhi", "New", "a/2024.md", "---\ntitle: New\n---\nhi"),
        ("a/Old.md", "---\ntitle: Old\n---\nhi", "New", "a/New.md", "---\ntitle: New\n---\nhi"),
        ("a/Old.md", "hi", "", "a/Untitled.md", "hi"),
    ] {
        assert_eq!(edited(path, text, rename(title)), (to.to_owned(), expected.to_owned()));
        let again = parse_note(to, expected.as_bytes()).unwrap();
        assert_eq!(again.title, if title.is_empty() { "Untitled" } else { title });
    }
}

proptest! {
    #[test]
    fn paths_are_unique_and_safe(
        notes in prop::collection::vec(
            (prop::collection::vec("([a-bA.:/ ]|CON|\u{e9}|e\u{301}){0,3}", 0..3), prop_oneof!["[abA]", ".{0,5}", "é{0,200}"], any::<bool>()),
            0..40,
        )
    ) {
        let notes: Vec<_> = notes.into_iter().enumerate().map(|(n, (notebook, title, imported))| ExportNote {
            id: id(n as u32),
            // As `check_name` leaves them.
            notebook: notebook.iter().map(|name| name.trim().to_owned()).collect(),
            file_name: imported.then(|| format!("{title}.md")),
            title,
            front_title: None,
        }).collect();
        let paths = export_paths(&notes, holdfast_formats::Names::Folded);
        prop_assert_eq!(paths.len(), notes.len());
        let unique: BTreeSet<_> = paths.values().map(|p| fold_name(p)).collect();
        prop_assert_eq!(unique.len(), notes.len());
        for path in paths.values() {
            prop_assert_eq!(holdfast_formats::paths::normalise(path), Some(path.clone()));
            prop_assert!(path.split('/').all(|p| p.len() <= 255 && !p.contains('\0')), "{}", path);
        }
        for note in notes.iter().filter(|n| n.file_name.is_none()) {
            let name = paths[&note.id].rsplit('/').next().unwrap();
            prop_assert!(name.len() <= 200 && name.strip_suffix(".md").is_some());
            prop_assert!(!name.chars().any(|c| c.is_control() || "\\<>:\"|?*".contains(c)), "{}", name);
        }
    }
}

#[test]
fn a_notebook_without_notes_has_a_folder_beside_the_others() {
    let path = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
    let note = note(1, "Work", "A", None);
    let empty = [path(&["WORK", "New"]), path(&["a:b"]), path(&["a?b"]), path(&["A:B", "c"])];
    for names in [Names::Folded, Names::Exact] {
        let (paths, folders) = export_tree(std::slice::from_ref(&note), &empty, names);
        assert_eq!(paths.into_values().collect::<Vec<_>>(), ["Work/A.md"]);
        assert_eq!(folders, ["Work/New", "a_b", "a_b (2)", "a_b/c"], "{names:?}");
    }
}
