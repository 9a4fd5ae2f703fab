//! Making a vault, and opening one.

use std::fs;
use std::path::Path;
use std::sync::Mutex;

use holdfast_crypto::{CryptoError, KeyFile, KeychainKey, OpenVault, PassphraseKeys, RecoveryCode};
use holdfast_domain::{Clock, DeviceId, Hlc, SpaceId};
use holdfast_store::{RawKey, Store, WriteTx};
use tokio::sync::{Notify, broadcast};

use super::{DB_FILE, KEYS_FILE, Keychain, Keys, Lock, Vault, meta, read_keys, vault_exists};
use crate::{Env, NotebookError, Result, backups};

/// A new vault and the code that opens it without the passphrase. The code is shown once more until it is
/// confirmed, and kept nowhere else.
pub struct Created {
    pub vault: Vault,
    pub recovery_code: RecoveryCode,
}

impl Vault {
    /// Makes a vault in `dir`, which may exist but must not hold one.
    pub fn create(dir: &Path, passphrase: &str, device_name: &str, env: Env) -> Result<Created> {
        env.check_build()?;
        super::passphrase::check(passphrase)?;
        let lock = prepare(dir)?;
        let (file, open, code) = KeyFile::create(passphrase, env.random()?, env.random()?, &mut env.rng())?;
        let vault = Self::make(dir, lock, Keys { file, open }, Some(device_name), env, |tx| {
            tx.put_meta(meta::RECOVERY_PHRASE, code.to_phrase().as_bytes())?;
            Ok(tx.put_meta(crate::sync::CODE_AUTH, &*code.auth())?)
        })?;
        Ok(Created { vault, recovery_code: code })
    }

