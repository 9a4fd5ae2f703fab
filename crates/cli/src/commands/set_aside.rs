//! `set-aside`: what arrived and is not in the notes.

use holdfast_ipc::dto::{AsideChoice, AsideItem};
use holdfast_ipc::{aside_discard, aside_items, aside_take, aside_text};
use holdfast_notebook::Vault;
use holdfast_notebook::sync::AsideId;
use serde_json::{Value, json};

use crate::args::SetAsideCommand;
use crate::failure::Failure;
use crate::output::Answer;
use crate::session::Place;
use crate::shapes::{bytes_text, lines, time};
use crate::{Outcome, ids};

pub fn run(place: &Place, command: &SetAsideCommand) -> Outcome {
    place.with_vault(|vault| match command {
        SetAsideCommand::List => list(vault),
        SetAsideCommand::Show { id } => show(vault, &find(vault, id)?),
        SetAsideCommand::Take { id } => take(vault, &find(vault, id)?),
        SetAsideCommand::Discard { id } => discard(vault, &find(vault, id)?),
    })
}

/// By its id, or a beginning of it that no other has.
fn find(vault: &Vault, text: &str) -> Outcome<String> {
    let known: Vec<AsideId> = vault.set_aside_entries()?.into_iter().map(|entry| entry.id).collect();
    Ok(ids::find(text, "change that is set aside", known)?.to_string())
}

fn list(vault: &Vault) -> Outcome {
    let items = aside_items(vault).map_err(said)?;
    let json: Vec<Value> = items.iter().map(shape).collect();
    let text: Vec<String> = items.iter().map(line).collect();
    Ok(Answer::new(json!(json), lines(&text, "Nothing is set aside.")))
}

fn shape(item: &AsideItem) -> Value {
    json!({
        "id": item.id,
        "device": item.who,
        "arrived": item.arrived_ms.map(|ms| ms as u64),
        "why": item.why,
        "action": item.action,
        "bytes": item.bytes as u64,
        "kind": item.kind,
        "title": item.title,
        "choice": item.choice,
    })
}

/// `“Title”, a note`: as much as is known.
fn what(item: &AsideItem) -> String {
    match (&item.kind, &item.title) {
        (Some(kind), Some(title)) if title.is_empty() => format!("a {kind} without a title"),
        (Some(kind), Some(title)) => format!("“{title}”, a {kind}"),
        (Some(kind), None) => format!("a {kind}"),
        (None, _) => "does not open".into(),
    }
}

fn line(item: &AsideItem) -> String {
    let came = item.arrived_ms.map_or_else(|| "some time ago".into(), |ms| time(ms as u64));
    format!(
        "{}  {}: {}, {}, came {came}\n          {} {}",
        &item.id[..8],
        item.who,
        what(item),
        bytes_text(item.bytes as u64),
        item.why,
        item.action
    )
}

fn show(vault: &Vault, id: &str) -> Outcome {
    let said = aside_text(vault, id).map_err(said)?;
    let mut json = shape(&said.item);
    json["written"] = json!(said.written_ms.map(|ms| ms as u64));
    json["text"] = json!(said.text);
    json["tags"] = json!(said.tags);
    let mut text = vec![line(&said.item)];
    text.extend(said.written_ms.map(|ms| format!("Written {}, by the clock of that computer.", time(ms as u64))));
    if !said.tags.is_empty() {
        text.push(format!("Tags: {}", said.tags.join(", ")));
    }
    text.extend(said.text.map(|body| format!("\n{body}")));
    Ok(Answer::new(json, text.join("\n")))
}

fn take(vault: &Vault, id: &str) -> Outcome {
    let item = aside_text(vault, id).map_err(said)?.item;
    let taken = aside_take(vault, id).map_err(said)?;
    let text = match (taken.new_note, item.choice) {
        (true, _) => {
            format!("Taken over as a note of its own, {}. Sync, and your other computers have it too.", &taken.id[..8])
        }
        (false, AsideChoice::Take) if item.kind.as_deref() == Some("note") => format!(
            "Taken over as a version of {}. If it and what you have change the same words, the note is to review.",
            &taken.id[..8]
        ),
        _ => "Taken over. Sync, and your other computers have it too.".into(),
    };
    Ok(Answer::new(json!({ "ok": true, "id": taken.id, "new_note": taken.new_note }), text))
}

fn discard(vault: &Vault, id: &str) -> Outcome {
    aside_discard(vault, id).map_err(said)?;
    Ok(Answer::new(json!({ "ok": true }), "Discarded. It changed no note, and nobody is asked about it again."))
}

/// The sentence is made already.
fn said(error: holdfast_ipc::dto::CommandError) -> Failure {
    Failure::said(error.message)
}
