//! `import` and `export`.

use std::path::Path;

use holdfast_notebook::Skipped;
use serde_json::{Value, json};

use crate::Outcome;
use crate::output::Answer;
use crate::session::Place;
use crate::shapes::count;

pub fn import(place: &Place, path: &Path, dry_run: bool) -> Outcome {
    place.with_vault(|vault| {
        let report = vault.import_folder(path, dry_run)?;
        let json = json!({
            "notes": report.notes,
            "notebooks": report.notebooks,
            "tags": report.tags,
            "attachments": report.attachments,
            "skipped": skipped(&report.skipped),
            "elapsed_ms": report.elapsed_ms,
        });
        let text = format!(
            "{} {}, {}, {} and {}.{}",
            if dry_run { "Would import" } else { "Imported" },
            count(report.notes.into(), "note"),
            count(report.notebooks.into(), "notebook"),
            count(report.tags.into(), "tag"),
            count(report.attachments.into(), "attachment"),
            skipped_text(&report.skipped)
        );
        Ok(Answer::new(json, text))
    })
}

pub fn export(place: &Place, dir: &Path) -> Outcome {
    place.with_vault(|vault| {
        let report = vault.export_folder(dir)?;
        let json = json!({
            "notes": report.notes,
            "attachments": report.attachments,
            "skipped": skipped(&report.skipped),
            "elapsed_ms": report.elapsed_ms,
        });
        let text = format!(
            "Exported {} and {}.{}",
            count(report.notes.into(), "note"),
            count(report.attachments.into(), "attachment"),
            skipped_text(&report.skipped)
        );
        Ok(Answer::new(json, text))
    })
}

fn skipped(all: &[Skipped]) -> Vec<Value> {
    all.iter().map(|s| json!({ "path": s.path, "reason": s.reason })).collect()
}

fn skipped_text(all: &[Skipped]) -> String {
    if all.is_empty() {
        return String::new();
    }
    let lines: Vec<String> = all.iter().map(|s| format!("  {}: {}", s.path, s.reason)).collect();
    format!("\nNot taken:\n{}", lines.join("\n"))
}
