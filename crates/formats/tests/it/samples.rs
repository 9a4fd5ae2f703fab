//! Real folders that nobody here wrote. They are not in the repository: without them the test says so.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use holdfast_formats::{ExportNote, Files, SkipReason, export_paths, is_markdown, parse_note, paths, render, resolve};

use crate::{fields, id};

fn samples() -> Option<PathBuf> {
    let shared = std::env::var_os("HOLDFAST_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    Some(shared.join("samples")).filter(|p| p.is_dir())
}

fn walk(root: &Path, folder: &Path, out: &mut BTreeMap<String, Vec<u8>>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(root, &path, out);
        } else {
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            out.insert(name, std::fs::read(&path).unwrap());
        }
    }
}

#[test]
fn real_folders_come_back_path_for_path_and_byte_for_byte() {
    let Some(root) = samples() else {
        eprintln!("SKIPPED: no samples (set HOLDFAST_SHARED to a folder with samples/)");
        return;
    };
    let mut files = BTreeMap::new();
    walk(&root, &root, &mut files);
    let index = Files::new(files.keys().cloned());
    let mut exports = Vec::new();
    let mut notes = BTreeMap::new();
    let (mut not_utf8, mut with_front, mut all_links, mut found, mut linked) = (0, 0, 0, 0, BTreeSet::new());
    for (n, (path, bytes)) in files.iter().filter(|(p, _)| is_markdown(p)).enumerate() {
        let note = match parse_note(path, bytes) {
            Ok(note) => note,
            Err(SkipReason::NotUtf8 { .. }) => {
                not_utf8 += 1;
                continue;
            }
            Err(reason) => panic!("{path}: {reason}"),
        };
        with_front += usize::from(!note.front_matter.is_empty());
        let resolved = resolve(&note.links, path, &index);
        for link in &note.links {
            all_links += 1;
            // What is there on disk, as the system finds it.
            let on_disk = link.path.as_deref().is_some_and(|p| root.join(p).is_file());
            if on_disk {
                assert_eq!(resolved.get(&link.target), link.path.as_ref(), "{path}: {}", link.target);
            }
            // An embedded file whose name is unique.
            let same_name = files.keys().filter(|f| paths::file_name(f) == link.target).count();
            if link.wiki && same_name == 1 {
                assert!(resolved.contains_key(&link.target), "{path}: {}", link.target);
            }
            if let Some(to) = resolved.get(&link.target) {
                found += 1;
                assert!(files.contains_key(to));
                assert_eq!(paths::join(path, &paths::relative(path, to)).as_ref(), Some(to));
                linked.insert(to.clone());
            }
        }
        let fields = fields(&note);
        exports.push(ExportNote::new(id(n as u32), &fields, note.notebook));
        notes.insert(id(n as u32), (path, bytes, fields));
    }
    let exported = export_paths(&exports, holdfast_formats::Names::Folded);
    for (id, (path, bytes, fields)) in &notes {
        assert_eq!(&exported[id], *path);
        assert!(render(fields, &exported[id]) == **bytes, "{path}: other bytes");
    }
    let attachments = linked.iter().filter(|p| !is_markdown(p)).count();
    eprintln!(
        "samples: {} files, {} notes, {not_utf8} not UTF-8, {with_front} with front matter, {all_links} links, \
         {found} found, {attachments} of {} other files linked",
        files.len(),
        notes.len(),
        files.len() - notes.len() - not_utf8,
    );
    assert!(!notes.is_empty());
}
