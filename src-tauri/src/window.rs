//! The one window.

use tauri::{AppHandle, Manager as _, Runtime, WebviewWindowBuilder};

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

/// Comes to the front.
pub fn raise(handle: &AppHandle) {
    for window in handle.webview_windows().values() {
        let raised = window.unminimize().and_then(|()| window.show()).and_then(|()| window.set_focus());
        if let Err(error) = raised {
            tracing::warn!(%error, "the window could not come to the front");
        }
    }
}

/// Closes as its own button does: what is typed is saved first, and then the program ends.
pub fn close_all(handle: &AppHandle) {
    for window in handle.webview_windows().values() {
        if let Err(error) = window.close() {
            tracing::warn!(%error, "a window did not close");
            handle.exit(1);
        }
    }
}
