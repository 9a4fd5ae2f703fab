//! `tripwire`.

use holdfast_notebook::Vault;
use serde_json::json;

use crate::args::TripwireCommand;
use crate::output::Answer;
use crate::session::Place;
use crate::shapes::{Names, count, time, titled};
use crate::{Outcome, failure::Failure};

pub fn run(place: &Place, command: TripwireCommand) -> Outcome {
    place.with_vault(|vault| match command {
        TripwireCommand::Show => show(vault),
        TripwireCommand::Keep => {
            let notes = vault.tripwire_keep(None)?;
            let text =
                format!("{} kept. Sync, and the other computers have them again too.", count(notes.into(), "note"));
            Ok(Answer::new(json!({ "ok": true, "notes": notes }), text))
        }
        TripwireCommand::Accept => {
            let backup = vault.tripwire()?.and_then(|t| t.snapshot);
            let notes = vault.tripwire_accept(None)?;
            let kept = backup.map_or_else(String::new, |dir| format!(" As it was: {}", dir.display()));
            let text = format!("{} changed as on the other computer.{kept}", count(notes.into(), "note"));
            Ok(Answer::new(json!({ "ok": true, "notes": notes }), text))
        }
    })
}

fn show(vault: &Vault) -> Outcome {
    let Some(mut answer) = told(vault)? else {
        return Ok(Answer::new(json!({ "pending": false, "notes": [] }), "No sync waits for a decision."));
    };
    let notes = vault.held_notes()?;
    answer.json["pending"] = json!(true);
    answer.json["notes"] = notes
        .iter()
        .map(|n| json!({ "id": n.id.to_string(), "title": n.title, "trashed": n.trashed, "updated": n.updated_ms }))
        .collect();
    for note in &notes {
        let what = if note.trashed { "to the trash" } else { "most of its text" };
        let line = format!("\n{}  {}  ({what})", &note.id.to_string()[..8], titled(&note.title));
        answer.text.push_str(&line);
    }
    Ok(answer)
}

/// What waits, in numbers; `None` where nothing does.
pub fn told(vault: &Vault) -> Result<Option<Answer>, Failure> {
    let Some(held) = vault.tripwire()? else { return Ok(None) };
    let names = Names::load(vault)?;
    let devices: Vec<String> = held.devices.iter().map(|d| names.device(*d)).collect();
    let json = json!({
        "number": held.number,
        "since": held.since_ms,
        "trashed": held.trashed,
        "emptied": held.emptied,
        "notebooks": held.notebooks,
        "of": held.of,
        "devices": devices,
        "backup": held.snapshot,
    });
    let mut what = Vec::new();
    if held.trashed > 0 {
        what.push(format!("{} to the trash", count(held.trashed.into(), "note")));
    }
    if held.emptied > 0 {
        what.push(format!("most of the text of {}", count(held.emptied.into(), "note")));
    }
    if held.notebooks > 0 {
        what.push(format!("{} to the trash", count(held.notebooks.into(), "notebook")));
    }
    let text = format!(
        "Held back since {}: a sync from {} would take {}, of {}. Nothing of it is shown. \
         `holdfast tripwire show` lists them; `keep` keeps them, `accept` lets them go.",
        time(held.since_ms),
        if devices.is_empty() { "another computer".to_owned() } else { devices.join(", ") },
        what.join(" and "),
        count(held.of.into(), "note")
    );
    Ok(Some(Answer::new(json, text)))
}
