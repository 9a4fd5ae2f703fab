//! `vault.keys` on disk: a write is all or nothing, and the copy before it is kept.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use super::{KeyFile, MAX_BYTES};
use crate::error::CryptoError;

impl KeyFile {
    /// Reads the key file. Falls back to nothing by itself: the caller decides about [`KeyFile::read_previous`].
    ///
    /// # Errors
    /// [`CryptoError::Io`]; else as [`KeyFile::from_bytes`].
    pub fn read(path: &Path) -> Result<Self, CryptoError> {
        let mut bytes = Vec::new();
        File::open(path)?.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes)?;
        Self::from_bytes(&bytes)
    }

    /// Reads the copy that the last [`KeyFile::write`] replaced.
    ///
    /// # Errors
    /// As [`KeyFile::read`].
    pub fn read_previous(path: &Path) -> Result<Self, CryptoError> {
        Self::read(&beside(path, ".previous"))
    }

    /// Writes the key file, readable by its owner alone, and keeps what it replaces as `<name>.previous`. At every
    /// moment, whatever stops, `path` holds a whole key file: the old one or this one. One process at a time.
    ///
    /// # Errors
    /// [`CryptoError::Io`]; the old file is then still in place.
    pub fn write(&self, path: &Path) -> Result<(), CryptoError> {
        let bytes = self.to_bytes();
        match fs::read(path) {
            Ok(old) if old == bytes => return Ok(()),
            // A damaged file is not worth losing a good copy for.
            Ok(old) if Self::from_bytes(&old).is_ok() => replace(&beside(path, ".previous"), &old)?,
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error.into()),
        }
        replace(path, &bytes)?;
        Ok(())
    }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

/// Replaces a file by way of a new one in the same folder, all of it on disk before the name changes hands.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = beside(path, ".new");
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    // `create_new` follows no link that somebody might have put there.
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    drop(file);
    fs::rename(&new, path)?;
    sync_folder(path)
}

#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

/// Windows has no way to sync a folder; NTFS journals the rename.
#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}
