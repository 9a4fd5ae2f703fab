//! What is set aside, one by one, in words.

use std::collections::BTreeMap;

use holdfast_domain::Kind;
use holdfast_notebook::Vault;
use holdfast_notebook::sync::{AsideEntry, AsideId, Takes, WhySetAside};

use crate::Answer;
use crate::convert::{answer, ms};
use crate::dto::{AsideChoice, AsideItem, AsideTaken, AsideText};

/// The newest arrival first.
pub fn aside_items(vault: &Vault) -> Answer<Vec<AsideItem>> {
    Ok(answer(vault.set_aside_entries())?.into_iter().map(item).collect())
}

pub fn aside_text(vault: &Vault, id: &str) -> Answer<AsideText> {
    let said = answer(vault.set_aside_text(read_id(id)?))?;
    Ok(AsideText { item: item(said.entry), written_ms: said.written_ms.map(ms), text: said.text, tags: said.tags })
}

pub fn aside_take(vault: &Vault, id: &str) -> Answer<AsideTaken> {
    let taken = answer(vault.take_over(read_id(id)?))?;
    Ok(AsideTaken { id: taken.record.to_string(), new_note: taken.new_note })
}

pub fn aside_discard(vault: &Vault, id: &str) -> Answer<()> {
    answer(vault.discard_set_aside(read_id(id)?))
}

fn read_id(text: &str) -> Answer<AsideId> {
    answer(text.parse())
}

fn choice(takes: Option<Takes>) -> AsideChoice {
    match takes {
        None => AsideChoice::Wait,
        Some(Takes::Version) => AsideChoice::Take,
        Some(Takes::NewNote) => AsideChoice::TakeAsNew,
        Some(Takes::Nothing) => AsideChoice::Discard,
        Some(Takes::Taken) => AsideChoice::Taken,
    }
}

fn item(entry: AsideEntry) -> AsideItem {
    let choice = choice(entry.takes);
    let (why, action) = words(entry.why, choice);
    let who = match (entry.device_name, entry.device) {
        (Some(name), _) => name,
        (None, Some(device)) => format!("Computer {}", &device.to_string()[..6]),
        (None, None) => "An unknown computer".into(),
    };
    let kind = entry.kind.and_then(|kind| match kind {
        Kind::Note => Some("note"),
        Kind::Notebook => Some("notebook"),
        Kind::Attachment => Some("attachment"),
        Kind::Device => Some("computer"),
        Kind::Unknown(_) => None,
    });
    AsideItem {
        id: entry.id.to_string(),
        who,
        arrived_ms: entry.arrived_ms.map(ms),
        why,
        action,
        bytes: ms(entry.bytes),
        kind: kind.map(str::to_owned),
        title: entry.title,
        choice,
    }
}

fn words(why: WhySetAside, choice: AsideChoice) -> (String, String) {
    // The sentences of the whole, where there is nothing to decide.
    let told = crate::set_aside(&BTreeMap::from([(why, 1)])).pop();
    let (why, wait) = told.map_or_else(Default::default, |told| (told.why, told.action));
    let action = match choice {
        AsideChoice::Wait => return (why, wait),
        AsideChoice::Take => "Taken over, it becomes yours, and merges with what you have.",
        AsideChoice::TakeAsNew => {
            "It cannot merge with what you have. Taken over, it becomes a note of its own; nothing else changes."
        }
        AsideChoice::Discard => "There is nothing in it that could be taken over. Discarded, it is not shown again.",
        AsideChoice::Taken => {
            "Another computer of yours has taken it over: its words are in your notes. Discard it here."
        }
    };
    (why, action.to_owned())
}
