//! How notes, states and places look as JSON, and as text. Times are milliseconds since 1970 in JSON.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use holdfast_notebook::{DeviceId, NoteRow, NotebookId, PlaceKind, PlaceValue, SyncState, TrashState, Vault};
use serde_json::{Value, json};

use crate::Outcome;

/// Notebooks by their paths, and devices by their names.
pub struct Names {
    paths: BTreeMap<NotebookId, String>,
    labels: BTreeMap<NotebookId, String>,
    devices: BTreeMap<DeviceId, String>,
    me: DeviceId,
}

impl Names {
    pub fn load(vault: &Vault) -> Outcome<Self> {
        Ok(Self {
            paths: vault.notebook_paths()?,
            labels: vault.notebook_labels()?,
            devices: vault.device_names()?,
            me: vault.device(),
        })
    }

    pub fn path(&self, notebook: Option<NotebookId>) -> Option<&str> {
        self.paths.get(&notebook?).map(String::as_str)
    }

    pub fn is_me(&self, device: DeviceId) -> bool {
        device == self.me
    }

    pub fn me(&self) -> DeviceId {
        self.me
    }

    /// A device whose record has not arrived is called by the start of its id.
    pub fn device(&self, device: DeviceId) -> String {
        self.devices.get(&device).cloned().unwrap_or_else(|| format!("Computer {}", &device.to_string()[..6]))
    }

    pub fn devices(&self) -> impl Iterator<Item = (DeviceId, &str)> {
        self.devices.iter().map(|(id, name)| (*id, name.as_str()))
    }

    /// A notebook as a value of a place: its path, or its id where it has not arrived.
    fn notebook_value(&self, id: Option<NotebookId>) -> Option<String> {
        id.map(|id| self.labels.get(&id).cloned().unwrap_or_else(|| id.to_string()))
    }

    /// The value of a side or of an original.
    pub fn value(&self, value: &PlaceValue) -> Value {
        match value {
            PlaceValue::Text(text) => json!(text),
            PlaceValue::Notebook(id) => json!(self.notebook_value(*id)),
            PlaceValue::Due(date) => json!(date.map(|d| d.to_string())),
            PlaceValue::Done(done) => json!(done),
            PlaceValue::Trash(state) => json!(trash_word(*state)),
        }
    }

    /// As [`Self::value`], for people.
    pub fn value_text(&self, value: &PlaceValue) -> String {
        match value {
            PlaceValue::Text(text) if text.is_empty() => "(nothing)".to_owned(),
            PlaceValue::Text(text) => text.clone(),
            PlaceValue::Notebook(id) => self.notebook_value(*id).unwrap_or_else(|| "(no notebook)".into()),
            PlaceValue::Due(date) => date.map_or_else(|| "(no date)".into(), |d| d.to_string()),
            PlaceValue::Done(done) => if *done { "done" } else { "not done" }.to_owned(),
            PlaceValue::Trash(TrashState::Trashed) => "in the trash".to_owned(),
            PlaceValue::Trash(_) => "not in the trash".to_owned(),
        }
    }

    pub fn note(&self, row: &NoteRow) -> Value {
        json!({
            "id": row.id.to_string(),
            "title": row.title,
            "body": row.body,
            "notebook": self.path(row.notebook),
            "tags": row.tags,
            "due": row.due.map(|d| d.to_string()),
            "done": row.done,
            "trashed": row.trashed,
            "review": row.review > 0,
            "created": row.created_ms,
            "updated": row.updated_ms,
        })
    }

    /// A note in one line.
    pub fn note_line(&self, row: &NoteRow) -> String {
        let mut line = format!("{}  {}", &row.id.to_string()[..8], titled(&row.title));
        if let Some(path) = self.path(row.notebook) {
            line.extend(["  [", &one_line(path), "]"]);
        }
        if let Some(due) = row.due {
            line.extend(["  due ", &due.to_string()]);
        }
        for (is, word) in [(row.done, "done"), (row.trashed, "in the trash"), (row.review > 0, "to review")] {
            if is {
                line.extend(["  (", word, ")"]);
            }
        }
        line
    }
}

pub fn titled(title: &str) -> Cow<'_, str> {
    if title.is_empty() { "(no title)".into() } else { one_line(title) }
}

/// A name that came from elsewhere, as it may stand in a list: another program may have put a line break into it.
pub fn one_line(name: &str) -> Cow<'_, str> {
    if name.contains(char::is_control) { name.replace(char::is_control, "\u{fffd}").into() } else { name.into() }
}

/// Lines, or a sentence where there are none.
pub fn lines(lines: &[String], none: &str) -> String {
    if lines.is_empty() { none.to_owned() } else { lines.join("\n") }
}

pub fn trash_word(state: TrashState) -> &'static str {
    match state {
        TrashState::Live => "live",
        TrashState::Trashed => "trashed",
        TrashState::Open => "open",
    }
}

/// A field's name.
pub fn field(kind: &PlaceKind) -> &'static str {
    match kind {
        PlaceKind::Title => "title",
        PlaceKind::Notebook => "notebook",
        PlaceKind::Due => "due",
        PlaceKind::Done => "done",
        PlaceKind::FrontMatter => "front_matter",
        PlaceKind::Trash => "trash",
        PlaceKind::TrashedNotebook => "trashed_notebook",
        PlaceKind::Text { .. } => "text",
    }
}

/// What a place is about, in words.
pub fn label(kind: &PlaceKind) -> String {
    match kind {
        PlaceKind::FrontMatter => "front matter".to_owned(),
        PlaceKind::TrashedNotebook => "in a notebook that is in the trash".to_owned(),
        PlaceKind::Text { heading: Some(heading), line, .. } => format!("text under {heading:?}, line {}", line + 1),
        PlaceKind::Text { heading: None, line, .. } => format!("text, line {}", line + 1),
        other => field(other).to_owned(),
    }
}

pub fn state(state: SyncState) -> &'static str {
    match state {
        SyncState::LocalOnly => "local_only",
        SyncState::UpToDate => "up_to_date",
        SyncState::Waiting => "waiting",
        SyncState::Syncing => "syncing",
        SyncState::Offline => "offline",
        SyncState::Unreachable => "unreachable",
        SyncState::Paused => "paused",
        SyncState::NeedsSignIn => "needs_sign_in",
        SyncState::Locked => "locked",
    }
}

/// A state in words.
pub fn state_words(state: SyncState) -> &'static str {
    match state {
        SyncState::LocalOnly => "On this computer only",
        SyncState::UpToDate => "Up to date",
        SyncState::Waiting => "Changes are waiting to be sent",
        SyncState::Syncing => "Syncing",
        SyncState::Offline => "Offline",
        SyncState::Unreachable => "Can't reach the server",
        SyncState::Paused => "Paused",
        SyncState::NeedsSignIn => "Sign in again",
        SyncState::Locked => "Locked",
    }
}

/// A time for people, in UTC.
pub fn time(ms: u64) -> String {
    match i64::try_from(ms).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok()) {
        Some(at) => at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
        None => format!("{ms} ms"),
    }
}

/// `1 note`, `2 notes`.
pub fn count(n: u64, one: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {one}s") }
}

/// `4.2 MB`: as people count, by thousands.
pub fn bytes_text(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} KB", bytes.div_ceil(1_000)),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
    }
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, b| {
        // Writing to a String cannot fail.
        let _ = write!(out, "{b:02x}");
        out
    })
}
