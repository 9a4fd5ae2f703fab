//! A revision: one immutable version of a record, and its canonical bytes.

mod decode;
mod encode;

use crate::{DecodeError, DeviceId, Fields, Hlc, RecordId, RevisionId, Stamp};

/// The schema that this version writes. A revision of a newer schema is stored and synced, not read.
pub const SCHEMA: u64 = 1;

/// What made a revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    Edit,
    /// A person's decision in a review.
    Resolve,
    /// A decision or an automatic merge taken back.
    Undo,
    Import,
    /// Brought back from the history or a backup.
    Restore,
    /// Of a newer version.
    Other(u64),
}

impl Origin {
    pub fn number(self) -> u64 {
        match self {
            Self::Edit => 1,
            Self::Resolve => 2,
            Self::Undo => 3,
            Self::Import => 4,
            Self::Restore => 5,
            Self::Other(n) => n,
        }
    }

    pub fn from_number(n: u64) -> Self {
        match n {
            1 => Self::Edit,
            2 => Self::Resolve,
            3 => Self::Undo,
            4 => Self::Import,
            5 => Self::Restore,
            n => Self::Other(n),
        }
    }
}

/// One immutable version of a record.
///
/// **Invariant:** `parents` is sorted and holds no id twice; [`Revision::new`] sees to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision {
    pub record: RecordId,
    parents: Vec<RevisionId>,
    pub author: DeviceId,
    pub hlc: Hlc,
    pub origin: Origin,
    /// The algorithm that made the merged parts of `fields`.
    pub merge_algo: u32,
    pub fields: Fields,
}

/// A state that cannot become a revision.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    #[error("the body is larger than 2 MiB")]
    BodyTooLarge,
    #[error("the note with all its versions is larger than 3 MiB")]
    RecordTooLarge,
    #[error("devices disagree about something that needs a newer version of Holdfast; it is read-only here")]
    NeedsNewerVersion,
}

impl Revision {
    pub fn new(
        record: RecordId,
        mut parents: Vec<RevisionId>,
        stamp: Stamp,
        origin: Origin,
        merge_algo: u32,
        fields: Fields,
    ) -> Self {
        parents.sort_unstable();
        parents.dedup();
        Self { record, parents, author: stamp.device, hlc: stamp.hlc, origin, merge_algo, fields }
    }

    pub fn parents(&self) -> &[RevisionId] {
        &self.parents
    }

    pub fn stamp(&self) -> Stamp {
        Stamp { hlc: self.hlc, device: self.author }
    }

    /// The canonical bytes; the id is a keyed hash of exactly these.
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        encode::revision(self)
    }

    /// Reads canonical bytes, and refuses any that are not.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        decode::revision(bytes)
    }
}
