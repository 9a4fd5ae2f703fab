//! Use cases. [`Vault`] is one person's encrypted store on one computer, open; every change goes through
//! one door ([`Vault::transact`]), which opens the transaction, records what changed, and tells it.
//!
//! Nothing here knows Tauri, HTTP or SQL. The network comes in as a [`holdfast_protocol::SyncProtocol`].

/// Whether a deliberate bug shows here, for the simulator to find. Never in a program.
#[cfg(feature = "simulation")]
use holdfast_mutants::planted;
#[cfg(not(feature = "simulation"))]
const fn planted(_: &str) -> bool {
    false
}

mod attachments;
mod backups;
mod changes;
mod cycles;
mod env;
mod error;
mod files;
mod folds;
pub mod health;
mod history;
mod notebooks;
mod notes;
mod patch;
mod receipts;
mod record;
mod review;
mod search;
#[cfg(feature = "simulation")]
pub mod simulation;
mod strays;
pub mod sync;
mod transfer;
mod txn;
mod undo;
mod vault;
mod view;

pub use attachments::{Attachment, MAX_ATTACHMENT_BYTES, WhyNotHere};
pub use backups::{Backup, BackupContent, BackupReason, backups_of};
pub use changes::OpChanges;
pub use cycles::NotebookMove;
#[cfg(feature = "simulation")]
pub use env::Simulated;
pub use env::{Env, ReleaseTimes};
pub use error::{NotebookError, Result};
pub use history::{ContentAt, NoteVersion, RevisionInfo, Since};
pub use notebooks::{NotebookNode, TagCount};
pub use notes::{NewNote, Note, NotesFilter, Saved};
pub use patch::{NotePatch, TagPatch};
pub use receipts::{Receipt, ReceiptSide};
pub use review::{DeviceStamp, KeptChoice, MergedPassage, RecordReview, ReviewSummary};
pub use search::SearchHit;
pub use transfer::{ExportReport, ImportReport, Skipped};
pub use vault::{Created, Keychain, NoKeychain, OsKeychain, Vault, default_vault_dir, vault_exists};

// The types that these use cases take and answer with, so that a shell needs no other crate for them.
pub use holdfast_domain::{
    AttachmentId, Date, DeviceId, Fields, NoteId, NotebookId, Origin, RecordId, RevisionId, Stamp, TrashState,
    clean_title, fold_name,
};
pub use holdfast_merge::{
    ChangedField, Choice, DiffHunk, Place, PlaceId, PlaceKind, PlaceValue, ResultSpan, Side, SideChange, Span,
    SpanKind, diff_words,
};
pub use holdfast_protocol::{JoinLink, ProtocolError, SyncProtocol};
pub use holdfast_store::{
    FileCount, NoteListRow, NoteOrder, NoteQuery, NoteRow, NotebookFilter, SidebarCounts, TrashFilter,
};
pub use holdfast_sync::SyncState;
