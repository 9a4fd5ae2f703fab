//! The fields of each kind of record. `docs/decisions/0002` lists the numbers they have on the wire.

use std::collections::{BTreeMap, BTreeSet};

use crate::{AttachmentId, Body, Date, Merge, NotebookId, Stamp, fold_name};

/// What a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    Note,
    Notebook,
    Attachment,
    Device,
    /// A kind of a newer version: stored, synced, never shown.
    Unknown(u64),
}

impl Kind {
    pub fn number(self) -> u64 {
        match self {
            Self::Note => 1,
            Self::Notebook => 2,
            Self::Attachment => 3,
            Self::Device => 4,
            Self::Unknown(n) => n,
        }
    }

    pub fn from_number(n: u64) -> Self {
        match n {
            1 => Self::Note,
            2 => Self::Notebook,
            3 => Self::Attachment,
            4 => Self::Device,
            n => Self::Unknown(n),
        }
    }
}

/// An element of a set and the stamp of its adding: two devices that add the same name add two elements, and
/// removing takes away the elements that were seen. So an addition is never undone by a removal that had not
/// seen it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SetEntry<T> {
    pub value: T,
    pub stamp: Stamp,
}

/// A set of stamped elements.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SetField<T: Ord>(pub BTreeSet<SetEntry<T>>);

impl<T: Ord> Default for SetField<T> {
    fn default() -> Self {
        Self(BTreeSet::new())
    }
}

impl<T: Ord> SetField<T> {
    pub fn iter(&self) -> impl Iterator<Item = &SetEntry<T>> {
        self.0.iter()
    }
}

/// Tags or aliases. Names are the same by [`fold_name`].
pub type NameSet = SetField<String>;

impl NameSet {
    /// Each name once, in the spelling of its oldest adding, sorted by folded name.
    pub fn names(&self) -> Vec<String> {
        let mut by_fold: BTreeMap<String, &SetEntry<String>> = BTreeMap::new();
        for entry in &self.0 {
            by_fold
                .entry(fold_name(&entry.value))
                .and_modify(|kept| {
                    if (entry.stamp, &entry.value) < (kept.stamp, &kept.value) {
                        *kept = entry;
                    }
                })
                .or_insert(entry);
        }
        by_fold.into_values().map(|e| e.value.clone()).collect()
    }

    pub fn contains_name(&self, name: &str) -> bool {
        let folded = fold_name(name);
        self.0.iter().any(|e| fold_name(&e.value) == folded)
    }

    /// Adds a name unless it is there in some spelling. True if it was added.
    pub fn add_name(&mut self, name: String, stamp: Stamp) -> bool {
        !self.contains_name(&name) && self.0.insert(SetEntry { value: name, stamp })
    }

    /// Removes every element with this name. True if there was one.
    pub fn remove_name(&mut self, name: &str) -> bool {
        let folded = fold_name(name);
        let before = self.0.len();
        let by_letter = crate::planted("tags-by-letter");
        self.0.retain(|e| if by_letter { e.value != name } else { fold_name(&e.value) != folded });
        self.0.len() != before
    }
}

/// Whether a record is in the trash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TrashState {
    Live,
    Trashed,
    /// Trashed here, edited or kept there: a question for a person. Shown as not trashed.
    Open,
}

/// A trash decision and when it was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Trash {
    pub state: TrashState,
    pub stamp: Stamp,
}

impl Trash {
    pub const LIVE: Self = Self { state: TrashState::Live, stamp: Stamp::ZERO };

    pub fn is_trashed(self) -> bool {
        self.state == TrashState::Trashed
    }
}

/// A field of a newer version: its canonical CBOR, kept byte for byte.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Opaque {
    One(Vec<u8>),
    /// Devices disagree about something this version cannot read: "needs a newer version", read-only.
    Conflict(BTreeSet<Vec<u8>>),
}

