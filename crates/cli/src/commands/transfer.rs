//! `import` and `export`.

use std::path::Path;

use holdfast_notebook::Skipped;
use holdfast_notebook::sync::Syncer;
use serde_json::{Value, json};

use crate::Outcome;
use crate::output::Answer;
use crate::session::{Place, block_on, connect};
use crate::shapes::count;

pub fn import(place: &Place, path: &Path, dry_run: bool) -> Outcome {
    place.with_vault(|vault| {
        let report = vault.import_folder(path, dry_run)?;
        let json = json!({
            "notes": report.notes,
            "notebooks": report.notebooks,
            "tags": report.tags,
            "attachments": report.attachments,
            "skipped": listed(&report.skipped),
            "warnings": listed(&report.warnings),
            "elapsed_ms": report.elapsed_ms,
        });
        let text = format!(
            "{} {}, {}, {} and {}.{}{}",
            if dry_run { "Would import" } else { "Imported" },
            count(report.notes.into(), "note"),
            count(report.notebooks.into(), "notebook"),
            count(report.tags.into(), "tag"),
            count(report.attachments.into(), "attachment"),
            listed_text("Not taken", &report.skipped),
            listed_text("Taken, but", &report.warnings)
        );
        Ok(Answer::new(json, text))
    })
}

pub fn export(place: &Place, dir: &Path) -> Outcome {
    place.with_vault(|vault| {
        // What cannot be had is in the report, by its name.
        let syncer = Syncer::new(vault.clone(), connect())?;
        block_on(syncer.fetch_all_files())??;
        let report = vault.export_folder(dir)?;
        let json = json!({
            "notes": report.notes,
            "attachments": report.attachments,
            "empty_notebooks": report.empty_notebooks,
            "to_review": report.to_review,
            "skipped": listed(&report.skipped),
            "elapsed_ms": report.elapsed_ms,
        });
        let to_review = match report.to_review {
            0 => String::new(),
            1 => " 1 note is to review: all its versions are in a file beside it.".to_owned(),
            n => format!(" {n} notes are to review: all their versions are in files beside them."),
        };
        let text = format!(
            "Exported {} and {}.{to_review}{}",
            count(report.notes.into(), "note"),
            count(report.attachments.into(), "attachment"),
            listed_text("Not taken", &report.skipped)
        );
        Ok(Answer::new(json, text))
    })
}

fn listed(all: &[Skipped]) -> Vec<Value> {
    all.iter().map(|s| json!({ "path": s.path, "reason": s.reason })).collect()
}

fn listed_text(head: &str, all: &[Skipped]) -> String {
    if all.is_empty() {
        return String::new();
    }
    let lines: Vec<String> = all.iter().map(|s| format!("  {}: {}", s.path, s.reason)).collect();
    format!("\n{head}:\n{}", lines.join("\n"))
}
