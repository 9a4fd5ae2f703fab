//! Backups: a list, a new one, and the proof that one opens.

use std::path::Path;

use holdfast_notebook::{Backup, BackupReason, Vault, backups_of};

use crate::convert::{answer, invalid, ms};
use crate::dto::{BackupContent, BackupItem, CommandError};
use crate::{Answer, App, backup_reason};

fn item(backup: &Backup) -> BackupItem {
    BackupItem {
        path: backup.dir.display().to_string(),
        at_ms: ms(backup.at_ms),
        reason: backup_reason(backup.reason).to_owned(),
        bytes: ms(backup.bytes),
    }
}

/// Of the vault in this place, also of one that does not open.
pub fn list(app: &App) -> Answer<Vec<BackupItem>> {
    Ok(answer(backups_of(app.dir()))?.iter().map(item).collect())
}

/// Puts one of the listed backups in the place of a vault that is damaged, and opens it.
pub fn restore(app: &App, path: &Path, passphrase: &str) -> Answer<()> {
    let backup = answer(backups_of(app.dir()))?.into_iter().find(|b| b.dir == path).ok_or_else(not_listed)?;
    app.opened(answer(Vault::restore_backup(app.dir(), &backup, passphrase, app.env.clone()))?)
}

fn not_listed() -> CommandError {
    invalid("This is not one of the backups of this vault.")
}

pub fn now(app: &App) -> Answer<BackupItem> {
    answer(app.vault()?.backup(BackupReason::Asked)).map(|b| item(&b))
}

/// Opens one of the listed backups, reads all of it, and counts.
pub fn test(app: &App, path: &Path) -> Answer<BackupContent> {
    let vault = app.vault()?;
    if !answer(vault.backups())?.iter().any(|b| b.dir == path) {
        return Err(not_listed());
    }
    let content = answer(vault.test_backup(path))?;
    Ok(BackupContent {
        notes: content.notes as u32,
        trashed: content.trashed as u32,
        notebooks: content.notebooks as u32,
        files_not_here: super::sync::file_count(content.files_not_here),
    })
}
