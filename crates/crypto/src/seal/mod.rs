//! The seal: revisions (committed by their id) and blobs (committed by HKDF), both padded.

mod blob;
mod pack;
mod packed;
mod padding;
mod revision;

pub use blob::{CHUNK_BYTES, ChunkPlace, open_blob, open_chunk, seal_blob, seal_chunk};
pub use pack::{PACK_RANGE_BYTES, PackContent, PackContext, PackedRevision, open_pack, reseal_pack, seal_pack};
pub use padding::padme;
pub use revision::{SealContext, open_revision, open_revision_on, seal_revision, seal_revision_on};

/// The version byte of everything sealed here.
const VERSION: u8 = 1;

/// The version byte of plain text that the canary test stores; opened only with the feature `sealing-off`.
const UNSEALED_VERSION: u8 = 0xff;

/// The version byte and what follows it.
fn split_version(sealed: &[u8]) -> Result<(u8, &[u8]), crate::CryptoError> {
    match sealed.split_first() {
        Some((&VERSION, rest)) => Ok((VERSION, rest)),
        Some((&UNSEALED_VERSION, rest)) if cfg!(feature = "sealing-off") || crate::planted("unsealed") => {
            Ok((UNSEALED_VERSION, rest))
        }
        // 0 never existed and the plain text of a test is not a version: neither is an invitation to update.
        Some((&(0 | UNSEALED_VERSION), _)) | None => Err(crate::CryptoError::NotOpened),
        Some((&newer, _)) => Err(crate::CryptoError::NewerVersion(u16::from(newer))),
    }
}
