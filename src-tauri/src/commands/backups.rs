//! Copies of the vault. Each command is one line: the handler in `holdfast_ipc` does the work.

use holdfast_ipc::dto::{BackupContent, BackupItem, CommandError};
use holdfast_ipc::handlers::backups;

use super::{Shared, blocking};

#[tauri::command]
#[specta::specta]
pub async fn backup_list(app: Shared<'_>) -> Result<Vec<BackupItem>, CommandError> {
    blocking(&app, backups::list).await
}

#[tauri::command]
#[specta::specta]
pub async fn backup_now(app: Shared<'_>) -> Result<BackupItem, CommandError> {
    blocking(&app, backups::now).await
}

#[tauri::command]
#[specta::specta]
pub async fn backup_test(app: Shared<'_>, path: String) -> Result<BackupContent, CommandError> {
    blocking(&app, move |app| backups::test(app, path.as_ref())).await
}

#[tauri::command]
#[specta::specta]
pub async fn backup_restore(app: Shared<'_>, path: String, passphrase: String) -> Result<(), CommandError> {
    blocking(&app, move |app| backups::restore(app, path.as_ref(), &passphrase)).await
}
