//! One process at a time has a vault open.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;

use crate::{NotebookError, Result};

/// Held for as long as the vault is open; the system drops it with the process, however that ends.
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    pub fn take(dir: &Path) -> Result<Self> {
        let path = dir.join("vault.lock");
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(NotebookError::io(&path))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(NotebookError::OpenElsewhere(dir.to_owned())),
            Err(TryLockError::Error(e)) => Err(NotebookError::io(&path)(e)),
        }
    }
}
