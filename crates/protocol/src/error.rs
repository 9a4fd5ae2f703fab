//! What can go wrong between a device and a server, named by what the caller does next.

use thiserror::Error;

#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ProtocolError {
    /// No route, refused, timed out, name not found: try later.
    #[error("the server cannot be reached: {0}")]
    Unreachable(String),
    /// This computer itself has no way to the server's network: try when that comes back.
    #[error("this computer has no network")]
    NoNetwork,
    /// The server's key is not the pinned one: stop and ask a person.
    #[error("the server's key is not the one in the join link")]
    PinMismatch,
    /// The session ended or never was: sign in again.
    #[error("sign in again")]
    Unauthorized,
    /// Login with a wrong passphrase, code or user name.
    #[error("wrong user name or passphrase")]
    WrongLogin,
    #[error("the join link has expired")]
    InvitationExpired,
    #[error("the join link is not valid for this server")]
    InvitationInvalid,
    #[error("this user name is taken")]
    UserTaken,
    /// Another device changed the keys first: fetch, redo, put again.
    #[error("the account's keys were changed by another device")]
    KeysChanged { version: u64 },
    #[error("too large for the server")]
    TooLarge,
    #[error("the server does not have it")]
    NotFound,
    /// A device that the server does not know, though the account may: its members' keys have to be put again.
    #[error("the server does not know this computer")]
    NotRegistered,
    /// This device was removed from the account: another computer did that, and nothing is taken from it any more.
    #[error("this computer was removed from the account")]
    DeviceRemoved,
    /// A device that is to be removed has sent more than who removes it has read: read the log, then again.
    #[error("the computer to remove has sent more since")]
    DeviceAhead,
    /// Back off; seconds as the server asked, if it did.
    #[error("the server is busy")]
    Busy { retry_after_s: Option<u32> },
    /// The server failed: try later.
    #[error("the server failed: {0}")]
    Server(String),
    /// This client's request was refused as malformed: a bug or another version; do not retry.
    #[error("the server refused the request: {0}")]
    Refused(String),
    /// The answer makes no sense: an older, newer, broken or hostile server.
    #[error("the server's answer cannot be read: {0}")]
    Malformed(String),
}
