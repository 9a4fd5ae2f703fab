//! `backup`.

use holdfast_ipc::backup_reason;
use holdfast_notebook::{Backup, BackupContent, BackupReason};
use serde_json::{Value, json};

use crate::Outcome;
use crate::args::BackupCommand;
use crate::failure::Failure;
use crate::output::Answer;
use crate::session::Place;
use crate::shapes::{count, lines, time};

pub fn run(place: &Place, command: BackupCommand) -> Outcome {
    place.with_vault(|vault| match command {
        BackupCommand::Now => {
            let made = vault.backup(BackupReason::Asked)?;
            let lacks = made.content.map(|c| lacks(&c)).unwrap_or_default();
            let text = format!(
                "Backup made, opened and read: {}{lacks}\nTo look into it, or to go on from it: holdfast --vault {:?} note list",
                made.dir.display(),
                made.dir.display().to_string()
            );
            Ok(Answer::new(shape(&made), text))
        }
        BackupCommand::List => {
            let all = vault.backups()?;
            let shown: Vec<String> = all
                .iter()
                .map(|b| {
                    let why = backup_reason(b.reason);
                    format!("{}  {why}, {} KB  {}", time(b.at_ms), b.bytes.div_ceil(1_000), b.dir.display())
                })
                .collect();
            let json: Vec<Value> = all.iter().map(shape).collect();
            Ok(Answer::new(json!(json), lines(&shown, "There is no backup yet. `holdfast backup now` makes one.")))
        }
        BackupCommand::Test { dir } => {
            let newest = || vault.backups().map(|all| all.into_iter().next().map(|b| b.dir));
            let dir = match dir {
                Some(dir) => dir,
                None => newest()?.ok_or_else(|| Failure::said("There is no backup yet. `holdfast backup now` makes one."))?,
            };
            let found = vault.test_backup(&dir)?;
            let json = json!({
                "dir": dir,
                "notes": found.notes,
                "trashed": found.trashed,
                "notebooks": found.notebooks,
                "files_not_here": found.files_not_here.files,
            });
            let text = format!(
                "It opens, and every page of it was read: {}, {} in the trash, {}.{}",
                count(found.notes, "note"),
                found.trashed,
                count(found.notebooks, "notebook"),
                lacks(&found)
            );
            Ok(Answer::new(json, text))
        }
    })
}

/// What a backup cannot bring back, in a sentence of its own.
fn lacks(content: &BackupContent) -> String {
    match content.files_not_here.files {
        0 => String::new(),
        n => format!("\nIt does not hold {}, not on this computer when it was made.", count(n, "file")),
    }
}

fn shape(backup: &Backup) -> Value {
    json!({
        "dir": backup.dir,
        "at": backup.at_ms,
        "reason": backup.reason.word(),
        "bytes": backup.bytes,
    })
}
