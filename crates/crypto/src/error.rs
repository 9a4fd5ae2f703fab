//! What can go wrong, sorted by what the caller can do about it.

use crate::recovery::RecoveryCodeError;

/// Every failure of this crate. A failed decryption is one variant without detail.
#[derive(Debug, thiserror::Error)]
pub enum CryptoError {
    /// Ask for the passphrase again.
    #[error("the passphrase is wrong")]
    WrongPassphrase,
    /// Ask for the recovery code again: it is well formed, but of another vault.
    #[error("the recovery code belongs to another vault")]
    WrongCode,
    /// A sealed thing did not open: altered, or sealed with another key or for another place.
    #[error("this could not be decrypted")]
    NotOpened,
    /// This device was removed from the account: it opens what it has, and nothing that is sealed from now on.
    #[error("this device was removed from the account")]
    Removed,
    /// Bytes that are not what they claim to be: restore a copy. The text names the part, never its content.
    #[error("damaged: {0}")]
    Damaged(&'static str),
    /// A newer Holdfast wrote this; the number is the version it names.
    #[error("written by a newer version ({0})")]
    NewerVersion(u16),
    /// The stored key derivation is weaker than this client accepts: do not send it the passphrase.
    #[error("the key derivation settings are too weak")]
    WeakKdf,
    /// What was typed is not a recovery code.
    #[error(transparent)]
    RecoveryCode(#[from] RecoveryCodeError),
    /// Reading or writing the key file failed.
    #[error("the key file could not be read or written")]
    Io(#[from] std::io::Error),
    /// The operating system gave no randomness: nothing was sealed.
    #[error("the operating system gave no randomness")]
    NoRandomness,
    /// More bytes, memory or passes than this client is willing to spend.
    #[error("too large")]
    TooLarge,
    /// The key of this epoch is not here yet. Waiting for a key, not damage.
    #[error("waiting for the key of epoch {key_epoch}")]
    MissingKey {
        /// The epoch whose key (or id key) is absent.
        key_epoch: u32,
    },
    /// It is the difference to a revision that is not here: to be opened when that one is.
    #[error("waiting for the version that it builds on")]
    MissingParent {
        /// The id of that revision.
        parent: [u8; 32],
    },
}
