//! What was found when a vault was looked at, as sentences: what it is, and the one thing to do.

use std::collections::BTreeMap;

use holdfast_notebook::health::{Finding, SyncFigures};
use holdfast_notebook::sync::{UnnamedFiles, WhySetAside as Why};

use crate::command_error;
use crate::dto::{HealthLine, SetAside};

fn notes_and_notebooks(notes: u32, notebooks: u32) -> String {
    let parts = [(notes, "note"), (notebooks, "notebook")].into_iter().filter(|(n, _)| *n > 0);
    parts.map(|(n, of)| count(n, of)).collect::<Vec<_>>().join(" and ")
}

/// A finding, for people.
pub fn health_line(found: &Finding) -> HealthLine {
    let ok = found.is_ok();
    let (id, name, sentence, action) = match found {
        Finding::Database(Ok(())) => ("database", "Database", "Every page was read, and is whole.".into(), None),
        Finding::Database(Err(e)) => (
            "database",
            "Database",
            command_error(e).message,
            Some("Go on from the newest backup: open its folder with --vault, and look whether your notes are there."),
        ),
        Finding::Decision { notes: 0, notebooks: 0 } => {
            ("decision", "Held back", "No sync waits for a decision.".into(), None)
        }
        Finding::Decision { notes, notebooks } => (
            "decision",
            "Held back",
            format!("A sync would take {} away. Nothing of it is shown yet.", notes_and_notebooks(*notes, *notebooks)),
            Some("Decide in the window, or with `holdfast tripwire show`."),
        ),
        Finding::Outbox { has_server: false, .. } => {
            ("outbox", "Waiting to send", "No server was added; nothing waits.".into(), None)
        }
        Finding::Outbox { waiting: 0, .. } => {
            ("outbox", "Waiting to send", "The server has every change that was made here.".into(), None)
        }
        Finding::Outbox { waiting, oldest_ms, .. } => (
            "outbox",
            "Waiting to send",
            match oldest_ms {
                Some(ms) => {
                    format!("{} wait, the oldest since {}.", count(*waiting, "change"), span(*ms))
                }
                None => format!("{} wait.", count(*waiting, "change")),
            },
            Some("Sync now, and look at what it says. Everything is saved on this computer."),
        ),
        Finding::Clock(None) => ("clock", "Clock", "No server was added to compare it with.".into(), None),
        Finding::Clock(Some(Err(e))) => (
            "clock",
            "Clock",
            format!("It could not be compared with the server's. {}", command_error(e).message),
            Some("Check again when the server answers."),
        ),
        Finding::Clock(Some(Ok(ms))) => (
            "clock",
            "Clock",
            match (ms, ms.unsigned_abs() < 2_000) {
                (_, true) => "This computer and the server have the same time.".into(),
                (1.., _) => format!("This computer is {} ahead of the server.", span(ms.unsigned_abs())),
                _ => format!("This computer is {} behind the server.", span(ms.unsigned_abs())),
            },
            Some("Set this computer's clock, or let it set itself."),
        ),
        Finding::Keychain { available: false, opens: None } => (
            "keychain",
            "Keychain",
            "This system's keychain does not answer; the passphrase opens the vault.".into(),
            None,
        ),
        Finding::Keychain { opens: None, .. } => {
            ("keychain", "Keychain", "Not used: the passphrase opens the vault.".into(), None)
        }
        Finding::Keychain { opens: Some(true), .. } => {
            ("keychain", "Keychain", "It answers, and opens this vault.".into(), None)
        }
        Finding::Keychain { opens: Some(false), .. } => (
            "keychain",
            "Keychain",
            "It is set to open this vault, and does not. The passphrase does.".into(),
            Some("Turn the keychain off and on again in Settings."),
        ),
        Finding::Disk { free: None, .. } => {
            ("disk", "Disk space", "This system does not say how much is free.".into(), None)
        }
        Finding::Disk { free: Some(free), vault } => (
            "disk",
            "Disk space",
            format!("{} free; the vault has {}.", bytes(*free), bytes(*vault)),
            Some("Free some space: there has to be room for a backup of the vault."),
        ),
        Finding::SetAside(why) if why.is_empty() => {
            ("set_aside", "Set aside", "Everything that arrived could be taken in.".into(), None)
        }
        Finding::SetAside(why) => {
            let all = set_aside(why);
            let total: u32 = why.values().sum();
            return HealthLine {
                id: "set_aside".into(),
                name: "Set aside".into(),
                ok,
                sentence: format!("{} set aside. {}", count(total, "change"), joined(all.iter().map(|s| &s.why))),
                action: all.into_iter().next().map(|s| s.action),
            };
        }
        Finding::Unnamed(UnnamedFiles { files: 0, .. }) => {
            ("unnamed", "Files in no note", "No file takes room that no note has any more.".into(), None)
        }
        Finding::Unnamed(UnnamedFiles { files, bytes: size, first_goes_days }) => {
            let files = count(u32::try_from(*files).unwrap_or(u32::MAX), "file");
            let goes = match first_goes_days {
                None => String::new(),
                Some(0) => " The first goes when every computer has synced.".into(),
                Some(days) => format!(
                    " The first goes in {} at the earliest, when every computer has synced.",
                    count(u32::try_from(*days).unwrap_or(u32::MAX), "day")
                ),
            };
            ("unnamed", "Files in no note", format!("{files}, {}.{goes}", bytes(*size)), None)
        }
        Finding::Agreement { with: None } => {
            ("agreement", "Other computers", "No other computer is known to have other notes.".into(), None)
        }
        Finding::Agreement { with: Some(name) } => (
            "agreement",
            "Other computers",
            format!("This computer and {name} disagree about the notes; this one has read everything again."),
            Some("Sync on the other computer: it then reads everything again as well."),
        ),
        Finding::Sync(f) => ("sync", "Sync so far", figures(f), None),
        Finding::Backup { newest_ms: None } => (
            "backup",
            "Backup",
            "There is no backup of this vault on this computer.".into(),
            Some("Make one: in Settings, or with `holdfast backup now`."),
        ),
        Finding::Backup { newest_ms: Some(ms) } => (
            "backup",
            "Backup",
            format!("The newest is {} old. It was opened and read when it was made.", span(*ms)),
            Some("Make one: in Settings, or with `holdfast backup now`."),
        ),
    };
    HealthLine { id: id.into(), name: name.into(), ok, sentence, action: action.filter(|_| !ok).map(str::to_owned) }
}

