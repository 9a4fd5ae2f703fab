//! One person's encrypted store on one computer, open.
//!
//! In its folder: `vault.keys` (sealed keys), `vault.db` (SQLCipher), `vault.lock` (held while it is open), `backups`.

mod create;
mod keychain;
mod lock;
mod passphrase;
mod restore;
mod settings;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use holdfast_crypto::{CryptoError, KeyFile, KeychainKey, OpenVault, SpaceKeys, revision_id};
use holdfast_domain::{Clock, DeviceId, RevisionId, SpaceId};
use holdfast_store::{RawKey, Store};
use tokio::sync::{Notify, broadcast};

use crate::folds::Folds;
use crate::txn::Txn;
use crate::{Env, NotebookError, OpChanges, Result};

pub use create::Created;
pub use keychain::{Keychain, NoKeychain, OsKeychain};
use lock::Lock;
pub(crate) use passphrase::check as check_passphrase;

pub(crate) const KEYS_FILE: &str = "vault.keys";
pub(crate) const DB_FILE: &str = "vault.db";

/// Meta rows of the database.
pub(crate) mod meta {
    pub const DEVICE: &str = "device";
    pub const SPACE: &str = "space";
    pub const HLC_MS: &str = "hlc_ms";
    pub const HLC_COUNTER: &str = "hlc_counter";
    pub const RECOVERY_PHRASE: &str = "recovery_phrase";
    pub const THEME: &str = "theme";
    pub const CREATED_MS: &str = "created_ms";
    /// The notes of [`crate::txn::Txn::note_joined`], one id after another.
    pub const JOINED_NOTES: &str = "joined_notes";
}

/// The keys, and the sealed file they come from.
#[derive(Clone)]
pub(crate) struct Keys {
    pub file: KeyFile,
    pub open: OpenVault,
}

/// An open vault. All methods take `&self`; it is shared between the window's commands and the sync task.
pub struct Vault {
    dir: PathBuf,
    env: Env,
    keys: Mutex<Keys>,
    /// `None` once closed.
    store: Mutex<Option<Store>>,
    /// `None` too where there is one connection, which only the simulator does.
    reader: Mutex<Option<Store>>,
    clock: Mutex<Clock>,
    space: SpaceId,
    /// Changes where the vault turns out to be a copy.
    device: Mutex<DeviceId>,
    /// The keychain's key, where it opened this vault or was made for it.
    keychain_key: Mutex<Option<KeychainKey>>,
    folds: Mutex<Folds>,
    /// Held while a backup is made; before any lock of the database.
    backing_up: Mutex<()>,
    changes: broadcast::Sender<OpChanges>,
    /// Rings when something is to be sent, or the account changed.
    pub(crate) wake: Notify,
    /// Last: the lock goes when everything else is closed.
    _lock: Lock,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vault").field("dir", &self.dir).finish_non_exhaustive()
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic elsewhere left no half-done state: every change is one database transaction.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Vault {
    /// One backup at a time.
    pub(crate) fn backs_up(&self) -> MutexGuard<'_, ()> {
        held(&self.backing_up)
    }

    pub fn dir(&self) -> &Path {
        &self.dir
    }

    pub fn env(&self) -> &Env {
        &self.env
    }

    /// This installation.
    pub fn device(&self) -> DeviceId {
        *held(&self.device)
    }

    pub(crate) fn set_device(&self, device: DeviceId) {
        *held(&self.device) = device;
    }

    pub(crate) fn keychain_key(&self) -> Option<KeychainKey> {
        held(&self.keychain_key).clone()
    }

    pub(crate) fn keep_keychain_key(&self, key: Option<KeychainKey>) {
        *held(&self.keychain_key) = key;
    }

    /// The personal space.
    pub fn space(&self) -> SpaceId {
        self.space
    }

