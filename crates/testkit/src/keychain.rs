//! A keychain in memory.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use holdfast_crypto::KeychainKey;
use holdfast_notebook::Keychain;

/// Knows a vault by the last part of its path, so that a copied vault opens too. Clones share their keys.
#[derive(Clone, Default)]
pub struct MemoryKeychain(Arc<Mutex<BTreeMap<String, [u8; 32]>>>, Arc<Mutex<BTreeMap<String, [u8; 16]>>>);

fn name(vault: &str) -> String {
    Path::new(vault).file_name().unwrap_or_default().to_string_lossy().into_owned()
}

impl MemoryKeychain {
    /// With the same keys, apart from this one from now on.
    pub(crate) fn fork(&self) -> Self {
        let (keys, instances) = (self.0.lock().unwrap().clone(), self.1.lock().unwrap().clone());
        Self(Arc::new(Mutex::new(keys)), Arc::new(Mutex::new(instances)))
    }

    pub fn len(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Keychain for MemoryKeychain {
    fn get(&self, vault: &str) -> Option<KeychainKey> {
        self.0.lock().unwrap().get(&name(vault)).map(|key| KeychainKey::from_bytes(*key))
    }

    fn set(&self, vault: &str, key: &KeychainKey) -> bool {
        self.0.lock().unwrap().insert(name(vault), *key.expose());
        true
    }

    fn remove(&self, vault: &str) {
        self.0.lock().unwrap().remove(&name(vault));
    }

    fn instance(&self, vault: &str) -> Option<[u8; 16]> {
        self.1.lock().unwrap().get(&name(vault)).copied()
    }

    fn set_instance(&self, vault: &str, instance: &[u8; 16]) {
        self.1.lock().unwrap().insert(name(vault), *instance);
    }

    fn available(&self) -> bool {
        true
    }
}