/// What was set aside, in words, the most first.
pub fn set_aside(why: &BTreeMap<Why, u32>) -> Vec<SetAside> {
    let words = |why: Why| match why {
        Why::NewerVersion => (
            "A newer version of Holdfast wrote it.",
            "Update Holdfast on this computer; what was set aside is then taken in by itself.",
        ),
        Why::MissingKey => (
            "It is sealed with a key that has not arrived here.",
            "Sync the computer that wrote it, then this one; it is taken in when the key is here.",
        ),
        Why::Orphan => (
            "It came before a change that it builds on.",
            "Nothing: it is taken in when that change arrives. If it stays, sync the computer that wrote it.",
        ),
        Why::Altered => (
            "It is not as it was written: it does not open, or is not of the computer that it names.",
            "Sync the computer that wrote it. If it stays, look at the list of your devices, and tell the server's owner.",
        ),
        Why::Removed => (
            "A computer sent it that was removed from the account, or was never in it.",
            "Look at it, then take it over or discard it. Until then it changes no note. Change the passphrase if somebody else may know it.",
        ),
        Why::Thinned => (
            "It builds on an old version that this computer does not keep any more.",
            "Nothing: that version is fetched from the server, and then it is taken in. If it stays, sync your other computers.",
        ),
        Why::Unknown => ("An older version of Holdfast did not take it in.", "Sync: it is tried again."),
    };
    let mut out: Vec<SetAside> = why
        .iter()
        .map(|(why, count)| {
            let (why, action) = words(*why);
            SetAside { count: *count, why: why.to_owned(), action: action.to_owned() }
        })
        .collect();
    out.sort_by_key(|s| std::cmp::Reverse(s.count));
    out
}

fn joined<'a>(sentences: impl Iterator<Item = &'a String>) -> String {
    sentences.map(String::as_str).collect::<Vec<_>>().join(" ")
}

fn count(n: u32, one: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {one}s") }
}

/// How long something still takes, in calm words: a number that jumps about is worse than none.
pub fn time_left(ms: u64) -> String {
    let minutes = ms.div_ceil(60_000);
    match (ms, minutes) {
        (0..60_000, _) => "Less than a minute left".to_owned(),
        (_, 0..90) => format!("About {} left", count(minutes as u32, "minute")),
        _ => format!("About {} left", count(minutes.div_ceil(60) as u32, "hour")),
    }
}

