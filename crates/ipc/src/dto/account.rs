use serde::{Deserialize, Serialize};
use specta::Type;

/// A join link, read but not trusted yet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Type)]
pub struct LinkInfo {
    pub url: String,
    /// The start of the server key's fingerprint, in groups, to compare by eye.
    pub fingerprint: String,
    pub expires_ms: Option<f64>,
    pub expired: bool,
    /// Whether the link lets a new account be made.
    pub can_create: bool,
}

/// Adds a server to this vault and makes an account on it.
#[derive(Clone, Serialize, Deserialize, Type)]
pub struct CreateAccountRequest {
    pub link: String,
    pub user: String,
    pub device_name: String,
    /// Needed to derive the login; checked against the vault.
    pub passphrase: String,
}

/// Makes the vault on this computer from an account that exists.
#[derive(Clone, Serialize, Deserialize, Type)]
pub struct JoinRequest {
    pub link: String,
    pub user: String,
    pub passphrase: String,
    pub device_name: String,
}

/// Another passphrase in the place of the one that is typed.
#[derive(Clone, Serialize, Deserialize, Type)]
pub struct PassphraseChange {
    pub present: String,
    pub new: String,
}

/// Removes another computer from the account.
#[derive(Clone, Serialize, Deserialize, Type)]
pub struct RemoveDeviceRequest {
    pub id: String,
    /// Where somebody else may know the passphrase that there is.
    pub passphrase: Option<PassphraseChange>,
}

/// What somebody types on another computer to join this account, besides the passphrase.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Type)]
pub struct AccountLink {
    /// It lets nobody in by itself, and does not expire.
    pub link: String,
    pub url: String,
    pub fingerprint: String,
    pub user: String,
}
