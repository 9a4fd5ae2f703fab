//! `vault.keys`: the account keys and what only this device has.
//!
//! An envelope around `[account keys, [device id, instance id, generation, database key, device keys, keychain copy]]`.
//! The database key and the device keys are sealed by the account key, and, where the person wants to start without a
//! passphrase, once more by a key in the operating system's keychain.

mod disk;
mod format;

pub use format::MAX_BYTES;

use zeroize::Zeroizing;

use crate::account_keys::{AccountKeys, OpenAccount};
use crate::device::{DeviceKeys, DevicePublic, SECRET_BYTES};
use crate::error::CryptoError;
use crate::hazmat::{self, labels};
use crate::kdf::PassphraseKeys;
use crate::keys::{DatabaseKey, KeychainKey};
use crate::membership::{LastBatch, Standing};
use crate::recovery::RecoveryCode;
use crate::rng::{Rng, random};

const WHAT: &str = "vault.keys";

/// The key file of one vault on one device. Sealed; [`OpenVault`] is the open one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyFile {
    account: AccountKeys,
    local: Local,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Local {
    device_id: [u8; 16],
    instance_id: [u8; 16],
    /// The generation of the account key that sealed the two below.
    generation: u32,
    database_key: Vec<u8>,
    device_keys: Vec<u8>,
    /// Database key ‖ device keys ‖ genesis hash, sealed by the keychain key.
    keychain_copy: Option<Vec<u8>>,
}

/// Everything that an open vault works with. Wiped on drop.
#[derive(Clone, Debug)]
pub struct OpenVault {
    /// The account.
    pub account: OpenAccount,
    /// Opens the local database.
    pub database_key: DatabaseKey,
    /// This device.
    pub device: DeviceKeys,
}

impl KeyFile {
    /// Makes an account with one space, for a new vault. Runs the key derivation once.
    ///
    /// # Errors
    /// [`CryptoError::NoRandomness`], or [`CryptoError::TooLarge`] when there is no memory for the derivation.
    pub fn create(
        passphrase: &str,
        space: [u8; 16],
        account: [u8; 16],
        rng: &mut dyn Rng,
    ) -> Result<(Self, OpenVault, RecoveryCode), CryptoError> {
        let code = RecoveryCode::generate(rng)?;
        let device = DeviceKeys::generate(rng)?;
        let (account, open) = AccountKeys::create(account, space, passphrase, &code, &device.public(), rng)?;
        let (file, vault) = Self::make(account, open, device, rng)?;
        Ok((file, vault, code))
    }

    /// Makes the key file of a new device in an existing account, and adds the device as a recipient. The changed
    /// [`KeyFile::account`] must go to the server.
    ///
    /// # Errors
    /// [`CryptoError::Damaged`] when `open` was not opened from `account`.
    pub fn join(
        mut account: AccountKeys,
        mut open: OpenAccount,
        rng: &mut dyn Rng,
    ) -> Result<(Self, OpenVault), CryptoError> {
        let device = DeviceKeys::generate(rng)?;
        account.add_device(&open, &device.public(), rng)?;
        open.refresh(&account)?;
        Self::make(account, open, device, rng)
    }

    fn make(
        account: AccountKeys,
        open: OpenAccount,
        device: DeviceKeys,
        rng: &mut dyn Rng,
    ) -> Result<(Self, OpenVault), CryptoError> {
        let (database_key, instance_id) = (DatabaseKey::generate(rng)?, random(rng)?);
        Self::seal_local(account, open, device, database_key, instance_id, rng)
    }

    fn seal_local(
        account: AccountKeys,
        open: OpenAccount,
        device: DeviceKeys,
        database_key: DatabaseKey,
        instance_id: [u8; 16],
        rng: &mut dyn Rng,
    ) -> Result<(Self, OpenVault), CryptoError> {
        let mut local = Local {
            device_id: device.device_id,
            instance_id,
            generation: open.generation,
            database_key: Vec::new(),
            device_keys: Vec::new(),
            keychain_copy: None,
        };
        let key = open.account_key.expose();
        let aad = local.aad(labels::LOCAL_DATABASE, &open.account_id);
        local.database_key = hazmat::seal_with_key(key, labels::LOCAL_DATABASE, &aad, database_key.expose(), rng)?;
        let aad = local.aad(labels::LOCAL_DEVICE, &open.account_id);
        local.device_keys = hazmat::seal_with_key(key, labels::LOCAL_DEVICE, &aad, device.expose().as_ref(), rng)?;
        Ok((Self { account, local }, OpenVault { account: open, database_key, device }))
    }

