use serde::{Deserialize, Serialize};
use specta::Type;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum VaultState {
    /// No vault in this folder: the first start.
    Absent,
    Locked,
    Open,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Type)]
pub struct SessionStatus {
    pub vault: VaultState,
    /// The folder of the vault.
    pub path: String,
    /// True until the recovery code's words were confirmed: a reminder stays in the sidebar.
    pub recovery_code_unconfirmed: bool,
    /// The host's name, proposed as this computer's name.
    pub host_name: String,
    /// Why the vault needs a person before it opens, e.g. damaged or open elsewhere.
    pub problem: Option<super::CommandError>,
    pub app_version: String,
}

/// The recovery code: 24 words, in order.
#[derive(Clone, Serialize, Deserialize, Type)]
pub struct RecoveryCode {
    pub words: Vec<String>,
}

/// One word that a person typed to prove that the code is written down.
#[derive(Clone, Serialize, Deserialize, Type)]
pub struct ConfirmWord {
    /// From 0.
    pub index: u32,
    pub word: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    System,
    Light,
    Dark,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct Settings {
    pub theme: Theme,
    pub device_name: String,
    /// Open without a passphrase on this computer, by the system's keychain.
    pub use_keychain: bool,
    /// False where this computer has no keychain that can be used.
    pub keychain_available: bool,
    /// Large files come to this computer as soon as they are on the server, not only when they are opened.
    pub fetch_all_files: bool,
    /// For how many days this computer keeps every version of a note; 0: for ever.
    pub history_days: u32,
}
