//! The versions of a note. Each command is one line: the handler in `holdfast_ipc` does the work.

use holdfast_ipc::dto::{CommandError, NoteDetail, NoteVersion, NoteVersionItem};
use holdfast_ipc::handlers::history;

use super::{Shared, blocking};

#[tauri::command]
#[specta::specta]
pub async fn note_versions(app: Shared<'_>, id: String) -> Result<Vec<NoteVersionItem>, CommandError> {
    blocking(&app, move |app| history::list(app, &id)).await
}

#[tauri::command]
#[specta::specta]
pub async fn note_version(app: Shared<'_>, id: String, revision: String) -> Result<NoteVersion, CommandError> {
    blocking(&app, move |app| history::get(app, &id, &revision)).await
}

#[tauri::command]
#[specta::specta]
pub async fn note_version_fetch(app: Shared<'_>, id: String, revision: String) -> Result<(), CommandError> {
    blocking(&app, move |app| history::fetch(app, &id, &revision)).await
}

#[tauri::command]
#[specta::specta]
pub async fn note_version_restore(app: Shared<'_>, id: String, revision: String) -> Result<NoteDetail, CommandError> {
    blocking(&app, move |app| history::restore(app, &id, &revision)).await
}
