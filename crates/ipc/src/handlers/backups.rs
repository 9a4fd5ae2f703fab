//! Backups: a list, a new one, and the proof that one opens.

use std::path::Path;

use holdfast_notebook::{Backup, BackupReason};

use crate::convert::{answer, invalid, ms};
use crate::dto::{BackupContent, BackupItem};
use crate::{Answer, App, backup_reason};

fn item(backup: &Backup) -> BackupItem {
    BackupItem {
        path: backup.dir.display().to_string(),
        at_ms: ms(backup.at_ms),
        reason: backup_reason(backup.reason).to_owned(),
        bytes: ms(backup.bytes),
    }
}

pub fn list(app: &App) -> Answer<Vec<BackupItem>> {
    Ok(answer(app.vault()?.backups())?.iter().map(item).collect())
}

pub fn now(app: &App) -> Answer<BackupItem> {
    answer(app.vault()?.backup(BackupReason::Asked)).map(|b| item(&b))
}

/// Opens one of the listed backups, reads all of it, and counts.
pub fn test(app: &App, path: &Path) -> Answer<BackupContent> {
    let vault = app.vault()?;
    if !answer(vault.backups())?.iter().any(|b| b.dir == path) {
        return Err(invalid("This is not one of the backups of this vault."));
    }
    let content = answer(vault.test_backup(path))?;
    Ok(BackupContent {
        notes: content.notes as u32,
        trashed: content.trashed as u32,
        notebooks: content.notebooks as u32,
        files_not_here: super::sync::file_count(content.files_not_here),
    })
}
