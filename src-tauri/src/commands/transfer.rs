//! Import and export. Each command is one line: the handler in `holdfast_ipc` does the work.

use holdfast_ipc::dto::{CommandError, ExportReport, ImportReport};
use holdfast_ipc::handlers::transfer;

use super::{Shared, blocking};

#[tauri::command]
#[specta::specta]
pub async fn import_folder(app: Shared<'_>, path: String, dry_run: bool) -> Result<ImportReport, CommandError> {
    blocking(&app, move |app| transfer::import(app, path.as_ref(), dry_run)).await
}

#[tauri::command]
#[specta::specta]
pub async fn export_folder(app: Shared<'_>, path: String) -> Result<ExportReport, CommandError> {
    blocking(&app, move |app| transfer::export(app, path.as_ref())).await
}
