//! The system's keychain, for starting without a passphrase. It may be absent, locked or broken: the vault opens
//! with the passphrase all the same.

use holdfast_crypto::KeychainKey;

const SERVICE: &str = "org.holdfast.desktop";

/// A place for one key a vault.
pub trait Keychain: Send + Sync {
    /// `None` where there is none, or the keychain cannot be asked.
    fn get(&self, vault: &str) -> Option<KeychainKey>;
    /// False where it could not be kept.
    fn set(&self, vault: &str, key: &KeychainKey) -> bool;
    fn remove(&self, vault: &str);
    /// True where a key could be kept.
    fn available(&self) -> bool;
    /// Which copy of the vault lies in its place, as this computer remembers it. `None` says nothing.
    fn instance(&self, _vault: &str) -> Option<[u8; 16]> {
        None
    }
    /// Remembers it, where that is possible.
    fn set_instance(&self, _vault: &str, _instance: &[u8; 16]) {}
}

/// No keychain: tests, and `HOLDFAST_NO_KEYCHAIN=1`.
pub struct NoKeychain;

impl Keychain for NoKeychain {
    fn get(&self, _: &str) -> Option<KeychainKey> {
        None
    }
    fn set(&self, _: &str, _: &KeychainKey) -> bool {
        false
    }
    fn remove(&self, _: &str) {}
    fn available(&self) -> bool {
        false
    }
}

/// The platform's own: Secret Service, Keychain, Credential Manager.
pub struct OsKeychain;

impl OsKeychain {
    fn entry(vault: &str) -> Option<keyring::Entry> {
        keyring::Entry::new(SERVICE, vault).ok()
    }
}

impl Keychain for OsKeychain {
    fn get(&self, vault: &str) -> Option<KeychainKey> {
        let secret = zeroize::Zeroizing::new(Self::entry(vault)?.get_secret().ok()?);
        Some(KeychainKey::from_bytes(secret.as_slice().try_into().ok()?))
    }

    fn set(&self, vault: &str, key: &KeychainKey) -> bool {
        Self::entry(vault).is_some_and(|e| e.set_secret(key.expose()).is_ok())
    }

    fn remove(&self, vault: &str) {
        if let Some(entry) = Self::entry(vault) {
            // Absent already is what was wanted.
            let _ = entry.delete_credential();
        }
    }

    fn instance(&self, vault: &str) -> Option<[u8; 16]> {
        Self::entry(&format!("{vault}#instance"))?.get_secret().ok()?.try_into().ok()
    }

    fn set_instance(&self, vault: &str, instance: &[u8; 16]) {
        // Without it a copy is noticed by the server only.
        let kept = Self::entry(&format!("{vault}#instance")).is_some_and(|e| e.set_secret(instance).is_ok());
        if !kept {
            tracing::info!("the keychain does not remember which copy of the vault this is");
        }
    }

    fn available(&self) -> bool {
        // Asking for what is not there tells a keychain that answers from one that does not.
        match Self::entry("probe").map(|e| e.get_secret()) {
            Some(Ok(_) | Err(keyring::Error::NoEntry)) => true,
            Some(Err(_)) | None => false,
        }
    }
}
