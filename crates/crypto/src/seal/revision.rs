//! Sealed revisions.
//!
//! ```text
//! version 1 | id_key_no u32 | salt 16 | AES-256-GCM( kind 1 | length u32 | packed, zeros to PADMÉ ) | tag 16
//! packed: zstd(canonical) for kind 0, parent's id 32 | zstd(canonical, with the parent's as prefix) for kind 1
//! ```
//! `k = HKDF-Expand(HKDF-Extract(salt, epoch key), domain ‖ space ‖ rid)`, used for this one message with a zero nonce.
//! Associated data: domain, version, space, rid, key_epoch, id_key_no. The revision id is computed again after opening,
//! which commits the key and the context.

use zeroize::Zeroizing;

use super::packed::{pack, pack_on, unpack, unpack_on};
use super::{UNSEALED_VERSION, VERSION, padme, split_version};
use crate::error::CryptoError;
use crate::hazmat::{self, labels};
use crate::ids::revision_id;
use crate::keys::{EpochKey, SpaceKeys};
use crate::rng::{Rng, random};

/// The body is the whole canonical revision.
const KIND_FULL: u8 = 0;
/// The body is the id of a revision that this one builds on, and the difference to it.
const KIND_DELTA: u8 = 1;
const RID: usize = 32;
/// Kind and length, before the compressed bytes.
const PREFIX: usize = 5;
const TAG: usize = 16;

/// Where a revision belongs: all of it is authenticated with the seal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealContext {
    /// The space.
    pub space: [u8; 16],
    /// [`revision_id`] of the canonical bytes, under the id key `id_key_no`.
    pub rid: [u8; 32],
    /// The epoch of the key that seals. The log entry names it in the clear.
    pub key_epoch: u32,
    /// The number of the id key behind `rid`.
    pub id_key_no: u32,
}

impl SealContext {
    fn aad(&self) -> Vec<u8> {
        let mut aad = Vec::with_capacity(labels::REVISION.len() + 57);
        aad.extend_from_slice(labels::REVISION);
        aad.push(VERSION);
        aad.extend_from_slice(&self.space);
        aad.extend_from_slice(if crate::planted("aad-without-id") { &[0; 32] } else { &self.rid });
        aad.extend_from_slice(&self.key_epoch.to_be_bytes());
        aad.extend_from_slice(&self.id_key_no.to_be_bytes());
        aad
    }

    fn key(&self, epoch_key: &EpochKey, salt: &[u8; 16]) -> hazmat::Secret {
        let rid = if crate::planted("aad-without-id") { &[0; 32] } else { &self.rid };
        hazmat::derive::<32>(epoch_key.expose(), salt, labels::REVISION, &[&self.space, rid])
    }
}

/// Seals the canonical bytes of a revision: at most 110 bytes over the padded, compressed plaintext. Sealing the same
/// bytes twice gives different results.
///
/// # Errors
/// [`CryptoError::NoRandomness`], or [`CryptoError::TooLarge`] over 4 GiB.
pub fn seal_revision(
    ctx: &SealContext,
    epoch_key: &EpochKey,
    canonical: &[u8],
    rng: &mut dyn Rng,
) -> Result<Vec<u8>, CryptoError> {
    if cfg!(feature = "sealing-off") || crate::planted("unsealed") {
        return Ok([&[UNSEALED_VERSION][..], &ctx.id_key_no.to_be_bytes(), canonical].concat());
    }
    seal(ctx, epoch_key, KIND_FULL, &[&pack(canonical)?], rng)
}

/// As [`seal_revision`], as the difference to a revision that every reader has before this one: `parent` is its id and
/// its canonical bytes. Worth it where little changed.
///
/// # Errors
/// As [`seal_revision`].
pub fn seal_revision_on(
    ctx: &SealContext,
    epoch_key: &EpochKey,
    canonical: &[u8],
    parent: (&[u8; 32], &[u8]),
    rng: &mut dyn Rng,
) -> Result<Vec<u8>, CryptoError> {
    if cfg!(feature = "sealing-off") {
        return seal_revision(ctx, epoch_key, canonical, rng);
    }
    seal(ctx, epoch_key, KIND_DELTA, &[parent.0, &pack_on(parent.1, canonical)?], rng)
}

