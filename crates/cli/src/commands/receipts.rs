//! `receipts`: what was merged by itself, and taking it back.

use holdfast_notebook::{ChangedField, DiffHunk, PlaceValue, Receipt, ReceiptSide, Vault};
use serde_json::{Value, json};

use super::decide::{devices, is_version};
use crate::Outcome;
use crate::args::ReceiptsCommand;
use crate::failure::Failure;
use crate::ids;
use crate::output::Answer;
use crate::session::Place;
use crate::shapes::{Names, hex, lines, time, titled, trash_word};

pub fn run(place: &Place, command: Option<ReceiptsCommand>) -> Outcome {
    place.with_vault(|vault| match command {
        None => list(vault),
        Some(ReceiptsCommand::Undo { id, take }) => undo(vault, &id, take.as_deref()),
    })
}

fn list(vault: &Vault) -> Outcome {
    let names = Names::load(vault)?;
    let receipts = vault.receipts()?;
    let all: Vec<Value> = receipts
        .iter()
        .map(|r| {
            json!({
                "id": hex(&r.id),
                "kind": if r.cycle.is_some() { "cycle" } else { "merge" },
                "note": r.record.to_string(),
                "title": r.title,
                "at": r.at_ms,
                "undone": r.undone,
                "why": r.why(),
                "sides": r.sides.iter().map(|s| side(&names, r, s)).collect::<Vec<_>>(),
            })
        })
        .collect();
    let text: Vec<String> = receipts
        .iter()
        .map(|r| {
            let who: Vec<String> = r.sides.iter().map(|s| names.device(s.author)).collect();
            let undone = if r.undone { "  (undone)" } else { "" };
            let id = &hex(&r.id)[..8];
            let why = r.why().map(|why| format!("\n    {why}")).unwrap_or_default();
            format!("{id}  {}  {}  ({}){undone}{why}", time(r.at_ms), titled(&r.title), who.join(", "))
        })
        .collect();
    Ok(Answer::new(Value::Array(all), lines(&text, "Nothing was merged by itself.")))
}

fn side(names: &Names, receipt: &Receipt, side: &ReceiptSide) -> Value {
    let text = side.body.iter().map(|hunk| hunk_json("text", hunk));
    let changes: Vec<Value> = side.fields.iter().flat_map(|f| change(names, f)).chain(text).collect();
    let moved = receipt.cycle.iter().flatten().find(|m| m.revision == side.head);
    json!({
        "notebook": moved.map(|m| &m.name),
        "device": names.device(side.author),
        "device_id": side.author.to_string(),
        "this_device": names.is_me(side.author),
        "revision": side.head.to_string(),
        "time": side.stamp.hlc.ms,
        "changes": changes,
    })
}

pub(super) fn hunk_json(field: &str, hunk: &DiffHunk) -> Value {
    json!({ "field": field, "line": hunk.line + 1, "removed": hunk.removed, "added": hunk.added })
}

/// What became of a field; a set has an entry for each name.
pub(super) fn change(names: &Names, changed: &ChangedField) -> Vec<Value> {
    let from_to = |field: &str, old: Value, new: Value| vec![json!({ "field": field, "from": old, "to": new })];
    let added = |field: &str, name: &str| vec![json!({ "field": field, "added": name })];
    let removed = |field: &str, name: &str| vec![json!({ "field": field, "removed": name })];
    let notebook = |id| names.value(&PlaceValue::Notebook(id));
    let due = |date| names.value(&PlaceValue::Due(date));
    match changed {
        ChangedField::Title { old, new } => from_to("title", json!(old), json!(new)),
        ChangedField::Notebook { old, new } => from_to("notebook", notebook(*old), notebook(*new)),
        ChangedField::Due { old, new } => from_to("due", due(*old), due(*new)),
        ChangedField::Done { old, new } => from_to("done", json!(old), json!(new)),
        ChangedField::Trash { old, new } => from_to("trash", json!(trash_word(*old)), json!(trash_word(*new))),
        ChangedField::FrontMatter(hunks) => hunks.iter().map(|h| hunk_json("front_matter", h)).collect(),
        ChangedField::TagAdded(name) => added("tags", name),
        ChangedField::TagRemoved(name) => removed("tags", name),
        ChangedField::AliasAdded(name) => added("aliases", name),
        ChangedField::AliasRemoved(name) => removed("aliases", name),
        ChangedField::AttachmentAdded(path) => added("attachments", path),
        ChangedField::AttachmentRemoved(path) => removed("attachments", path),
        ChangedField::Unknown => vec![json!({ "field": "unknown" })],
    }
}

fn undo(vault: &Vault, id: &str, take: Option<&str>) -> Outcome {
    let names = Names::load(vault)?;
    let receipts = vault.receipts()?;
    let found = ids::find(id, "receipt", receipts.iter().map(|r| hex(&r.id)))?;
    let receipt = receipts.iter().find(|r| hex(&r.id) == found);
    let receipt = receipt.ok_or_else(|| Failure::said(format!("There is no receipt {id}.")))?;
    let side = wanted(&names, receipt, take)?;
    vault.undo_receipt(receipt.id, side.head)?;
    let left = vault.review(receipt.record)?.review.places.len();
    let text = match receipt.cycle.iter().flatten().find(|m| m.revision == side.head) {
        Some(m) => format!("{:?} is in {:?} now, as {} moved it.", m.name, m.into_name, names.device(m.device)),
        None => format!("Back to the version of {}.", names.device(side.author)),
    };
    Ok(Answer::new(json!({ "ok": true, "left": left }), text))
}

/// The version to go back to: the one that is named, or this computer's.
fn wanted<'r>(names: &Names, receipt: &'r Receipt, take: Option<&str>) -> Outcome<&'r ReceiptSide> {
    let who: Vec<String> = receipt.sides.iter().map(|s| names.device(s.author)).collect();
    let who = who.join(", ");
    let meant = |side: &&ReceiptSide| match take {
        None => side.author == names.me(),
        Some(text) => devices(names, text).contains(&side.author) || is_version(side.head, text),
    };
    let mut sides = receipt.sides.iter().filter(meant);
    match (sides.next(), sides.next(), take) {
        (Some(only), None, _) => Ok(only),
        (None, _, None) => Err(Failure::said(format!(
            "This computer wrote no version of it. Name the one to go back to with --take: {who}."
        ))),
        (None, _, Some(text)) => {
            Err(Failure::said(format!("It has no version of {text:?}, only of {who}. Nothing was undone.")))
        }
        (Some(_), Some(_), _) => {
            Err(Failure::said("More than one version is meant: give the id of one with --take. Nothing was undone."))
        }
    }
}
