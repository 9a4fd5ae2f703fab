//! Export: every live note as a file, with the files that it links.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::time::Instant;

use holdfast_domain::{AttachmentId, Fields, NotebookId, RecordId};
use holdfast_formats::{ExportNote, Names, export_tree, paths, render};
use holdfast_store::{NoteQuery, TrashFilter};

use super::places::{Places, Target};
use super::{ExportReport, Skipped, versions};
use crate::record::Record;
use crate::{NotebookError, Result, Vault};

impl Vault {
    /// Writes all live notes below a folder, and a folder for each notebook that has none. Beside a note that waits for a
    /// decision stands a file with all its versions. It must be empty or not
    /// there: nothing of somebody else's is overwritten.
    pub fn export_folder(&self, root: &Path) -> Result<ExportReport> {
        let started = Instant::now();
        fs::create_dir_all(root).map_err(NotebookError::io(root))?;
        if fs::read_dir(root).map_err(NotebookError::io(root))?.next().is_some() {
            return Err(NotebookError::Invalid(format!(
                "{} is not empty; export into an empty folder, so that nothing there is overwritten",
                root.display()
            )));
        }
        let mut report = ExportReport::default();
        let notes = self.notes_to_export()?;
        let names: Vec<_> = notes.iter().map(|(export, _)| export.clone()).collect();
        let empty: Vec<_> = self.notebook_tree()?.into_iter().filter(|n| n.notes == 0).map(|n| n.path).collect();
        let to_review: BTreeSet<RecordId> = self.reviews()?.into_iter().map(|review| review.id).collect();
        let known = versions::Names {
            devices: self.device_names()?,
            notebooks: self.notebook_tree()?.into_iter().map(|n| (n.id, n.path.join("/"))).collect(),
        };
        let system = names_of(root)?;
        let (targets, folders) = export_tree(&names, &empty, system);
        let mut places = Places::new(system, targets.values().chain(&folders));
        for (export, fields) in &notes {
            let Some(path) = targets.get(&export.id) else { continue };
            let Fields::Note(note) = fields else { continue };
            let linked: Vec<_> = note.attachments.iter().map(|entry| (entry.value.0.as_str(), entry.value.1)).collect();
            let (path, files) = places.place(path, &linked);
            write_file(root, &path, &render(note, &path))?;
            report.notes += 1;
            if to_review.contains(&export.id.into()) {
                let review = self.review(export.id.into())?;
                let beside = places.beside(&path, "to review");
                let text = versions::render(&review, paths::file_name(&path), &known);
                write_file(root, &beside, text.as_bytes())?;
                report.to_review += 1;
            }
            for (relative, id, target) in files {
                let target = match target {
                    Target::New(target) => target,
                    Target::Written => continue,
                    Target::None => {
                        let reason = "another file of the same note has its name".into();
                        report.skipped.push(Skipped { path: relative.to_owned(), reason });
                        continue;
                    }
                };
                match self.export_file(id, &root.join(&target)) {
                    Ok(()) => report.attachments += 1,
                    Err(
                        e
                        @ (NotebookError::Invalid(_) | NotebookError::NotFound { .. } | NotebookError::NotHere { .. }),
                    ) => {
                        report.skipped.push(Skipped { path: target, reason: e.to_string() });
                    }
                    Err(e) => return Err(e),
                }
            }
        }
        for folder in &folders {
            let folder = root.join(folder);
            fs::create_dir_all(&folder).map_err(NotebookError::io(&folder))?;
            report.empty_notebooks += 1;
        }
        report.elapsed_ms = started.elapsed().as_millis() as u64;
        Ok(report)
    }

    fn export_file(&self, id: AttachmentId, target: &Path) -> Result<()> {
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent).map_err(NotebookError::io(parent))?;
        }
        self.save_attachment(id, target)
    }

    fn notes_to_export(&self) -> Result<Vec<(ExportNote, Fields)>> {
        self.read(|r| {
            let notebooks: BTreeMap<NotebookId, _> = r.notebooks()?.into_iter().map(|n| (n.id, n)).collect();
            let path_of = |mut at: Option<NotebookId>| {
                let mut names = Vec::new();
                // Cycles are broken by the tree; here a bound is enough.
                while let Some(row) = at.and_then(|id| notebooks.get(&id)).filter(|_| names.len() <= notebooks.len()) {
                    if !row.trashed {
                        names.push(row.name.clone());
                    }
                    at = row.parent;
                }
                names.reverse();
                names
            };
            let mut out: Vec<(ExportNote, Fields)> = Vec::new();
            for row in r.list_notes(&NoteQuery { trash: TrashFilter::Live, ..NoteQuery::default() })? {
                let Some(record) = Record::load(self, r, row.id.into())? else { continue };
                let fields = record.shown()?.fields;
                if let Fields::Note(note) = &fields {
                    out.push((ExportNote::new(row.id, note, path_of(*note.notebook.shown())), fields));
                }
            }
            // The same files for whoever exports: imported names come first, then the smaller id.
            out.sort_by_key(|(note, _)| (note.file_name.is_none(), note.id));
            Ok(out)
        })
    }
}

/// Asks the file system of an empty folder whether it tells names apart by case and by composition.
fn names_of(root: &Path) -> Result<Names> {
    for (made, other) in [("holdfast-probe", "HOLDFAST-PROBE"), ("holdfast-\u{e9}", "holdfast-e\u{301}")] {
        let probe = root.join(made);
        fs::write(&probe, []).map_err(NotebookError::io(&probe))?;
        let same = root.join(other).exists();
        fs::remove_file(&probe).map_err(NotebookError::io(&probe))?;
        if same {
            return Ok(Names::Folded);
        }
    }
    Ok(Names::Exact)
}

fn write_file(root: &Path, path: &str, bytes: &[u8]) -> Result<()> {
    let target = root.join(path);
    if let Some(parent) = target.parent() {
        fs::create_dir_all(parent).map_err(NotebookError::io(parent))?;
    }
    fs::write(&target, bytes).map_err(NotebookError::io(&target))
}
