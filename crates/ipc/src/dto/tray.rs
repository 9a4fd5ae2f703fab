use serde::{Deserialize, Serialize};
use specta::Type;

/// The pictures of the tray.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum TrayIcon {
    Normal,
    /// Something waits, or is being sent or received.
    Waiting,
    /// A person is needed.
    Attention,
    /// The server is not reached.
    Offline,
}

/// What the tray shows: the window says it, since it has the words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct TrayShown {
    pub icon: TrayIcon,
    /// The line of the sidebar, word for word.
    pub text: String,
    pub can_sync: bool,
    pub can_lock: bool,
}
