//! Looking at a vault: what `holdfast doctor` and "Check this vault" find. Findings are values; their sentences are
//! made in `holdfast-ipc`.

use std::collections::BTreeMap;
use std::path::Path;

use holdfast_store::Store;

use crate::backups::Backup;
use crate::sync::{Activity, Connect, Happened, SyncMetrics, UnnamedFiles, WhySetAside, server_now_ms};
use crate::vault::DB_FILE;
use crate::{Keychain, NotebookError, Result, Vault};

/// So old may the oldest change be that waits for the server.
const OUTBOX_MAX_MS: u64 = 24 * 3_600 * 1_000;
/// So much may this computer's clock and the server's differ, as for stamps.
const CLOCK_SLACK_MS: u64 = 5 * 60 * 1_000;
/// So old may the newest backup be.
const BACKUP_MAX_MS: u64 = 3 * DAY_MS;
const DAY_MS: u64 = 24 * 3_600 * 1_000;
/// So far back go the figures about sync, and over so many lines of the activity log.
const FIGURES_DAYS: u64 = 7;
const ACTIVITY_LOOKED_AT: u32 = 5_000;
/// Free on the disk besides a copy of the vault.
const SPARE_BYTES: u64 = 200 * 1024 * 1024;

/// One thing that was looked at.
#[derive(Debug)]
pub enum Finding {
    /// Every page of the database was read.
    Database(Result<()>),
    /// A sync waits for a decision about so many notes and notebooks.
    Decision {
        notes: u32,
        notebooks: u32,
    },
    Outbox {
        waiting: u32,
        /// How long the oldest change has waited.
        oldest_ms: Option<u64>,
        has_server: bool,
    },
    /// How far this computer's clock is ahead of the server's; `None` without a server.
    Clock(Option<Result<i64>>),
    /// Whether the system's keychain can be asked, and whether it opens this vault (where it is to).
    Keychain {
        available: bool,
        opens: Option<bool>,
    },
    /// `free` is `None` where the system does not say.
    Disk {
        free: Option<u64>,
        vault: u64,
    },
    SetAside(BTreeMap<WhySetAside, u32>),
    /// Nothing to judge: what is in no note any more, and when it goes.
    Unnamed(UnnamedFiles),
    /// The computer with which this one disagrees about the notes, though it read everything again.
    Agreement {
        with: Option<String>,
    },
    Backup {
        /// How old the newest is.
        newest_ms: Option<u64>,
    },
    /// Nothing to judge: figures for who looks for a cause.
    Sync(SyncFigures),
}

/// How sync went lately, from the activity log, and in this run of a program that syncs by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SyncFigures {
    pub days: u64,
    /// Cycles in which something moved.
    pub synced: u64,
    pub median_ms: u64,
    pub slowest_ms: u64,
    /// Steps that failed.
    pub failed: u64,
    pub this_run: Option<SyncMetrics>,
}

impl Finding {
    /// False where a person should look at it.
    pub fn is_ok(&self) -> bool {
        match self {
            Self::Database(checked) => checked.is_ok(),
            Self::Decision { notes, notebooks } => *notes == 0 && *notebooks == 0,
            Self::Outbox { oldest_ms, has_server, .. } => !has_server || oldest_ms.is_none_or(|ms| ms < OUTBOX_MAX_MS),
            Self::Clock(None) | Self::Sync(_) | Self::Unnamed(_) => true,
            Self::Clock(Some(clock)) => clock.as_ref().is_ok_and(|ms| ms.unsigned_abs() <= CLOCK_SLACK_MS),
            Self::Keychain { opens, .. } => *opens != Some(false),
            Self::Disk { free, vault } => free.is_none_or(|free| free >= vault + SPARE_BYTES),
            Self::SetAside(why) => why.is_empty(),
            Self::Agreement { with } => with.is_none(),
            Self::Backup { newest_ms } => newest_ms.is_some_and(|ms| ms <= BACKUP_MAX_MS),
        }
    }
}

