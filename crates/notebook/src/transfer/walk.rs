//! Walking a folder, in one order on every system.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::Skipped;
use crate::{NotebookError, Result};

/// What was found: files by their path from the root, with `/`.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub files: Vec<(String, PathBuf)>,
    pub skipped: Vec<Skipped>,
}

/// All files below a folder. Hidden ones (`.git`, `.obsidian`) are named and left out; a link to a folder is followed once, and
/// only where the folder has no place of its own here; a link that leads out of the root is skipped, and so is what
/// cannot be read, each with the reason. Only a root that cannot be read is an error.
pub(super) fn walk(root: &Path) -> Result<Found> {
    let mut found = Found::default();
    let mut seen = BTreeSet::new();
    let real_root = fs::canonicalize(root).map_err(NotebookError::io(root))?;
    seen.insert(real_root.clone());
    let mut todo = vec![(String::new(), root.to_owned())];
    // Linked folders wait until every real one was seen.
    let mut linked: Vec<(String, PathBuf)> = Vec::new();
    let mut first = true;
    while let Some((prefix, dir)) = todo.pop().or_else(|| next_linked(&mut linked, &mut seen)) {
        let entries = match fs::read_dir(&dir).and_then(Iterator::collect::<std::io::Result<Vec<_>>>) {
            Ok(entries) => entries,
            Err(e) if first => return Err(NotebookError::io(&dir)(e)),
            Err(e) => {
                found.skipped.push(Skipped { path: prefix, reason: reason(&e) });
                continue;
            }
        };
        first = false;
        for entry in entries {
            let Some(name) = entry.file_name().to_str().map(str::to_owned) else {
                let name = entry.file_name().to_string_lossy().into_owned();
                let path = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
                found.skipped.push(Skipped { path, reason: "the file's name is not UTF-8".into() });
                continue;
            };
            let hidden = name.starts_with('.');
            let path = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
            if hidden {
                // A folder once, whatever is in it.
                let reason =
                    if entry.path().is_dir() { "a hidden folder is left out" } else { "a hidden file is left out" };
                found.skipped.push(Skipped { path, reason: reason.into() });
                continue;
            }
            let is_link = entry.file_type().is_ok_and(|kind| kind.is_symlink());
            if is_link && fs::canonicalize(entry.path()).is_ok_and(|real| !real.starts_with(&real_root)) {
                found.skipped.push(Skipped { path, reason: "it is a link to something outside the folder".into() });
                continue;
            }
            match fs::metadata(entry.path()) {
                Ok(meta) if meta.is_dir() && is_link => linked.push((path, entry.path())),
                Ok(meta) if meta.is_dir() => {
                    if fs::canonicalize(entry.path()).is_ok_and(|real| seen.insert(real)) {
                        todo.push((path, entry.path()));
                    }
                }
                Ok(meta) if meta.is_file() => found.files.push((path, entry.path())),
                Ok(_) => found.skipped.push(Skipped { path, reason: "not a file".into() }),
                Err(e) => found.skipped.push(Skipped { path, reason: reason(&e) }),
            }
        }
    }
    found.files.sort();
    found.skipped.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

/// The next linked folder that was not walked under its own name or another's; in one order on every system.
fn next_linked(linked: &mut Vec<(String, PathBuf)>, seen: &mut BTreeSet<PathBuf>) -> Option<(String, PathBuf)> {
    linked.sort_by(|a, b| b.cmp(a));
    while let Some((path, dir)) = linked.pop() {
        if fs::canonicalize(&dir).is_ok_and(|real| seen.insert(real)) {
            return Some((path, dir));
        }
    }
    None
}

pub(super) fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::PermissionDenied => "no permission to read it".into(),
        std::io::ErrorKind::NotFound => "it is a link to something that is not there".into(),
        // What the system says, without its number.
        _ => error.to_string().split(" (os error").next().unwrap_or_default().to_owned(),
    }
}
