use serde::{Deserialize, Serialize};
use specta::Type;

/// A note in a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Type)]
pub struct NoteListItem {
    pub id: String,
    pub title: String,
    /// The first words of the text, as plain text.
    pub preview: String,
    /// The names from the root, e.g. `Field work/Pump stations`; empty at the root.
    pub notebook: String,
    pub notebook_id: Option<String>,
    pub tags: Vec<String>,
    /// `YYYY-MM-DD`.
    pub due: Option<String>,
    pub done: bool,
    pub trashed: bool,
    /// Choices that a person must make; 0 if none.
    pub to_review: u32,
    /// Changes that the server has not confirmed. Always false without a server.
    pub waiting: bool,
    /// The server has confirmed all of it. Always false without a server.
    pub sent: bool,
    pub created_ms: f64,
    pub updated_ms: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum NoteOrder {
    Updated,
    Created,
    Title,
    Due,
}

/// Which notes a list shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum NoteScope {
    All,
    /// Not done and with a due date, the earliest first.
    Tasks,
    Review,
    Trash,
    /// With all notebooks below it.
    Notebook {
        id: String,
    },
    Tag {
        name: String,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct NotesQuery {
    pub scope: NoteScope,
    pub order: NoteOrder,
    pub limit: u32,
    pub offset: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Type)]
pub struct NotesPage {
    pub items: Vec<NoteListItem>,
    pub total: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Type)]
pub struct NoteAttachment {
    pub id: String,
    /// As the text links it.
    pub path: String,
    pub name: String,
    pub media_type: String,
    pub size: f64,
    /// False while not all of the file is on this computer.
    pub here: bool,
    /// How much of it is.
    pub here_bytes: f64,
    /// The person asked for it: it comes when there is a network.
    pub wanted: bool,
}

/// A note, open in the editor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Type)]
pub struct NoteDetail {
    #[serde(flatten)]
    pub item: NoteListItem,
    pub body: String,
    pub attachments: Vec<NoteAttachment>,
    /// The versions that this text was made from. Goes back with every save.
    pub seen_heads: Vec<String>,
    /// The other devices whose changes wait for a choice.
    pub review_devices: Vec<String>,
    /// One of the choices is what becomes of it, since its notebook is in the trash.
    pub in_trashed_notebook: bool,
    /// A field of a newer version is in conflict: shown, not editable.
    pub read_only: bool,
}

/// What a person changed. Absent fields stay as they are.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Type)]
pub struct NotePatch {
    pub title: Option<String>,
    pub body: Option<String>,
    /// The whole set.
    pub tags: Option<Vec<String>>,
    pub due: Option<DuePatch>,
    pub done: Option<bool>,
    pub notebook: Option<NotebookPatch>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum DuePatch {
    None,
    /// `YYYY-MM-DD`.
    On {
        date: String,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum NotebookPatch {
    /// Out of every notebook.
    Root,
    In {
        id: String,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Type)]
pub struct SaveRequest {
    pub id: String,
    pub seen_heads: Vec<String>,
    pub patch: NotePatch,
}

/// On disk now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Type)]
pub struct Saved {
    /// Names the versions that the next save goes on from.
    pub seen_heads: Vec<String>,
    /// True where other versions arrived that the buffer does not have: call `note_refresh`.
    pub stale: bool,
    pub updated_ms: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Type)]
pub struct SearchHit {
    pub id: String,
    pub title: String,
    pub notebook: String,
    /// Plain text around the first match.
    pub snippet: String,
    /// Matches in `snippet`, as [from, to) in UTF-16 units.
    pub marks: Vec<(u32, u32)>,
    pub trashed: bool,
    pub to_review: u32,
    pub updated_ms: f64,
}
