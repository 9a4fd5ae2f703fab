//! How sync stands, and what a person can do about it. Each command is one line: the handler in `holdfast_ipc` does the work.

use holdfast_ipc::dto::{
    ActivityItem, ActivityQuery, AsideItem, AsideTaken, AsideText, CommandError, Health, HeldNote, RemoveDeviceRequest,
    SyncStatus,
};
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
pub async fn activity(app: Shared<'_>, query: ActivityQuery) -> Result<Vec<ActivityItem>, CommandError> {
    blocking(&app, move |app| sync::activity(app, &query)).await
}

#[tauri::command]
#[specta::specta]
pub async fn activity_export(app: Shared<'_>, path: String) -> Result<u32, CommandError> {
    blocking(&app, move |app| sync::activity_export(app, path.as_ref())).await
}

#[tauri::command]
#[specta::specta]
pub async fn tripwire_notes(app: Shared<'_>) -> Result<Vec<HeldNote>, CommandError> {
    blocking(&app, sync::tripwire_notes).await
}

#[tauri::command]
#[specta::specta]
pub async fn tripwire_decide(app: Shared<'_>, number: u32, keep: bool) -> Result<u32, CommandError> {
    blocking(&app, move |app| sync::tripwire_decide(app, number, keep)).await
}

#[tauri::command]
#[specta::specta]
pub async fn device_remove(app: Shared<'_>, request: RemoveDeviceRequest) -> Result<(), CommandError> {
    blocking(&app, move |app| sync::device_remove(app, &request)).await
}

#[tauri::command]
#[specta::specta]
pub async fn aside_list(app: Shared<'_>) -> Result<Vec<AsideItem>, CommandError> {
    blocking(&app, sync::aside_list).await
}

#[tauri::command]
#[specta::specta]
pub async fn aside_text(app: Shared<'_>, id: String) -> Result<AsideText, CommandError> {
    blocking(&app, move |app| sync::aside_text(app, &id)).await
}

#[tauri::command]
#[specta::specta]
pub async fn aside_take(app: Shared<'_>, id: String) -> Result<AsideTaken, CommandError> {
    blocking(&app, move |app| sync::aside_take(app, &id)).await
}

#[tauri::command]
#[specta::specta]
pub async fn aside_discard(app: Shared<'_>, id: String) -> Result<(), CommandError> {
    blocking(&app, move |app| sync::aside_discard(app, &id)).await
}

#[tauri::command]
#[specta::specta]
pub async fn check_health(app: Shared<'_>) -> Result<Health, CommandError> {
    blocking(&app, sync::check_health).await
}
