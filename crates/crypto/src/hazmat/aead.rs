//! AES-256-GCM under keys that are used once, and its committing form.

use aes_gcm::{AeadInOut, Aes256Gcm, Key, KeyInit, Nonce};
use zeroize::Zeroizing;

use super::{derive, same};
use crate::error::CryptoError;
use crate::rng::{Rng, random};

/// Bytes that AES-GCM adds.
const TAG: usize = 16;
const COMMITMENT: usize = 32;
const SALT: usize = 16;

/// Why a committed box did not open.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum OpenFailure {
    /// The key is not the one that sealed it: the usual sign of a wrong passphrase.
    Commitment,
    /// The key is right, but the content or its associated data was altered.
    Content,
}

impl From<OpenFailure> for CryptoError {
    fn from(_: OpenFailure) -> Self {
        Self::NotOpened
    }
}

/// Encrypts `buffer` in place and appends the tag. `key` must never seal anything else: the nonce is zero.
pub(crate) fn encrypt_in_place(key: &[u8; 32], aad: &[u8], buffer: &mut Vec<u8>) -> Result<(), CryptoError> {
    buffer.reserve_exact(TAG);
    cipher(key).encrypt_in_place(&Nonce::default(), aad, buffer).map_err(|_| CryptoError::TooLarge)
}

/// Opens what [`encrypt_in_place`] made.
pub(crate) fn decrypt(key: &[u8; 32], aad: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut buffer = Zeroizing::new(sealed.to_vec());
    cipher(key).decrypt_in_place(&Nonce::default(), aad, &mut *buffer).ok()?;
    Some(buffer)
}

fn cipher(key: &[u8; 32]) -> Aes256Gcm {
    Aes256Gcm::new(&Key::<Aes256Gcm>::from(*key))
}

/// A derived 64 bytes as a key and its commitment.
fn split_key(okm: &[u8; 64]) -> (Zeroizing<[u8; 32]>, [u8; COMMITMENT]) {
    let mut key = Zeroizing::new([0; 32]);
    let mut commitment = [0; COMMITMENT];
    key.copy_from_slice(&okm[..32]);
    commitment.copy_from_slice(&okm[32..]);
    (key, commitment)
}

/// Seals as `commitment ‖ ciphertext ‖ tag`. (`key`, `salt`, label, context) must be used once.
///
/// AES-GCM alone does not commit to its key: one ciphertext can open under two. Where no revision id pins the
/// content, HKDF gives a second half that only this key has.
pub(crate) fn seal_committed(
    key: &[u8; 32],
    salt: &[u8],
    label: &[u8],
    context: &[&[u8]],
    aad: &[u8],
    mut plain: Zeroizing<Vec<u8>>,
) -> Result<Vec<u8>, CryptoError> {
    let (once, commitment) = split_key(&derive::<64>(key, salt, label, context));
    plain.reserve_exact(TAG);
    encrypt_in_place(&once, aad, &mut plain)?;
    let mut out = Vec::with_capacity(COMMITMENT + plain.len());
    out.extend_from_slice(&commitment);
    out.extend_from_slice(&plain);
    Ok(out)
}

/// Opens what [`seal_committed`] made; the commitment first.
pub(crate) fn open_committed(
    key: &[u8; 32],
    salt: &[u8],
    label: &[u8],
    context: &[&[u8]],
    aad: &[u8],
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, OpenFailure> {
    let (once, commitment) = split_key(&derive::<64>(key, salt, label, context));
    let (found, body) = sealed.split_at_checked(COMMITMENT).ok_or(OpenFailure::Content)?;
    if !same(found, &commitment) {
        return Err(OpenFailure::Commitment);
    }
    decrypt(&once, aad, body).ok_or(OpenFailure::Content)
}

/// Seals under a key that is used many times: `salt ‖ commitment ‖ ciphertext ‖ tag`.
pub(crate) fn seal_with_key(
    key: &[u8; 32],
    label: &[u8],
    aad: &[u8],
    plain: &[u8],
    rng: &mut dyn Rng,
) -> Result<Vec<u8>, CryptoError> {
    let salt: [u8; SALT] = random(rng)?;
    let mut buffer = Zeroizing::new(Vec::with_capacity(plain.len() + TAG));
    buffer.extend_from_slice(plain);
    let mut out = salt.to_vec();
    out.extend_from_slice(&seal_committed(key, &salt, label, &[], aad, buffer)?);
    Ok(out)
}

/// Opens what [`seal_with_key`] made.
pub(crate) fn open_with_key(
    key: &[u8; 32],
    label: &[u8],
    aad: &[u8],
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, OpenFailure> {
    let (salt, rest) = sealed.split_at_checked(SALT).ok_or(OpenFailure::Content)?;
    open_committed(key, salt, label, &[], aad, rest)
}
