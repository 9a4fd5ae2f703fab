//! Keys, envelopes, the recovery code and the key file (DESIGN.md section 6).
//!
//! A safe front over a private `hazmat` module: nothing outside it names a cipher, a curve or a hash. Functions
//! that start with `derive` are deterministic; those that need randomness take an [`Rng`].
//!
//! **Invariant:** this crate imports none of ours, opens no socket and asks the operating system for randomness in
//! one place ([`OsRng`]). Nothing secret is in an error, in `Debug` or in a log.

#[cfg(all(feature = "sealing-off", not(debug_assertions)))]
compile_error!("the feature `sealing-off` stores notes in plain text: it is for the canary test, never for a release");

/// Whether a deliberate bug shows here, for the simulator to find. Never in a program.
#[cfg(feature = "simulation")]
use holdfast_mutants::planted;
#[cfg(not(feature = "simulation"))]
const fn planted(_: &str) -> bool {
    false
}

pub mod account_keys;
mod cbor;
pub mod device;
mod error;
mod hazmat;
pub mod ids;
pub mod kdf;
pub mod key_file;
mod keys;
pub mod membership;
pub mod recovery;
mod rng;
pub mod seal;

pub use account_keys::{AccountKeys, OpenAccount};
pub use device::{DeviceKeys, DevicePublic};
pub use error::CryptoError;
pub use ids::{ContentHash, blob_id, content_id, revision_id, state_id};
pub use kdf::{KdfParams, PassphraseKeys};
pub use key_file::{KeyFile, OpenVault};
pub use keys::{AccountKey, DatabaseKey, EpochKey, IdKey, KeychainKey, SpaceKeys};
pub use membership::{DeviceMember, LastBatch, Members, MembershipLog, Parted, RemovedDevice, Standing};
pub use recovery::{RecoveryCode, RecoveryCodeError};
pub use rng::{OsRng, Rng};
pub use seal::{
    CHUNK_BYTES, ChunkPlace, PACK_RANGE_BYTES, PackContent, PackContext, PackedRevision, SealContext, open_blob,
    open_chunk, open_pack, open_revision, open_revision_on, reseal_pack, seal_blob, seal_chunk, seal_pack,
    seal_revision, seal_revision_on,
};
