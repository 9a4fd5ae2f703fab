//! The icon in the desktop's tray: how sync stands, in the words of the sidebar, and four things to do.
//!
//! It decides nothing: the window says what it shows (`ui/src/features/sync/tray.ts`). Where the desktop has no tray, or
//! the library for it is not installed, there is none, and nothing else changes. Closing the window ends the program
//! with a tray as without.

use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Mutex, PoisonError};

use holdfast_ipc::App;
use holdfast_ipc::dto::{Event, TrayIcon, TrayShown};
use holdfast_ipc::handlers::sync;
use tauri::image::Image;
use tauri::menu::{Menu, MenuEvent, MenuItem, PredefinedMenuItem};
use tauri::tray::TrayIconBuilder;
use tauri::{AppHandle, Manager as _, Wry};
use tauri_specta::Event as _;

use crate::events::Holdfast;
use crate::window;

const SYNC: &str = "tray-sync";
const OPEN: &str = "tray-open";
const LOCK: &str = "tray-lock";
const QUIT: &str = "tray-quit";

/// What is there to be changed.
struct Parts {
    tray: tauri::tray::TrayIcon<Wry>,
    icon: TrayIcon,
    words: MenuItem<Wry>,
    sync: MenuItem<Wry>,
    lock: MenuItem<Wry>,
}

/// The tray, or none. Managed by Tauri.
#[derive(Default)]
pub struct Tray(Mutex<Option<Parts>>);

/// Makes the tray, where the desktop can have one.
pub fn create(handle: &AppHandle) {
    // The library is loaded when it is first used, and its loader panics where it is not installed: nobody has to read
    // that, and it is no reason to stop.
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let made = panic::catch_unwind(AssertUnwindSafe(|| parts(handle)));
    panic::set_hook(hook);
    let tray = Tray::default();
    match made {
        Ok(Ok(parts)) => *tray.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(parts),
        Ok(Err(error)) => tracing::info!(%error, "this desktop has no tray"),
        Err(_) => tracing::info!("no tray: libayatana-appindicator3 is not installed"),
    }
    handle.manage(tray);
}

fn parts(handle: &AppHandle) -> tauri::Result<Parts> {
    let item = |id: &str, text: &str, enabled| MenuItem::with_id(handle, id, text, enabled, None::<&str>);
    let words = item("tray-words", "Holdfast", false)?;
    let (sync, lock) = (item(SYNC, "Sync now", false)?, item(LOCK, "Lock", false)?);
    let (open, quit) = (item(OPEN, "Open Holdfast", true)?, item(QUIT, "Quit", true)?);
    let (upper, lower) = (PredefinedMenuItem::separator(handle)?, PredefinedMenuItem::separator(handle)?);
    let menu = Menu::with_items(handle, &[&words, &upper, &sync, &open, &lock, &lower, &quit])?;
    // A name of its own: the picture lies in a folder that all programs of this person share.
    let mut builder = TrayIconBuilder::with_id(format!("holdfast-{}", std::process::id()))
        .tooltip("Holdfast")
        .menu(&menu)
        .on_menu_event(chosen);
    if let Some(image) = picture(handle, TrayIcon::Normal) {
        builder = builder.icon(image);
    }
    Ok(Parts { tray: builder.build(handle)?, icon: TrayIcon::Normal, words, sync, lock })
}

fn chosen(handle: &AppHandle, event: MenuEvent) {
    match event.id().as_ref() {
        SYNC => {
            let app = handle.state::<Arc<App>>().inner().clone();
            tauri::async_runtime::spawn_blocking(move || {
                if let Err(error) = sync::now(&app) {
                    tracing::warn!(message = error.message, "the tray's sync did not begin");
                }
            });
        }
        OPEN => window::raise(handle),
        // The window locks: it has what is being typed.
        LOCK => {
            if let Err(error) = Holdfast(Event::Lock).emit(handle) {
                tracing::warn!(%error, "the window did not hear that it should lock");
            }
        }
        // As its own button does: what is typed is saved first.
        QUIT => window::close_all(handle),
        _ => {}
    }
}

/// Shows this from now on. On the main thread.
pub fn show(handle: &AppHandle, shown: &TrayShown) -> tauri::Result<()> {
    let tray = handle.state::<Tray>();
    let mut parts = tray.0.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(parts) = parts.as_mut() else { return Ok(()) };
    parts.words.set_text(&shown.text)?;
    parts.sync.set_enabled(shown.can_sync)?;
    parts.lock.set_enabled(shown.can_lock)?;
    parts.tray.set_tooltip(Some(format!("Holdfast: {}", shown.text)))?;
    if parts.icon != shown.icon {
        parts.tray.set_icon(picture(handle, shown.icon))?;
        parts.icon = shown.icon;
    }
    Ok(())
}

/// What it shows, read from the desktop's own items; `None` without a tray.
pub fn shown(handle: &AppHandle) -> tauri::Result<Option<TrayShown>> {
    let tray = handle.state::<Tray>();
    let parts = tray.0.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(parts) = parts.as_ref() else { return Ok(None) };
    Ok(Some(TrayShown {
        icon: parts.icon,
        text: parts.words.text()?,
        can_sync: parts.sync.is_enabled()?,
        can_lock: parts.lock.is_enabled()?,
    }))
}

fn picture(handle: &AppHandle, icon: TrayIcon) -> Option<Image<'static>> {
    let plain = handle.default_window_icon()?;
    let (width, height) = (plain.width(), plain.height());
    Some(Image::new_owned(painted(plain.rgba(), width, height, icon), width, height))
}

/// The program's picture as it is, with a dot in its lower corner, or without its colours.
fn painted(rgba: &[u8], width: u32, height: u32, icon: TrayIcon) -> Vec<u8> {
    let mut out = rgba.to_vec();
    let dot = match icon {
        TrayIcon::Normal => return out,
        TrayIcon::Offline => {
            for pixel in out.chunks_exact_mut(4) {
                // Rec. 601 luma, in thousandths.
                let grey = (299 * u32::from(pixel[0]) + 587 * u32::from(pixel[1]) + 114 * u32::from(pixel[2])) / 1000;
                pixel[..3].fill(grey as u8);
            }
            return out;
        }
        TrayIcon::Waiting => [0xd9, 0x96, 0x2b],
        TrayIcon::Attention => [0xc2, 0x3b, 0x5a],
    };
    let radius = i64::from(width.min(height)) / 4;
    let (x0, y0) = (i64::from(width) - radius - 1, i64::from(height) - radius - 1);
    for (n, pixel) in (0_i64..).zip(out.chunks_exact_mut(4)) {
        let (x, y) = (n % i64::from(width) - x0, n / i64::from(width) - y0);
        if x * x + y * y <= radius * radius {
            pixel[..3].copy_from_slice(&dot);
            pixel[3] = 0xff;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_picture_is_another_and_of_the_same_size() {
        let plain: Vec<u8> = [40, 90, 200, 255].repeat(32 * 32);
        let all = [TrayIcon::Normal, TrayIcon::Waiting, TrayIcon::Attention, TrayIcon::Offline]
            .map(|icon| painted(&plain, 32, 32, icon));
        for (n, one) in all.iter().enumerate() {
            assert_eq!(one.len(), plain.len());
            assert!(all[..n].iter().all(|other| other != one), "picture {n}");
        }
        assert_eq!(all[0], plain);
        // The corner that a person's eye looks for keeps the program's own colours.
        assert_eq!(all[1][..4], plain[..4]);
        assert!(all[3].chunks_exact(4).all(|p| p[0] == p[1] && p[1] == p[2] && p[3] == 255));
    }
}
