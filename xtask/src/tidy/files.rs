//! Our source files.

use std::fs;
use std::path::Path;

use anyhow::Context as _;

use crate::place::Place;

/// Folders with nothing that we wrote.
const SKIPPED: [&str; 4] = ["target", "node_modules", "dist", "gen"];

/// How comments and strings look in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    Rust,
    TypeScript,
    Svelte,
}

impl Language {
    fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()? {
            "rs" => Some(Self::Rust),
            "ts" | "js" => Some(Self::TypeScript),
            "svelte" => Some(Self::Svelte),
            _ => None,
        }
    }
}

/// One file.
#[derive(Debug)]
pub struct SourceFile {
    /// From the root, with `/`.
    pub path: String,
    pub language: Language,
    pub text: String,
}

/// Reads every source file of the repository, in a fixed order.
pub fn read(place: &Place) -> anyhow::Result<Vec<SourceFile>> {
    let mut files = Vec::new();
    walk(&place.root, &place.root, &mut files)?;
    files.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(files)
}

fn walk(root: &Path, folder: &Path, files: &mut Vec<SourceFile>) -> anyhow::Result<()> {
    let entries = fs::read_dir(folder).with_context(|| format!("{} cannot be read.", folder.display()))?;
    for entry in entries {
        let entry = entry.with_context(|| format!("{} cannot be read.", folder.display()))?;
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_string_lossy();
        let kind = entry.file_type().with_context(|| format!("{} cannot be read.", path.display()))?;
        if kind.is_dir() {
            if !name.starts_with('.') && !SKIPPED.contains(&name.as_ref()) {
                walk(root, &path, files)?;
            }
        } else if let Some(language) = Language::of(&path) {
            let text = fs::read_to_string(&path).with_context(|| format!("{} cannot be read.", path.display()))?;
            let path = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
            files.push(SourceFile { path, language, text });
        }
    }
    Ok(())
}

#[cfg(test)]
pub fn sample(path: &str, text: &str) -> SourceFile {
    #![allow(clippy::unwrap_used)]
    SourceFile { path: path.into(), language: Language::of(Path::new(path)).unwrap(), text: text.into() }
}
