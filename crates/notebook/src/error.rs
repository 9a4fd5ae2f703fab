//! What can go wrong in a use case, named by what the caller can do.

use std::path::{Path, PathBuf};

use holdfast_crypto::CryptoError;
use holdfast_domain::{DecodeError, EncodeError, RevisionId};
use holdfast_protocol::ProtocolError;
use holdfast_store::StoreError;
use thiserror::Error;

use crate::attachments::WhyNotHere;

pub type Result<T, E = NotebookError> = std::result::Result<T, E>;

#[derive(Debug, Error)]
pub enum NotebookError {
    #[error("there is no vault in {0}")]
    NoVault(PathBuf),
    #[error("there is already a vault in {0}")]
    VaultExists(PathBuf),
    #[error("the vault in {0} is open in another window or program")]
    OpenElsewhere(PathBuf),
    #[error("the passphrase is wrong")]
    WrongPassphrase,
    #[error("{0}")]
    WrongCode(String),
    #[error("the passphrase must have at least {0} characters")]
    WeakPassphrase(usize),
    /// Nothing was overwritten.
    #[error("the vault is damaged: {0}")]
    Damaged(String),
    #[error("the vault was written by a newer version of Holdfast")]
    NewerVersion,
    #[error("the disk is full")]
    DiskFull,
    /// This version has to bring the vault to another form, and there is no backup before it: nothing was changed, and
    /// the version before still opens it. `needed` is in bytes.
    #[error("no backup could be made before the vault is brought up to date: {why}")]
    NoSnapshot { why: Box<NotebookError>, needed: u64 },
    #[error("there is no {what} {id}")]
    NotFound { what: &'static str, id: String },
    #[error("{0}")]
    Invalid(String),
    #[error("{0}")]
    TooLarge(String),
    /// A file whose bytes are not on this computer.
    #[error("{name} is not on this computer yet")]
    NotHere { name: String, why: WhyNotHere },
    /// An old version whose content was thinned on this computer. `why` it could not be had from the server, where that
    /// was tried.
    #[error("this version is not on this computer any more")]
    Thinned { why: Option<WhyNotHere> },
    /// Another version arrived since the caller read.
    #[error("another version arrived in the meantime")]
    Stale,
    #[error("devices disagree about something that needs a newer version of Holdfast")]
    NeedsNewerVersion,
    #[error("nothing to undo: {0}")]
    NothingToUndo(String),
    #[error("no server was added to this vault")]
    NoServer,
    #[error("this vault has a server already: {0}")]
    HasServer(String),
    #[error("{0}")]
    LinkInvalid(String),
    #[error("the join link has expired")]
    LinkExpired,
    /// The server answered something that cannot be true; nothing of it was taken over.
    #[error("the server's answer is not right: {0}")]
    HostileServer(String),
    /// Changes wait although the server answers and nothing failed.
    #[error("changes have waited for {minutes} minutes, and nothing has gone out")]
    NothingMoves { minutes: u64 },
    /// The server signs in with another passphrase than the one that opens this vault, and neither was typed.
    #[error("the server has another passphrase than this vault")]
    OtherPassphrase,
    /// A passphrase that was set here opens the vault, and the server does not know it yet.
    #[error("the server does not know the new passphrase yet")]
    PassphraseWaits,
    /// The server has an earlier passphrase than the vault, and this computer cannot tell it the present one.
    #[error("the server has an earlier passphrase than this vault")]
    PassphraseUntold,
    #[error(transparent)]
    Protocol(#[from] ProtocolError),
    #[error("{path}: {source}")]
    Unreadable { path: PathBuf, source: std::io::Error },
    /// The vault's own files could not be read or written this time; they may be the next.
    #[error("the vault's files: {0}")]
    Storage(String),
    #[error("internal: {0}")]
    Internal(String),
}

impl NotebookError {
    pub(crate) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        move |source| {
            if source.kind() == std::io::ErrorKind::StorageFull {
                Self::DiskFull
            } else {
                Self::Unreadable { path: path.to_owned(), source }
            }
        }
    }

    pub(crate) fn closed() -> Self {
        Self::Internal("the vault is closed".into())
    }

    pub(crate) fn missing(id: &RevisionId) -> Self {
        Self::Damaged(format!("revision {id} is missing"))
    }
}

impl From<StoreError> for NotebookError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::DiskFull => Self::DiskFull,
            StoreError::WrongKey => Self::Damaged("the database does not open with this vault's key".into()),
            StoreError::Damaged(what) => Self::Damaged(what),
            StoreError::NewerSchema { .. } => Self::NewerVersion,
            StoreError::Io(source) => Self::Storage(source.to_string()),
            StoreError::Busy => Self::Storage("another program keeps them busy".into()),
            other => Self::Internal(other.to_string()),
        }
    }
}

impl From<CryptoError> for NotebookError {
    fn from(error: CryptoError) -> Self {
        match error {
            CryptoError::WrongPassphrase => Self::WrongPassphrase,
            CryptoError::WrongCode => Self::WrongCode("it belongs to another vault".into()),
            CryptoError::RecoveryCode(e) => Self::WrongCode(e.to_string()),
            CryptoError::NewerVersion(_) => Self::NewerVersion,
            CryptoError::Damaged(what) => {
                tracing::warn!(what, "damaged");
                Self::Damaged("its key file cannot be read".into())
            }
            CryptoError::Io(source) if source.kind() == std::io::ErrorKind::StorageFull => Self::DiskFull,
            CryptoError::NotOpened => Self::Damaged("its key file does not open".into()),
            other => Self::Internal(other.to_string()),
        }
    }
}

impl From<EncodeError> for NotebookError {
    fn from(error: EncodeError) -> Self {
        match error {
            EncodeError::BodyTooLarge | EncodeError::RecordTooLarge => Self::TooLarge(error.to_string()),
            EncodeError::NeedsNewerVersion => Self::NeedsNewerVersion,
        }
    }
}

impl From<DecodeError> for NotebookError {
    fn from(error: DecodeError) -> Self {
        match error {
            DecodeError::Newer(_) => Self::NewerVersion,
            other => Self::Damaged(other.to_string()),
        }
    }
}

impl From<holdfast_merge::FoldError> for NotebookError {
    fn from(error: holdfast_merge::FoldError) -> Self {
        Self::Damaged(error.to_string())
    }
}
