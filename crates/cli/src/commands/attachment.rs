//! `attachment`: the files of notes.

use std::path::Path;

use holdfast_notebook::sync::Syncer;
use holdfast_notebook::{Attachment, NoteId, NotebookError, Vault};
use serde_json::{Value, json};

use crate::args::AttachmentCommand;
use crate::output::Answer;
use crate::session::{Place, block_on, connect};
use crate::shapes::{bytes_text, lines};
use crate::{Outcome, ids};

pub fn run(place: &Place, command: &AttachmentCommand) -> Outcome {
    place.with_vault(|vault| match command {
        AttachmentCommand::List { note } => list(vault, ids::note(vault, note)?),
        AttachmentCommand::Add { note, file } => {
            let path = vault.attach_file(ids::note(vault, note)?, file)?;
            Ok(Answer::new(json!({ "path": path }), path))
        }
        AttachmentCommand::Remove { note, name } => {
            let note = ids::note(vault, note)?;
            let file = find(vault, note, name)?;
            vault.detach_file(note, file.id)?;
            let said = format!(
                "{} was taken out of the note. For a month at least, an older version of the note brings it back.",
                file.name
            );
            Ok(Answer::new(json!({ "ok": true }), said))
        }
        AttachmentCommand::Get { note, name, to } => {
            let file = find(vault, ids::note(vault, note)?, name)?;
            if !file.here {
                let syncer = Syncer::new(vault.clone(), connect())?;
                block_on(syncer.fetch_file(file.id))??;
            }
            save(vault, &file, to)
        }
    })
}

fn list(vault: &Vault, note: NoteId) -> Outcome {
    let files = vault.attachments(note)?;
    let json = files.iter().map(|a| {
        json!({
            "id": a.id.to_string(),
            "path": a.path,
            "name": a.name,
            "media_type": a.media_type,
            "size": a.size,
            "here": a.here,
            "here_bytes": a.here_bytes,
            "wanted": a.wanted,
        })
    });
    let line = |a: &Attachment| {
        let here = match (a.here, a.here_bytes) {
            (true, _) => String::new(),
            (false, 0) => ", not on this computer yet".to_owned(),
            (false, some) => format!(", {} of it on this computer", bytes_text(some)),
        };
        format!("{}  ({}{here})", a.path, bytes_text(a.size))
    };
    let text: Vec<String> = files.iter().map(line).collect();
    Ok(Answer::new(Value::Array(json.collect()), lines(&text, "The note has no files.")))
}

/// By the path, which is the note's own; else by the id.
fn find(vault: &Vault, note: NoteId, name: &str) -> Outcome<Attachment> {
    let files = vault.attachments(note)?;
    let by_path = files.iter().find(|a| a.path == name);
    let found = by_path.or_else(|| files.iter().find(|a| a.id.to_string() == name)).cloned();
    Ok(found.ok_or_else(|| NotebookError::NotFound { what: "file", id: name.to_owned() })?)
}

fn save(vault: &Vault, file: &Attachment, to: &Path) -> Outcome {
    vault.save_attachment(file.id, to)?;
    let text = format!("{} was written to {}.", file.name, to.display());
    Ok(Answer::new(json!({ "ok": true, "bytes": file.size }), text))
}
