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

/// All files below a folder. Hidden ones (`.git`, `.obsidian`) are left out; a link to a folder is followed once; what
/// cannot be read is skipped with the reason, and the rest goes on. Only a root that cannot be read is an error.
pub(super) fn walk(root: &Path) -> Result<Found> {
    let mut found = Found::default();
    let mut seen = BTreeSet::new();
    seen.insert(fs::canonicalize(root).map_err(NotebookError::io(root))?);
    let mut todo = vec![(String::new(), root.to_owned())];
    let mut first = true;
    while let Some((prefix, dir)) = todo.pop() {
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
            if name.starts_with('.') {
                continue;
            }
            let path = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
            match fs::metadata(entry.path()) {
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

pub(super) fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::PermissionDenied => "no permission to read it".into(),
        std::io::ErrorKind::NotFound => "it is a link to something that is not there".into(),
        // What the system says, without its number.
        _ => error.to_string().split(" (os error").next().unwrap_or_default().to_owned(),
    }
}