    /// Everything that changes from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<OpChanges> {
        self.changes.subscribe()
    }

    /// The one door for every change: one database transaction, and what it changed is told when it is on disk.
    pub(crate) fn transact<T>(&self, op: impl FnOnce(&mut Txn<'_>) -> Result<T>) -> Result<T> {
        let store = held(&self.store);
        let open = store.as_ref().ok_or_else(NotebookError::closed)?;
        let mut clock = held(&self.clock);
        let mut ticking = *clock;
        let (answer, changes) = open.write(|tx| {
            let mut txn = Txn::new(self, tx, &mut ticking);
            let answer = op(&mut txn)?;
            let changes = txn.finish()?;
            Ok::<_, NotebookError>((answer, changes))
        })?;
        *clock = ticking;
        drop(clock);
        drop(store);
        if changes.waiting {
            self.wake.notify_one();
        }
        if !changes.is_empty() {
            // Nobody listening is fine: the terminal program has no views.
            let _ = self.changes.send(changes);
        }
        Ok(answer)
    }

    /// Reads a consistent picture, beside whatever is being written.
    pub(crate) fn read<T>(&self, read: impl FnOnce(&holdfast_store::Reader<'_>) -> Result<T>) -> Result<T> {
        #[cfg(feature = "simulation")]
        if self.env.one_connection() {
            return held(&self.store).as_ref().ok_or_else(NotebookError::closed)?.read(|r| read(r));
        }
        held(&self.reader).as_ref().ok_or_else(NotebookError::closed)?.read(|r| read(r))
    }

    /// Taken after the database's locks and never before them, or two threads wait for each other.
    pub(crate) fn keys(&self) -> MutexGuard<'_, Keys> {
        held(&self.keys)
    }

    /// Runs with the personal space's keys.
    pub(crate) fn with_space_keys<T>(&self, run: impl FnOnce(&SpaceKeys) -> Result<T>) -> Result<T> {
        let keys = self.keys();
        let space = keys.open.account.spaces.get(&self.space.0);
        run(space.ok_or_else(|| NotebookError::Damaged("the key file lacks this vault's space".into()))?)
    }

    /// The id that a revision with these canonical bytes has.
    pub(crate) fn revision_id(&self, canonical: &[u8]) -> Result<RevisionId> {
        self.with_space_keys(|keys| Ok(RevisionId(revision_id(keys.current_id_key().1, canonical))))
    }

    /// Taken for a moment, and nothing else while it is.
    pub(crate) fn folds(&self) -> MutexGuard<'_, Folds> {
        held(&self.folds)
    }

    /// For a second connection to the database.
    pub(crate) fn database_key(&self) -> Result<RawKey> {
        create::raw_key(&self.keys().open, &self.env)
    }

    /// Changes the keys, all or nothing: what is in memory is never ahead of the file.
    pub(crate) fn change_keys<T>(&self, change: impl FnOnce(&mut Keys) -> Result<T>) -> Result<T> {
        let mut keys = self.keys();
        let mut changed = keys.clone();
        let answer = change(&mut changed)?;
        self.write_keys(&changed)?;
        *keys = changed;
        Ok(answer)
    }

    /// Saves keys to the key file.
    pub(crate) fn write_keys(&self, keys: &Keys) -> Result<()> {
        Ok(keys.file.write(&self.dir.join(KEYS_FILE))?)
    }

    /// What was typed becomes revisions, and the database is closed cleanly. Every later call answers that the
    /// vault is closed.
    pub fn close(&self) -> Result<()> {
        self.commit_all()?;
        held(&self.reader).take();
        match held(&self.store).take() {
            Some(store) => Ok(store.close()?),
            None => Ok(()),
        }
    }

    /// For tests of the comparison between devices: as if the newest version of a record had never been stored.
    #[doc(hidden)]
    pub fn lose_revision(&self, record: holdfast_domain::RecordId, rid: RevisionId) -> Result<()> {
        self.transact(|t| {
            t.tx.lose_revision(rid)?;
            t.touch(record);
            Ok(())
        })
    }

    /// For tests of a full disk: the database may not grow past so many pages.
    #[doc(hidden)]
    pub fn limit_pages(&self, pages: u32) -> Result<()> {
        held(&self.store).as_ref().ok_or_else(NotebookError::closed)?.set_max_page_count(pages)?;
        Ok(())
    }
}

/// True where there is a vault in this folder, or what is left of one: its backups, where its key file is gone. A folder
/// that cannot be looked into is [`NotebookError::Unreadable`]: there may well be one.
pub fn vault_exists(dir: &Path) -> Result<bool> {
    Ok(dir.join(KEYS_FILE).try_exists().map_err(NotebookError::io(dir))? || !crate::backups_of(dir)?.is_empty())
}

/// The key file of a vault that exists.
fn read_keys(dir: &Path) -> Result<KeyFile> {
    let path = dir.join(KEYS_FILE);
    match KeyFile::read(&path) {
        Err(CryptoError::Io(error)) if error.kind() == io::ErrorKind::NotFound => {
            Err(NotebookError::Damaged(format!("{} is missing", path.display())))
        }
        other => Ok(other?),
    }
}

/// The platform's data folder + `holdfast/default`.
pub fn default_vault_dir() -> Result<PathBuf> {
    dirs::data_dir()
        .map(|dir| dir.join("holdfast").join("default"))
        .ok_or_else(|| NotebookError::Invalid("this system has no folder for data; name one with --vault".into()))
}
