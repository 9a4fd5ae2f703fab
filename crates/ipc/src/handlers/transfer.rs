//! Import and export.

use std::path::Path;

use holdfast_notebook as nb;

use crate::convert::{answer, invalid};
use crate::dto::{ExportReport, ImportReport, Skipped};
use crate::{Answer, App};

fn skipped(skipped: Vec<nb::Skipped>) -> Vec<Skipped> {
    skipped.into_iter().map(|s| Skipped { path: s.path, reason: s.reason }).collect()
}

fn check(path: &Path) -> Answer<()> {
    if path.as_os_str().is_empty() { Err(invalid("Name a folder.")) } else { Ok(()) }
}

pub fn import(app: &App, path: &Path, dry_run: bool) -> Answer<ImportReport> {
    check(path)?;
    let r = answer(app.vault()?.import_folder(path, dry_run))?;
    Ok(ImportReport {
        notes: r.notes,
        notebooks: r.notebooks,
        tags: r.tags,
        attachments: r.attachments,
        skipped: skipped(r.skipped),
        elapsed_ms: r.elapsed_ms as u32,
    })
}

pub fn export(app: &App, path: &Path) -> Answer<ExportReport> {
    check(path)?;
    // What cannot be had is in the report, by its name.
    answer(app.with_syncer(async |syncer| syncer.fetch_all_files().await)?)?;
    let r = answer(app.vault()?.export_folder(path))?;
    Ok(ExportReport {
        notes: r.notes,
        to_review: r.to_review,
        attachments: r.attachments,
        skipped: skipped(r.skipped),
        elapsed_ms: r.elapsed_ms as u32,
    })
}
