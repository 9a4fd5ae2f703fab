//! Lists, notes, saving, search. Each command is one line: the handler in `holdfast_ipc` does the work.

use holdfast_ipc::dto::{CommandError, NoteDetail, NoteListItem, NotesPage, NotesQuery, SaveRequest, Saved, SearchHit};
use holdfast_ipc::handlers::notes;

use super::{Shared, blocking};

#[tauri::command]
#[specta::specta]
pub async fn notes_list(app: Shared<'_>, query: NotesQuery) -> Result<NotesPage, CommandError> {
    blocking(&app, move |app| notes::list(app, &query)).await
}

#[tauri::command]
#[specta::specta]
pub async fn note_mark(app: Shared<'_>, id: String) -> Result<NoteListItem, CommandError> {
    blocking(&app, move |app| notes::mark(app, &id)).await
}

#[tauri::command]
#[specta::specta]
pub async fn note_get(app: Shared<'_>, id: String) -> Result<NoteDetail, CommandError> {
    blocking(&app, move |app| notes::get(app, &id)).await
}

#[tauri::command]
#[specta::specta]
pub async fn note_create(app: Shared<'_>, notebook: Option<String>) -> Result<NoteDetail, CommandError> {
    blocking(&app, move |app| notes::create(app, notebook.as_deref())).await
}

#[tauri::command]
#[specta::specta]
pub async fn note_save(app: Shared<'_>, request: SaveRequest) -> Result<Saved, CommandError> {
    blocking(&app, move |app| notes::save(app, &request)).await
}

#[tauri::command]
#[specta::specta]
pub async fn note_refresh(
    app: Shared<'_>,
    id: String,
    seen_heads: Vec<String>,
    title: String,
    body: String,
) -> Result<NoteDetail, CommandError> {
    blocking(&app, move |app| notes::refresh(app, &id, &seen_heads, &title, &body)).await
}

#[tauri::command]
#[specta::specta]
pub async fn note_leave(app: Shared<'_>, id: String) -> Result<(), CommandError> {
    blocking(&app, move |app| notes::leave(app, &id)).await
}

#[tauri::command]
#[specta::specta]
pub async fn note_trash(app: Shared<'_>, ids: Vec<String>) -> Result<(), CommandError> {
    blocking(&app, move |app| notes::trash(app, &ids)).await
}

#[tauri::command]
#[specta::specta]
pub async fn note_restore(app: Shared<'_>, ids: Vec<String>) -> Result<(), CommandError> {
    blocking(&app, move |app| notes::restore(app, &ids)).await
}

#[tauri::command]
#[specta::specta]
pub async fn note_attach(app: Shared<'_>, id: String, path: String) -> Result<NoteDetail, CommandError> {
    blocking(&app, move |app| notes::attach(app, &id, path.as_ref())).await
}

#[tauri::command]
#[specta::specta]
pub async fn attachment_remove(app: Shared<'_>, note: String, attachment: String) -> Result<NoteDetail, CommandError> {
    blocking(&app, move |app| notes::attachment_remove(app, &note, &attachment)).await
}

#[tauri::command]
#[specta::specta]
pub async fn attachment_save(
    app: Shared<'_>,
    note: String,
    attachment: String,
    path: String,
) -> Result<(), CommandError> {
    blocking(&app, move |app| notes::attachment_save(app, &note, &attachment, path.as_ref())).await
}

#[tauri::command]
#[specta::specta]
pub async fn attachment_fetch(app: Shared<'_>, note: String, attachment: String) -> Result<(), CommandError> {
    blocking(&app, move |app| notes::attachment_fetch(app, &note, &attachment)).await
}

#[tauri::command]
#[specta::specta]
pub async fn search(app: Shared<'_>, query: String, limit: u32) -> Result<Vec<SearchHit>, CommandError> {
    blocking(&app, move |app| notes::search(app, &query, limit)).await
}
