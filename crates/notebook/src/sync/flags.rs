//! Parts of sync that a person can switch off on one computer, where they do harm there. Everything is on by default.
//!
//! Each is a row of its own in the database, so that a version which does not know one leaves it as it is. The
//! background task reads its own when it begins.

use holdfast_store::Reader;

use crate::{Result, Vault};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SyncFlag {
    /// The stream in which the server tells of changes at once. Off: polls only.
    Events,
    /// Watching this computer's network and sleep. Off: only time and a person make it try again.
    Wake,
    /// Sending a change as the difference to what it builds on. Off: whole.
    Deltas,
    /// Reading and making packs of older changes. Off: every change by itself.
    Packs,
}

impl SyncFlag {
    pub const ALL: [Self; 4] = [Self::Events, Self::Wake, Self::Deltas, Self::Packs];

    /// The name in the terminal; it stays.
    pub fn name(self) -> &'static str {
        match self {
            Self::Events => "sync-events",
            Self::Wake => "sync-wake",
            Self::Deltas => "sync-deltas",
            Self::Packs => "sync-packs",
        }
    }

    pub fn what(self) -> &'static str {
        match self {
            Self::Events => "hear of other computers' changes at once, not only every few minutes",
            Self::Wake => "try again when this computer's network comes back, and after sleep",
            Self::Deltas => "send changes as the difference to what the server has, not whole",
            Self::Packs => "read older changes many at a time, and pack them for others, not each by itself",
        }
    }

    fn row(self) -> String {
        format!("sync_flag/{}", self.name())
    }
}

/// Those of the background task, as they were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SyncFlags {
    pub events: bool,
    pub wake: bool,
}

pub(super) fn load(reader: &Reader<'_>) -> Result<SyncFlags> {
    Ok(SyncFlags { events: is_on(reader, SyncFlag::Events)?, wake: is_on(reader, SyncFlag::Wake)? })
}

pub(super) fn is_on(reader: &Reader<'_>, flag: SyncFlag) -> Result<bool> {
    Ok(reader.get_u64(&flag.row())? != Some(0))
}

impl Vault {
    pub fn sync_flag(&self, flag: SyncFlag) -> Result<bool> {
        self.read(|r| is_on(r, flag))
    }

    /// Counts at the latest from the next time that the vault is opened.
    pub fn set_sync_flag(&self, flag: SyncFlag, on: bool) -> Result<()> {
        self.transact(|t| {
            t.tx.put_u64(&flag.row(), u64::from(on))?;
            t.changes.settings = true;
            Ok(())
        })
    }
}
