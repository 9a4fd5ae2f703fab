use serde::{Deserialize, Serialize};
use specta::Type;

use super::DiffSpan;

/// How a version came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum VersionKind {
    Edit,
    Decision,
    Undo,
    Import,
    Restore,
    /// By a newer program.
    Other,
}

/// A version of a note, in a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Type)]
pub struct NoteVersionItem {
    pub revision: String,
    pub device: String,
    pub this_device: bool,
    pub at_ms: f64,
    pub kind: VersionKind,
    /// Nothing was written on it yet: it is the newest, or one of those that wait side by side.
    pub newest: bool,
    pub content: ContentAt,
}

/// Where the text of a version is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum ContentAt {
    Here,
    /// Not on this computer any more; it can be got from the server.
    Server,
    /// Nor, as far as is known, on the server; another computer may bring it back.
    Elsewhere,
}

/// What `fields` and `diff` of a version are told against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum Since {
    /// What it was written on.
    Before,
    /// The last version before it that is on this computer.
    Earlier,
    /// Nothing: no version before it is on this computer.
    Nothing,
}

/// A version of a note as it was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Type)]
pub struct NoteVersion {
    pub item: NoteVersionItem,
    pub title: String,
    pub body: String,
    /// Places of it that nobody had decided then: one side of each is shown.
    pub to_review: u32,
    /// What it changed besides the text, in words.
    pub fields: Vec<String>,
    /// What it changed in the text.
    pub diff: Vec<DiffSpan>,
    pub since: Since,
    /// The note has this title, this text and these files now.
    pub is_shown: bool,
}
