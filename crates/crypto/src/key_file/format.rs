//! The stored form of [`KeyFile`].

use super::{KeyFile, Local, WHAT};
use crate::account_keys::{self, AccountKeys};
use crate::cbor::{Reader, Writer, from_envelope, to_envelope};
use crate::error::CryptoError;

pub(super) const NAME: &str = "holdfast vault keys";
pub(super) const VERSION: u16 = 1;

/// The most bytes that are read as a key file.
pub const MAX_BYTES: usize = account_keys::MAX_BYTES + 64 * 1024;

impl KeyFile {
    /// The bytes of `vault.keys`.
    pub fn to_bytes(&self) -> Vec<u8> {
        let account = self.account.to_bytes();
        let local = &self.local;
        let mut writer = Writer::with_capacity(account.len() + 1024);
        writer.array(2).bytes(&account).array(6);
        writer.bytes(&local.device_id).bytes(&local.instance_id).u64(local.generation);
        writer.bytes(&local.database_key).bytes(&local.device_keys);
        // An empty string is no copy: a sealed one is never empty.
        writer.bytes(local.keychain_copy.as_deref().unwrap_or_default());
        to_envelope(NAME, VERSION, &writer.finish())
    }

    /// Reads the bytes of `vault.keys`. Damage shows here, before anybody types a passphrase.
    ///
    /// # Errors
    /// [`CryptoError::TooLarge`] over [`MAX_BYTES`], [`CryptoError::NewerVersion`], [`CryptoError::Damaged`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CryptoError> {
        let body = from_envelope(bytes, NAME, VERSION, MAX_BYTES)?;
        let mut reader = Reader::new(body, WHAT);
        reader.array_of(2)?;
        let account = AccountKeys::from_bytes(reader.bytes()?)?;
        reader.array_of(6)?;
        let local = Local {
            device_id: reader.fixed()?,
            instance_id: reader.fixed()?,
            generation: reader.u32()?,
            database_key: reader.bytes()?.to_vec(),
            device_keys: reader.bytes()?.to_vec(),
            keychain_copy: Some(reader.bytes()?.to_vec()).filter(|copy| !copy.is_empty()),
        };
        reader.end()?;
        Ok(Self { account, local })
    }
}
