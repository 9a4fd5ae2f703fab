//! Backups: a copy of the database with the key file beside it, in a folder of its own under `backups`. Such a folder
//! is a vault: it opens with the same passphrase, by `--vault`.

use std::fs;
use std::path::{Path, PathBuf};

use holdfast_crypto::KeyFile;
use holdfast_store::{FileCount, NoteQuery, Outdated, RawKey, SCHEMA_VERSION, Store};

use crate::health::{database_bytes as size_of_database, free_bytes};
use crate::sync::activity::{self, Happened, Line};
use crate::vault::{DB_FILE, KEYS_FILE};
use crate::{NotebookError, Result, Vault};

const FOLDER: &str = "backups";
/// While it is being written. Left over by a killed program, it is no backup.
const UNFINISHED: &str = ".unfinished";
const DAY_MS: u64 = 24 * 3_600 * 1_000;

/// Why a backup was made; part of its folder's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BackupReason {
    Daily,
    BeforeTripwire,
    BeforeImport,
    /// Before this version brought the vault to its own form: what is in it opens with the version before.
    BeforeUpgrade,
    /// Somebody asked for it.
    Asked,
}

impl BackupReason {
    const ALL: [Self; 5] = [Self::Daily, Self::BeforeTripwire, Self::BeforeImport, Self::BeforeUpgrade, Self::Asked];

    pub fn word(self) -> &'static str {
        match self {
            Self::Daily => "daily",
            Self::BeforeTripwire => "before-decision",
            Self::BeforeImport => "before-import",
            Self::BeforeUpgrade => "before-upgrade",
            Self::Asked => "asked",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backup {
    pub dir: PathBuf,
    /// By this computer's clock, milliseconds since 1970.
    pub at_ms: u64,
    pub reason: BackupReason,
    pub bytes: u64,
    /// What it holds, of one that was just made.
    pub content: Option<BackupContent>,
}

/// What a backup holds, counted after it was opened and checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackupContent {
    pub notes: u64,
    pub trashed: u64,
    pub notebooks: u64,
    /// Files that it does not hold, since they were not on this computer.
    pub files_not_here: FileCount,
}

impl Vault {
    fn backups_dir(&self) -> PathBuf {
        self.dir().join(FOLDER)
    }

    /// Makes a backup and opens it to see that it is one. The vault stays in use meanwhile: nothing waits for it but
    /// another backup. What killed programs left half made goes first: its room may be what this one needs.
    pub fn backup(&self, reason: BackupReason) -> Result<Backup> {
        let _turn = self.backs_up();
        sweep(&self.backups_dir())?;
        self.backup_in_turn(reason)
    }

    fn backup_in_turn(&self, reason: BackupReason) -> Result<Backup> {
        let backup = make(&self.backups_dir(), self.env().now_ms(), reason, |dir| {
            self.write_backup(dir)?;
            self.test_backup(dir).map(Some)
        })?;
        self.tell_backup(&backup)?;
        Ok(backup)
    }

    fn tell_backup(&self, backup: &Backup) -> Result<()> {
        let lacks = match backup.content.map_or(0, |content| content.files_not_here.files) {
            0 => String::new(),
            1 => "; without 1 file that is not on this computer".to_owned(),
            n => format!("; without {n} files that are not on this computer"),
        };
        let message = format!("{} bytes, checked{lacks}", backup.bytes);
        self.transact(|t| activity::write(t, &Line::new(Happened::Backup, message)))
    }

    /// Says of one that was made before the vault was open that it was.
    pub(crate) fn tell_upgrade(&self, snapshot: &Backup) -> Result<()> {
        self.tell_backup(snapshot)
    }

    fn write_backup(&self, dir: &Path) -> Result<()> {
        make_private(dir)?;
        let key = self.database_key()?;
        // A connection of its own: nobody who reads or writes has to wait.
        let from = Store::open_reader(&self.dir().join(DB_FILE), &key)?;
        from.backup_to(&dir.join(DB_FILE), &key)?;
        from.close()?;
        Ok(self.keys().file.write(&dir.join(KEYS_FILE))?)
    }

