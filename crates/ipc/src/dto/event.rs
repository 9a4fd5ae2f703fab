use serde::{Deserialize, Serialize};
use specta::Type;

/// What an operation or a sync changed: views that show any of it ask again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct OpChanges {
    /// Notes whose content or state changed; empty with `many` for a bulk change.
    pub notes: Vec<String>,
    pub many: bool,
    pub notebooks: bool,
    pub tags: bool,
    pub review: bool,
    pub receipts: bool,
    pub settings: bool,
    /// True where another device's changes caused it.
    pub from_sync: bool,
}

/// Pushed to the window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case", tag = "kind", content = "data")]
pub enum Event {
    Changed(OpChanges),
    Sync(super::SyncStatus),
    /// How sync stands cannot be read: what was told last may not hold any more.
    SyncFailed(super::CommandError),
    Session(super::SessionStatus),
    /// The tray's "Lock": the window saves what is typed, and locks.
    Lock,
}
