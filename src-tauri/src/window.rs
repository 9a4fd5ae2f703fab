//! The one window.

use std::path::Path;

use tauri::{AppHandle, Manager as _, Runtime, Url, WebviewWindowBuilder};

use crate::theme;

/// The label in tauri.conf.json and in capabilities/main.json.
const MAIN: &str = "main";

/// Creates the main window as tauri.conf.json describes it.
///
/// Its web context is ephemeral: WebKit keeps no cache, cookie or storage of the page on disk. The one
/// exception is a WebDriver session (tauri-driver sets `TAURI_WEBVIEW_AUTOMATION`), because wry 0.57
/// gives an ephemeral context no automation; tests therefore run with a scratch home folder.
///
/// `dir`: the vault's folder, which knows the theme of the last time.
pub fn create<R: Runtime>(app: &AppHandle<R>, dir: &Path) -> tauri::Result<()> {
    let config =
        app.config().app.windows.iter().find(|window| window.label == MAIN).ok_or(tauri::Error::WindowNotFound)?;
    let automated = std::env::var("TAURI_WEBVIEW_AUTOMATION").as_deref() == Ok("true");
    let dev = app.config().build.dev_url.clone().filter(|_| tauri::is_dev());
    let theme = theme::kept(dir);
    let window = WebviewWindowBuilder::from_config(app, config)?
        .incognito(!automated)
        .on_navigation(move |url| is_own(url, dev.as_ref()))
        .background_color(theme::ground(theme, false))
        .initialization_script(theme::script(theme))
        .build()?;
    // Only a window knows what the system's theme is.
    if window.theme()? == tauri::Theme::Dark {
        window.set_background_color(Some(theme::ground(theme, true)))?;
    }
    Ok(())
}

/// Whether the address is a page of the program. The window goes to no other, whatever is dropped on it: the page, and
/// text that is not saved yet, would be gone.
fn is_own(url: &Url, dev: Option<&Url>) -> bool {
    match (url.scheme(), url.host_str()) {
        ("tauri", Some("localhost")) | ("http" | "https", Some("tauri.localhost")) => true,
        // Before the first page, and at the end.
        ("about", _) => url.path() == "blank",
        _ => dev.is_some_and(|dev| dev.origin() == url.origin()),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_goes_nowhere_else() -> Result<(), Box<dyn std::error::Error>> {
        let dev = Url::parse("http://127.0.0.1:1420")?;
        let own = |url: &str, dev| Url::parse(url).map(|url| is_own(&url, dev));
        for page in ["tauri://localhost/", "http://tauri.localhost/index.html", "about:blank"] {
            assert!(own(page, None)?, "{page}");
        }
        for page in
            ["file:///etc/passwd", "https://example.org/", "tauri://elsewhere/", "data:text/html,x", dev.as_str()]
        {
            assert!(!own(page, None)?, "{page}");
        }
        assert!(own("http://127.0.0.1:1420/index.html", Some(&dev))?);
        assert!(!own("http://127.0.0.1:1421/", Some(&dev))?);
        Ok(())
    }
}
