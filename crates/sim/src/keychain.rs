//! A keychain in memory: opening by it costs no key derivation.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use holdfast_crypto::KeychainKey;
use holdfast_notebook::Keychain;

/// Knows a vault by the last part of its path, so that a copied vault opens too. Clones share their keys.
#[derive(Clone, Default)]
pub struct MemoryKeychain(Arc<Mutex<BTreeMap<String, [u8; 32]>>>);

fn name(vault: &str) -> String {
    // A copy of a device is called as it is, with a sign behind.
    let name = Path::new(vault).file_name().unwrap_or_default().to_string_lossy().into_owned();
    name.trim_end_matches('\'').to_owned()
}

impl Keychain for MemoryKeychain {
    fn get(&self, vault: &str) -> Option<KeychainKey> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&name(vault)).map(|key| KeychainKey::from_bytes(*key))
    }

    fn set(&self, vault: &str, key: &KeychainKey) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name(vault), *key.expose());
        true
    }

    fn remove(&self, vault: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&name(vault));
    }

    fn available(&self) -> bool {
        true
    }
}
