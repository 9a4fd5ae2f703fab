//! What can go wrong in the server.

use holdfast_protocol::{JoinLinkError, ProtocolError};
use thiserror::Error;

#[derive(Debug, Error)]
pub enum ServerError {
    /// The client's to hear and to act on.
    #[error(transparent)]
    Answer(#[from] ProtocolError),
    /// The disk, or the database file: look at the machine.
    #[error("the database failed")]
    Database(#[from] rusqlite::Error),
    /// The disk, or permissions: look at the machine.
    #[error("a file could not be read or written")]
    Files(#[from] std::io::Error),
    /// What was stored cannot be what this server wrote: restore a backup.
    #[error("the stored {0} is damaged")]
    Damaged(&'static str),
    /// Start a newer version of the server.
    #[error("the data was written by a newer version of the server (schema {found})")]
    NewerData { found: i64 },
    /// Choose another address or port.
    #[error("cannot listen on {address}")]
    Listen { address: String, source: std::io::Error },
    /// The key or certificate files; a person must look.
    #[error("the server's certificate or key cannot be used: {0}")]
    Certificate(String),
    #[error("the public address does not fit a join link")]
    PublicUrl(#[from] JoinLinkError),
    /// The operating system has no randomness to give.
    #[error("no randomness")]
    Randomness,
}

impl ServerError {
    /// What the client hears: its own errors as they are, the server's without detail.
    pub(crate) fn into_answer(self) -> ProtocolError {
        match self {
            Self::Answer(answer) => answer,
            Self::Database(rusqlite::Error::SqliteFailure(failure, _))
                if failure.code == rusqlite::ErrorCode::DiskFull =>
            {
                tracing::error!("the disk is full");
                ProtocolError::Server("the disk is full".into())
            }
            other => {
                tracing::error!(error = ?other, "request failed");
                ProtocolError::Server("see the server's log".into())
            }
        }
    }
}
