//! Sealed blobs: attachments and small shared things without a revision id.
//!
//! ```text
//! version 1 | key_epoch u32 | salt 16 | commitment 32 | AES-256-GCM( kind 1 | length u64 | plain, zeros to PADMÉ ) | tag 16
//! ```
//! `HKDF(epoch key, salt, domain ‖ space)` gives the key and the commitment, which is checked first. Associated data:
//! domain, version, space, key_epoch. Not compressed: attachments mostly are already.
//!
//! A file of more than [`CHUNK_BYTES`] is sealed in chunks of that many bytes, the last one with the rest. A chunk is a
//! blob with a domain of its own and its place behind the space, in the key's context and in the associated data:
//! `content 32 | index u32 | of u32`. So no chunk opens as another one, of another file, or of a shorter one.

use zeroize::Zeroizing;

use super::{UNSEALED_VERSION, VERSION, padme, split_version};
use crate::error::CryptoError;
use crate::hazmat::{self, labels};
use crate::keys::{EpochKey, SpaceKeys};
use crate::rng::{Rng, random};

/// Plain bytes. Other kinds are reserved.
const KIND_PLAIN: u8 = 0;
/// Kind and length, before the content.
const PREFIX: usize = 9;
const TAG: usize = 16;
/// Everything around the padded content.
const OVERHEAD: usize = 1 + 4 + 16 + 32 + PREFIX + TAG;

/// A file with more bytes than this is sealed in chunks of this many.
pub const CHUNK_BYTES: usize = if cfg!(feature = "simulation") { 1024 } else { 4 * 1024 * 1024 };

/// Which part of which file a chunk is: all of it is authenticated with the seal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChunkPlace {
    /// [`content_id`](crate::content_id) of the whole file.
    pub content: [u8; 32],
    /// From 0.
    pub index: u32,
    /// The number of chunks that the file has.
    pub of: u32,
}

/// What a blob is sealed for.
pub(super) struct Domain {
    label: &'static [u8],
    /// Of fixed width for each label.
    context: Vec<u8>,
}

impl Domain {
    fn blob(space: [u8; 16]) -> Self {
        Self { label: labels::BLOB, context: space.to_vec() }
    }

    fn chunk(space: [u8; 16], place: &ChunkPlace) -> Self {
        let context = [&space[..], &place.content, &place.index.to_be_bytes(), &place.of.to_be_bytes()].concat();
        Self { label: labels::CHUNK, context }
    }

    pub(super) fn pack(space: [u8; 16], range: &[u8; super::pack::PACK_RANGE_BYTES]) -> Self {
        Self { label: labels::PACK, context: [&space[..], range].concat() }
    }

    fn aad(&self, key_epoch: u32) -> Vec<u8> {
        [self.label, &[VERSION], &self.context, &key_epoch.to_be_bytes()].concat()
    }
}

/// Seals a blob for a space. Its id is [`blob_id`](crate::blob_id) of the result.
///
/// # Errors
/// [`CryptoError::NoRandomness`]; [`CryptoError::TooLarge`] over 64 GiB.
pub fn seal_blob(
    space: [u8; 16],
    key: &EpochKey,
    key_epoch: u32,
    plain: &[u8],
    rng: &mut dyn Rng,
) -> Result<Vec<u8>, CryptoError> {
    seal(&Domain::blob(space), key, key_epoch, plain, rng)
}

/// Seals one chunk of a file, for its place in it. Its id is [`blob_id`](crate::blob_id) of the result.
///
/// # Errors
/// As [`seal_blob`].
pub fn seal_chunk(
    space: [u8; 16],
    key: &EpochKey,
    key_epoch: u32,
    place: &ChunkPlace,
    plain: &[u8],
    rng: &mut dyn Rng,
) -> Result<Vec<u8>, CryptoError> {
    seal(&Domain::chunk(space, place), key, key_epoch, plain, rng)
}