    /// Opens a backup of this vault, reads all of it, and counts.
    pub fn test_backup(&self, dir: &Path) -> Result<BackupContent> {
        let file = KeyFile::read(&dir.join(KEYS_FILE))?;
        if file.account().account_id() != self.keys().open.account.account_id {
            return Err(NotebookError::Damaged("the keys in the backup are of another account".into()));
        }
        let store = Store::open_snapshot(&dir.join(DB_FILE), &self.database_key()?)?;
        store.quick_check()?;
        let content = store.read(|r| {
            Ok::<_, NotebookError>(BackupContent {
                notes: r.count_notes(&NoteQuery::default())?,
                trashed: r.count_notes(&NoteQuery::trash())?,
                notebooks: r.notebooks()?.iter().filter(|n| !n.trashed).count() as u64,
                files_not_here: r.count_files_not_here()?,
            })
        })?;
        store.close()?;
        Ok(content)
    }

    /// As [`backups_of`].
    pub fn backups(&self) -> Result<Vec<Backup>> {
        backups_of(self.dir())
    }

    /// The backup of the day, where it is due, and the end of those that are no longer kept. `None` where it was not
    /// due. That it failed stands in the activity log too: nobody asked for it, so nobody hears the answer.
    pub fn daily_backup(&self) -> Result<Option<Backup>> {
        let now = self.env().now_ms();
        // A clock that was set back does not make one a minute.
        let kept = |b: &Backup| b.reason == BackupReason::Daily && b.at_ms.abs_diff(now) < DAY_MS;
        if self.backups()?.iter().any(kept) {
            return Ok(None);
        }
        let turn = self.backs_up();
        let room = sweep(&self.backups_dir()).and_then(|()| crate::health::room_for_backup(self));
        let made = room.and_then(|()| self.backup_in_turn(BackupReason::Daily));
        drop(turn);
        if let Err(error) = &made {
            let line = Line { problem: Some(error), ..Line::new(Happened::Backup, "") };
            self.transact(|t| activity::write(t, &line))?;
        }
        let made = made?;
        // By a clock that was set back the newest is the oldest; it is not for that reason the first to go.
        for old in past_keeping(&self.backups()?, now).into_iter().filter(|old| old.dir != made.dir) {
            remove(&old.dir)?;
        }
        Ok(Some(made))
    }
}

/// The backups in the folder of a vault, which need not open; the newest first. Folders that are no backups are left out.
pub fn backups_of(vault: &Path) -> Result<Vec<Backup>> {
    let all = vault.join(FOLDER);
    let entries = match fs::read_dir(&all) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(NotebookError::io(&all)(e)),
    };
    let mut out = Vec::new();
    for entry in entries {
        let dir = entry.map_err(NotebookError::io(&all))?.path();
        let named = dir.file_name().and_then(|n| n.to_str()).and_then(read_name);
        if let Some((at_ms, reason)) = named
            && dir.join(KEYS_FILE).exists()
        {
            out.push(Backup { bytes: size(&dir)?, dir, at_ms, reason, content: None });
        }
    }
    out.sort_by(|a, b| (b.at_ms, &b.dir).cmp(&(a.at_ms, &a.dir)));
    Ok(out)
}

/// The vault as it is before it is brought to the form of this version, as a backup that was opened and read. The
/// vault's lock is held, so nobody writes. Unless it succeeds nothing is changed.
pub(crate) fn before_upgrade(
    vault: &Path,
    now_ms: u64,
    file: &KeyFile,
    from: &Outdated<'_>,
    key: &RawKey,
) -> Result<Backup> {
    let all = vault.join(FOLDER);
    let needed = room_for_upgrade(vault);
    let made = sweep(&all).and_then(|()| match free_bytes(vault) {
        Some(free) if free < needed => Err(NotebookError::DiskFull),
        _ => make(&all, now_ms, BackupReason::BeforeUpgrade, |dir| {
            make_private(dir)?;
            from.snapshot_to(&dir.join(DB_FILE), key)?;
            file.write(&dir.join(KEYS_FILE))?;
            KeyFile::read(&dir.join(KEYS_FILE))?;
            Ok(None)
        }),
    });
    made.map_err(|why| NotebookError::NoSnapshot { why: Box::new(why), needed })
}

/// The copy, and twice as much for rows that the upgrade writes anew: in the write-ahead log, and then in the database.
fn room_for_upgrade(vault: &Path) -> u64 {
    size_of_database(vault) * 3
}

/// An upgrade that found no room for itself has changed nothing: the backup before it is of no use, and its room is
/// what the next try lacks. Where the disk was full only after it, the backup stays.
pub(crate) fn upgrade_failed(vault: &Path, snapshot: &Backup, key: &RawKey, why: NotebookError) -> NotebookError {
    let as_it_was = Store::schema_version(&vault.join(DB_FILE), key).is_ok_and(|found| found < SCHEMA_VERSION);
    if !matches!(why, NotebookError::DiskFull) || !as_it_was {
        return why;
    }
    // The first error is the one to tell.
    let _ = remove(&snapshot.dir);
    NotebookError::NoSnapshot { why: Box::new(why), needed: room_for_upgrade(vault) }
}

