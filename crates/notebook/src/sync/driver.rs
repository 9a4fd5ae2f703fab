//! Driving the engine: one cycle for the terminal, for ever for the window.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use holdfast_protocol::{ProtocolError, SyncProtocol, Token};
use holdfast_store::NewActivity;
use holdfast_sync::{Effect, Engine, Event, Failure, Step, StepReport};
use tokio::sync::{Notify, watch};

use super::account::{self, ServerAddress, send_new_keys, signed_out};
use super::status::{FirstSync, SyncStatus};
use super::{Connect, blobs, meta, problem, pull, push};
use crate::txn::Txn;
use crate::{NotebookError, Result, Vault};

/// Typing becomes a revision after so long without a key, or so long in all.
const IDLE_MS: u64 = 5_000;
const LONGEST_MS: u64 = 60_000;
/// How often it is looked at, while anything is being typed.
const COMMIT_TICK: Duration = Duration::from_secs(1);

/// What one cycle did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CycleReport {
    pub pushed: u32,
    pub pulled: u32,
    /// Until everything could be read.
    pub readable_ms: u64,
    /// Until everything was indexed too.
    pub elapsed_ms: u64,
}

/// The sync of one open vault.
pub struct Syncer {
    vault: Arc<Vault>,
    connect: Connect,
    engine: Mutex<Engine>,
    server: Mutex<Option<(ServerAddress, Arc<dyn SyncProtocol>)>>,
    /// What went wrong last, while it is still wrong.
    problem: Mutex<Option<Arc<NotebookError>>>,
    first_sync: Mutex<Option<FirstSync>>,
    commands: Mutex<Vec<Event>>,
    ring: Notify,
    /// Counts up whenever the status may have changed.
    changed: watch::Sender<u64>,
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Syncer {
    pub fn new(vault: Arc<Vault>, connect: Connect) -> Result<Self> {
        let mut engine = Engine::default();
        if vault.read(|r| Ok(r.get_u64(meta::PAUSED)?))? == Some(1) {
            engine.handle(Event::Pause(true), &vault.sync_facts()?, 0, 0);
        }
        Ok(Self {
            vault,
            connect,
            engine: Mutex::new(engine),
            server: Mutex::new(None),
            problem: Mutex::new(None),
            first_sync: Mutex::new(None),
            commands: Mutex::new(Vec::new()),
            ring: Notify::new(),
            changed: watch::channel(0).0,
        })
    }

    pub fn vault(&self) -> &Arc<Vault> {
        &self.vault
    }

    pub fn connect(&self) -> &Connect {
        &self.connect
    }

    /// Rings when the status may have changed.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    pub fn status(&self) -> Result<SyncStatus> {
        self.vault.status_with(&held(&self.engine))
    }

    /// What went wrong last, while it is still wrong.
    pub fn problem(&self) -> Option<Arc<NotebookError>> {
        held(&self.problem).clone()
    }

    pub fn first_sync(&self) -> Option<FirstSync> {
        *held(&self.first_sync)
    }

    /// Now, with everything typed.
    pub fn sync_now(&self) -> Result<()> {
        self.vault.commit_all()?;
        self.send(Event::NetworkUp);
        Ok(())
    }

    /// The window came to the front, or the computer woke.
    pub fn wake(&self) {
        self.send(Event::Wake);
    }

    pub fn signed_in(&self) {
        self.send(Event::SignedIn);
    }

    /// Kept across restarts.
    pub fn pause(&self, paused: bool) -> Result<()> {
        self.vault.transact(|t| Ok(t.tx.put_u64(meta::PAUSED, u64::from(paused))?))?;
        self.send(Event::Pause(paused));
        Ok(())
    }

    fn send(&self, event: Event) {
        held(&self.commands).push(event);
        self.ring.notify_one();
    }

    /// One whole cycle, with what is typed: what `holdfast sync` does.
    pub async fn run_once(&self) -> Result<CycleReport> {
        let mut report = CycleReport::default();
        self.run_once_into(&mut report).await?;
        Ok(report)
    }

    /// As [`Self::run_once`]; the report also holds what a cycle did before it failed.
    pub async fn run_once_into(&self, report: &mut CycleReport) -> Result<()> {
        self.vault.commit_all()?;
        let facts = self.vault.sync_facts()?;
        if !facts.has_server {
            return Err(NotebookError::NoServer);
        }
        if !facts.signed_in {
            return Err(NotebookError::Protocol(ProtocolError::Unauthorized));
        }
        let started = Instant::now();
        *held(&self.engine) = Engine::default();
        let mut effect = self.handle(Event::Wake)?;
        while let Effect::Run(step) = effect {
            effect = self.step(step, report).await?;
        }
        report.readable_ms = started.elapsed().as_millis() as u64;
        self.vault.index_all();
        report.elapsed_ms = started.elapsed().as_millis() as u64;
        match held(&self.problem).take() {
            None => Ok(()),
            Some(problem) => Err(Arc::try_unwrap(problem).unwrap_or_else(|p| NotebookError::Internal(p.to_string()))),
        }
    }