pub type UnknownFields = BTreeMap<u64, Opaque>;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NoteFields {
    pub title: Merge<String>,
    pub body: Body,
    /// The YAML block of an imported file with its fences, byte for byte; empty where there was none.
    pub front_matter: Merge<String>,
    pub tags: NameSet,
    pub aliases: NameSet,
    pub notebook: Merge<Option<NotebookId>>,
    pub due: Merge<Option<Date>>,
    pub done: Merge<bool>,
    pub trash: Trash,
    /// Attachments by the path that the text links them with, relative to the note.
    pub attachments: SetField<(String, AttachmentId)>,
    /// The file's name at import, for an export to the same path.
    pub file_name: Merge<Option<String>>,
    /// Milliseconds since 1970; merges to the earliest.
    pub created_ms: u64,
    /// Milliseconds since 1970; merges to the latest.
    pub updated_ms: u64,
    pub unknown: UnknownFields,
}

impl NoteFields {
    /// An empty live note.
    pub fn new(stamp: Stamp, now_ms: u64) -> Self {
        Self {
            title: Merge::resolved(String::new(), stamp),
            body: Body::text("", stamp),
            front_matter: Merge::resolved(String::new(), stamp),
            tags: NameSet::default(),
            aliases: NameSet::default(),
            notebook: Merge::resolved(None, stamp),
            due: Merge::resolved(None, stamp),
            done: Merge::resolved(false, stamp),
            trash: Trash::LIVE,
            attachments: SetField::default(),
            file_name: Merge::resolved(None, stamp),
            created_ms: now_ms,
            updated_ms: now_ms,
            unknown: UnknownFields::new(),
        }
    }

    /// True while a person must decide something.
    pub fn is_open(&self) -> bool {
        !self.title.is_resolved()
            || !self.body.is_resolved()
            || !self.front_matter.is_resolved()
            || !self.notebook.is_resolved()
            || !self.due.is_resolved()
            || !self.done.is_resolved()
            || self.trash.state == TrashState::Open
            || self.needs_newer_version()
    }

    /// True where devices disagree about a field that this version does not know: show, do not edit.
    pub fn needs_newer_version(&self) -> bool {
        self.unknown.values().any(|v| matches!(v, Opaque::Conflict(_)))
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NotebookFields {
    pub name: Merge<String>,
    pub parent: Merge<Option<NotebookId>>,
    pub trash: Trash,
    pub created_ms: u64,
    pub unknown: UnknownFields,
}

impl NotebookFields {
    pub fn is_open(&self) -> bool {
        !self.name.is_resolved() || !self.parent.is_resolved() || self.trash.state == TrashState::Open
    }
}

/// A file that a note links. Immutable: another content is another attachment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AttachmentFields {
    pub name: String,
    pub media_type: String,
    /// Bytes of the file.
    pub size: u64,
    /// Keyed hash of the content: the same file twice is one blob.
    pub content: [u8; 32],
    /// The sealed chunks in order, by the hash of their sealed bytes. This version writes one.
    pub chunks: Vec<[u8; 32]>,
    pub created_ms: u64,
    pub unknown: UnknownFields,
}

/// What a device tells the others about itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DeviceFields {
    /// The newest name wins: there is nothing to ask.
    pub name: Merge<String>,
    pub platform: String,
    /// Milliseconds since 1970; merges to the latest.
    pub last_seen_ms: u64,
    pub created_ms: u64,
    pub unknown: UnknownFields,
}

/// A record's state.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Fields {
    Note(NoteFields),
    Notebook(NotebookFields),
    Attachment(AttachmentFields),
    Device(DeviceFields),
    /// A record of a kind that this version does not know.
    Unknown(u64, UnknownFields),
}

impl Fields {
    pub fn kind(&self) -> Kind {
        match self {
            Self::Note(_) => Kind::Note,
            Self::Notebook(_) => Kind::Notebook,
            Self::Attachment(_) => Kind::Attachment,
            Self::Device(_) => Kind::Device,
            Self::Unknown(n, _) => Kind::Unknown(*n),
        }
    }

    pub fn is_open(&self) -> bool {
        match self {
            Self::Note(f) => f.is_open(),
            Self::Notebook(f) => f.is_open(),
            Self::Attachment(_) | Self::Device(_) | Self::Unknown(..) => false,
        }
    }

    pub fn as_note(&self) -> Option<&NoteFields> {
        match self {
            Self::Note(f) => Some(f),
            _ => None,
        }
    }

    pub fn as_notebook(&self) -> Option<&NotebookFields> {
        match self {
            Self::Notebook(f) => Some(f),
            _ => None,
        }
    }
}
