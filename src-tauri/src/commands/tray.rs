//! What the tray shows. Not asynchronous: both run on the main thread, in the order in which they were asked.

use holdfast_ipc::dto::{CommandError, ErrorCode, TrayShown};
use tauri::AppHandle;

use crate::tray;

fn failed(error: &tauri::Error) -> CommandError {
    CommandError {
        code: ErrorCode::Internal,
        message: format!("The icon in the tray could not be changed ({error}). Everything else works."),
        retryable: true,
    }
}

#[tauri::command]
#[specta::specta]
pub fn tray_show(handle: AppHandle, shown: TrayShown) -> Result<(), CommandError> {
    tray::show(&handle, &shown).map_err(|e| failed(&e))
}

/// `null` where the desktop has no tray.
#[tauri::command]
#[specta::specta]
pub fn tray_shown(handle: AppHandle) -> Result<Option<TrayShown>, CommandError> {
    tray::shown(&handle).map_err(|e| failed(&e))
}