    /// Commits what is typed and syncs, until `stop` rings.
    pub async fn run(&self, stop: &Notify) -> Result<()> {
        let mut effect = self.handle(Event::Wake)?;
        let mut report = CycleReport::default();
        // After a failure to index, the next sync tries again.
        let mut indexes = true;
        loop {
            if let Effect::Run(step) = effect {
                indexes = true;
                effect = tokio::select! {
                    () = stop.notified() => return Ok(()),
                    effect = self.step(step, &mut report) => effect?,
                };
                continue;
            }
            report = CycleReport::default();
            let due = match effect {
                Effect::WaitUntil(at) => Duration::from_millis(at.saturating_sub(self.vault.env().now_ms())),
                _ => Duration::from_hours(1),
            };
            let typing = self.vault.read(|r| Ok(r.working_count()?))? > 0;
            let behind = indexes && self.vault.index_behind()? > 0;
            let event = tokio::select! {
                () = stop.notified() => return Ok(()),
                () = self.ring.notified() => None,
                () = self.vault.wake.notified() => Some(Event::Wake),
                () = tokio::time::sleep(COMMIT_TICK), if typing => None,
                () = tokio::time::sleep(due) => Some(Event::Tick),
                // A little at a time, when there is nothing else to do.
                () = tokio::task::yield_now(), if behind => None,
            };
            if behind && let Err(error) = self.vault.index_some() {
                tracing::warn!(%error, "notes could not be indexed");
                indexes = false;
            }
            // A failed commit (a full disk) keeps the typing where it is; the next tick tries again.
            if let Err(e) = self.vault.commit_idle(IDLE_MS, LONGEST_MS) {
                tracing::warn!(error = %e, "typing could not be committed");
            }
            let queued = std::mem::take(&mut *held(&self.commands));
            for event in queued.into_iter().chain(event) {
                let sleeping = matches!(effect, Effect::WaitUntil(_)) && event == Event::Wake;
                let nothing_new =
                    sleeping && self.vault.sync_facts()?.outbox == 0 && held(&self.engine).failure().is_none();
                // The vault rings for every save; only what is committed is worth a request.
                if nothing_new && !matches!(event, Event::Tick) && self.vault.sync_facts()?.working > 0 {
                    self.tell();
                    continue;
                }
                // While it backs off, a local change does not hurry it.
                if sleeping && held(&self.engine).failure().is_some() {
                    self.tell();
                    continue;
                }
                effect = self.handle(event)?;
                if matches!(effect, Effect::Run(_)) {
                    break;
                }
            }
        }
    }

    fn tell(&self) {
        self.changed.send_modify(|n| *n += 1);
    }

    fn handle(&self, event: Event) -> Result<Effect> {
        let facts = self.vault.sync_facts()?;
        let now = self.vault.env().now_ms();
        let jitter = u64::from_be_bytes(self.vault.env().random()?);
        let effect = held(&self.engine).handle(event, &facts, now, jitter);
        self.tell();
        Ok(effect)
    }

    /// Does one step and tells the engine. What it could not even note down (a full disk) is a failure like others:
    /// the sync in the background goes on.
    async fn step(&self, step: Step, report: &mut CycleReport) -> Result<Effect> {
        match self.try_step(step, report).await {
            Err(error) if held(&self.engine).is_running() => {
                let failure = failure(&error);
                *held(&self.problem) = Some(Arc::new(error));
                self.handle(Event::StepFailed(failure))
            }
            done => done,
        }
    }

    async fn try_step(&self, step: Step, report: &mut CycleReport) -> Result<Effect> {
        let started = Instant::now();
        let outcome = self.attempt(step, report).await;
        let duration_ms = started.elapsed().as_millis() as u64;
        match outcome {
            Ok(done) => {
                *held(&self.problem) = None;
                let effect = self.handle(Event::StepDone(done))?;
                if !matches!(effect, Effect::Run(_)) {
                    *held(&self.first_sync) = None;
                    self.confirmed(report, duration_ms)?;
                }
                Ok(effect)
            }
            Err(error) => {
                let failure = failure(&error);
                if failure == Failure::SignIn {
                    signed_out(&self.vault)?;
                }
                tracing::info!(step = what(step), error = %error, "sync failed");
                // On a full disk there is no room for the line either, and the sync has to go on.
                if let Err(e) = self.note_failure(step, duration_ms, &error) {
                    tracing::warn!(error = %e, "the failure could not be noted down");
                }
                *held(&self.problem) = Some(Arc::new(error));
                self.handle(Event::StepFailed(failure))
            }
        }
    }

