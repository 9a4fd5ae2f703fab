//! `backup`.

use std::path::{Path, PathBuf};

use holdfast_ipc::backup_reason;
use holdfast_notebook::{Backup, BackupContent, BackupReason, Env, NoteQuery, Vault, backups_of};
use serde_json::{Value, json};

use crate::args::BackupCommand;
use crate::failure::Failure;
use crate::output::Answer;
use crate::session::{Place, finish};
use crate::shapes::{count, lines, time};
use crate::{Outcome, passphrase};

const NONE: &str = "There is no backup yet. `holdfast backup now` makes one.";

pub fn run(place: &Place, command: BackupCommand) -> Outcome {
    match command {
        BackupCommand::Now => place.with_vault(|vault| now(vault)),
        BackupCommand::List => list(place),
        BackupCommand::Test { dir } => place.with_vault(|vault| test(vault, dir)),
        BackupCommand::Restore { dir } => restore(place, dir.as_deref()),
    }
}

fn now(vault: &Vault) -> Outcome {
    let made = vault.backup(BackupReason::Asked)?;
    let lacks = made.content.map(|c| lacks(&c)).unwrap_or_default();
    let text = format!(
        "Backup made, opened and read: {}{lacks}\nTo look into it, or to go on from it: holdfast --vault {:?} note list",
        made.dir.display(),
        made.dir.display().to_string()
    );
    Ok(Answer::new(shape(&made), text))
}

/// Of a vault that does not open, too.
fn list(place: &Place) -> Outcome {
    let all = backups_of(&place.dir()?)?;
    let shown: Vec<String> = all
        .iter()
        .map(|b| {
            let why = backup_reason(b.reason);
            format!("{}  {why}, {} KB  {}", time(b.at_ms), b.bytes.div_ceil(1_000), b.dir.display())
        })
        .collect();
    let json: Vec<Value> = all.iter().map(shape).collect();
    Ok(Answer::new(json!(json), lines(&shown, NONE)))
}

fn test(vault: &Vault, dir: Option<PathBuf>) -> Outcome {
    let dir = match dir {
        Some(dir) => dir,
        None => newest(vault.backups()?)?.dir,
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

fn restore(place: &Place, wanted: Option<&Path>) -> Outcome {
    let dir = place.dir()?;
    let all = backups_of(&dir)?;
    let backup = match wanted {
        None => newest(all)?,
        Some(wanted) => {
            let path = |p: &Path| p.canonicalize().unwrap_or_else(|_| p.to_owned());
            all.into_iter().find(|b| path(&b.dir) == path(wanted)).ok_or_else(|| {
                Failure::said(format!(
                    "{} is no backup of this vault. `holdfast backup list` lists them.",
                    wanted.display()
                ))
            })?
        }
    };
    let secret = passphrase::current()?;
    let vault = Vault::restore_backup(&dir, &backup, &secret, Env::system())?;
    finish(vault, |vault| {
        let notes = vault.count_notes(&NoteQuery::default())?;
        let text = format!(
            "The vault is as it was at {}: {}. What was damaged lies beside it, under names that end in .damaged-1.\n\
             Run `holdfast sync` to get what the server has since.",
            time(backup.at_ms),
            count(notes, "note")
        );
        Ok(Answer::new(json!({ "ok": true, "dir": backup.dir, "at": backup.at_ms, "notes": notes }), text))
    })
}

fn newest(all: Vec<Backup>) -> Outcome<Backup> {
    all.into_iter().next().ok_or_else(|| Failure::said(NONE))
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
