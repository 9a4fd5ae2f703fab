//! What only a desktop can do: the clipboard and the browser.

use std::time::Duration;

use holdfast_ipc::dto::{CommandError, ErrorCode};
use tauri::AppHandle;
use tauri_plugin_clipboard_manager::ClipboardExt;
use tauri_plugin_opener::OpenerExt;

/// How long a secret stays in the clipboard.
const SECRET_STAYS: Duration = Duration::from_mins(1);

fn refused(message: String) -> CommandError {
    CommandError { code: ErrorCode::InvalidInput, message, retryable: true }
}

/// Copies a secret, and takes it out of the clipboard after a minute if it is still there.
#[tauri::command]
#[specta::specta]
pub async fn copy_secret(handle: AppHandle, text: String) -> Result<(), CommandError> {
    let copied = handle.clipboard().write_text(&text);
    copied.map_err(|_| refused("The clipboard cannot be used on this computer.".into()))?;
    tauri::async_runtime::spawn(async move {
        tokio::time::sleep(SECRET_STAYS).await;
        let clipboard = handle.clipboard();
        if clipboard.read_text().is_ok_and(|now| now == text) && clipboard.clear().is_err() {
            tracing::warn!("the clipboard could not be cleared");
        }
    });
    Ok(())
}

/// Opens a web or mail address in the person's own browser. Nothing else: a note must not start programs.
#[tauri::command]
#[specta::specta]
pub async fn open_link(handle: AppHandle, url: String) -> Result<(), CommandError> {
    let lower = url.to_lowercase();
    if !["https://", "http://", "mailto:"].iter().any(|scheme| lower.starts_with(scheme)) {
        return Err(refused("Only web and mail addresses are opened.".into()));
    }
    let opened = handle.opener().open_url(url, None::<&str>);
    opened.map_err(|_| refused("This computer has no program to open the link with.".into()))
}
