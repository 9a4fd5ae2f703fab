//! The one window.

use tauri::{AppHandle, Runtime, WebviewWindowBuilder};

/// The label in tauri.conf.json and in capabilities/main.json.
const MAIN: &str = "main";

/// Creates the main window as tauri.conf.json describes it.
///
/// Its web context is ephemeral: WebKit keeps no cache, cookie or storage of the page on disk. The one
/// exception is a WebDriver session (tauri-driver sets `TAURI_WEBVIEW_AUTOMATION`), because wry 0.57
/// gives an ephemeral context no automation; tests therefore run with a scratch home folder.
pub fn create<R: Runtime>(app: &AppHandle<R>) -> tauri::Result<()> {
    let config =
        app.config().app.windows.iter().find(|window| window.label == MAIN).ok_or(tauri::Error::WindowNotFound)?;
    let automated = std::env::var("TAURI_WEBVIEW_AUTOMATION").as_deref() == Ok("true");
    WebviewWindowBuilder::from_config(app, config)?.incognito(!automated).build()?;
    Ok(())
}
