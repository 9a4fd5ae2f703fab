//! What costs much and always comes out the same is done once a process: a simulated world derives the same key, and
//! checks the same signature, on every device.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// So many are remembered; then all are forgotten.
const MOST: usize = 100_000;

/// Results by what they follow from: the whole input, or a hash of it.
pub struct Memo<K, V>(Mutex<BTreeMap<K, V>>);

impl<K: Ord, V: Clone> Memo<K, V> {
    #[allow(clippy::new_without_default)]
    pub const fn new() -> Self {
        Self(Mutex::new(BTreeMap::new()))
    }

    pub fn of(&self, from: K, work: impl FnOnce() -> V) -> V {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&from).cloned();
        known.unwrap_or_else(|| {
            let made = work();
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if all.len() >= MOST {
                all.clear();
            }
            all.insert(from, made.clone());
            made
        })
    }
}
