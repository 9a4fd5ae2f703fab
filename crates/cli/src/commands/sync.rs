//! `sync` and `status`.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use holdfast_ipc::dto::CommandError;
use holdfast_ipc::{command_error, set_aside};
use holdfast_notebook::sync::{Connect, CycleReport, FileProgress, ServerAddress, SyncStatus, Syncer, sign_in};
use holdfast_notebook::{NotebookError, ProtocolError, SyncState, Vault};
use holdfast_sync_http::{Counters, HttpClient};
use serde_json::{Value, json};

use super::tripwire;
use crate::failure::Failure;
use crate::output::Answer;
use crate::session::{Place, block_on};
use crate::shapes::{bytes_text, count, state, state_words, time};
use crate::{Outcome, passphrase, progress};

/// Clients that were made, for what went over their wires.
#[derive(Clone, Default)]
struct Clients(Arc<Mutex<Vec<HttpClient>>>);

impl Clients {
    fn connect(&self) -> Connect {
        let clients = self.clone();
        Arc::new(move |address: &ServerAddress| {
            let client = HttpClient::new(&address.url, address.pin)?;
            clients.0.lock().unwrap_or_else(PoisonError::into_inner).push(client.clone());
            Ok(Arc::new(client))
        })
    }

    fn counters(&self) -> Counters {
        let clients = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        clients.iter().map(HttpClient::counters).fold(Counters::default(), |sum, c| Counters {
            requests: sum.requests + c.requests,
            bytes_up: sum.bytes_up + c.bytes_up,
            bytes_down: sum.bytes_down + c.bytes_down,
        })
    }
}

pub fn sync(place: &Place) -> Outcome {
    place.with_vault(|vault| {
        let started = Instant::now();
        let name = own_name(vault)?;
        let clients = Clients::default();
        let syncer = Syncer::new(vault.clone(), clients.connect())?;
        let mut report = CycleReport::default();
        let outcome = block_on(progress::shown(&syncer, cycle(vault, &syncer, &clients, &mut report)))?;
        report.elapsed_ms = started.elapsed().as_millis() as u64;
        let mut answer = answer(&syncer.status()?, &report, clients.counters());
        if let Some(held) = tripwire::told(vault)? {
            answer.json["tripwire"] = held.json;
            answer.text.extend(["\n", &held.text]);
        }
        if let Some(problem) = vault.passphrase_problem()?.map(|e| command_error(&e)) {
            answer.json["passphrase"] = json!({ "code": problem.code, "sentence": problem.message });
            answer.text.extend(["\n", &problem.message]);
        }
        // A computer that has joined learns only now that its name was taken.
        if let Some(now) = own_name(vault)?.filter(|now| Some(now) != name.as_ref()) {
            answer.text.extend(["\nAnother computer has the name that this one had. It is now called ", &now, "."]);
            answer.json["device_name"] = now.into();
        }
        outcome.map_or_else(|failure| Err(with_answer(failure, answer.clone())), |()| Ok(answer.clone()))
    })
}

fn own_name(vault: &Vault) -> Outcome<Option<String>> {
    Ok(vault.device_names()?.remove(&vault.device()))
}

/// One cycle. A session that the server ended is begun again where the passphrase is at hand.
async fn cycle(vault: &Vault, syncer: &Syncer, clients: &Clients, report: &mut CycleReport) -> Outcome<()> {
    match syncer.run_once_into(report).await {
        Err(NotebookError::Protocol(ProtocolError::Unauthorized)) => {
            let Some(secret) = passphrase::given()? else {
                return Err(Failure::said(
                    "The server ended the session. Set HOLDFAST_PASSPHRASE to this vault's passphrase and sync again to \
                     sign in. Your changes are safe on this computer.",
                ));
            };
            sign_in(vault, &clients.connect(), &secret).await?;
            Ok(syncer.run_once_into(report).await?)
        }
        // Whom a lost computer shut out is let in again once that one is removed.
        Err(removed @ NotebookError::Protocol(ProtocolError::DeviceRemoved)) => {
            let Some(secret) = passphrase::given()? else { return Err(removed.into()) };
            if sign_in(vault, &clients.connect(), &secret).await.is_err() {
                return Err(removed.into());
            }
            Ok(syncer.run_once_into(report).await?)
        }
        other => Ok(other?),
    }
}

fn with_answer(failure: Failure, answer: Answer) -> Failure {
    match failure {
        Failure::Notebook(error) => Failure::Sync { error, answer },
        other => other,
    }
}

