//! The encrypted local database: the only SQL on the client.
//!
//! One [`Store`] is one connection to a SQLCipher file. [`Store::read`] gives a [`Reader`] over one consistent
//! snapshot, [`Store::write`] a [`WriteTx`] (a `Reader` that can also write) over one transaction. Each table
//! has its file with its row type, its reading functions on `Reader` and its writing functions on `WriteTx`.
//!
//! **Invariant:** `revisions` only grows, and `heads` is always what follows from `revisions` and `edges`;
//! both are written by [`WriteTx::put_revision`] alone.
//!
//! **Invariant:** nothing here reads a clock or makes random numbers, except SQLCipher's own salt and nonces.

/// Whether a deliberate bug shows here, for the simulator to find. Never in a program.
#[cfg(feature = "simulation")]
use holdfast_mutants::planted;
#[cfg(not(feature = "simulation"))]
const fn planted(_: &str) -> bool {
    false
}

mod activity;
mod attachments;
mod backup;
mod batches;
mod delta;
mod devices;
mod error;
mod files;
mod heads;
mod held;
mod kept_offline;
mod key;
mod log;
mod manifests;
mod meta;
mod migrate;
mod note_list;
mod notebooks;
mod notes;
mod outbox;
mod packs;
mod places;
mod quarantine;
mod receipts;
mod recent;
mod releases;
mod retention;
mod review_choices;
mod revisions;
mod search;
mod sql;
mod store;
mod tx;
mod working;

pub use activity::{ACTIVITY_KEPT, ACTIVITY_KEPT_ALWAYS, ACTIVITY_KEPT_MS, ActivityRow, NewActivity};
pub use attachments::AttachmentRow;
pub use batches::{Batch, BatchAccepted, Cursor};
pub use devices::DeviceRow;
pub use error::{Result, StoreError};
pub use files::{ChunkToSend, Fetch, FileCount, FileRow, FileState, FileToFetch, FileToSend, Sent};
pub use held::{LossKind, LossRow};
pub use key::RawKey;
pub use log::NotInLog;
pub use manifests::ManifestRow;
pub use migrate::SCHEMA_VERSION;
pub use note_list::{NoteListRow, NoteOrder, NoteQuery, NotebookFilter, SidebarCounts, TagCount, TrashFilter};
pub use notebooks::NotebookRow;
pub use notes::NoteRow;
pub use outbox::OutboxRow;
pub use packs::{Block, PackRow, PackState};
pub use quarantine::{MAX_VARIANTS, QuarantineRow, Waiting};
pub use receipts::ReceiptRow;
pub use releases::{ReleaseRow, UnnamedFile};
pub use retention::HeldRow;
pub use review_choices::ReviewChoice;
pub use revisions::{HistoryRow, RevisionSource};
pub use search::{SearchHit, fold_text};
pub use store::{Outdated, Store};
pub use tx::{ReadTx, Reader, WriteTx};
pub use working::WorkingRow;
