//! Import: folders become notebooks, files notes, linked files attachments. One transaction: all of it or none.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use holdfast_domain::{
    Body, Fields, MAX_NAME_BYTES, Merge, NoteFields, NoteId, NotebookId, Origin, SetEntry, fold_name,
};
use holdfast_formats::import::SkipReason;
use holdfast_formats::{ImportedNote, is_markdown, media_type, parse_note, paths, resolve};

use super::walk::{reason, walk};
use super::{ImportReport, Skipped};
use crate::files::Source;
use crate::txn::Txn;
use crate::{NotebookError, Result, Vault, attachments};

/// More than these come after a backup, where there is anything to back up.
const MANY_NOTES: usize = 100;

/// A folder, read: what would be taken, and how it hangs together.
struct Plan {
    notes: Vec<ImportedNote>,
    /// Linked files, by their path from the root.
    files: BTreeMap<String, PathBuf>,
    /// For each note, its linked files: (path relative to the note, path from the root).
    links: Vec<Vec<(String, String)>>,
    skipped: Vec<Skipped>,
}

impl Vault {
    /// Imports a folder of Markdown. With `dry_run` it only says what it would do. A big one comes after a backup of
    /// what is here; where that cannot be made, nothing is imported.
    pub fn import_folder(&self, root: &Path, dry_run: bool) -> Result<ImportReport> {
        let started = Instant::now();
        let plan = plan(root)?;
        let mut report = ImportReport {
            notes: plan.notes.len() as u32,
            notebooks: notebooks(&plan).len() as u32,
            tags: plan.notes.iter().flat_map(|n| &n.tags).map(|t| fold_name(t)).collect::<BTreeSet<_>>().len() as u32,
            attachments: plan.links.iter().flatten().map(|(_, path)| path).collect::<BTreeSet<_>>().len() as u32,
            warnings: plan.notes.iter().filter(|n| n.title_is_cut).map(cut_title).collect(),
            ..ImportReport::default()
        };
        if dry_run {
            report.skipped = plan.skipped;
        } else {
            if plan.notes.len() > MANY_NOTES && self.count_notes(&crate::NotesFilter::default())? > 0 {
                self.backup(crate::BackupReason::BeforeImport)?;
            }
            report.skipped = self.transact(|t| write(t, plan))?;
            self.index_all();
        }
        report.elapsed_ms = started.elapsed().as_millis() as u64;
        Ok(report)
    }
}

fn cut_title(note: &ImportedNote) -> Skipped {
    let reason =
        format!("its title is longer than {MAX_NAME_BYTES} bytes: it shows cut, and the file's own lines keep it");
    Skipped { path: note.path.clone(), reason }
}

fn notebooks(plan: &Plan) -> BTreeSet<Vec<String>> {
    let all = plan.notes.iter().flat_map(|n| (1..=n.notebook.len()).map(|depth| n.notebook[..depth].to_vec()));
    all.collect()
}

fn plan(root: &Path) -> Result<Plan> {
    let found = walk(root)?;
    let mut skipped = found.skipped;
    let mut notes = Vec::new();
    let mut others: BTreeMap<String, PathBuf> = BTreeMap::new();
    for (path, file) in found.files {
        if !is_markdown(&path) {
            others.insert(path, file);
            continue;
        }
        let bytes = match fs::read(&file) {
            Ok(bytes) => bytes,
            Err(e) => {
                skipped.push(Skipped { path, reason: reason(&e) });
                continue;
            }
        };
        match parse_note(&path, &bytes) {
            Ok(note) => notes.push(note),
            // Too long for a note: it is kept as a file, with a note that links it.
            Err(SkipReason::TooLarge) => {
                notes.push(note_for_file(&path));
                others.insert(path, file);
            }
            Err(other) => {
                let reason = other.to_string();
                others.insert(path.clone(), file);
                skipped.push(Skipped { path, reason });
            }
        }
    }
    let all = others.keys().cloned().chain(notes.iter().map(|n| n.path.clone()));
    let files = holdfast_formats::Files::new(all);
    let mut links = Vec::with_capacity(notes.len());
    let mut linked = BTreeSet::new();
    for note in &notes {
        let mut of_note: Vec<(String, String)> = resolve(&note.links, &note.path, &files)
            .into_values()
            .filter(|path| others.contains_key(path))
            .map(|path| (paths::relative(&note.path, &path), path))
            .collect();
        of_note.sort();
        of_note.dedup();
        linked.extend(of_note.iter().map(|(_, path)| path.clone()));
        links.push(of_note);
    }
    for path in others.keys().filter(|p| !linked.contains(*p) && !is_markdown(p)) {
        skipped.push(Skipped { path: path.clone(), reason: "no note links this file".into() });
    }
    others.retain(|path, _| linked.contains(path));
    skipped.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(Plan { notes, files: others, links, skipped })
}