/// Takes away what killed programs left half made. Nobody else may be making one: the vault's lock keeps other programs
/// away, and its turn other threads.
fn sweep(all: &Path) -> Result<()> {
    let entries = match fs::read_dir(all) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(NotebookError::io(all)(e)),
    };
    for entry in entries {
        let path = entry.map_err(NotebookError::io(all))?.path();
        let name = path.file_name().and_then(|n| n.to_str()).and_then(|n| n.strip_suffix(UNFINISHED));
        if name.and_then(read_name).is_some() {
            remove(&path)?;
        }
    }
    Ok(())
}

/// Makes one with `write`, in a folder that has another name until it is whole.
fn make(
    all: &Path,
    now_ms: u64,
    reason: BackupReason,
    write: impl FnOnce(&Path) -> Result<Option<BackupContent>>,
) -> Result<Backup> {
    let at_ms = now_ms / 1_000 * 1_000;
    make_private(all)?;
    let dir = (0..1_000)
        .map(|n| all.join(folder_name(at_ms, reason, n)))
        .find(|dir| !dir.exists())
        .ok_or_else(|| NotebookError::Invalid("there are a thousand backups of this minute".into()))?;
    let unfinished = dir.with_extension(&UNFINISHED[1..]);
    remove(&unfinished)?;
    let made = write(&unfinished).and_then(|content| {
        on_disk(&unfinished)?;
        fs::rename(&unfinished, &dir).map_err(NotebookError::io(&dir))?;
        on_disk(all)?;
        Ok(content)
    });
    match made {
        Ok(content) => Ok(Backup { bytes: size(&dir)?, dir, at_ms, reason, content }),
        Err(error) => {
            // The first error is the one to tell.
            let _ = remove(&unfinished);
            Err(error)
        }
    }
}

/// The names in a folder survive a power cut.
pub(crate) fn on_disk(dir: &Path) -> Result<()> {
    #[cfg(unix)]
    fs::File::open(dir).and_then(|folder| folder.sync_all()).map_err(NotebookError::io(dir))?;
    Ok(())
}

/// The newest of each of the last 7 days that have one, and of each of the last 4 weeks, are kept; those that a person
/// asked for always; those before a decision, an import or an upgrade like
/// the daily ones, and in any case for 30 days.
fn past_keeping(newest_first: &[Backup], now_ms: u64) -> Vec<&Backup> {
    const DAYS: usize = 7;
    const WEEKS: usize = 4;
    const KEPT_MS: u64 = 30 * DAY_MS;
    // One of a clock that was ahead says nothing about the others, and nobody knows how old it is.
    let dated = || newest_first.iter().filter(|b| b.at_ms <= now_ms.saturating_add(DAY_MS));
    let newest = dated().next().map_or(0, |b| b.at_ms);
    let (mut days, mut weeks) = (Vec::new(), Vec::new());
    let mut past = Vec::new();
    for backup in dated() {
        // A week starts on a Monday; 1970 did on a Thursday.
        let (day, week) = (backup.at_ms / DAY_MS, (backup.at_ms / DAY_MS + 3) / 7);
        let first = |of: &mut Vec<u64>, it: u64, most: usize| {
            let new = !of.contains(&it) && of.len() < most;
            if new {
                of.push(it);
            }
            new
        };
        let (by_day, by_week) = (first(&mut days, day, DAYS), first(&mut weeks, week, WEEKS));
        let by_reason = match backup.reason {
            BackupReason::Asked => true,
            BackupReason::BeforeTripwire | BackupReason::BeforeImport | BackupReason::BeforeUpgrade => {
                newest - backup.at_ms < KEPT_MS
            }
            BackupReason::Daily => false,
        };
        if !by_day && !by_week && !by_reason {
            past.push(backup);
        }
    }
    past
}

/// `2026-11-28T140203Z-daily`, with a number from the second of the same second on: sorts by time, and is a name
/// everywhere.
fn folder_name(at_ms: u64, reason: BackupReason, n: u32) -> String {
    let at = jiff::Timestamp::from_millisecond(at_ms as i64).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let number = if n == 0 { String::new() } else { format!("-{n}") };
    format!("{}-{}{number}", at.strftime("%Y-%m-%dT%H%M%SZ"), reason.word())
}

