//! Reviews and receipts. Each command is one line: the handler in `holdfast_ipc` does the work.

use holdfast_ipc::dto::{CommandError, PlaceChoice, Receipt, Review, ReviewListItem, ReviewStep};
use holdfast_ipc::handlers::{receipts, review};

use super::{Shared, blocking};

#[tauri::command]
#[specta::specta]
pub async fn review_list(app: Shared<'_>) -> Result<Vec<ReviewListItem>, CommandError> {
    blocking(&app, review::list).await
}

#[tauri::command]
#[specta::specta]
pub async fn review_get(app: Shared<'_>, id: String) -> Result<Review, CommandError> {
    blocking(&app, move |app| review::get(app, &id)).await
}

#[tauri::command]
#[specta::specta]
pub async fn review_choose(
    app: Shared<'_>,
    id: String,
    place: String,
    choice: Option<PlaceChoice>,
) -> Result<ReviewStep, CommandError> {
    blocking(&app, move |app| review::choose(app, &id, &place, choice.as_ref())).await
}

#[tauri::command]
#[specta::specta]
pub async fn review_edit_result(
    app: Shared<'_>,
    id: String,
    seen_heads: Vec<String>,
    text: Option<String>,
) -> Result<ReviewStep, CommandError> {
    blocking(&app, move |app| review::edit_result(app, &id, &seen_heads, text.as_deref())).await
}

#[tauri::command]
#[specta::specta]
pub async fn review_finish(app: Shared<'_>, id: String, seen_heads: Vec<String>) -> Result<(), CommandError> {
    blocking(&app, move |app| review::finish(app, &id, &seen_heads)).await
}

#[tauri::command]
#[specta::specta]
pub async fn review_undo(app: Shared<'_>, id: String) -> Result<(), CommandError> {
    blocking(&app, move |app| review::undo(app, &id)).await
}

#[tauri::command]
#[specta::specta]
pub async fn receipts_list(app: Shared<'_>) -> Result<Vec<Receipt>, CommandError> {
    blocking(&app, receipts::list).await
}

#[tauri::command]
#[specta::specta]
pub async fn receipt_get(app: Shared<'_>, id: String) -> Result<Receipt, CommandError> {
    blocking(&app, move |app| receipts::get(app, &id)).await
}

#[tauri::command]
#[specta::specta]
pub async fn receipt_undo(app: Shared<'_>, id: String, revision: String) -> Result<(), CommandError> {
    blocking(&app, move |app| receipts::undo(app, &id, &revision)).await
}
