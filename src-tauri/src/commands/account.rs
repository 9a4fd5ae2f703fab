//! Adding a server. Each command is one line: the handler in `holdfast_ipc` does the work.

use holdfast_ipc::dto::{AccountLink, CommandError, CreateAccountRequest, JoinRequest, LinkInfo};
use holdfast_ipc::handlers::account;

use super::{Shared, blocking};

#[tauri::command]
#[specta::specta]
pub async fn link_read(app: Shared<'_>, link: String) -> Result<LinkInfo, CommandError> {
    blocking(&app, move |app| account::link_read(app, &link)).await
}

#[tauri::command]
#[specta::specta]
pub async fn account_link(app: Shared<'_>) -> Result<AccountLink, CommandError> {
    blocking(&app, account::link).await
}

#[tauri::command]
#[specta::specta]
pub async fn account_create(app: Shared<'_>, request: CreateAccountRequest) -> Result<(), CommandError> {
    blocking(&app, move |app| account::create(app, &request)).await
}

#[tauri::command]
#[specta::specta]
pub async fn account_join(app: Shared<'_>, request: JoinRequest) -> Result<(), CommandError> {
    blocking(&app, move |app| account::join(app, &request)).await
}

#[tauri::command]
#[specta::specta]
pub async fn account_sign_in(app: Shared<'_>, passphrase: String) -> Result<(), CommandError> {
    blocking(&app, move |app| account::sign_in(app, &passphrase)).await
}
