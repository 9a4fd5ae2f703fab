//! Going back to a backup where the vault does not open any more. What is damaged is set aside, never overwritten.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use holdfast_crypto::{CryptoError, KeyFile, OpenVault};
use holdfast_store::{RawKey, Store, StoreError};

use super::create::raw_key;
use super::{DB_FILE, KEYS_FILE, Lock, Vault};
use crate::sync::activity::{self, Happened, Line};
use crate::{Backup, Env, NotebookError, Result, backups};

/// What belongs to a database, and lies beside it.
const DATABASE: [&str; 3] = [DB_FILE, "vault.db-wal", "vault.db-shm"];
const COMING: &str = "vault.db.restoring";

/// The keys that open what will be there.
struct KeysFound {
    file: KeyFile,
    open: OpenVault,
    /// The key file of the vault is damaged or missing: these are the backup's.
    of_backup: bool,
}

impl Vault {
    /// Puts a backup in the place of a database, or of a key file, that is damaged or missing, and opens the vault. What
    /// was there stays beside it under another name. With a server this computer goes on as a new one: the one that it
    /// was has sent what the backup does not know of, and gets it back with the next sync.
    ///
    /// The passphrase is the vault's, or where its key file is damaged the one of the day of the backup.
    ///
    /// # Errors
    /// [`NotebookError::Invalid`] where the vault is in order: its newest notes would disappear for nothing.
    /// [`NotebookError::Damaged`] where the backup is, too. Whatever the error, nothing was changed.
    pub fn restore_backup(dir: &Path, backup: &Backup, passphrase: &str, env: Env) -> Result<Self> {
        let lock = Lock::take(dir)?;
        let keys = find_keys(dir, &backup.dir, passphrase)?;
        let key = raw_key(&keys.open, &env)?;
        if !keys.of_backup && is_in_order(&dir.join(DB_FILE), &key)? {
            let fine = "the vault opens, and every page of it can be read: nothing was restored";
            return Err(NotebookError::Invalid(fine.into()));
        }
        let coming = dir.join(COMING);
        let copied = copy_whole(&backup.dir.join(DB_FILE), &coming, &key);
        if let Err(error) = copied {
            // The first error is the one to tell.
            let _ = fs::remove_file(&coming);
            return Err(error);
        }
        if keys.of_backup {
            let path = dir.join(KEYS_FILE);
            // A copy: at no moment is there no key file, which would be a folder without a vault.
            if let Some(aside) = free_name(&path).filter(|_| path.exists()) {
                fs::copy(&path, aside).map_err(NotebookError::io(&path))?;
            }
            keys.file.write(&path)?;
        }
        for path in DATABASE.map(|name| dir.join(name)) {
            if let Some(aside) = free_name(&path).filter(|_| path.exists()) {
                fs::rename(&path, aside).map_err(NotebookError::io(&path))?;
            }
        }
        let db = dir.join(DB_FILE);
        fs::rename(&coming, &db).map_err(NotebookError::io(&db))?;
        backups::on_disk(dir)?;
        drop(lock);
        let vault = Self::open(dir, passphrase, env)?;
        crate::sync::mark_copied(&vault)?;
        let message = format!("The vault was damaged, and went back to the backup in {}", backup.dir.display());
        vault.transact(|t| activity::write(t, &Line::new(Happened::Backup, message)))?;
        Ok(vault)
    }
}

fn find_keys(dir: &Path, backup: &Path, passphrase: &str) -> Result<KeysFound> {
    let opened = |file: KeyFile, of_backup| {
        let open = file.open_with_passphrase(passphrase)?;
        Ok(KeysFound { file, open, of_backup })
    };
    match KeyFile::read(&dir.join(KEYS_FILE)) {
        Ok(file) => opened(file, false),
        Err(CryptoError::Damaged(_)) => opened(KeyFile::read(&backup.join(KEYS_FILE))?, true),
        Err(CryptoError::Io(error)) if error.kind() == io::ErrorKind::NotFound => {
            opened(KeyFile::read(&backup.join(KEYS_FILE))?, true)
        }
        Err(other) => Err(other.into()),
    }
}

/// Whether the database opens and is whole. What is no damage (a newer version's, a disk that does not answer) is an
/// error.
fn is_in_order(db: &Path, key: &RawKey) -> Result<bool> {
    if !db.exists() {
        return Ok(false);
    }
    match Store::open_snapshot(db, key).and_then(|store| store.quick_check()) {
        Ok(()) => Ok(true),
        Err(StoreError::WrongKey | StoreError::Damaged(_)) => Ok(false),
        Err(other) => Err(other.into()),
    }
}

/// A copy that was read from the first page to the last.
fn copy_whole(from: &Path, to: &Path, key: &RawKey) -> Result<()> {
    fs::copy(from, to).map_err(NotebookError::io(to))?;
    fs::File::open(to).and_then(|file| file.sync_all()).map_err(NotebookError::io(to))?;
    let store = Store::open_snapshot(to, key)?;
    store.quick_check()?;
    Ok(store.close()?)
}

/// What a damaged file is called from now on.
fn free_name(path: &Path) -> Option<PathBuf> {
    let numbered = |n: u32| -> PathBuf {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".damaged-{n}"));
        name.into()
    };
    (1..=u32::MAX).map(numbered).find(|free| !free.exists())
}