/// Looks at everything, in the order in which it is told. Fails only where the vault is closed: what cannot be looked
/// at is itself a finding. `this_run` is of a program that has synced by itself.
pub async fn check(
    vault: &Vault,
    connect: &Connect,
    keychain: &dyn Keychain,
    this_run: Option<SyncMetrics>,
) -> Result<Vec<Finding>> {
    let status = vault.sync_status()?;
    let now = vault.env().now_ms();
    let has_server = status.server.is_some();
    let oldest_ms = vault.oldest_waiting_ms()?;
    let clock = match server_now_ms(vault, connect).await {
        Ok(None) => None,
        Ok(Some(server)) => Some(Ok(vault.env().now_ms() as i64 - server as i64)),
        Err(error) => Some(Err(error)),
    };
    let disagrees = vault.disagrees_with()?;
    let name_of = |id| {
        let device = status.devices.iter().find(|device| device.id == id);
        device.map_or_else(|| "another computer".to_owned(), |device| device.name.clone())
    };
    let (notes, notebooks) = status.tripwire.as_ref().map_or((0, 0), |t| (t.trashed + t.emptied, t.notebooks));
    Ok(vec![
        Finding::Database(vault.check_database()),
        Finding::Decision { notes, notebooks },
        Finding::Outbox { waiting: status.waiting, oldest_ms, has_server },
        Finding::Clock(clock),
        Finding::Keychain {
            available: keychain.available(),
            opens: vault.uses_keychain().then(|| vault.keychain_opens(keychain)),
        },
        Finding::Disk { free: free_bytes(vault.dir()), vault: vault.database_bytes() },
        Finding::SetAside(vault.set_aside()?),
        Finding::Unnamed(vault.unnamed_files()?),
        Finding::Agreement { with: disagrees.map(name_of) },
        Finding::Backup { newest_ms: newest_ms(&vault.backups()?, now) },
        Finding::Sync(SyncFigures { this_run, ..figures(&vault.activity(ACTIVITY_LOOKED_AT)?, now) }),
    ])
}

/// How old the newest is. One of a clock that was ahead is of nobody knows when.
fn newest_ms(newest_first: &[Backup], now_ms: u64) -> Option<u64> {
    let dated = newest_first.iter().find(|b| b.at_ms <= now_ms.saturating_add(DAY_MS));
    dated.map(|b| now_ms.saturating_sub(b.at_ms))
}

fn figures(log: &[Activity], now_ms: u64) -> SyncFigures {
    let recent = || log.iter().filter(|line| now_ms.saturating_sub(line.at_ms) < FIGURES_DAYS * DAY_MS);
    let mut took: Vec<u64> =
        recent().filter(|line| line.ok && line.what == Happened::Synced).map(|line| line.duration_ms).collect();
    took.sort_unstable();
    let steps = [Happened::Push, Happened::Pull, Happened::Upload, Happened::Fetch];
    SyncFigures {
        days: FIGURES_DAYS,
        synced: took.len() as u64,
        median_ms: took.get(took.len() / 2).copied().unwrap_or(0),
        slowest_ms: took.last().copied().unwrap_or(0),
        failed: recent().filter(|line| !line.ok && steps.contains(&line.what)).count() as u64,
        this_run: None,
    }
}

impl Vault {
    /// Reads every page of the database, on a connection of its own: nobody who writes has to wait.
    pub fn check_database(&self) -> Result<()> {
        let store = Store::open_reader(&self.dir().join(DB_FILE), &self.database_key()?)?;
        store.quick_check()?;
        Ok(store.close()?)
    }

    pub fn database_bytes(&self) -> u64 {
        database_bytes(self.dir())
    }

    /// How long the oldest change has waited for the server, by its author's clock; `None` where none waits.
    pub fn oldest_waiting_ms(&self) -> Result<Option<u64>> {
        let now_ms = self.env().now_ms();
        // A clock that was set back makes nothing older than it is.
        Ok(self.read(|r| Ok(r.outbox_oldest_ms()?))?.map(|at| now_ms.saturating_sub(at)))
    }
}

/// The database of the vault in this folder, with what is in its log.
pub(crate) fn database_bytes(vault: &Path) -> u64 {
    let size = |name: &str| std::fs::metadata(vault.join(name)).map_or(0, |m| m.len());
    size(DB_FILE) + size("vault.db-wal")
}

/// What is free on the disk of a folder, for this user; `None` where the system does not say.
#[cfg(unix)]
pub fn free_bytes(dir: &Path) -> Option<u64> {
    let of = rustix::fs::statvfs(dir).ok()?;
    Some(of.f_bavail.saturating_mul(of.f_frsize))
}

