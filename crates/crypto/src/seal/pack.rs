//! Sealed packs: many revisions compressed together. A pack is sealed as a blob is, with a domain of its own and the
//! part of the log that it covers behind the space, in the key's context and in the associated data. What is sealed is
//!
//! ```text
//! zstd( number of revisions u32 | for each: id_key_no u32 | length u32 | canonical )
//! ```
//! The ids are not in it: opening computes them from the bytes, so a pack holds nothing that is not what its id says.

use zeroize::Zeroizing;

use super::blob::{Domain, open, seal};
use super::packed::{pack_once, unpack};
use crate::error::CryptoError;
use crate::ids::revision_id;
use crate::keys::{EpochKey, SpaceKeys};
use crate::rng::Rng;

/// The length of a range's bytes.
pub const PACK_RANGE_BYTES: usize = 88;
/// Number of the id key and length, before each revision.
const HEADER: usize = 8;

/// What a pack is sealed for: all of it is authenticated with the seal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PackContext {
    pub space: [u8; 16],
    /// Which part of the log it covers, in the clear before the seal.
    pub range: [u8; PACK_RANGE_BYTES],
}

impl PackContext {
    fn domain(&self) -> Domain {
        Domain::pack(self.space, &self.range)
    }
}

/// A revision that goes into a pack.
#[derive(Clone, Debug)]
pub struct PackedRevision {
    /// The number of the id key behind its id.
    pub id_key_no: u32,
    pub canonical: Vec<u8>,
}

impl PackedRevision {
    /// What it counts towards the size of a pack.
    pub fn bytes(&self) -> usize {
        HEADER + self.canonical.len()
    }
}

/// What a pack held: each revision's id, computed from its canonical bytes, and these.
pub type PackContent = Vec<([u8; 32], Vec<u8>)>;

/// Seals revisions, in the order given. Similar ones compress best beside each other.
///
/// # Errors
/// [`CryptoError::NoRandomness`]; [`CryptoError::TooLarge`] for a revision over 4 GiB.
pub fn seal_pack(
    context: &PackContext,
    key: &EpochKey,
    key_epoch: u32,
    revisions: &[PackedRevision],
    rng: &mut dyn Rng,
) -> Result<Vec<u8>, CryptoError> {
    let number = |n: usize| u32::try_from(n).map(u32::to_be_bytes).map_err(|_| CryptoError::TooLarge);
    let length = 4 + revisions.iter().map(PackedRevision::bytes).sum::<usize>();
    let mut plain = Zeroizing::new(Vec::with_capacity(length));
    plain.extend_from_slice(&number(revisions.len())?);
    for revision in revisions {
        plain.extend_from_slice(&revision.id_key_no.to_be_bytes());
        plain.extend_from_slice(&number(revision.canonical.len())?);
        plain.extend_from_slice(&revision.canonical);
    }
    seal(&context.domain(), key, key_epoch, &compressed(plain)?, rng)
}

/// Opens a pack: its revisions with their ids, in order. No id comes twice.
///
/// # Errors
/// [`CryptoError::MissingKey`] when the epoch key, or the id key of one of the revisions, is not here;
/// [`CryptoError::TooLarge`] when it would unpack to more than `max_plain` bytes, before anything is allocated;
/// [`CryptoError::NewerVersion`] as in [`open_revision`](crate::open_revision); else [`CryptoError::NotOpened`], also for
/// bytes after the last revision.
pub fn open_pack(
    context: &PackContext,
    keys: &SpaceKeys,
    sealed: &[u8],
    max_plain: usize,
) -> Result<PackContent, CryptoError> {
    let key_epoch = sealed.get(1..5).and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_be_bytes);
    let plain = unpacked(context, keys, sealed, max_plain)?;
    let (count, mut rest) = plain.split_first_chunk::<4>().ok_or(CryptoError::NotOpened)?;
    let count = u32::from_be_bytes(*count) as usize;
    // Each takes at least its header: a number above that is a lie.
    if count > rest.len() / HEADER {
        return Err(CryptoError::NotOpened);
    }
    let mut out = Vec::with_capacity(count);
    let mut ids = std::collections::HashSet::with_capacity(count);
    for _ in 0..count {
        let (id_key_no, after) = rest.split_first_chunk::<4>().ok_or(CryptoError::NotOpened)?;
        let (length, after) = after.split_first_chunk::<4>().ok_or(CryptoError::NotOpened)?;
        let length = u32::from_be_bytes(*length) as usize;
        let (canonical, after) = after.split_at_checked(length).ok_or(CryptoError::NotOpened)?;
        let id_key = keys.id_keys.get(&u32::from_be_bytes(*id_key_no));
        let id = revision_id(id_key.ok_or(CryptoError::MissingKey { key_epoch })?, canonical);
        if !ids.insert(id) {
            return Err(CryptoError::NotOpened);
        }
        out.push((id, canonical.to_vec()));
        rest = after;
    }
    if rest.is_empty() { Ok(out) } else { Err(CryptoError::NotOpened) }
}

/// The same pack, sealed by the newest key.
///
/// # Errors
/// As [`open_pack`] and [`seal_pack`].
pub fn reseal_pack(
    context: &PackContext,
    keys: &SpaceKeys,
    sealed: &[u8],
    max_plain: usize,
    rng: &mut dyn Rng,
) -> Result<Vec<u8>, CryptoError> {
    let plain = unpacked(context, keys, sealed, max_plain)?;
    let (key_epoch, key) = keys.current_epoch();
    seal(&context.domain(), key, key_epoch, &compressed(plain)?, rng)
}

/// Not where the canary test looks for words in what is stored.
fn compressed(plain: Zeroizing<Vec<u8>>) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    if cfg!(feature = "sealing-off") { Ok(plain) } else { pack_once(&plain) }
}

fn unpacked(
    context: &PackContext,
    keys: &SpaceKeys,
    sealed: &[u8],
    max_plain: usize,
) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    // What does not compress grows by less than this.
    let max_packed = max_plain.saturating_add(max_plain / 128 + 1024);
    let packed = Zeroizing::new(open(&context.domain(), keys, sealed, max_packed)?);
    if cfg!(feature = "sealing-off") {
        return Ok(packed);
    }
    unpack(&packed, max_plain).map(Zeroizing::new)
}
