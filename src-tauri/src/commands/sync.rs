//! How sync stands, and what a person can do about it. Each command is one line: the handler in `holdfast_ipc` does the work.

use holdfast_ipc::dto::{ActivityItem, CommandError, SyncStatus};
use holdfast_ipc::handlers::sync;

use super::{Shared, blocking};

#[tauri::command]
#[specta::specta]
pub async fn sync_status(app: Shared<'_>) -> Result<SyncStatus, CommandError> {
    blocking(&app, sync::status).await
}

#[tauri::command]
#[specta::specta]
pub async fn sync_now(app: Shared<'_>) -> Result<(), CommandError> {
    blocking(&app, sync::now).await
}

#[tauri::command]
#[specta::specta]
pub async fn sync_pause(app: Shared<'_>, paused: bool) -> Result<(), CommandError> {
    blocking(&app, move |app| sync::pause(app, paused)).await
}

#[tauri::command]
#[specta::specta]
pub async fn activity(app: Shared<'_>, limit: u32) -> Result<Vec<ActivityItem>, CommandError> {
    blocking(&app, move |app| sync::activity(app, limit)).await
}