#[cfg(not(unix))]
pub fn free_bytes(_: &Path) -> Option<u64> {
    None
}

/// Why a daily backup is not made: it would fill the disk.
pub(crate) fn room_for_backup(vault: &Vault) -> Result<()> {
    match free_bytes(vault.dir()) {
        Some(free) if free < vault.database_bytes() + SPARE_BYTES => Err(NotebookError::DiskFull),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_of_the_last_days_and_of_what_moved() {
        let line = |at_ms, what, ok, duration_ms| Activity {
            at_ms,
            what,
            ok,
            duration_ms,
            bytes_up: 0,
            bytes_down: 0,
            message: String::new(),
            problem: None,
        };
        let now = 100 * DAY_MS;
        let log = [
            line(now - 1, Happened::Synced, true, 900),
            line(now - 2, Happened::Synced, true, 100),
            line(now - 3, Happened::Synced, true, 300),
            line(now - 4, Happened::Pull, false, 60_000),
            line(now - 5, Happened::Backup, false, 1),
            line(now - 8 * DAY_MS, Happened::Push, false, 1),
            line(now - 8 * DAY_MS, Happened::Synced, true, 99_000),
        ];
        let found = figures(&log, now);
        assert_eq!((found.synced, found.median_ms, found.slowest_ms, found.failed), (3, 300, 900, 1));
        assert_eq!(figures(&[], now), SyncFigures { days: 7, ..SyncFigures::default() });
    }

    #[test]
    fn a_backup_of_a_clock_that_was_ahead_is_not_fresh() {
        let at = |day: u64| Backup {
            dir: "b".into(),
            at_ms: day * DAY_MS,
            reason: crate::BackupReason::Daily,
            bytes: 0,
            content: None,
        };
        assert_eq!(newest_ms(&[at(50_000), at(20_000)], 20_010 * DAY_MS), Some(10 * DAY_MS));
        assert_eq!(newest_ms(&[at(50_000)], 20_010 * DAY_MS), None);
        assert_eq!(newest_ms(&[at(20_011)], 20_010 * DAY_MS), Some(0), "a time zone or two");
    }

    #[test]
    fn what_a_person_should_look_at() {
        let mib = 1024 * 1024;
        for (finding, ok) in [
            (Finding::Database(Ok(())), true),
            (Finding::Database(Err(NotebookError::Damaged("a page".into()))), false),
            (Finding::Decision { notes: 0, notebooks: 0 }, true),
            (Finding::Decision { notes: 21, notebooks: 0 }, false),
            (Finding::Decision { notes: 0, notebooks: 1 }, false),
            (Finding::Outbox { waiting: 3, oldest_ms: Some(60_000), has_server: true }, true),
            (Finding::Outbox { waiting: 3, oldest_ms: Some(25 * 3_600_000), has_server: true }, false),
            (Finding::Outbox { waiting: 0, oldest_ms: None, has_server: false }, true),
            (Finding::Clock(None), true),
            (Finding::Clock(Some(Ok(-300_000))), true),
            (Finding::Clock(Some(Ok(300_001))), false),
            (Finding::Clock(Some(Err(NotebookError::NoServer))), false),
            (Finding::Keychain { available: false, opens: None }, true),
            (Finding::Keychain { available: true, opens: Some(true) }, true),
            (Finding::Keychain { available: true, opens: Some(false) }, false),
            (Finding::Disk { free: None, vault: 1 }, true),
            (Finding::Disk { free: Some(300 * mib), vault: 100 * mib }, true),
            (Finding::Disk { free: Some(299 * mib), vault: 100 * mib }, false),
            (Finding::SetAside(BTreeMap::new()), true),
            (Finding::SetAside(BTreeMap::from([(WhySetAside::Orphan, 1)])), false),
            (Finding::Agreement { with: None }, true),
            (Finding::Agreement { with: Some("Office PC".into()) }, false),
            (Finding::Backup { newest_ms: Some(3_600_000) }, true),
            (Finding::Backup { newest_ms: Some(4 * 24 * 3_600_000) }, false),
            (Finding::Backup { newest_ms: None }, false),
            (Finding::Sync(SyncFigures { failed: 7, ..SyncFigures::default() }), true),
        ] {
            assert_eq!(finding.is_ok(), ok, "{finding:?}");
        }
        assert!(free_bytes(Path::new("/")).is_none_or(|free| free > 0));
    }
}
