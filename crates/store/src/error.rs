//! Errors, by what the caller can do about them.

use rusqlite::ErrorCode;

pub type Result<T, E = StoreError> = std::result::Result<T, E>;

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The key does not open the file. A first page that was overwritten cannot be told from this: with a key
    /// that is known to be right, treat it as damage.
    #[error("the key does not open this database")]
    WrongKey,
    /// Set the file aside and restore a snapshot. The text says where, never what was stored.
    #[error("the database is damaged: {0}")]
    Damaged(String),
    /// Written by a newer version of Holdfast: update.
    #[error("the database has schema {found}, and this version knows up to {known}")]
    NewerSchema { found: u32, known: u32 },
    /// Nothing of the transaction was kept. Make room and try again.
    #[error("the disk is full")]
    DiskFull,
    #[error("the database could not be read or written")]
    Io(#[source] std::io::Error),
    #[error("not found")]
    NotFound,
    /// Another connection held the lock for longer than the busy timeout. Try again.
    #[error("the database is busy")]
    Busy,
    #[error("database error")]
    Sql(#[source] rusqlite::Error),
}

impl StoreError {
    pub(crate) fn damaged(what: impl Into<String>) -> Self {
        Self::Damaged(what.into())
    }
}

impl From<std::io::Error> for StoreError {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Self::DiskFull,
            std::io::ErrorKind::NotFound => Self::NotFound,
            _ => Self::Io(error),
        }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match &error {
            rusqlite::Error::QueryReturnedNoRows => Self::NotFound,
            rusqlite::Error::FromSqlConversionFailure(column, ..)
            | rusqlite::Error::InvalidColumnType(column, ..)
            | rusqlite::Error::IntegralValueOutOfRange(column, ..) => {
                Self::damaged(format!("a value of the wrong form in column {column}"))
            }
            rusqlite::Error::SqliteFailure(e, _) => match e.code {
                ErrorCode::DiskFull => Self::DiskFull,
                // The shared-memory file of the WAL is grown by writing zeros: only a full disk fails there.
                _ if e.extended_code == rusqlite::ffi::SQLITE_IOERR_SHMSIZE => Self::DiskFull,
                ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Self::Busy,
                ErrorCode::NotADatabase => Self::damaged("a part of the database cannot be decrypted"),
                ErrorCode::DatabaseCorrupt => Self::damaged("a part of the database cannot be read"),
                ErrorCode::SystemIoFailure
                | ErrorCode::CannotOpen
                | ErrorCode::ReadOnly
                | ErrorCode::PermissionDenied => Self::Io(std::io::Error::other(error)),
                _ => Self::Sql(error),
            },
            _ => Self::Sql(error),
        }
    }
}