/// A note in the place of a text that is too long to be one.
fn note_for_file(path: &str) -> ImportedNote {
    let name = paths::file_name(path).to_owned();
    let body = format!("This text is longer than a note can be. It is kept as a file: [{name}](<{name}>)\n");
    let notebook: Vec<String> = paths::folder(path).split('/').filter(|p| !p.is_empty()).map(str::to_owned).collect();
    let path = format!("{path}.note.md");
    ImportedNote {
        links: holdfast_formats::links(&path, &body),
        notebook,
        file_name: paths::file_name(&path).to_owned(),
        title: name,
        title_is_cut: false,
        front_matter: String::new(),
        body,
        tags: Vec::new(),
        aliases: Vec::new(),
        due: None,
        done: false,
        created_ms: None,
        updated_ms: None,
        path,
    }
}

fn write(t: &mut Txn<'_>, plan: Plan) -> Result<Vec<Skipped>> {
    if plan.notes.len() >= crate::search::MANY {
        t.tx.defer_index()?;
    }
    let mut skipped = plan.skipped;
    let mut notebooks: BTreeMap<Vec<String>, NotebookId> = BTreeMap::new();
    let mut files = BTreeMap::new();
    for (path, file) in &plan.files {
        let source = match Source::open(t.vault, path, file) {
            Ok(source) => source,
            Err(NotebookError::TooLarge(why)) => {
                skipped.push(Skipped { path: path.clone(), reason: why });
                continue;
            }
            Err(NotebookError::Unreadable { source, .. }) => {
                skipped.push(Skipped { path: path.clone(), reason: reason(&source) });
                continue;
            }
            Err(other) => return Err(other),
        };
        let id = attachments::store(t, paths::file_name(path), media_type(path), source)?;
        files.insert(path.clone(), id);
    }
    for (note, links) in plan.notes.into_iter().zip(plan.links) {
        let notebook = folder(t, &mut notebooks, &note.notebook)?;
        let stamp = t.stamp();
        let mut fields = NoteFields::new(stamp, t.now_ms);
        fields.title = Merge::resolved(note.title, stamp);
        fields.body = Body::text(note.body, stamp);
        fields.front_matter = Merge::resolved(note.front_matter, stamp);
        fields.notebook = Merge::resolved(notebook, stamp);
        fields.due = Merge::resolved(note.due, stamp);
        fields.done = Merge::resolved(note.done, stamp);
        fields.file_name = Merge::resolved(Some(note.file_name), stamp);
        fields.created_ms = note.created_ms.unwrap_or(t.now_ms);
        fields.updated_ms = note.updated_ms.or(note.created_ms).unwrap_or(t.now_ms);
        for tag in note.tags {
            fields.tags.add_name(tag, stamp);
        }
        for alias in note.aliases {
            fields.aliases.add_name(alias, stamp);
        }
        for (relative, path) in links {
            if let Some(id) = files.get(&path) {
                fields.attachments.0.insert(SetEntry { value: (relative, *id), stamp });
            }
        }
        let id = NoteId(t.vault.env().random()?);
        t.create(id.into(), Fields::Note(fields), stamp, Origin::Import)?;
    }
    skipped.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(skipped)
}

/// The notebook of a folder. Names that differ only in case or composition are two folders in a file system: each
/// has a notebook of its own, so that an export gives both back; the tree shows them as one.
fn folder(
    t: &mut Txn<'_>,
    known: &mut BTreeMap<Vec<String>, NotebookId>,
    names: &[String],
) -> Result<Option<NotebookId>> {
    let Some((name, above)) = names.split_last() else { return Ok(None) };
    if let Some(id) = known.get(names) {
        return Ok(Some(*id));
    }
    let parent = folder(t, known, above)?;
    let taken: BTreeSet<NotebookId> = known.values().copied().collect();
    let siblings: Vec<_> = t
        .tx
        .notebooks()?
        .into_iter()
        .filter(|n| n.parent == parent && !n.trashed && !taken.contains(&n.id) && fold_name(&n.name) == fold_name(name))
        .collect();
    let there = siblings.iter().find(|n| n.name == *name).or(siblings.first());
    let id = match there {
        Some(notebook) => notebook.id,
        None => crate::notebooks::make(t, name, parent)?,
    };
    t.flush_views()?;
    known.insert(names.to_vec(), id);
    Ok(Some(id))
}
