//! What only the HTTP form of [`SyncProtocol`](crate::SyncProtocol) needs: arguments and answers that the trait
//! has as plain values, and errors as a body.

use crate::ProtocolError;
use crate::limits::MAX_MESSAGE_BYTES;

/// Asks for a user's key derivation parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prelogin {
    pub user: String,
}

/// An account's sealed keys and their version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys {
    pub keys: Vec<u8>,
    pub version: u64,
}

/// The version that a put of keys made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeysVersion {
    pub version: u64,
}

/// An error as the server sends it. `code` decides; `message` is for people who read logs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorBody {
    pub code: u16,
    pub message: String,
    /// The number that goes with the code: the keys' version, or the seconds to wait.
    pub extra: Option<u64>,
}

impl From<&ProtocolError> for ErrorBody {
    fn from(error: &ProtocolError) -> Self {
        let (code, detail, extra) = match error {
            ProtocolError::Unauthorized => (1, None, None),
            ProtocolError::WrongLogin => (2, None, None),
            ProtocolError::InvitationExpired => (3, None, None),
            ProtocolError::InvitationInvalid => (4, None, None),
            ProtocolError::UserTaken => (5, None, None),
            ProtocolError::KeysChanged { version } => (6, None, Some(*version)),
            ProtocolError::TooLarge => (7, None, None),
            ProtocolError::NotFound => (8, None, None),
            ProtocolError::Busy { retry_after_s } => (9, None, retry_after_s.map(u64::from)),
            ProtocolError::Refused(why) | ProtocolError::Malformed(why) => (10, Some(why), None),
            ProtocolError::Server(why) | ProtocolError::Unreachable(why) => (11, Some(why), None),
            ProtocolError::PinMismatch | ProtocolError::NoNetwork => (11, None, None),
            ProtocolError::NotRegistered => (12, None, None),
            ProtocolError::DeviceRemoved => (13, None, None),
            ProtocolError::DeviceAhead => (14, None, None),
        };
        let mut message = detail.map_or_else(|| error.to_string(), Clone::clone);
        message.truncate(message.floor_char_boundary(MAX_MESSAGE_BYTES));
        Self { code, message, extra }
    }
}

impl From<ErrorBody> for ProtocolError {
    fn from(body: ErrorBody) -> Self {
        match (body.code, body.extra) {
            (1, _) => Self::Unauthorized,
            (2, _) => Self::WrongLogin,
            (3, _) => Self::InvitationExpired,
            (4, _) => Self::InvitationInvalid,
            (5, _) => Self::UserTaken,
            (6, Some(version)) => Self::KeysChanged { version },
            (7, _) => Self::TooLarge,
            (8, _) => Self::NotFound,
            (9, seconds) => Self::Busy { retry_after_s: seconds.and_then(|s| s.try_into().ok()) },
            (10, _) => Self::Refused(body.message),
            (11, _) => Self::Server(body.message),
            (12, _) => Self::NotRegistered,
            (13, _) => Self::DeviceRemoved,
            (14, _) => Self::DeviceAhead,
            (code, _) => Self::Malformed(format!("error {code} is not known")),
        }
    }
}
