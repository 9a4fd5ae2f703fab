//! Backups: a copy of the database with the key file beside it, in a folder of its own under `backups`. Such a folder
//! is a vault: it opens with the same passphrase, by `--vault`.

use std::fs;
use std::path::{Path, PathBuf};

use holdfast_store::{FileCount, NoteQuery, Store};

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
    /// Somebody asked for it.
    Asked,
}

impl BackupReason {
    const ALL: [Self; 4] = [Self::Daily, Self::BeforeTripwire, Self::BeforeImport, Self::Asked];

    pub fn word(self) -> &'static str {
        match self {
            Self::Daily => "daily",
            Self::BeforeTripwire => "before-decision",
            Self::BeforeImport => "before-import",
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

    /// Makes a backup and opens it to see that it is one. The vault stays in use meanwhile: nothing waits for it.
    pub fn backup(&self, reason: BackupReason) -> Result<Backup> {
        let at_ms = self.env().now_ms() / 1_000 * 1_000;
        let all = self.backups_dir();
        make_private(&all)?;
        let dir = (0..1_000)
            .map(|n| all.join(folder_name(at_ms, reason, n)))
            .find(|dir| !dir.exists())
            .ok_or_else(|| NotebookError::Invalid("there are a thousand backups of this minute".into()))?;
        let unfinished = dir.with_extension(&UNFINISHED[1..]);
        remove(&unfinished)?;
        let made = self.write_backup(&unfinished).and_then(|()| {
            let content = self.test_backup(&unfinished)?;
            fs::rename(&unfinished, &dir).map_err(NotebookError::io(&dir))?;
            Ok(content)
        });
        let content = match made {
            Ok(content) => content,
            Err(error) => {
                // The first error is the one to tell.
                let _ = remove(&unfinished);
                return Err(error);
            }
        };
        let backup = Backup { bytes: size(&dir)?, dir, at_ms, reason, content: Some(content) };
        let lacks = match content.files_not_here.files {
            0 => String::new(),
            1 => "; without 1 file that is not on this computer".to_owned(),
            n => format!("; without {n} files that are not on this computer"),
        };
        let message = format!("{} bytes, checked{lacks}", backup.bytes);
        self.transact(|t| activity::write(t, &Line::new(Happened::Backup, message)))?;
        Ok(backup)
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
        let file = holdfast_crypto::KeyFile::read(&dir.join(KEYS_FILE))?;
        if file.account().account_id() != self.keys().open.account.account_id {
            return Err(NotebookError::Damaged("the keys in the backup are of another account".into()));
        }
        let store = Store::open_reader(&dir.join(DB_FILE), &self.database_key()?)?;
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

    /// The newest first. Folders that are no backups are left out.
    pub fn backups(&self) -> Result<Vec<Backup>> {
        let all = self.backups_dir();
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

    /// The backup of the day, where it is due, and the end of those that are no longer kept. `None` where it was not
    /// due. That it failed stands in the activity log too: nobody asked for it, so nobody hears the answer.
    pub fn daily_backup(&self) -> Result<Option<Backup>> {
        let now = self.env().now_ms();
        // A clock that was set back does not make one a minute.
        let kept = |b: &Backup| b.reason == BackupReason::Daily && b.at_ms.abs_diff(now) < DAY_MS;
        if self.backups()?.iter().any(kept) {
            return Ok(None);
        }
        let made = crate::health::room_for_backup(self).and_then(|()| self.backup(BackupReason::Daily));
        if let Err(error) = &made {
            let line = Line { problem: Some(error), ..Line::new(Happened::Backup, "") };
            self.transact(|t| activity::write(t, &line))?;
        }
        let made = made?;
        // By a clock that was set back the newest is the oldest; it is not for that reason the first to go.
        for old in past_keeping(&self.backups()?).into_iter().filter(|old| old.dir != made.dir) {
            remove(&old.dir)?;
        }
        Ok(Some(made))
    }
}

/// The newest of each of the last 7 days that have one, and of each of the last 4 weeks, are kept; those that a person
/// asked for always; those before a decision or an import like the daily ones, and in any case for 30 days.
fn past_keeping(newest_first: &[Backup]) -> Vec<&Backup> {
    const DAYS: usize = 7;
    const WEEKS: usize = 4;
    const KEPT_MS: u64 = 30 * DAY_MS;
    let newest = newest_first.first().map_or(0, |b| b.at_ms);
    let (mut days, mut weeks) = (Vec::new(), Vec::new());
    let mut past = Vec::new();
    for backup in newest_first {
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
            BackupReason::BeforeTripwire | BackupReason::BeforeImport => newest - backup.at_ms < KEPT_MS,
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
        let past = past_keeping(&all);
        let kept: Vec<&str> = all.iter().filter(|b| !past.contains(b)).filter_map(|b| b.dir.to_str()).collect();
        // The weeks begin with the days 1054, 1047, 1040 and 1033.
        assert_eq!(kept, ["1059", "1058", "1057", "1056", "1055", "1054", "1053", "1046", "1039"]);
        // What was asked for stays, and what came before a decision for a month.
        let mut special = vec![at(900, BackupReason::Asked), at(1_040, BackupReason::BeforeTripwire)];
        special.push(at(1_000, BackupReason::BeforeImport));
        let mut with: Vec<Backup> = all.into_iter().chain(special).collect();
        with.sort_by_key(|b| std::cmp::Reverse(b.at_ms));
        let past = past_keeping(&with);
        let gone = |day: u64, reason| past.iter().any(|b| b.at_ms == day * DAY_MS && b.reason == reason);
        assert!(!gone(900, BackupReason::Asked) && !gone(1_040, BackupReason::BeforeTripwire));
        assert!(gone(1_000, BackupReason::BeforeImport));
    }
}