/// What was counted about sync, in one line.
fn figures(f: &SyncFigures) -> String {
    let days = count(f.days as u32, "day");
    let moved = match f.synced {
        0 => format!("In the last {days} nothing was sent or received."),
        n => format!(
            "In the last {days} changes were sent or received {}: {} in the middle, {} at most.",
            count(n as u32, "time"),
            duration(f.median_ms),
            duration(f.slowest_ms)
        ),
    };
    let failed = match f.failed {
        0 => "Nothing failed.".to_owned(),
        n => format!("Steps that failed: {n}."),
    };
    let run = f.this_run.map(|run| {
        let steps = [run.pushes, run.pulls, run.uploads, run.fetches];
        let (done, failed) = steps.iter().fold((0, 0), |(d, f), s| (d + s.done, f + s.failed));
        let waited = count(run.longest_queue, "change");
        format!("Since Holdfast was started: {done} steps done, {failed} failed; {waited} waited at most.")
    });
    [Some(moved), Some(failed), run].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// `0.6 s`, `12 s`, or minutes.
fn duration(ms: u64) -> String {
    match ms {
        0..10_000 => format!("{:.1} s", ms as f64 / 1e3),
        10_000..100_000 => format!("{} s", ms / 1_000),
        _ => span(ms),
    }
}

/// A length of time, roughly.
fn span(ms: u64) -> String {
    let (s, min, h) = (ms / 1_000, ms / 60_000, ms / 3_600_000);
    match (s, min, h) {
        (_, _, 48..) => count((h / 24) as u32, "day"),
        (_, _, 1..) => count(h as u32, "hour"),
        (_, 1.., _) => count(min as u32, "minute"),
        _ => count(s as u32, "second"),
    }
}

fn bytes(n: u64) -> String {
    match n {
        0..1_000_000 => format!("{} KB", n.div_ceil(1_000)),
        1_000_000..1_000_000_000 => format!("{:.1} MB", n as f64 / 1e6),
        _ => format!("{:.1} GB", n as f64 / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use holdfast_notebook::NotebookError;
    use holdfast_notebook::sync::SyncMetrics;

    use super::*;

    /// Each finding that is not well says what to do, each that is says nothing to do, and all are sentences.
    #[test]
    fn each_line_says_one_thing_to_do_where_it_is_not_well() {
        let aside = BTreeMap::from([(Why::Orphan, 2), (Why::NewerVersion, 3)]);
        let this_run = Some(SyncMetrics { longest_queue: 12, ..SyncMetrics::default() });
        let run = SyncFigures { days: 7, synced: 41, median_ms: 420, slowest_ms: 61_000, failed: 2, this_run };
        for found in [
            Finding::Database(Ok(())),
            Finding::Database(Err(NotebookError::Damaged("a page".into()))),
            Finding::Decision { notes: 0, notebooks: 0 },
            Finding::Decision { notes: 21, notebooks: 0 },
            Finding::Decision { notes: 0, notebooks: 1 },
            Finding::Outbox { waiting: 3, oldest_ms: Some(90_000_000), has_server: true },
            Finding::Outbox { waiting: 1, oldest_ms: None, has_server: true },
            Finding::Outbox { waiting: 0, oldest_ms: None, has_server: false },
            Finding::Clock(None),
            Finding::Clock(Some(Ok(-400_000))),
            Finding::Clock(Some(Ok(400))),
            Finding::Clock(Some(Err(NotebookError::NoServer))),
            Finding::Keychain { available: false, opens: None },
            Finding::Keychain { available: true, opens: Some(true) },
            Finding::Keychain { available: true, opens: Some(false) },
            Finding::Disk { free: None, vault: 5 },
            Finding::Disk { free: Some(10_000_000), vault: 15_000_000 },
            Finding::SetAside(BTreeMap::new()),
            Finding::SetAside(aside),
            Finding::Sync(SyncFigures { days: 7, ..SyncFigures::default() }),
            Finding::Sync(run),
            Finding::Backup { newest_ms: None },
            Finding::Backup { newest_ms: Some(1) },
            Finding::Backup { newest_ms: Some(30 * 24 * 3_600_000) },
        ] {
            let line = health_line(&found);
            assert_eq!(line.action.is_none(), line.ok, "{line:?}");
            assert!(line.sentence.ends_with('.') && line.action.iter().all(|a| a.ends_with('.')), "{line:?}");
        }
        let line = health_line(&Finding::SetAside(BTreeMap::from([(Why::Orphan, 2), (Why::NewerVersion, 3)])));
        assert!(line.sentence.starts_with("5 changes set aside. A newer version"), "{line:?}");
        assert_eq!(
            health_line(&Finding::Sync(run)).sentence,
            "In the last 7 days changes were sent or received 41 times: 0.4 s in the middle, 61 s at most. Steps that \
             failed: 2. Since Holdfast was started: 0 steps done, 0 failed; 12 changes waited at most."
        );
        let left = |ms| time_left(ms);
        assert_eq!((left(5_000), left(60_000)), ("Less than a minute left".into(), "About 1 minute left".into()));
        assert_eq!((left(61_000), left(3 * 3_600_000)), ("About 2 minutes left".into(), "About 3 hours left".into()));
        assert_eq!(span(59_000), "59 seconds");
        assert_eq!(
            (span(3_600_000), span(47 * 3_600_000), span(49 * 3_600_000)),
            ("1 hour".into(), "47 hours".into(), "2 days".into())
        );
        assert_eq!(
            (bytes(1), bytes(15_400_000), bytes(2_500_000_000)),
            ("1 KB".into(), "15.4 MB".into(), "2.5 GB".into())
        );
    }
}
