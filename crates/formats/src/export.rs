//! From notes to files.

use std::collections::{BTreeMap, BTreeSet};

use holdfast_domain::{NoteFields, NoteId, clean_title, fold_name};

use crate::names::{can_exist, portable};
use crate::{FrontMatter, front_matter, is_markdown, paths};

/// What an export path depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportNote {
    pub id: NoteId,
    /// Names of the notebooks it is in, outermost first.
    pub notebook: Vec<String>,
    pub title: String,
    /// The file's name at import.
    pub file_name: Option<String>,
    /// The title in the front matter, as it is stored.
    pub front_title: Option<String>,
}

impl ExportNote {
    /// A note as it is shown.
    pub fn new(id: NoteId, fields: &NoteFields, notebook: Vec<String>) -> Self {
        Self {
            id,
            notebook,
            title: fields.title.shown().clone(),
            file_name: fields.file_name.shown().clone(),
            front_title: front_matter::read(fields.front_matter.shown()).title,
        }
    }

    /// The file's name at import where it still holds: the title is what an import of that file gives, or the
    /// name never was the title, which the front matter has.
    fn kept_file_name(&self) -> Option<&str> {
        let name = self.file_name.as_deref().filter(|n| can_exist(n) && is_markdown(n))?;
        let stem = clean_title(paths::stem(name));
        let holds = match &self.front_title {
            Some(front) => *front == self.title || *front != stem,
            None => stem == self.title,
        };
        holds.then_some(name)
    }
}

/// Which names the file system of an export takes for the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// It may be any: names that differ in case or composition only are kept apart.
    Folded,
    /// It tells such names apart, so imported ones are kept as they were.
    Exact,
}

/// The path of each note from the root of the export. Unique, deterministic, and safe on every system but for names
/// that a file system gave, which are kept.
///
/// Imported names have the first claim, then the smaller id.
pub fn export_paths(notes: &[ExportNote], names: Names) -> BTreeMap<NoteId, String> {
    export_tree(notes, &[], names).0
}

/// As [`export_paths`], and beside it the folders of `notebooks` (names, outermost first): those of notes where notes
/// are in them or below, else folders of their own.
pub fn export_tree(
    notes: &[ExportNote],
    notebooks: &[Vec<String>],
    names: Names,
) -> (BTreeMap<NoteId, String>, Vec<String>) {
    let mut order: Vec<_> = notes.iter().map(|n| (n.kept_file_name().is_none(), n.id, n)).collect();
    order.sort_by_key(|(made, id, _)| (*made, *id));
    order.dedup_by_key(|(_, id, _)| *id);
    let mut tree = Tree { names, taken: BTreeSet::new(), folders: BTreeMap::new() };
    let folders: Vec<String> = order.iter().map(|(_, _, n)| tree.folder(&n.notebook, n.file_name.is_some())).collect();
    let placed = order.iter().zip(&folders).map(|((_, id, note), folder)| {
        let name = note.kept_file_name();
        let path = tree.claim(folder, |attempt| match (name, attempt) {
            (Some(name), 1) => name.to_owned(),
            (Some(name), n) => portable(paths::stem(name), &format!(" ({n})"), &format!(".{}", paths::extension(name))),
            (None, 1) => portable(&note.title, "", ".md"),
            (None, n) => portable(&note.title, &format!(" ({n})"), ".md"),
        });
        (*id, path)
    });
    let paths = placed.collect();
    (paths, notebooks.iter().map(|notebook| tree.existing_or_made(notebook)).collect())
}

/// The names that are taken.
struct Tree {
    names: Names,
    /// Paths, as the file system would compare them.
    taken: BTreeSet<String>,
    /// Notebooks by (their folder, their folded name): siblings with the same name are one.
    folders: BTreeMap<(String, String), String>,
}

impl Tree {
    fn folder(&mut self, notebook: &[String], imported: bool) -> String {
        let mut path = String::new();
        for name in notebook {
            let as_given = imported && self.names == Names::Exact;
            let key = (path.clone(), if as_given { name.clone() } else { fold_name(name) });
            path = match self.folders.get(&key) {
                Some(folder) => folder.clone(),
                None => {
                    let folder = self.claim(&path, |attempt| match attempt {
                        // Such a name comes from a file system, which took it.
                        1 if imported && can_exist(name) => name.clone(),
                        1 => portable(name, "", ""),
                        n => portable(name, &format!(" ({n})"), ""),
                    });
                    self.folders.insert(key, folder.clone());
                    folder
                }
            };
        }
        path
    }

    /// The folder of a notebook without notes: where notes below it put it, under whichever spelling of its name.
    fn existing_or_made(&mut self, notebook: &[String]) -> String {
        let mut path = String::new();
        for name in notebook {
            let exact = self.folders.get(&(path.clone(), name.clone())).cloned();
            let same = || {
                let mut here = self.folders.iter().filter(|((above, _), _)| *above == path);
                here.find(|((_, other), _)| fold_name(other) == fold_name(name)).map(|(_, folder)| folder.clone())
            };
            path = match exact.or_else(same) {
                Some(folder) => folder,
                None => {
                    let folder = self.claim(&path, |attempt| match attempt {
                        1 => portable(name, "", ""),
                        n => portable(name, &format!(" ({n})"), ""),
                    });
                    self.folders.insert((path.clone(), fold_name(name)), folder.clone());
                    folder
                }
            };
        }
        path
    }

    fn claim(&mut self, folder: &str, name: impl Fn(usize) -> String) -> String {
        (1..=usize::MAX)
            .map(|attempt| if folder.is_empty() { name(attempt) } else { format!("{folder}/{}", name(attempt)) })
            .find(|path| self.taken.insert(self.names.compared(path)))
            .unwrap_or_default()
    }
}

impl Names {
    /// Two paths are one file where this is equal. Unlike [`fold_name`] it keeps white space at the ends of a name.
    pub fn compared(self, path: &str) -> String {
        match self {
            Self::Folded => fold_name(&format!("/{path}/")),
            Self::Exact => path.to_owned(),
        }
    }
}

/// The bytes of a note's file: its front matter, changed only where the note has changed, and its body as
/// shown. `path` is what [`export_paths`] gave.
pub fn render(fields: &NoteFields, path: &str) -> Vec<u8> {
    let front = fields.front_matter.shown();
    let body = fields.body.shown();
    let had = front_matter::read(front);
    let title = fields.title.shown();
    let in_name = *title == clean_title(paths::stem(paths::file_name(path)));
    let wanted = FrontMatter {
        title: Some(title.clone()).filter(|t| had.title.is_some() || !t.is_empty() && !in_name),
        tags: fields.tags.names(),
        aliases: fields.aliases.names(),
        due: *fields.due.shown(),
        created_ms: Some(fields.created_ms),
        updated_ms: Some(fields.updated_ms),
        done: Some(*fields.done.shown()),
    };
    if !front.is_empty() {
        return (front_matter::write(front, &wanted) + &body).into_bytes();
    }
    // A new block goes after the byte order mark and ends its lines as the text does.
    let (mark, text) = body.split_at(if body.starts_with('\u{feff}') { 3 } else { 0 });
    let ending = if text.find('\n').is_some_and(|at| text[..at].ends_with('\r')) { "\r\n" } else { "\n" };
    format!("{mark}{}{text}", front_matter::create(&wanted, ending)).into_bytes()
}
