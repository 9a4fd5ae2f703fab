//! `device`: the computers of the account.

use std::sync::Arc;

use holdfast_notebook::sync::{DeviceStatus, Syncer, sign_in};
use holdfast_notebook::{DeviceId, NotebookError, ProtocolError, Vault, fold_name};
use serde_json::{Value, json};

use crate::args::DeviceCommand;
use crate::failure::Failure;
use crate::output::Answer;
use crate::session::{Place, block_on, connect};
use crate::shapes::{lines, time};
use crate::{Outcome, ids, passphrase};

pub fn run(place: &Place, command: DeviceCommand) -> Outcome {
    match command {
        DeviceCommand::List => place.with_vault(|vault| list(vault)),
        DeviceCommand::Remove { device, change_passphrase: false } => {
            place.with_vault(|vault| remove(vault, &device, None))
        }
        DeviceCommand::Remove { device, change_passphrase: true } => place.with_passphrase(|vault, _| {
            // Before anybody thinks of a passphrase.
            find(vault, &device)?;
            remove(vault, &device, Some(&passphrase::new()?))
        }),
    }
}

fn list(vault: &Vault) -> Outcome {
    let devices = vault.sync_status()?.devices;
    let json: Vec<Value> = devices.iter().map(shape).collect();
    let text: Vec<String> = devices.iter().map(line).collect();
    Ok(Answer::new(json!(json), lines(&text, "There is no computer.")))
}

fn seen(device: &DeviceStatus) -> Option<u64> {
    Some(device.last_seen_ms).filter(|ms| *ms > 0)
}

fn shape(device: &DeviceStatus) -> Value {
    json!({
        "id": device.id.to_string(),
        "name": device.name,
        "platform": device.platform,
        "last_seen": seen(device),
        "this_device": device.this_device,
    })
}

fn line(device: &DeviceStatus) -> String {
    let here = if device.this_device { " (this computer)" } else { "" };
    let last = seen(device).map_or_else(|| "never".into(), time);
    format!("{}  {}{here}: last change {last}", &device.id.to_string()[..8], device.name)
}

/// By its name, else by its id.
fn find(vault: &Vault, text: &str) -> Outcome<DeviceStatus> {
    let devices = vault.sync_status()?.devices;
    let named: Vec<&DeviceStatus> = devices.iter().filter(|d| fold_name(&d.name) == fold_name(text)).collect();
    let id = match named[..] {
        [one] => one.id,
        [] => ids::find::<DeviceId>(text, "computer", devices.iter().map(|d| d.id))?,
        _ => {
            return Err(Failure::said(format!(
                "More than one computer is called {text}: give its id, as `holdfast device list` has it."
            )));
        }
    };
    let found = devices.into_iter().find(|d| d.id == id);
    found.ok_or_else(|| Failure::said(format!("There is no computer {text}.")))
}

fn remove(vault: &Arc<Vault>, text: &str, new_passphrase: Option<&str>) -> Outcome {
    let device = find(vault, text)?;
    let syncer = Syncer::new(vault.clone(), connect())?;
    block_on(removed(vault, &syncer, device.id, new_passphrase))??;
    let then = if new_passphrase.is_some() {
        "The new passphrase is set; your other computers take it over with their next sync."
    } else {
        "If somebody else may know the passphrase, change it too: `holdfast passphrase change`."
    };
    let text = format!(
        "{} was removed. It gets nothing more, and nothing is taken from it. What it has stays readable there. {then}",
        device.name
    );
    let json = json!({ "removed": device.id.to_string(), "name": device.name, "passphrase_changed": new_passphrase.is_some() });
    Ok(Answer::new(json, text))
}

/// A session that the server ended is begun again where the passphrase is at hand.
async fn removed(vault: &Vault, syncer: &Syncer, device: DeviceId, new: Option<&str>) -> Outcome<()> {
    match syncer.remove_device(device, new).await {
        Err(NotebookError::Protocol(ProtocolError::Unauthorized)) => {
            let Some(secret) = passphrase::given()? else {
                return Err(Failure::said(
                    "The server ended the session. Set HOLDFAST_PASSPHRASE to this vault's passphrase and try again to \
                     sign in. Nothing was changed.",
                ));
            };
            sign_in(vault, &connect(), &secret).await?;
            Ok(syncer.remove_device(device, new).await?)
        }
        other => Ok(other?),
    }
}