    /// Opens with the passphrase; runs the key derivation.
    ///
    /// # Errors
    /// [`CryptoError::WrongPassphrase`]; else as [`AccountKeys::open_with_passphrase`].
    pub fn open_with_passphrase(&self, passphrase: &str) -> Result<OpenVault, CryptoError> {
        self.open_local(self.account.open_with_passphrase(passphrase)?)
    }

    /// As [`KeyFile::open_with_passphrase`], where the derivation has run already.
    ///
    /// # Errors
    /// As there.
    pub fn open_with_passphrase_keys(&self, keys: &PassphraseKeys) -> Result<OpenVault, CryptoError> {
        self.open_local(self.account.open_with_passphrase_keys(keys)?)
    }

    /// Opens with the recovery code.
    ///
    /// # Errors
    /// [`CryptoError::WrongCode`]; else as [`AccountKeys::open_with_passphrase`].
    pub fn open_with_code(&self, code: &RecoveryCode) -> Result<OpenVault, CryptoError> {
        self.open_local(self.account.open_with_code(code)?)
    }

    /// Opens with the key from the keychain, without a passphrase.
    ///
    /// # Errors
    /// [`CryptoError::NotOpened`] when there is no copy or it is of another key: ask for the passphrase.
    pub fn open_with_keychain(&self, key: &KeychainKey) -> Result<OpenVault, CryptoError> {
        let copy = self.local.keychain_copy.as_deref().ok_or(CryptoError::NotOpened)?;
        let aad = self.local.keychain_aad(&self.account.account_id());
        let plain = hazmat::open_with_key(key.expose(), labels::LOCAL_KEYCHAIN, &aad, copy)?;
        let (database_key, rest) = plain.split_first_chunk::<32>().ok_or(CryptoError::Damaged(WHAT))?;
        let (secrets, genesis) = rest.split_at_checked(SECRET_BYTES).ok_or(CryptoError::Damaged(WHAT))?;
        if !hazmat::same(genesis, &self.account.log().genesis_hash()) {
            return Err(CryptoError::NotOpened);
        }
        let device = DeviceKeys::from_secrets(self.local.device_id, secrets).ok_or(CryptoError::Damaged(WHAT))?;
        let account = self.account.open_with_device(&device)?;
        Ok(OpenVault { account, database_key: DatabaseKey::from_bytes(*database_key), device })
    }

    /// Puts a copy of the local keys under a keychain key, or takes it away.
    ///
    /// # Errors
    /// [`CryptoError::Damaged`] when `open` is not this file's vault.
    pub fn set_keychain(
        &mut self,
        open: &OpenVault,
        key: Option<&KeychainKey>,
        rng: &mut dyn Rng,
    ) -> Result<(), CryptoError> {
        if open.device.device_id != self.local.device_id || open.account.account_id != self.account.account_id() {
            return Err(CryptoError::Damaged("another vault's keys"));
        }
        self.local.keychain_copy = match key {
            None => None,
            Some(key) => {
                let mut plain = Zeroizing::new([0; 32 + SECRET_BYTES + 32]);
                plain[..32].copy_from_slice(open.database_key.expose());
                plain[32..32 + SECRET_BYTES].copy_from_slice(open.device.expose().as_ref());
                plain[32 + SECRET_BYTES..].copy_from_slice(&self.account.log().genesis_hash());
                let aad = self.local.keychain_aad(&open.account.account_id);
                Some(hazmat::seal_with_key(key.expose(), labels::LOCAL_KEYCHAIN, &aad, plain.as_ref(), rng)?)
            }
        };
        Ok(())
    }

    /// Whether it can be opened by a key from the keychain.
    pub fn has_keychain_copy(&self) -> bool {
        self.local.keychain_copy.is_some()
    }

