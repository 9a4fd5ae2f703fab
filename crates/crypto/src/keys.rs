//! Key types: 32 secret bytes each, wiped on drop, without content in `Debug`.

use std::collections::BTreeMap;
use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::error::CryptoError;
use crate::rng::Rng;

macro_rules! key {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Zeroize, ZeroizeOnDrop)]
        pub struct $name([u8; 32]);

        impl $name {
            /// Takes key bytes that were stored or received.
            pub fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// Makes a fresh random key.
            pub fn generate(rng: &mut dyn Rng) -> Result<Self, CryptoError> {
                let mut key = Self([0; 32]);
                rng.fill(&mut key.0)?;
                Ok(key)
            }

            /// The secret bytes. Never log, format or store them unsealed.
            pub fn expose(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    };
}

key! {
    /// Seals the revisions and blobs of one space during one key epoch.
    EpochKey
}
key! {
    /// Keys the ids of revisions and the sameness hashes of attachments in one space. Outlives key epochs.
    IdKey
}
key! {
    /// The raw key of the local SQLCipher database.
    DatabaseKey
}
key! {
    /// The root of an account (one generation of it): seals the keys of every space and this device's local keys.
    AccountKey
}
key! {
    /// Lies in the keychain of the operating system; opens a copy of the local keys without a passphrase.
    KeychainKey
}

impl DatabaseKey {
    /// The key as the value of SQLCipher's `PRAGMA key`: `x'` + 64 hexadecimal digits + `'`, without outer quotes.
    pub fn to_sqlcipher_hex(&self) -> Zeroizing<String> {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        // The capacity is exact, so that no half-written copy stays behind on the heap.
        let mut text = Zeroizing::new(String::with_capacity(67));
        text.push_str("x'");
        for byte in self.0 {
            text.push(char::from(DIGITS[usize::from(byte >> 4)]));
            text.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
        text.push('\'');
        text
    }
}

/// The keys of one space, by number.
///
/// Invariant: both maps hold at least one key. What this crate makes or opens keeps it; the highest number is
/// current.
#[derive(Clone, Debug)]
pub struct SpaceKeys {
    /// By `id_key_no`, from 1.
    pub id_keys: BTreeMap<u32, IdKey>,
    /// By key epoch, from 1.
    pub epoch_keys: BTreeMap<u32, EpochKey>,
}

impl SpaceKeys {
    /// Fresh keys for a new space: epoch 1 and id key 1.
    pub fn generate(rng: &mut dyn Rng) -> Result<Self, CryptoError> {
        Ok(Self {
            id_keys: BTreeMap::from([(1, IdKey::generate(rng)?)]),
            epoch_keys: BTreeMap::from([(1, EpochKey::generate(rng)?)]),
        })
    }

    /// Begins another epoch; the keys of the earlier ones stay, for reading.
    ///
    /// # Errors
    /// [`CryptoError::NoRandomness`], or [`CryptoError::TooLarge`] where the numbers are used up.
    pub(crate) fn begin_epoch(&mut self, rng: &mut dyn Rng) -> Result<(), CryptoError> {
        let number = self.current_epoch().0.checked_add(1).ok_or(CryptoError::TooLarge)?;
        self.epoch_keys.insert(number, EpochKey::generate(rng)?);
        Ok(())
    }

    /// The epoch to seal with.
    ///
    /// # Panics
    /// When the invariant of the type was broken by hand.
    pub fn current_epoch(&self) -> (u32, &EpochKey) {
        let first = crate::planted("old-key-seals");
        let newest = if first { self.epoch_keys.first_key_value() } else { self.epoch_keys.last_key_value() };
        let (number, key) = newest.expect("a space has an epoch key");
        (*number, key)
    }

    /// The key for new ids.
    ///
    /// # Panics
    /// When the invariant of the type was broken by hand.
    pub fn current_id_key(&self) -> (u32, &IdKey) {
        let (number, key) = self.id_keys.last_key_value().expect("a space has an id key");
        (*number, key)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn sqlcipher_gets_a_raw_key() {
        let mut bytes = [0; 32];
        bytes[0] = 0xab;
        bytes[31] = 0x0f;
        let text = DatabaseKey::from_bytes(bytes).to_sqlcipher_hex();
        assert_eq!(*text, format!("x'ab{}0f'", "00".repeat(30)));
    }

    #[test]
    fn debug_shows_no_key() {
        let key = EpochKey::from_bytes([0x5a; 32]);
        let keys =
            SpaceKeys { id_keys: BTreeMap::new(), epoch_keys: BTreeMap::from([(3, EpochKey::from_bytes([0x5a; 32]))]) };
        assert_eq!(format!("{key:?}"), "EpochKey(..)");
        assert_eq!(format!("{keys:?}"), "SpaceKeys { id_keys: {}, epoch_keys: {3: EpochKey(..)} }");
    }

    #[test]
    fn the_highest_number_is_current() {
        let keys = SpaceKeys {
            id_keys: BTreeMap::from([(1, IdKey::from_bytes([1; 32])), (2, IdKey::from_bytes([2; 32]))]),
            epoch_keys: BTreeMap::from([(7, EpochKey::from_bytes([7; 32])), (4, EpochKey::from_bytes([4; 32]))]),
        };
        assert_eq!(keys.current_epoch().0, 7);
        assert_eq!(keys.current_id_key().1.expose(), &[2; 32]);
    }
}