fn read_name(name: &str) -> Option<(u64, BackupReason)> {
    let (at, rest) = name.split_at_checked(18)?;
    let at = jiff::civil::DateTime::strptime("%Y-%m-%dT%H%M%SZ", at).ok()?;
    let at_ms = jiff::tz::Offset::UTC.to_timestamp(at).ok()?.as_millisecond();
    let rest = rest.strip_prefix('-')?;
    let reason = BackupReason::ALL.into_iter().find(|r| {
        rest.strip_prefix(r.word()).is_some_and(|n| {
            n.is_empty() || n.strip_prefix('-').is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
        })
    })?;
    Some((at_ms.max(0) as u64, reason))
}

fn make_private(dir: &Path) -> Result<()> {
    fs::create_dir_all(dir).map_err(NotebookError::io(dir))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(dir, fs::Permissions::from_mode(0o700)).map_err(NotebookError::io(dir))?;
    }
    Ok(())
}

fn remove(dir: &Path) -> Result<()> {
    match fs::remove_dir_all(dir) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(NotebookError::io(dir)(e)),
        _ => Ok(()),
    }
}

fn size(dir: &Path) -> Result<u64> {
    let mut sum = 0;
    for entry in fs::read_dir(dir).map_err(NotebookError::io(dir))? {
        sum += entry.and_then(|e| e.metadata()).map_err(NotebookError::io(dir))?.len();
    }
    Ok(sum)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_name_tells_when_and_why() {
        for reason in BackupReason::ALL {
            for n in [0, 1, 12] {
                let name = folder_name(1_796_000_000_000, reason, n);
                assert_eq!(read_name(&name), Some((1_796_000_000_000, reason)), "{name}");
                assert_eq!(read_name(&format!("{name}.unfinished")), None);
            }
        }
        assert_eq!(folder_name(0, BackupReason::Daily, 0), "1970-01-01T000000Z-daily");
        for other in ["", "notes", "1970-01-01T000000Z", "1970-01-01T000000Z-", "1970-13-01T000000Z-daily"] {
            assert_eq!(read_name(other), None, "{other}");
        }
    }

    #[test]
    fn seven_days_and_four_weeks_are_kept() {
        let at = |day: u64, reason| {
            let (dir, at_ms) = (format!("{day}").into(), day * DAY_MS);
            Backup { dir, at_ms, reason, bytes: 0, content: None }
        };
        // Sixty days, the newest first; two on the newest day.
        let mut all: Vec<Backup> = (1_000..1_060).rev().map(|day| at(day, BackupReason::Daily)).collect();
        all.insert(1, Backup { dir: "earlier that day".into(), ..at(1_059, BackupReason::Daily) });
        let now = 1_060 * DAY_MS;
        let past = past_keeping(&all, now);
        let kept: Vec<&str> = all.iter().filter(|b| !past.contains(b)).filter_map(|b| b.dir.to_str()).collect();
        // The weeks begin with the days 1054, 1047, 1040 and 1033.
        assert_eq!(kept, ["1059", "1058", "1057", "1056", "1055", "1054", "1053", "1046", "1039"]);
        // What was asked for stays, and what came before a decision for a month.
        let mut special = vec![at(900, BackupReason::Asked), at(1_040, BackupReason::BeforeTripwire)];
        special.push(at(1_000, BackupReason::BeforeImport));
        let mut with: Vec<Backup> = all.into_iter().chain(special).collect();
        with.sort_by_key(|b| std::cmp::Reverse(b.at_ms));
        let past = past_keeping(&with, now);
        let gone = |day: u64, reason| past.iter().any(|b| b.at_ms == day * DAY_MS && b.reason == reason);
        assert!(!gone(900, BackupReason::Asked) && !gone(1_040, BackupReason::BeforeTripwire));
        assert!(gone(1_000, BackupReason::BeforeImport));
        // Those of a clock that was once in another century stand for nothing, and neither do others go for them.
        let mut ahead: Vec<Backup> = (50_000..50_010).rev().map(|day| at(day, BackupReason::Daily)).collect();
        ahead.extend(with.iter().map(|b| Backup { dir: b.dir.clone(), content: None, ..*b }));
        let same = past_keeping(&ahead, now);
        assert!(same.iter().map(|b| &b.dir).eq(past.iter().map(|b| &b.dir)));
    }
}
