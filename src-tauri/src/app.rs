//! Puts the parts together: the vault's folder, the keychain, the connection, and where events go.

use std::path::PathBuf;
use std::sync::Arc;

use holdfast_ipc::App;
use holdfast_ipc::dto::Event;
use holdfast_notebook::sync::{Connect, ServerAddress};
use holdfast_notebook::{Env, Keychain, NoKeychain, OsKeychain, default_vault_dir};
use holdfast_sync_http::HttpClient;
use tauri_specta::Event as _;

use crate::args::Args;
use crate::events::Holdfast;

/// The folder of the vault that the command line asks for.
pub fn vault_dir(args: &Args) -> anyhow::Result<PathBuf> {
    match (&args.vault, &args.data_dir) {
        (Some(dir), _) => Ok(dir.clone()),
        (None, Some(dir)) => Ok(dir.join("default")),
        (None, None) => Ok(default_vault_dir()?),
    }
}

/// The state that all commands share. Opens the vault at once where the system's keychain can.
pub fn create(dir: PathBuf, handle: tauri::AppHandle) -> Arc<App> {
    let connect: Connect = Arc::new(|address: &ServerAddress| {
        let client = HttpClient::new(&address.url, address.pin)?;
        Ok(Arc::new(client) as Arc<_>)
    });
    let keychain: Box<dyn Keychain> = if std::env::var_os("HOLDFAST_NO_KEYCHAIN").is_some_and(|v| v == "1") {
        Box::new(NoKeychain)
    } else {
        Box::new(OsKeychain)
    };
    let host_name = gethostname::gethostname().to_string_lossy().into_owned();
    let sink = Arc::new(move |event: Event| {
        if let Err(error) = Holdfast(event).emit(&handle) {
            tracing::warn!(%error, "an event did not reach the window");
        }
    });
    let app = Arc::new(App::new(dir, Env::system(), connect, keychain, host_name, sink));
    app.start();
    app
}
