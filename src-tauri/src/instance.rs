//! One window a vault: a second launch raises the first and ends.

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tauri::AppHandle;

use crate::window;

const RAISE: &[u8] = b"raise\n";

/// Beside the vault, so that it is only its owner's.
fn socket(dir: &Path) -> PathBuf {
    dir.join("window.sock")
}

/// True if a window for this vault is there and was asked to come to the front.
pub fn raise_other(dir: &Path) -> bool {
    let Ok(mut stream) = UnixStream::connect(socket(dir)) else { return false };
    let answered = stream
        .set_read_timeout(Some(Duration::from_secs(2)))
        .and_then(|()| stream.write_all(RAISE))
        .and_then(|()| stream.read_exact(&mut [0; 3]));
    answered.is_ok()
}

/// Comes to the front when a second launch asks. Without a socket (a path too long, a file system that has none) a
/// second launch is told instead that the vault is open elsewhere.
pub fn listen(handle: &AppHandle, dir: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(dir)?;
    let path = socket(dir);
    // Nobody answered there, so it is left from a run that was killed.
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(&path)?;
    let handle = handle.clone();
    std::thread::Builder::new().name("instance".into()).spawn(move || {
        for stream in listener.incoming().flatten() {
            if let Err(error) = answer(&handle, stream) {
                tracing::debug!(%error, "a second launch was not answered");
            }
        }
    })?;
    Ok(())
}

fn answer(handle: &AppHandle, mut stream: UnixStream) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(2)))?;
    let mut request = [0; RAISE.len()];
    stream.read_exact(&mut request)?;
    if request != RAISE {
        return Ok(());
    }
    window::raise(handle);
    stream.write_all(b"ok\n")
}

/// Leaves nothing behind.
pub fn forget(dir: &Path) {
    // It may be gone already; a leftover is removed at the next start.
    let _ = std::fs::remove_file(socket(dir));
}