pub(super) fn seal(
    domain: &Domain,
    key: &EpochKey,
    key_epoch: u32,
    plain: &[u8],
    rng: &mut dyn Rng,
) -> Result<Vec<u8>, CryptoError> {
    if cfg!(feature = "sealing-off") {
        return Ok([&[UNSEALED_VERSION][..], &key_epoch.to_be_bytes(), plain].concat());
    }
    let salt: [u8; 16] = random(rng)?;
    let padded = PREFIX + padme(plain.len());
    let mut body = Zeroizing::new(Vec::with_capacity(padded + TAG));
    body.push(KIND_PLAIN);
    body.extend_from_slice(&(plain.len() as u64).to_be_bytes());
    body.extend_from_slice(plain);
    body.resize(padded, 0);
    let sealed =
        hazmat::seal_committed(key.expose(), &salt, domain.label, &[&domain.context], &domain.aad(key_epoch), body)?;
    Ok([&[VERSION][..], &key_epoch.to_be_bytes(), &salt, &sealed].concat())
}

/// Opens a sealed blob.
///
/// # Errors
/// [`CryptoError::MissingKey`] when the key of its epoch is not here yet; [`CryptoError::TooLarge`] when it holds more
/// than `max_plain` bytes; [`CryptoError::NewerVersion`] as in [`open_revision`](crate::open_revision); else
/// [`CryptoError::NotOpened`].
pub fn open_blob(space: [u8; 16], keys: &SpaceKeys, sealed: &[u8], max_plain: usize) -> Result<Vec<u8>, CryptoError> {
    open(&Domain::blob(space), keys, sealed, max_plain)
}

/// Opens one chunk of a file, at its place.
///
/// # Errors
/// As [`open_blob`]; a chunk of another place, or of another file, is [`CryptoError::NotOpened`].
pub fn open_chunk(
    space: [u8; 16],
    keys: &SpaceKeys,
    place: &ChunkPlace,
    sealed: &[u8],
    max_plain: usize,
) -> Result<Vec<u8>, CryptoError> {
    open(&Domain::chunk(space, place), keys, sealed, max_plain)
}

pub(super) fn open(domain: &Domain, keys: &SpaceKeys, sealed: &[u8], max_plain: usize) -> Result<Vec<u8>, CryptoError> {
    if sealed.len() > padme(max_plain).saturating_add(OVERHEAD) {
        return Err(CryptoError::TooLarge);
    }
    let (version, rest) = split_version(sealed)?;
    let (key_epoch, rest) = rest.split_first_chunk::<4>().ok_or(CryptoError::NotOpened)?;
    let key_epoch = u32::from_be_bytes(*key_epoch);
    if version == UNSEALED_VERSION {
        return if rest.len() > max_plain { Err(CryptoError::TooLarge) } else { Ok(rest.to_vec()) };
    }
    let (salt, body) = rest.split_first_chunk::<16>().ok_or(CryptoError::NotOpened)?;
    let key = keys.epoch_keys.get(&key_epoch).ok_or(CryptoError::MissingKey { key_epoch })?;
    let body =
        hazmat::open_committed(key.expose(), salt, domain.label, &[&domain.context], &domain.aad(key_epoch), body)?;

    let (&kind, rest) = body.split_first().ok_or(CryptoError::NotOpened)?;
    if kind != KIND_PLAIN {
        return Err(CryptoError::NewerVersion(u16::from(kind)));
    }
    let (length, rest) = rest.split_first_chunk::<8>().ok_or(CryptoError::NotOpened)?;
    let length = usize::try_from(u64::from_be_bytes(*length)).map_err(|_| CryptoError::TooLarge)?;
    if length > max_plain {
        return Err(CryptoError::TooLarge);
    }
    let (plain, padding) = rest.split_at_checked(length).ok_or(CryptoError::NotOpened)?;
    if padding.len() != padme(length) - length || padding.iter().any(|&byte| byte != 0) {
        return Err(CryptoError::NotOpened);
    }
    Ok(plain.to_vec())
}
