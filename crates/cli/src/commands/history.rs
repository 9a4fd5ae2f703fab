//! `note history`, `note show --version`, `note revert`: the versions of a note.

use std::sync::Arc;

use holdfast_notebook::sync::Syncer;
use holdfast_notebook::{ContentAt, NoteId, Origin, RevisionId, RevisionInfo, Since, Vault};
use serde_json::{Value, json};

use super::receipts::{change, hunk_json};
use crate::output::Answer;
use crate::session::{block_on, connect};
use crate::shapes::{Names, lines, time, titled};
use crate::{Outcome, ids};

pub fn list(vault: &Vault, id: &str) -> Outcome {
    let names = Names::load(vault)?;
    let versions = versions(vault, ids::note(vault, id)?)?;
    let all: Vec<Value> = versions.iter().rev().map(|info| item(&names, info)).collect();
    let line = |info: &RevisionInfo| {
        let note = match info.content {
            ContentAt::Here if info.is_head => "  (newest)",
            ContentAt::Here => "",
            ContentAt::Server => "  (thinned: not on this computer)",
            ContentAt::Elsewhere => "  (thinned: not on this computer, nor on the server)",
        };
        let id = &info.id.to_string()[..8];
        format!("{id}  {}  {}  ({}){note}", time(info.at_ms), kind(info.origin), names.device(info.device))
    };
    let text: Vec<String> = versions.iter().rev().map(line).collect();
    Ok(Answer::new(Value::Array(all), lines(&text, "There is no version yet.")))
}

pub fn show(vault: &Arc<Vault>, id: &str, version: &str) -> Outcome {
    let names = Names::load(vault)?;
    let id = ids::note(vault, id)?;
    let version = find(vault, id, version)?;
    here(vault, id, version)?;
    let version = vault.note_version(id, version)?;
    let text = version.change.body.iter().map(|hunk| hunk_json("text", hunk));
    let changes: Vec<Value> = version.change.fields.iter().flat_map(|f| change(&names, f)).chain(text).collect();
    let mut json = names.note(&version.row);
    if let Value::Object(map) = &mut json {
        map.insert("version".into(), item(&names, &version.info));
        map.insert("changes".into(), json!(changes));
        let since = match version.since {
            Since::Before => "before",
            Since::Earlier => "earlier",
            Since::Nothing => "nothing",
        };
        map.insert("since".into(), json!(since));
    }
    let who = names.device(version.info.device);
    let head = format!("{}\nVersion: {}, {who}", titled(&version.row.title), time(version.info.at_ms));
    Ok(Answer::new(json, format!("{head}\n\n{}", version.row.body)))
}

pub fn revert(vault: &Arc<Vault>, id: &str, version: &str) -> Outcome {
    let id = ids::note(vault, id)?;
    let version = find(vault, id, version)?;
    here(vault, id, version)?;
    vault.restore_version(id, version)?;
    Ok(Answer::done(
        "The note has the title, the text and the files of that version. What was written since stays in its history.",
    ))
}

/// What is not on this computer any more comes from the server.
fn here(vault: &Arc<Vault>, id: NoteId, version: RevisionId) -> Outcome<()> {
    if vault.history(id.into())?.iter().any(|info| info.id == version && info.content != ContentAt::Here) {
        let syncer = Syncer::new(vault.clone(), connect())?;
        block_on(syncer.fetch_version(id, version))??;
    }
    Ok(())
}

fn find(vault: &Vault, id: NoteId, version: &str) -> Outcome<RevisionId> {
    ids::find(version, "version", versions(vault, id)?.into_iter().map(|info| info.id))
}

/// The oldest first.
fn versions(vault: &Vault, id: NoteId) -> Outcome<Vec<RevisionInfo>> {
    // Of a note that is not there, this says so.
    vault.note(id)?;
    Ok(vault.history(id.into())?)
}

fn item(names: &Names, info: &RevisionInfo) -> Value {
    json!({
        "revision": info.id.to_string(),
        "parents": info.parents.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "device": names.device(info.device),
        "device_id": info.device.to_string(),
        "this_device": names.is_me(info.device),
        "time": info.at_ms,
        "kind": kind(info.origin),
        "newest": info.is_head,
        "content": match info.content {
            ContentAt::Here => "here",
            ContentAt::Server => "server",
            ContentAt::Elsewhere => "elsewhere",
        },
    })
}

fn kind(origin: Origin) -> &'static str {
    match origin {
        Origin::Edit => "edit",
        Origin::Resolve => "decision",
        Origin::Undo => "undo",
        Origin::Import => "import",
        Origin::Restore => "restore",
        Origin::Other(_) => "other",
    }
}
