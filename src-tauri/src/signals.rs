//! SIGTERM and SIGINT close the window as its own button does: what is typed is saved first.

use signal_hook::consts::{SIGINT, SIGTERM};
use tauri::AppHandle;

use crate::window;

/// Closes every window at the first signal; at the second the program ends at once.
pub fn close_on_sigterm(handle: &AppHandle) -> std::io::Result<()> {
    let mut signals = signal_hook::iterator::Signals::new([SIGTERM, SIGINT])?;
    let handle = handle.clone();
    std::thread::Builder::new().name("signals".into()).spawn(move || {
        let mut seen = false;
        for _ in signals.forever() {
            if std::mem::replace(&mut seen, true) {
                handle.exit(1);
                return;
            }
            window::close_all(&handle);
        }
    })?;
    Ok(())
}
