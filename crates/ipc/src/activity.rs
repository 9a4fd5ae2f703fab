//! The activity log in words, and its export without content.

use std::path::Path;

use holdfast_notebook::Vault;
use holdfast_notebook::sync::{Activity, Happened, SyncMetrics};
use serde_json::json;

use crate::convert::{answer, invalid, ms};
use crate::dto::{ActivityItem, ActivityQuery};
use crate::{Answer, command_error};

/// Of all that is kept.
const ALL: u32 = u32::MAX;

/// What happened, for people.
fn words(what: &Happened) -> &str {
    match what {
        Happened::Synced => "Synced",
        Happened::Push => "Sending changes",
        Happened::Pull => "Receiving changes",
        Happened::Upload => "Sending an attachment",
        Happened::Fetch => "Receiving an attachment",
        Happened::Held => "A sync was held back",
        Happened::Kept => "You kept your notes",
        Happened::Accepted => "You let the notes go",
        Happened::Backup => "Backup made",
        Happened::Healed => "Server restored",
        Happened::Account => "Account",
        Happened::SetAside => "Changes set aside",
        Happened::TakenOver => "A late change taken over",
        Happened::Discarded => "A late change discarded",
        Happened::Copied => "Vault copied",
        Happened::Joined => "Computer added",
        Happened::Removed => "Computer removed",
        Happened::Named => "Computer named",
        Happened::Compared => "Comparing with other computers",
        Happened::Other(word) => word,
    }
}

fn item(a: &Activity) -> ActivityItem {
    let error = a.problem.as_ref().map(command_error);
    ActivityItem {
        at_ms: ms(a.at_ms),
        what: words(&a.what).to_owned(),
        ok: a.ok,
        duration_ms: a.duration_ms as u32,
        bytes_up: ms(a.bytes_up),
        bytes_down: ms(a.bytes_down),
        message: error.as_ref().map_or_else(|| a.message.clone(), |e| e.message.clone()),
        code: error.map(|e| e.code),
    }
}

/// The lines that hold every word of the search, in any case, the newest first.
pub fn activity_items(vault: &Vault, query: &ActivityQuery) -> Answer<Vec<ActivityItem>> {
    let searched = query.search.to_lowercase();
    let sought: Vec<&str> = searched.split_whitespace().collect();
    // Without a search the newest are enough.
    let read = if sought.is_empty() && !query.failed_only { query.limit } else { ALL };
    let holds = |item: &ActivityItem| {
        let failed = if item.ok { "" } else { " failed" };
        let line = format!("{}{failed} {}", item.what, item.message).to_lowercase();
        sought.iter().all(|word| line.contains(word))
    };
    let items = answer(vault.activity(read))?;
    let found = items.iter().map(item).filter(|i| !(query.failed_only && i.ok) && holds(i));
    Ok(found.take(query.limit as usize).collect())
}

/// Writes the whole log to a new file, the oldest line first, with figures about sync, those of this run too where there
/// are some; answers with the number of lines. It holds times, kinds, durations, bytes, counts and error codes: no
/// titles, no texts, no names, no addresses, no paths.
pub fn export_activity(vault: &Vault, path: &Path, this_run: Option<&SyncMetrics>) -> Answer<u32> {
    if path.as_os_str().is_empty() {
        return Err(invalid("Name a file."));
    }
    let log = answer(vault.activity(ALL))?;
    let metrics = crate::metrics::metrics(vault, &log, this_run)?;
    let lines: Vec<_> = log
        .iter()
        .rev()
        .map(|a| {
            // What another version wrote is of a kind that is not known here, and so is what its words hold.
            let known = !matches!(a.what, Happened::Other(_));
            json!({
                "at": a.at_ms,
                "what": if known { a.what.word() } else { "other" },
                "ok": a.ok,
                "duration_ms": a.duration_ms,
                "bytes_up": a.bytes_up,
                "bytes_down": a.bytes_down,
                "counts": if known { numbers(&a.message) } else { Vec::new() },
                "error": a.problem.as_ref().map(|e| command_error(e).code),
            })
        })
        .collect();
    let count = lines.len() as u32;
    let whole = json!({
        "format": "holdfast-activity-1",
        "holds": "times (milliseconds since 1970), kinds, durations, bytes, counts and error codes; \
                  no titles, no texts, no names, no addresses, no paths",
        "metrics": metrics,
        "lines": lines,
    });
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let written = options.open(path).and_then(|mut file| {
        use std::io::Write;
        file.write_all(format!("{whole:#}\n").as_bytes())?;
        file.sync_all()
    });
    written.map_err(|e| {
        let why = match e.kind() {
            std::io::ErrorKind::AlreadyExists => "a file is there already".to_owned(),
            std::io::ErrorKind::NotFound => "its folder is not there".to_owned(),
            std::io::ErrorKind::StorageFull => "the disk is full".to_owned(),
            _ => e.kind().to_string(),
        };
        invalid(format!("The log could not be saved as {}: {why}. Choose another place.", path.display()))
    })?;
    Ok(count)
}

/// The numbers of a message, which is all of it that leaves.
fn numbers(message: &str) -> Vec<u64> {
    message.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse().ok()).collect()
}
