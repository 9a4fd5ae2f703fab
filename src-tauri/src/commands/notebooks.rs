//! The sidebar and the tree of notebooks. Each command is one line: the handler in `holdfast_ipc` does the work.

use holdfast_ipc::dto::{CommandError, Sidebar};
use holdfast_ipc::handlers::notebooks;

use super::{Shared, blocking};

#[tauri::command]
#[specta::specta]
pub async fn sidebar(app: Shared<'_>) -> Result<Sidebar, CommandError> {
    blocking(&app, notebooks::sidebar).await
}

#[tauri::command]
#[specta::specta]
pub async fn notebook_add(app: Shared<'_>, name: String, parent: Option<String>) -> Result<String, CommandError> {
    blocking(&app, move |app| notebooks::add(app, &name, parent.as_deref())).await
}

#[tauri::command]
#[specta::specta]
pub async fn notebook_rename(app: Shared<'_>, id: String, name: String) -> Result<(), CommandError> {
    blocking(&app, move |app| notebooks::rename(app, &id, &name)).await
}

#[tauri::command]
#[specta::specta]
pub async fn notebook_move(app: Shared<'_>, id: String, parent: Option<String>) -> Result<(), CommandError> {
    blocking(&app, move |app| notebooks::move_to(app, &id, parent.as_deref())).await
}

#[tauri::command]
#[specta::specta]
pub async fn notebook_trash(app: Shared<'_>, id: String) -> Result<(), CommandError> {
    blocking(&app, move |app| notebooks::trash(app, &id)).await
}

#[tauri::command]
#[specta::specta]
pub async fn notebook_keep_offline(app: Shared<'_>, id: String, kept: bool) -> Result<(), CommandError> {
    blocking(&app, move |app| notebooks::keep_offline(app, &id, kept)).await
}
