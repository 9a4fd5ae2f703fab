use serde::{Deserialize, Serialize};
use specta::Type;

/// How things stand with the server: a closed list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum SyncState {
    /// No server was added.
    LocalOnly,
    UpToDate,
    Waiting,
    Syncing,
    Offline,
    Unreachable,
    Paused,
    NeedsSignIn,
    Locked,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Type)]
pub struct DeviceItem {
    pub name: String,
    pub platform: String,
    pub this_device: bool,
    pub last_seen_ms: f64,
    pub added_ms: f64,
}

/// The one picture of sync that the sidebar, the panel, the marks and the terminal draw from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Type)]
pub struct SyncStatus {
    pub state: SyncState,
    /// Changes that the server has not confirmed, working ones included.
    pub waiting: u32,
    pub waiting_attachments: u32,
    pub waiting_attachment_bytes: f64,
    pub to_review: u32,
    /// When the server last confirmed that it has everything asked of it.
    pub last_confirmed_ms: Option<f64>,
    pub last_changes: u32,
    pub last_duration_ms: u32,
    pub next_try_ms: Option<f64>,
    pub server: Option<String>,
    pub user: Option<String>,
    /// What went wrong last, as a sentence, while it is still wrong.
    pub problem: Option<super::CommandError>,
    pub devices: Vec<DeviceItem>,
    pub first_sync: Option<FirstSync>,
    /// Entries that did not open or came before their parents.
    pub quarantined: u32,
}

/// Progress of the first sync of a joined vault.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Type)]
pub struct FirstSync {
    pub done: u32,
    pub total: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Type)]
pub struct ActivityItem {
    pub at_ms: f64,
    pub what: String,
    pub ok: bool,
    pub duration_ms: u32,
    pub bytes: f64,
    pub message: String,
}
