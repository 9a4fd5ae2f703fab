//! `config`: what can be switched off on this computer.

use holdfast_notebook::sync::SyncFlag;
use serde_json::{Map, Value};

use crate::Outcome;
use crate::args::Switch;
use crate::output::Answer;
use crate::session::Place;

pub fn run(place: &Place, name: Option<&str>, value: Option<Switch>) -> Outcome {
    // A wrong name is told before a passphrase is asked for.
    let named = name.map(SyncFlag::from_name).transpose()?;
    place.with_vault(|vault| {
        if let (Some(flag), Some(value)) = (named, value) {
            vault.set_sync_flag(flag, matches!(value, Switch::On))?;
        }
        let (mut json, mut text) = (Map::new(), Vec::new());
        for flag in SyncFlag::ALL.into_iter().filter(|flag| named.is_none_or(|named| named == *flag)) {
            let on = vault.sync_flag(flag)?;
            json.insert(flag.name().into(), Value::Bool(on));
            text.push(format!("{}: {} ({})", flag.name(), if on { "on" } else { "off" }, flag.what()));
        }
        Ok(Answer::new(Value::Object(json), text.join("\n")))
    })
}