    /// Makes a vault around keys that a server handed out; see [`crate::sync::join`].
    pub(crate) fn create_joined(
        dir: &Path,
        file: KeyFile,
        open: OpenVault,
        env: Env,
        setup: impl FnOnce(&WriteTx<'_>) -> Result<()>,
    ) -> Result<Self> {
        env.check_build()?;
        let lock = prepare(dir)?;
        Self::make(dir, lock, Keys { file, open }, None, env, setup)
    }

    fn make(
        dir: &Path,
        lock: Lock,
        keys: Keys,
        device_name: Option<&str>,
        env: Env,
        setup: impl FnOnce(&WriteTx<'_>) -> Result<()>,
    ) -> Result<Self> {
        let db = dir.join(DB_FILE);
        let key = raw_key(&keys.open, &env)?;
        let space = keys.open.account.spaces.keys().next().copied();
        let space = SpaceId(space.ok_or_else(|| NotebookError::Damaged("the account has no space".into()))?);
        let device = DeviceId(keys.open.device.device_id);
        let store = Store::create(&db, &key)?;
        let now = env.now_ms();
        store.write(|tx| {
            tx.put_meta(meta::DEVICE, &device.0)?;
            tx.put_meta(meta::SPACE, &space.0)?;
            tx.put_u64(meta::CREATED_MS, now)?;
            setup(tx)
        })?;
        let vault = Self::assemble(dir, lock, keys, store, &key, env)?;
        if let Some(name) = device_name {
            vault.write_device_record(name)?;
        }
        // The key file comes last: it is what makes the folder a vault. Were it there and the rest not (a full disk), the
        // code would never be shown, and there would be a vault in the way of the next try.
        vault.write_keys(&vault.keys())?;
        Ok(vault)
    }

    /// Opens with the passphrase.
    pub fn open(dir: &Path, passphrase: &str, env: Env) -> Result<Self> {
        let mut derived = None;
        let vault = Self::open_by(dir, env, |file| {
            let keys = PassphraseKeys::derive(passphrase, file.account().kdf_params())?;
            file.open_with_passphrase_keys(derived.insert(keys))
        })?;
        // A disk that is full must not keep the vault closed; the next opening does it.
        if let Some(Err(error)) = derived.map(|keys| crate::sync::passphrase_typed(&vault, &keys)) {
            tracing::warn!(%error, "the passphrase's login could not be kept");
        }
        Ok(vault)
    }

    /// Opens with the recovery code, and sets a new passphrase.
    pub fn open_with_code(dir: &Path, code: &str, new_passphrase: &str, env: Env) -> Result<Self> {
        super::passphrase::check(new_passphrase)?;
        let code = RecoveryCode::parse(code)?;
        let vault = Self::open_by(dir, env, |file| file.open_with_code(&code))?;
        vault.set_passphrase(new_passphrase)?;
        Ok(vault)
    }

    /// Opens by the system's keychain. `None` where it has no key that opens this vault.
    pub fn open_with_keychain(dir: &Path, keychain: &dyn Keychain, env: Env) -> Result<Option<Self>> {
        if !vault_exists(dir)? || !read_keys(dir)?.has_keychain_copy() {
            return Ok(None);
        }
        let Some(key) = keychain.get(&keychain_name(dir)) else { return Ok(None) };
        // A key of another vault that was in this place is no damage either: the passphrase opens.
        let other_key = std::cell::Cell::new(false);
        let opened = Self::open_by(dir, env, |file| {
            file.open_with_keychain(&key).inspect_err(|e| other_key.set(matches!(e, CryptoError::NotOpened)))
        });
        if other_key.get() {
            return Ok(None);
        }
        let vault = opened?;
        vault.keep_keychain_key(Some(key));
        vault.check_instance(keychain)?;
        Ok(Some(vault))
    }

    /// Compares the vault with what this computer's keychain remembers of its place: where that is another copy, this
    /// one was copied here, and becomes a device of its own at the next sync. True where it did not know it before.
    /// A keychain that remembers nothing says nothing; one that this vault does not use is not asked.
    pub fn check_instance(&self, keychain: &dyn Keychain) -> Result<bool> {
        if !self.uses_keychain() {
            return Ok(false);
        }
        let name = keychain_name(&self.dir);
        let instance = self.keys().file.instance_id();
        let copied = keychain.instance(&name).is_some_and(|known| known != instance);
        if copied {
            crate::sync::mark_copied(self)?;
        }
        // Only then: if the mark cannot be kept, it is noticed again.
        keychain.set_instance(&name, &instance);
        Ok(copied)
    }

    /// Keeps, or no longer keeps, a key for this vault in the system's keychain. False where it cannot.
    pub fn use_keychain(&self, keychain: &dyn Keychain, on: bool) -> Result<bool> {
        let name = keychain_name(&self.dir);
        self.change_keys(|keys| {
            let Keys { file, open } = keys;
            if on {
                let key = KeychainKey::generate(&mut self.env.rng())?;
                if !keychain.set(&name, &key) {
                    return Ok(false);
                }
                file.set_keychain(open, Some(&key), &mut self.env.rng())?;
                keychain.set_instance(&name, &file.instance_id());
                self.keep_keychain_key(Some(key));
            } else {
                file.set_keychain(open, None, &mut self.env.rng())?;
                keychain.remove(&name);
                self.keep_keychain_key(None);
            }
            Ok(true)
        })
    }

    /// True where the system's keychain has a key that opens this vault now.
    pub fn keychain_opens(&self, keychain: &dyn Keychain) -> bool {
        let key = keychain.get(&keychain_name(&self.dir));
        key.is_some_and(|key| self.keys().file.open_with_keychain(&key).is_ok())
    }

    /// True where the system's keychain is to open this vault.
    pub fn uses_keychain(&self) -> bool {
        self.keys().file.has_keychain_copy()
    }

    fn open_by(dir: &Path, env: Env, open: impl FnOnce(&KeyFile) -> Result<OpenVault, CryptoError>) -> Result<Self> {
        env.check_build()?;
        if !vault_exists(dir)? {
            return Err(NotebookError::NoVault(dir.to_owned()));
        }
        let lock = Lock::take(dir)?;
        let (keys, db) = (dir.join(KEYS_FILE), dir.join(DB_FILE));
        for path in [&keys, &db] {
            if !path.exists() {
                return Err(NotebookError::Damaged(format!("{} is missing", path.display())));
            }
        }
        // A file that this user may not use is told by its name, before anybody takes it for damage.
        for path in [&keys, &db] {
            drop(fs::OpenOptions::new().read(true).write(true).open(path).map_err(NotebookError::io(path))?);
        }
        let file = KeyFile::read(&keys)?;
        let open = open(&file)?;
        let key = raw_key(&open, &env)?;
        let mut snapshot = None;
        let opened = Store::open_after(&db, &key, |outdated| {
            snapshot = Some(backups::before_upgrade(dir, env.now_ms(), &file, outdated, &key)?);
            Ok::<_, NotebookError>(())
        });
        let store = opened.map_err(|why| match &snapshot {
            Some(made) => backups::upgrade_failed(dir, made, &key, why),
            None => why,
        })?;
        if !store.was_clean_stop() {
            store.quick_check()?;
        }
        let vault = Self::assemble(dir, lock, Keys { file, open }, store, &key, env)?;
        if let Some(made) = &snapshot {
            vault.tell_upgrade(made)?;
        }
        if vault.keys().open.device.device_id != vault.device().0 {
            crate::sync::adopt_device(&vault)?;
        }
        if crate::planted("typing-lost-at-start") {
            vault.transact(|t| {
                for row in t.tx.list_working()? {
                    t.tx.take_working(row.record)?;
                    t.touch(row.record);
                }
                Ok(())
            })?;
        }
        // What was typed when the last run was killed is on disk as working revisions: they go on from here.
        vault.commit_all()?;
        Ok(vault)
    }

    fn assemble(dir: &Path, lock: Lock, keys: Keys, store: Store, key: &RawKey, env: Env) -> Result<Self> {
        let reader = if env.one_connection() { None } else { Some(Store::open_reader(&dir.join(DB_FILE), key)?) };
        let (space, device, last) = store.read(|r| {
            let last = Hlc {
                ms: r.get_u64(meta::HLC_MS)?.unwrap_or(0),
                counter: r.get_u64(meta::HLC_COUNTER)?.unwrap_or(0) as u32,
            };
            Ok::<_, NotebookError>((id(r.get_meta(meta::SPACE)?)?, id(r.get_meta(meta::DEVICE)?)?, last))
        })?;
        Ok(Self {
            dir: dir.to_owned(),
            env,
            keys: Mutex::new(keys),
            store: Mutex::new(Some(store)),
            reader: Mutex::new(reader),
            clock: Mutex::new(Clock::resume(last)),
            space: SpaceId(space),
            device: Mutex::new(DeviceId(device)),
            keychain_key: Mutex::new(None),
            folds: Mutex::default(),
            backing_up: Mutex::default(),
            changes: broadcast::channel(256).0,
            wake: Notify::new(),
            _lock: lock,
        })
    }
}

#[cfg_attr(not(feature = "simulation"), allow(unused_variables))]
pub(super) fn raw_key(open: &OpenVault, env: &Env) -> Result<RawKey> {
    #[cfg(feature = "simulation")]
    if env.plain_pages() {
        // A backup before a decision opens it once more.
        return Ok(RawKey::none(env.few_notes(0) == u64::MAX));
    }
    RawKey::new(open.database_key.to_sqlcipher_hex())
        .ok_or_else(|| NotebookError::Internal("the database key has another form".into()))
}

fn id(bytes: Option<Vec<u8>>) -> Result<[u8; 16]> {
    bytes
        .and_then(|b| b.try_into().ok())
        .ok_or_else(|| NotebookError::Damaged("the database lacks the vault's own ids".into()))
}

/// The folder's path names the vault in the keychain: two vaults of one person have two keys.
fn keychain_name(dir: &Path) -> String {
    fs::canonicalize(dir).unwrap_or_else(|_| dir.to_owned()).display().to_string()
}

/// A folder that is ours alone, locked, and without a vault. A database whose keys never were written (a killed
/// `create`) is set aside, not overwritten.
fn prepare(dir: &Path) -> Result<Lock> {
    fs::create_dir_all(dir).map_err(NotebookError::io(dir))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(dir, fs::Permissions::from_mode(0o700)).map_err(NotebookError::io(dir))?;
    }
    let lock = Lock::take(dir)?;
    if vault_exists(dir)? {
        return Err(NotebookError::VaultExists(dir.to_owned()));
    }
    for name in [DB_FILE, "vault.db-wal", "vault.db-shm"] {
        let left = dir.join(name);
        if left.exists() {
            let aside = (1..=u32::MAX).map(|n| dir.join(format!("{name}.unfinished-{n}"))).find(|p| !p.exists());
            if let Some(aside) = aside {
                fs::rename(&left, &aside).map_err(NotebookError::io(&left))?;
            }
        }
    }
    Ok(lock)
}
