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
    let window = WebviewWindowBuilder::from_config(app, config)?.incognito(!automated).build()?;
    #[cfg(target_os = "linux")]
    if !linux::has_graphics_card() {
        linux::paint_plainly(&window)?;
    }
    Ok(())
}

/// Without a graphics card WebKit still composes its pages with OpenGL, computed by the processor: a step in a long
/// review then costs seven times what plain painting does (280 against 41 ms of processor time, WebKitGTK 2.50).
#[cfg(target_os = "linux")]
mod linux {
    use std::fs;

    use tauri::{Runtime, WebviewWindow};
    use webkit2gtk::{HardwareAccelerationPolicy, SettingsExt as _, WebViewExt as _};

    /// True where the kernel offers one to programs.
    pub fn has_graphics_card() -> bool {
        let cards = fs::read_dir("/dev/dri").into_iter().flatten().flatten();
        cards.into_iter().any(|card| card.file_name().to_string_lossy().starts_with("renderD"))
    }

    pub fn paint_plainly<R: Runtime>(window: &WebviewWindow<R>) -> tauri::Result<()> {
        window.with_webview(|webview| {
            if let Some(settings) = webview.inner().settings() {
                settings.set_hardware_acceleration_policy(HardwareAccelerationPolicy::Never);
            }
        })
    }
}