    async fn attempt(&self, step: Step, report: &mut CycleReport) -> Result<StepReport> {
        let (server, token) = self.session()?;
        send_new_keys(&self.vault, &*server, &token).await?;
        let skipped = held(&self.engine).blobs_skipped();
        match step {
            Step::Push => {
                let pushed = push::push(&self.vault, &*server, &token).await?;
                report.pushed += pushed.revisions;
                Ok(pushed.report)
            }
            Step::Pull => {
                let joining = held(&self.first_sync).is_some() || self.vault.sync_status()?.last_confirmed_ms.is_none();
                let pulled = pull::pull(&self.vault, &*server, &token).await?;
                report.pulled += pulled.revisions;
                if joining && pulled.at < pulled.head {
                    *held(&self.first_sync) = Some(FirstSync { done: pulled.at, total: pulled.head });
                }
                Ok(pulled.report)
            }
            Step::UploadBlob => blobs::upload(&self.vault, &*server, &token).await,
            Step::FetchBlob => blobs::fetch(&self.vault, &*server, &token, skipped).await,
        }
    }

    fn session(&self) -> Result<(Arc<dyn SyncProtocol>, Token)> {
        let account = self.vault.read(account::load)?.ok_or(NotebookError::NoServer)?;
        let token = account.token.ok_or(ProtocolError::Unauthorized)?;
        let mut server = held(&self.server);
        match &*server {
            Some((address, server)) if *address == account.address => Ok((server.clone(), token)),
            _ => {
                let connected = (self.connect)(&account.address)?;
                *server = Some((account.address, connected.clone()));
                Ok((connected, token))
            }
        }
    }

    /// The server has everything, and this device has everything of it.
    fn confirmed(&self, report: &CycleReport, duration_ms: u64) -> Result<()> {
        if !held(&self.engine).was_confirmed() {
            return Ok(());
        }
        let now = self.vault.env().now_ms();
        let changes = report.pushed + report.pulled;
        self.vault.transact(|t| {
            t.tx.put_u64(meta::CONFIRMED_MS, now)?;
            problem::clear(t.tx)?;
            if changes > 0 {
                t.tx.put_u64(meta::LAST_CHANGES, u64::from(changes))?;
                t.tx.put_u64(meta::LAST_DURATION_MS, duration_ms)?;
            }
            Ok(())
        })?;
        if changes > 0 {
            let message = format!("{} sent, {} received", report.pushed, report.pulled);
            self.vault.transact(|t| log(t, "Synced", true, duration_ms, &message))?;
        }
        self.tell();
        Ok(())
    }

    /// A line of the activity log, and what a program that starts later has to know.
    fn note_failure(&self, step: Step, duration_ms: u64, error: &NotebookError) -> Result<()> {
        self.vault.transact(|t| {
            problem::keep(t.tx, error)?;
            log(t, what(step), false, duration_ms, &error.to_string())
        })
    }
}

fn log(t: &mut Txn<'_>, what: &str, ok: bool, duration_ms: u64, message: &str) -> Result<()> {
    let at_ms = t.vault.env().now_ms();
    let line = NewActivity { at_ms, what: what.into(), ok, duration_ms, bytes: 0, message: message.into() };
    t.tx.append_activity(&line)?;
    Ok(())
}

fn what(step: Step) -> &'static str {
    match step {
        Step::Push => "Sending changes",
        Step::Pull => "Receiving changes",
        Step::UploadBlob => "Sending an attachment",
        Step::FetchBlob => "Receiving an attachment",
    }
}

/// What to do about an error: the one place where errors become the engine's kinds.
pub(super) fn failure(error: &NotebookError) -> Failure {
    match error {
        NotebookError::Protocol(ProtocolError::NoNetwork) => Failure::Offline,
        // A full disk too: nothing was taken over, and it may be freed.
        NotebookError::Protocol(
            ProtocolError::Unreachable(_) | ProtocolError::Server(_) | ProtocolError::KeysChanged { .. },
        )
        | NotebookError::DiskFull => Failure::Unreachable,
        NotebookError::Protocol(ProtocolError::Busy { retry_after_s }) => {
            Failure::Busy { retry_after_ms: u64::from(retry_after_s.unwrap_or(1)) * 1000 }
        }
        NotebookError::Protocol(ProtocolError::Unauthorized) => Failure::SignIn,
        _ => Failure::Stop,
    }
}
