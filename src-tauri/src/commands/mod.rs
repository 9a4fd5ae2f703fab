//! The commands of the window, one file a noun.

pub mod account;
pub mod backups;
pub mod desktop;
pub mod history;
pub mod notebooks;
pub mod notes;
pub mod review;
pub mod session;
pub mod sync;
pub mod transfer;
pub mod tray;

use std::sync::Arc;

use holdfast_ipc::App;
use holdfast_ipc::dto::{CommandError, ErrorCode};
use tauri_specta::{Builder, ErrorHandlingMode, collect_commands, collect_events};

use crate::events::Holdfast;

/// What commands work on.
pub type Shared<'a> = tauri::State<'a, Arc<App>>;

/// Runs a handler where it may wait for the disk or the network.
async fn blocking<T: Send + 'static>(
    app: &Arc<App>,
    handler: impl FnOnce(&App) -> Result<T, CommandError> + Send + 'static,
) -> Result<T, CommandError> {
    let app = app.clone();
    tauri::async_runtime::spawn_blocking(move || handler(&app)).await.unwrap_or_else(|error| {
        tracing::error!(%error, "a command ended early");
        Err(CommandError {
            code: ErrorCode::Internal,
            message: "Something went wrong inside Holdfast. What was saved before is safe.".into(),
            retryable: true,
        })
    })
}

/// Every command and event, for Tauri and for the generated TypeScript.
pub fn builder() -> Builder<tauri::Wry> {
    Builder::new()
        .error_handling(ErrorHandlingMode::Throw)
        .disable_serde_phases()
        .events(collect_events![Holdfast])
        .commands(collect_commands![
            session::session_status,
            session::vault_create,
            session::vault_unlock,
            session::vault_unlock_with_code,
            session::passphrase_change,
            session::vault_lock,
            session::recovery_code,
            session::recovery_confirm,
            session::recovery_save,
            session::settings,
            session::settings_save,
            account::link_read,
            account::account_link,
            account::account_create,
            account::account_join,
            account::account_sign_in,
            notes::notes_list,
            notes::note_get,
            notes::note_mark,
            notes::note_create,
            notes::note_save,
            notes::note_refresh,
            notes::note_leave,
            notes::note_trash,
            notes::note_restore,
            notes::note_attach,
            notes::attachment_remove,
            notes::attachment_save,
            notes::attachment_fetch,
            notes::search,
            history::note_versions,
            history::note_version,
            history::note_version_fetch,
            history::note_version_restore,
            notebooks::sidebar,
            notebooks::notebook_add,
            notebooks::notebook_rename,
            notebooks::notebook_move,
            notebooks::notebook_trash,
            notebooks::notebook_keep_offline,
            review::review_list,
            review::review_get,
            review::review_choose,
            review::review_edit_result,
            review::review_finish,
            review::review_undo,
            review::receipts_list,
            review::receipt_get,
            review::receipt_undo,
            sync::sync_status,
            sync::sync_now,
            sync::sync_pause,
            sync::activity,
            sync::activity_export,
            sync::tripwire_notes,
            sync::tripwire_decide,
            sync::device_remove,
            sync::aside_list,
            sync::aside_text,
            sync::aside_take,
            sync::aside_discard,
            sync::check_health,
            backups::backup_list,
            backups::backup_now,
            backups::backup_test,
            backups::backup_restore,
            desktop::copy_secret,
            desktop::open_link,
            transfer::import_folder,
            transfer::export_folder,
            tray::tray_show,
            tray::tray_shown,
        ])
}