fn answer(status: &SyncStatus, report: &CycleReport, wire: Counters) -> Answer {
    let json = json!({
        "state": state(status.state),
        "pushed": report.pushed,
        "pulled": report.pulled,
        "waiting": status.waiting,
        "requests": wire.requests,
        "bytes_up": wire.bytes_up,
        "bytes_down": wire.bytes_down,
        "readable_ms": report.readable_ms,
        "elapsed_ms": report.elapsed_ms,
        "to_review": status.to_review,
        "attachments": files(status),
    });
    let text = format!(
        "{}. {} sent, {} received, {} waiting, {} to review.",
        state_words(status.state),
        count(report.pushed.into(), "change"),
        report.pulled,
        status.waiting,
        status.to_review
    );
    Answer::new(json, format!("{text}{}", files_text(status)))
}

/// How far files have come, and what is not here.
fn files(status: &SyncStatus) -> Value {
    let way = |p: FileProgress| json!({ "files": p.files, "bytes": p.done_bytes, "of_bytes": p.total_bytes });
    json!({
        "sending": way(status.sending),
        "receiving": way(status.receiving),
        "not_here": { "files": status.not_here.files, "bytes": status.not_here.bytes },
    })
}

fn files_text(status: &SyncStatus) -> String {
    let ways = [("to send", status.sending), ("to receive", status.receiving)];
    let ways = ways.into_iter().filter(|(_, p)| p.files > 0).map(|(way, p)| {
        let files = count(p.files.into(), "file");
        format!(" {files} {way}: {} of {}.", bytes_text(p.done_bytes), bytes_text(p.total_bytes))
    });
    let elsewhere = match status.not_here.files.saturating_sub(status.receiving.files.into()) {
        0 => None,
        n => Some(format!(" {} not on this computer; each comes when it is opened.", count(n, "file"))),
    };
    ways.chain(elsewhere).collect()
}

pub fn status(place: &Place) -> Outcome {
    place.with_vault(|vault| {
        let status = vault.sync_status()?;
        let problem = vault.last_sync_problem()?.map(|e| command_error(&e));
        let untold = vault.passphrase_problem()?.map(|e| command_error(&e));
        let said = |problem: &CommandError| json!({ "code": problem.code, "sentence": problem.message });
        let aside = set_aside(&vault.set_aside()?);
        let held = tripwire::told(vault)?;
        let seen = |ms: u64| (ms > 0).then_some(ms);
        let devices: Vec<_> = status
            .devices
            .iter()
            .map(|d| {
                json!({
                    "name": d.name,
                    "last_seen": seen(d.last_seen_ms),
                    "clock_ahead": d.clock_ahead,
                    "this_device": d.this_device,
                })
            })
            .collect();
        let json = json!({
            "state": state(status.state),
            "waiting": status.waiting,
            "to_review": status.to_review,
            "last_confirmed": status.last_confirmed_ms,
            "server": status.server,
            "devices": devices,
            "tripwire": held.as_ref().map(|h| h.json.clone()),
            "set_aside": aside.iter().map(|s| json!({ "count": s.count, "why": s.why, "action": s.action })).collect::<Vec<_>>(),
            "attachments": files(&status),
            "problem": problem.as_ref().map(said),
            "passphrase": untold.as_ref().map(said),
        });
        let mut text = vec![match &problem {
            // It says why, and what to do.
            Some(problem) if status.state != SyncState::Paused => problem.message.clone(),
            _ if status.state == SyncState::Waiting && status.waiting == 0 => "Waiting for the server.".into(),
            _ => format!("{}.", state_words(status.state)),
        }];
        text.push(format!("Waiting: {}. To review: {}.{}", status.waiting, status.to_review, files_text(&status)));
        if let Some(server) = &status.server {
            let confirmed = status.last_confirmed_ms.map_or_else(|| "not yet".into(), time);
            text.push(format!("Server: {server}. Last confirmed: {confirmed}."));
        }
        text.extend(untold.map(|untold| untold.message));
        text.extend(held.map(|h| h.text));
        text.extend(aside.iter().map(|s| format!("{} set aside: {} {}", count(s.count.into(), "change"), s.why, s.action)));
        for device in &status.devices {
            let here = if device.this_device { " (this computer)" } else { "" };
            let last = seen(device.last_seen_ms).map_or_else(|| "never".into(), time);
            let ahead = if device.clock_ahead { " (its clock is ahead)" } else { "" };
            text.push(format!("{}{here}: last change {last}{ahead}", device.name));
        }
        Ok(Answer::new(json, text.join("\n")))
    })
}
