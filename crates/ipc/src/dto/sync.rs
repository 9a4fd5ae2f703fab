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
    pub id: String,
    pub name: String,
    pub platform: String,
    pub this_device: bool,
    pub last_seen_ms: f64,
    pub added_ms: f64,
    /// Its clock is ahead, so that when it changed something last cannot be told by it.
    pub clock_ahead: bool,
}

/// The one picture of sync that the sidebar, the panel, the marks and the terminal draw from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Type)]
pub struct SyncStatus {
    pub state: SyncState,
    /// The person paused it. (The state is `paused` too where a sync waits for a decision.)
    pub paused: bool,
    /// Changes that the server has not confirmed, working ones included.
    pub waiting: u32,
    pub waiting_attachments: u32,
    /// What of them is still to be sent.
    pub waiting_attachment_bytes: f64,
    /// Attachments that the server does not have all of.
    pub sending: FileProgress,
    /// Attachments that are on their way here.
    pub receiving: FileProgress,
    /// Attachments that are not on this computer, those on their way too.
    pub not_here: FileCount,
    /// Notes and notebooks.
    pub to_review: u32,
    /// Those of them that are notebooks.
    pub notebooks_to_review: u32,
    /// When the server last confirmed that it has everything asked of it.
    pub last_confirmed_ms: Option<f64>,
    pub last_changes: u32,
    pub last_duration_ms: u32,
    pub next_try_ms: Option<f64>,
    pub server: Option<String>,
    pub user: Option<String>,
    /// What went wrong last, as a sentence, while it is still wrong.
    pub problem: Option<super::CommandError>,
    /// What is wrong with the passphrase that the server knows, whatever else is: it stops nothing, and waits.
    pub passphrase: Option<super::CommandError>,
    pub devices: Vec<DeviceItem>,
    pub catch_up: Option<CatchUp>,
    /// Entries that did not open or came before their parents.
    pub quarantined: u32,
    /// The same, by why.
    pub set_aside: Vec<SetAside>,
    /// A sync that would take many notes away: nothing of it is shown until the person decides.
    pub tripwire: Option<Tripwire>,
}

/// Changes that arrived and could not be taken in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct SetAside {
    pub count: u32,
    /// Why, and that nothing is lost: a sentence.
    pub why: String,
    /// What to do: a sentence.
    pub action: String,
}

/// What waits for the person's decision.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Type)]
pub struct Tripwire {
    /// Names what was looked at; goes back with the decision.
    pub number: u32,
    pub since_ms: f64,
    /// Notes that would go to the trash.
    pub trashed: u32,
    /// Notes that would lose most of their text.
    pub emptied: u32,
    pub notebooks: u32,
    /// So many notes there are.
    pub of: u32,
    /// The computers that did it, by name.
    pub devices: Vec<String>,
    /// The folder of the backup that was made first.
    pub backup: Option<String>,
}

/// A note that would go, as it is shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Type)]
pub struct HeldNote {
    pub id: String,
    pub title: String,
    /// True: to the trash. False: most of its text.
    pub trashed: bool,
    pub updated_ms: f64,
}

/// Files on their way, and how far they came.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Type)]
pub struct FileProgress {
    pub files: u32,
    pub done_bytes: f64,
    pub total_bytes: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Type)]
pub struct FileCount {
    pub files: u32,
    pub bytes: f64,
}

/// How far a first sync or a long catch-up is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Type)]
pub struct CatchUp {
    /// The first sync of a joined vault.
    pub first: bool,
    /// Changes that were read, of how many.
    pub done: u32,
    pub total: u32,
    /// How long it still takes, in words, where that is known.
    pub left: Option<String>,
}

/// A line of the log. It names no note.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Type)]
pub struct ActivityItem {
    pub at_ms: f64,
    /// In a person's words.
    pub what: String,
    pub ok: bool,
    pub duration_ms: u32,
    /// Over the wire, as far as it was counted.
    pub bytes_up: f64,
    pub bytes_down: f64,
    /// What came of it, or, where it failed, the sentence that says why.
    pub message: String,
    /// Where it failed.
    pub code: Option<super::ErrorCode>,
}

/// Which lines of the log, the newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct ActivityQuery {
    /// Words that a line holds, in any case; empty for all.
    pub search: String,
    pub failed_only: bool,
    pub limit: u32,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct HealthLine {
    /// Of a closed list: `database`, `decision`, `outbox`, `clock`, `keychain`, `disk`, `set_aside`,
    /// `unnamed`, `agreement`, `backup`, `sync`.
    pub id: String,
    pub name: String,
    /// False: look at this.
    pub ok: bool,
    pub sentence: String,
    /// The one thing to do, where there is one.
    pub action: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Type)]
pub struct Health {
    pub at_ms: f64,
    pub ok: bool,
    pub lines: Vec<HealthLine>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Type)]
pub struct BackupItem {
    /// The folder. It is a vault: the passphrase opens it.
    pub path: String,
    pub at_ms: f64,
    /// Why it was made, in a person's words.
    pub reason: String,
    pub bytes: f64,
}

/// What a backup was found to hold when it was opened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Type)]
pub struct BackupContent {
    pub notes: u32,
    pub trashed: u32,
    pub notebooks: u32,
    /// Files that it does not hold, since they were not on this computer.
    pub files_not_here: FileCount,
}