    /// This device.
    pub fn device_id(&self) -> [u8; 16] {
        self.local.device_id
    }

    /// This copy of the vault. The keychain remembers it too: when they *differ*, the vault was cloned.
    pub fn instance_id(&self) -> [u8; 16] {
        self.local.instance_id
    }

    /// The shared keys, to be sent to the server.
    pub fn account(&self) -> &AccountKeys {
        &self.account
    }

    /// Makes this vault another device, with a new id and new keys, as a new recipient: it was copied. The changed
    /// [`KeyFile::account`] must go to the server before the file is kept. Without the keychain's key the copy for
    /// starting without a passphrase is gone.
    ///
    /// # Errors
    /// [`CryptoError::Damaged`] when `open` is not the newest state of this file.
    pub fn take_new_device(
        &mut self,
        open: &mut OpenVault,
        keychain: Option<&KeychainKey>,
        rng: &mut dyn Rng,
    ) -> Result<(), CryptoError> {
        let device = DeviceKeys::generate(rng)?;
        let (mut account, mut opened) = (self.account.clone(), open.account.clone());
        account.add_device(&opened, &device.public(), rng)?;
        opened.refresh(&account)?;
        let had_copy = self.has_keychain_copy();
        let instance_id = self.local.instance_id;
        let (mut file, mut vault) =
            Self::seal_local(account, opened, device, open.database_key.clone(), instance_id, rng)?;
        if let Some(key) = keychain.filter(|_| had_copy) {
            file.set_keychain(&vault, Some(key), rng)?;
        }
        std::mem::swap(self, &mut file);
        std::mem::swap(open, &mut vault);
        Ok(())
    }

    /// Takes over account keys that another device changed, after opening them as this device: the way for what a
    /// server sent. `open` is brought up to date. Where the account has a new key, what only this device has is sealed
    /// by it from now on.
    ///
    /// # Errors
    /// [`CryptoError::Removed`] when this device is a member no more. [`CryptoError::Damaged`] when they belong to another
    /// account, or could be the work of a server that rolls back, or of a device that was removed
    /// ([`Standing::Older`], [`Standing::GivenUp`]). [`CryptoError::NotOpened`] when somebody without the account key
    /// touched them. Nothing is changed then.
    pub fn update_account(
        &mut self,
        account: AccountKeys,
        open: &mut OpenVault,
        rng: &mut dyn Rng,
    ) -> Result<(), CryptoError> {
        self.check_follows(&account)?;
        let (me, members) = (open.device.device_id, account.log().claimed_members());
        let is_member = members.devices.iter().any(|device| device.device_id == me);
        let same_key = account.generation() == open.account.generation;
        let newer = if members.removed(me).is_some() || !(is_member || same_key) {
            return Err(CryptoError::Removed);
        } else if is_member {
            account.open_with_device(&open.device)?
        } else {
            // It went another way from before this device was there, which has the key all the same.
            account.open_with_key(open.account.account_key.clone())?
        };
        if same_key {
            self.account = account;
            open.account = newer;
            return Ok(());
        }
        self.rekey(account, newer, open, rng)
    }

    /// Removes another device: a new account key, wrapped to those who remain, and a new key epoch for each space. The
    /// changed [`KeyFile::account`] must go to the server before the file is kept.
    ///
    /// # Errors
    /// [`CryptoError::Damaged`] when the device is this one or no member, or `open` is not the newest state of this file.
    pub fn remove_device(
        &mut self,
        open: &mut OpenVault,
        device_id: [u8; 16],
        last: LastBatch,
        rng: &mut dyn Rng,
    ) -> Result<(), CryptoError> {
        if device_id == self.local.device_id {
            return Err(CryptoError::Damaged("a device cannot remove itself"));
        }
        let (mut account, mut opened) = (self.account.clone(), open.account.clone());
        account.remove_device(&mut opened, device_id, last, rng)?;
        self.rekey(account, opened, open, rng)
    }

