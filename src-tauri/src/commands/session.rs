//! Creating, opening and locking the vault; settings. Each command is one line: the handler in `holdfast_ipc` does the work
//! (but for the theme, which the window needs before the vault is open).

use holdfast_ipc::dto::{CommandError, ConfirmWord, PassphraseChange, RecoveryCode, SessionStatus, Settings};
use holdfast_ipc::handlers::session;

use super::{Shared, blocking};
use crate::theme;

#[tauri::command]
#[specta::specta]
pub async fn session_status(app: Shared<'_>) -> Result<SessionStatus, CommandError> {
    blocking(&app, session::status).await
}

#[tauri::command]
#[specta::specta]
pub async fn vault_create(app: Shared<'_>, passphrase: String) -> Result<RecoveryCode, CommandError> {
    blocking(&app, move |app| session::create(app, &passphrase)).await
}

#[tauri::command]
#[specta::specta]
pub async fn vault_unlock(app: Shared<'_>, passphrase: String) -> Result<(), CommandError> {
    blocking(&app, move |app| session::unlock(app, &passphrase)).await
}

#[tauri::command]
#[specta::specta]
pub async fn vault_unlock_with_code(app: Shared<'_>, code: String, new_passphrase: String) -> Result<(), CommandError> {
    blocking(&app, move |app| session::unlock_with_code(app, &code, &new_passphrase)).await
}

#[tauri::command]
#[specta::specta]
pub async fn passphrase_change(app: Shared<'_>, change: PassphraseChange) -> Result<(), CommandError> {
    blocking(&app, move |app| session::passphrase_change(app, &change)).await
}

#[tauri::command]
#[specta::specta]
pub async fn vault_lock(app: Shared<'_>) -> Result<(), CommandError> {
    blocking(&app, session::lock).await
}

#[tauri::command]
#[specta::specta]
pub async fn recovery_code(app: Shared<'_>) -> Result<Option<RecoveryCode>, CommandError> {
    blocking(&app, session::recovery_code).await
}

#[tauri::command]
#[specta::specta]
pub async fn recovery_confirm(app: Shared<'_>, words: Vec<ConfirmWord>) -> Result<bool, CommandError> {
    blocking(&app, move |app| session::recovery_confirm(app, &words)).await
}

#[tauri::command]
#[specta::specta]
pub async fn recovery_save(app: Shared<'_>, path: String) -> Result<(), CommandError> {
    blocking(&app, move |app| session::recovery_save(app, path.as_ref())).await
}

#[tauri::command]
#[specta::specta]
pub async fn settings(app: Shared<'_>) -> Result<Settings, CommandError> {
    blocking(&app, |app| {
        let settings = session::settings(app)?;
        theme::keep(app.dir(), settings.theme);
        Ok(settings)
    })
    .await
}

#[tauri::command]
#[specta::specta]
pub async fn settings_save(app: Shared<'_>, settings: Settings) -> Result<(), CommandError> {
    blocking(&app, move |app| {
        session::settings_save(app, &settings)?;
        theme::keep(app.dir(), settings.theme);
        Ok(())
    })
    .await
}
