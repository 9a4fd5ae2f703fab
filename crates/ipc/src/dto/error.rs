use serde::{Deserialize, Serialize};
use specta::Type;

/// Why a command did not do what it was asked. Codes exist where somebody branches on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// The vault is locked or not there yet.
    NotOpen,
    VaultExists,
    VaultOpenElsewhere,
    VaultDamaged,
    VaultNewer,
    WrongPassphrase,
    WrongCode,
    DiskFull,
    NotFound,
    InvalidInput,
    TooLarge,
    /// A file whose bytes are not on this computer.
    NotHere,
    /// The answer was computed from versions that are no longer the newest: read again.
    Stale,
    NeedsNewerVersion,
    NoServer,
    HasServer,
    LinkInvalid,
    LinkExpired,
    UserTaken,
    WrongLogin,
    PinMismatch,
    ServerUnreachable,
    SignInAgain,
    /// This computer was removed from the account.
    DeviceRemoved,
    ServerNotTrusted,
    ServerRefused,
    Unreadable,
    Io,
    Internal,
}

/// An error as the window and the terminal show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct CommandError {
    pub code: ErrorCode,
    /// A sentence for people: what happened to what, what is safe, the one thing to do.
    pub message: String,
    pub retryable: bool,
}
