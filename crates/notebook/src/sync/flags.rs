//! Parts of sync that a person can switch off on one computer, where they do harm there. Everything is on by default.
//!
//! Each is a row of its own in the database, so that a version which does not know one leaves it as it is. Read when
//! a vault is opened.

use holdfast_store::Reader;

use crate::{NotebookError, Result, Vault};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SyncFlag {
    /// The stream in which the server tells of changes at once. Off: polls only.
    Events,
    /// Watching this computer's network and sleep. Off: only time and a person make it try again.
    Wake,
}

impl SyncFlag {
    pub const ALL: [Self; 2] = [Self::Events, Self::Wake];

    /// The name in the terminal; it stays.
    pub fn name(self) -> &'static str {
        match self {
            Self::Events => "sync-events",
            Self::Wake => "sync-wake",
        }
    }

    pub fn what(self) -> &'static str {
        match self {
            Self::Events => "hear of other computers' changes at once, not only every few minutes",
            Self::Wake => "try again when this computer's network comes back, and after sleep",
        }
    }

    /// Fails where there is none of that name.
    pub fn from_name(name: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|flag| flag.name() == name);
        found.ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            NotebookError::Invalid(format!("there is no setting {name:?}: there are {names}"))
        })
    }

    fn row(self) -> String {
        format!("sync_flag/{}", self.name())
    }
}

/// All of them, as they were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SyncFlags {
    pub events: bool,
    pub wake: bool,
}

pub(super) fn load(reader: &Reader<'_>) -> Result<SyncFlags> {
    Ok(SyncFlags { events: is_on(reader, SyncFlag::Events)?, wake: is_on(reader, SyncFlag::Wake)? })
}

fn is_on(reader: &Reader<'_>, flag: SyncFlag) -> Result<bool> {
    Ok(reader.get_u64(&flag.row())? != Some(0))
}

impl Vault {
    pub fn sync_flag(&self, flag: SyncFlag) -> Result<bool> {
        self.read(|r| is_on(r, flag))
    }

    /// Counts from the next time that the vault is opened.
    pub fn set_sync_flag(&self, flag: SyncFlag, on: bool) -> Result<()> {
        self.transact(|t| {
            t.tx.put_u64(&flag.row(), u64::from(on))?;
            t.changes.settings = true;
            Ok(())
        })
    }
}