    /// Seals what only this device has by another account key. The keychain's copy survives.
    fn rekey(
        &mut self,
        account: AccountKeys,
        opened: OpenAccount,
        open: &mut OpenVault,
        rng: &mut dyn Rng,
    ) -> Result<(), CryptoError> {
        let (device, database_key) = (open.device.clone(), open.database_key.clone());
        let (mut file, mut vault) =
            Self::seal_local(account, opened, device, database_key, self.local.instance_id, rng)?;
        file.local.keychain_copy = self.local.keychain_copy.take();
        std::mem::swap(self, &mut file);
        std::mem::swap(open, &mut vault);
        Ok(())
    }

    /// What this device knows is part of these account keys, or nothing of it that counts is left out.
    fn check_follows(&self, account: &AccountKeys) -> Result<(), CryptoError> {
        if account.log().genesis_hash() != self.account.log().genesis_hash() {
            return Err(CryptoError::Damaged("account keys of another account"));
        }
        match self.account.log().standing_of(account.log()) {
            Standing::GoesOn | Standing::OtherWay => Ok(()),
            Standing::Older => Err(CryptoError::Damaged("account keys (older than ours)")),
            Standing::GivenUp => Err(CryptoError::Damaged("account keys (from before somebody was removed)")),
        }
    }

    /// Adds another device as a recipient: one that a server's state of the account had forgotten. The changed
    /// [`KeyFile::account`] must go to the server.
    ///
    /// # Errors
    /// [`CryptoError::Damaged`] when the device is a member already, or `open` is not the newest state of this file.
    pub fn add_device(
        &mut self,
        open: &mut OpenVault,
        device: &DevicePublic,
        rng: &mut dyn Rng,
    ) -> Result<(), CryptoError> {
        self.account.add_device(&open.account, device, rng)?;
        open.account.refresh(&self.account)
    }

    /// Changes the passphrase. The changed [`KeyFile::account`] must go to the server, with the login secret that the
    /// answer has. Runs the key derivation once.
    ///
    /// # Errors
    /// [`CryptoError::Damaged`] when `open` is not the newest state of this file.
    pub fn set_passphrase(
        &mut self,
        open: &mut OpenVault,
        new: &str,
        rng: &mut dyn Rng,
    ) -> Result<PassphraseKeys, CryptoError> {
        self.account.set_passphrase(&mut open.account, new, rng)
    }

    /// Takes the passphrase of another state of the account along; see [`AccountKeys::carry_passphrase`].
    ///
    /// # Errors
    /// As there.
    pub fn carry_passphrase(
        &mut self,
        open: &mut OpenVault,
        from: &AccountKeys,
        rng: &mut dyn Rng,
    ) -> Result<(), CryptoError> {
        self.account.carry_passphrase(&mut open.account, from, rng)
    }

    fn open_local(&self, account: OpenAccount) -> Result<OpenVault, CryptoError> {
        let key = account.account_key.expose();
        let aad = self.local.aad(labels::LOCAL_DATABASE, &account.account_id);
        let database_key = hazmat::open_with_key(key, labels::LOCAL_DATABASE, &aad, &self.local.database_key)?;
        let database_key = database_key.as_slice().try_into().map_err(|_| CryptoError::Damaged(WHAT))?;
        let aad = self.local.aad(labels::LOCAL_DEVICE, &account.account_id);
        let secrets = hazmat::open_with_key(key, labels::LOCAL_DEVICE, &aad, &self.local.device_keys)?;
        let device = DeviceKeys::from_secrets(self.local.device_id, &secrets).ok_or(CryptoError::Damaged(WHAT))?;
        Ok(OpenVault { account, database_key: DatabaseKey::from_bytes(database_key), device })
    }
}

impl Local {
    fn aad(&self, label: &[u8], account_id: &[u8; 16]) -> Vec<u8> {
        [label, account_id, &self.device_id, &self.instance_id, &self.generation.to_be_bytes()].concat()
    }

    /// Without the generation: the copy survives a new account key.
    fn keychain_aad(&self, account_id: &[u8; 16]) -> Vec<u8> {
        [labels::LOCAL_KEYCHAIN, account_id, &self.device_id, &self.instance_id].concat()
    }
}

#[cfg(test)]
mod tests;
