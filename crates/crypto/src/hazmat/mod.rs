//! The primitives. Private: the safe modules decide what is sealed for whom; this one only knows how.
//!
//! Everything has a domain tag from [`labels`] and fixed-width context, so that no two inputs collide.

mod aead;
mod curves;
pub(crate) mod labels;

pub(crate) use aead::seal_committed;
pub(crate) use aead::{OpenFailure, decrypt, encrypt_in_place, open_committed, open_with_key, seal_with_key};
pub(crate) use curves::{BoxSecret, SigningSecret, open_from, seal_to, verify_signature};

use argon2::{Algorithm, Argon2, Params, Version};
use hkdf::Hkdf;
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::error::CryptoError;

/// 32 secret bytes between two primitives.
pub(crate) type Secret = Zeroizing<[u8; 32]>;

/// HKDF-SHA-256 with `info` = the label and then its fixed-width context.
pub(crate) fn derive<const N: usize>(
    key: &[u8; 32],
    salt: &[u8],
    label: &[u8],
    context: &[&[u8]],
) -> Zeroizing<[u8; N]> {
    const { assert!(N <= 255 * 32, "HKDF-SHA-256 expands to at most 255 blocks") };
    let mut info = Vec::with_capacity(context.len() + 1);
    info.push(label);
    info.extend_from_slice(context);
    let mut out = Zeroizing::new([0; N]);
    Hkdf::<Sha256>::new(Some(salt), key)
        .expand_multi_info(&info, out.as_mut())
        .expect("the length was checked at compile time");
    out
}

/// A 32-byte key for one purpose from another key, without a salt.
pub(crate) fn derive_key(key: &[u8; 32], label: &[u8]) -> Secret {
    derive::<32>(key, &[], label, &[])
}

/// BLAKE3 over a label and parts, each preceded by its length.
pub(crate) fn hash(label: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(label);
    for part in parts {
        hasher.update(&(part.len() as u64).to_be_bytes()).update(part);
    }
    *hasher.finalize().as_bytes()
}

/// Plain BLAKE3, for ids that others must be able to check.
pub(crate) fn plain_hash(bytes: &[u8]) -> [u8; 32] {
    *blake3::hash(bytes).as_bytes()
}

/// BLAKE3 keyed, over a label and exactly these bytes.
pub(crate) fn keyed_hash(key: &[u8; 32], label: &[u8], bytes: &[u8]) -> [u8; 32] {
    KeyedHash::new(key, label).update(bytes).finish()
}

/// [`keyed_hash`], of bytes that come one after another.
pub(crate) struct KeyedHash(blake3::Hasher);

impl KeyedHash {
    pub(crate) fn new(key: &[u8; 32], label: &[u8]) -> Self {
        let mut hasher = blake3::Hasher::new_keyed(key);
        hasher.update(label);
        Self(hasher)
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.update(bytes);
        self
    }

    pub(crate) fn finish(&self) -> [u8; 32] {
        *self.0.finalize().as_bytes()
    }
}

/// Compares without telling by time where two values differ.
pub(crate) fn same(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}

/// Argon2id version 0x13. The caller has checked the parameters against its floors and ceilings.
pub(crate) fn argon2id(
    passphrase: &[u8],
    salt: &[u8; 16],
    memory_kib: u32,
    passes: u32,
    lanes: u32,
) -> Result<Secret, CryptoError> {
    let params = Params::new(memory_kib, passes, lanes, Some(32)).map_err(|_| CryptoError::Damaged("kdf settings"))?;
    let mut out = Zeroizing::new([0; 32]);
    // What is left to fail is memory that the machine does not have.
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase, salt, out.as_mut())
        .map_err(|_| CryptoError::TooLarge)?;
    Ok(out)
}