fn seal(
    ctx: &SealContext,
    epoch_key: &EpochKey,
    kind: u8,
    packed: &[&[u8]],
    rng: &mut dyn Rng,
) -> Result<Vec<u8>, CryptoError> {
    let packed_len = packed.iter().map(|part| part.len()).sum();
    let length = u32::try_from(packed_len).map_err(|_| CryptoError::TooLarge)?;
    let padded = PREFIX + padme(packed_len);
    let mut body = Zeroizing::new(Vec::with_capacity(padded + TAG));
    body.push(kind);
    body.extend_from_slice(&length.to_be_bytes());
    for part in packed {
        body.extend_from_slice(part);
    }
    body.resize(padded, 0);

    let mut salt: [u8; 16] = if crate::planted("key-from-id") { [0; 16] } else { random(rng)? };
    if crate::planted("salt-of-one-byte") {
        salt[1..].fill(0);
    }
    hazmat::encrypt_in_place(&ctx.key(epoch_key, &salt), &ctx.aad(), &mut body)?;
    Ok([&[VERSION][..], &ctx.id_key_no.to_be_bytes(), &salt, &body].concat())
}

/// Opens a sealed revision and gives its canonical bytes, of which `rid` is then known to be the id.
///
/// # Errors
/// [`CryptoError::MissingKey`] when the epoch key (or, in a seal that opened, the id key) is not here yet;
/// [`CryptoError::MissingParent`] when it holds the difference to another revision, see [`open_revision_on`];
/// [`CryptoError::TooLarge`] when it would unpack to more than `max_plain` bytes, before anything is allocated;
/// [`CryptoError::NewerVersion`] for a newer seal, or with the number of a payload kind that this version does not
/// know; else [`CryptoError::NotOpened`].
pub fn open_revision(
    space: [u8; 16],
    rid: [u8; 32],
    key_epoch: u32,
    keys: &SpaceKeys,
    sealed: &[u8],
    max_plain: usize,
) -> Result<Vec<u8>, CryptoError> {
    open_revision_on(space, rid, key_epoch, keys, sealed, max_plain, |_| None)
}

/// As [`open_revision`]; `parent` gives the canonical bytes of a revision by its id, where they are here. It is called
/// at most once, and what it gives is bounded by the caller. Wrong bytes give [`CryptoError::NotOpened`].
///
/// # Errors
/// As [`open_revision`]; [`CryptoError::MissingParent`] only where `parent` gave `None`.
pub fn open_revision_on(
    space: [u8; 16],
    rid: [u8; 32],
    key_epoch: u32,
    keys: &SpaceKeys,
    sealed: &[u8],
    max_plain: usize,
    parent: impl FnOnce(&[u8; 32]) -> Option<Vec<u8>>,
) -> Result<Vec<u8>, CryptoError> {
    let (version, rest) = split_version(sealed)?;
    let (id_key_no, rest) = rest.split_first_chunk::<4>().ok_or(CryptoError::NotOpened)?;
    let ctx = SealContext { space, rid, key_epoch, id_key_no: u32::from_be_bytes(*id_key_no) };
    let plain = if version == UNSEALED_VERSION {
        if rest.len() > max_plain {
            return Err(CryptoError::TooLarge);
        }
        rest.to_vec()
    } else {
        let (salt, body) = rest.split_first_chunk::<16>().ok_or(CryptoError::NotOpened)?;
        let epoch_key = keys.epoch_keys.get(&key_epoch).ok_or(CryptoError::MissingKey { key_epoch })?;
        let body = hazmat::decrypt(&ctx.key(epoch_key, salt), &ctx.aad(), body).ok_or(CryptoError::NotOpened)?;
        unfold(&body, max_plain, parent)?
    };
    // After the seal, whose associated data holds the number: else anybody could make it "waiting for a key".
    let id_key = keys.id_keys.get(&ctx.id_key_no).ok_or(CryptoError::MissingKey { key_epoch })?;
    if crate::planted("id-not-compared") || hazmat::same(&revision_id(id_key, &plain), &rid) {
        Ok(plain)
    } else {
        Err(CryptoError::NotOpened)
    }
}

fn unfold(
    body: &[u8],
    max_plain: usize,
    parent: impl FnOnce(&[u8; 32]) -> Option<Vec<u8>>,
) -> Result<Vec<u8>, CryptoError> {
    let (&kind, rest) = body.split_first().ok_or(CryptoError::NotOpened)?;
    if kind > KIND_DELTA {
        return Err(CryptoError::NewerVersion(u16::from(kind)));
    }
    let (length, rest) = rest.split_first_chunk::<4>().ok_or(CryptoError::NotOpened)?;
    let length = u32::from_be_bytes(*length) as usize;
    let (packed, padding) = rest.split_at_checked(length).ok_or(CryptoError::NotOpened)?;
    if padding.len() != padme(length) - length || padding.iter().any(|&byte| byte != 0) {
        return Err(CryptoError::NotOpened);
    }
    if kind == KIND_FULL {
        return unpack(packed, max_plain);
    }
    let (id, packed) = packed.split_first_chunk::<RID>().ok_or(CryptoError::NotOpened)?;
    let before = Zeroizing::new(parent(id).ok_or(CryptoError::MissingParent { parent: *id })?);
    unpack_on(&before, packed, max_plain)
}
