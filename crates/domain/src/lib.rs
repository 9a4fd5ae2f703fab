//! Notes, ids, fields, revisions and their canonical encoding. Pure: no I/O, clock or randomness of its own.
//!
//! A record's state is a set of fields. A field whose devices disagree is not an error but a value: a
//! [`Merge`] of several terms (a [`Body`] has its open places instead). A [`Revision`] is one immutable
//! version of a record, named by a keyed hash of exactly its canonical bytes.

/// Whether a deliberate bug shows here, for the simulator to find. Never in a program.
#[cfg(feature = "simulation")]
use holdfast_mutants::planted;
#[cfg(not(feature = "simulation"))]
const fn planted(_: &str) -> bool {
    false
}

mod body;
pub mod canonical;
mod fields;
mod hlc;
mod ids;
mod merge_value;
mod names;
mod revision;

pub use body::{Body, Segment};
pub use canonical::DecodeError;
pub use fields::{
    AttachmentFields, DeviceFields, Fields, Kind, NameSet, NoteFields, NotebookFields, Opaque, SetEntry, SetField,
    Trash, TrashState, UnknownFields,
};
pub use hlc::{Clock, Hlc, MAX_AHEAD_MS, Stamp};
pub use ids::{AccountId, AttachmentId, DeviceId, NoteId, NotebookId, RecordId, RevisionId, SpaceId};
pub use merge_value::{Merge, Term};
pub use names::{MAX_NAME_BYTES, NameError, check_name, clean_title, fold_name};
pub use revision::{EncodeError, Origin, Revision, SCHEMA};

/// A calendar day without a zone, as a due date is.
pub type Date = jiff::civil::Date;

/// The most bytes of UTF-8 a body may have. A larger import becomes an attachment; a larger paste is refused.
pub const MAX_BODY_BYTES: usize = 2 * 1024 * 1024;

/// The most bytes the canonical form of one revision may have.
pub const MAX_RECORD_BYTES: usize = 3 * 1024 * 1024;
