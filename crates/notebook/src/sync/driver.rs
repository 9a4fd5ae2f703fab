//! Driving the engine: one cycle for the terminal, for ever for the window.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use holdfast_protocol::{ProtocolError, SyncProtocol, Token, Traffic};
use holdfast_sync::{Effect, Engine, Event, Failure, Step, StepReport};
use tokio::sync::{Notify, watch};

use super::account::{self, ServerAddress, send_new_keys, signed_out};
use super::activity::{self, Happened, Line};
use super::status::{FirstSync, SyncStatus};
use super::{Connect, blobs, meta, problem, pull, push};
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
    pub elapsed_ms: u64,
    /// Of the steps so far.
    pub traffic: Traffic,
    pub steps_ms: u64,
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
        loop {
            if let Effect::Run(step) = effect {
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
            let event = tokio::select! {
                () = stop.notified() => return Ok(()),
                () = self.ring.notified() => None,
                () = self.vault.wake.notified() => Some(Event::Wake),
                () = tokio::time::sleep(COMMIT_TICK), if typing => None,
                () = tokio::time::sleep(due) => Some(Event::Tick),
            };
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
        let (started, before) = (Instant::now(), self.traffic());
        let outcome = self.attempt(step, report).await;
        let duration_ms = started.elapsed().as_millis() as u64;
        let traffic = self.traffic().since(before);
        report.traffic += traffic;
        report.steps_ms += duration_ms;
        match outcome {
            Ok(done) => {
                *held(&self.problem) = None;
                let effect = self.handle(Event::StepDone(done))?;
                if !matches!(effect, Effect::Run(_)) {
                    *held(&self.first_sync) = None;
                    self.confirmed(report, report.steps_ms)?;
                }
                Ok(effect)
            }
            Err(error) => {
                let failure = failure(&error);
                if failure == Failure::SignIn {
                    signed_out(&self.vault)?;
                }
                tracing::info!(step = what(step).word(), error = %error, "sync failed");
                // On a full disk there is no room for the line either, and the sync has to go on.
                if let Err(e) = self.note_failure(step, duration_ms, traffic, &error) {
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
                // A backup that cannot be made now is made before anything is accepted.
                if let Err(error) = self.vault.tripwire_snapshot() {
                    tracing::warn!(%error, "no backup before the decision yet");
                }
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
            let traffic = report.traffic;
            let line = Line { duration_ms, traffic, ..Line::new(Happened::Synced, message) };
            self.vault.transact(|t| activity::write(t, &line))?;
        }
        self.tell();
        Ok(())
    }

    /// A line of the activity log, and what a program that starts later has to know.
    fn note_failure(&self, step: Step, duration_ms: u64, traffic: Traffic, error: &NotebookError) -> Result<()> {
        let line = Line { duration_ms, traffic, problem: Some(error), ..Line::new(what(step), "") };
        self.vault.transact(|t| {
            problem::keep(t.tx, error)?;
            activity::write(t, &line)
        })
    }

    /// What went over the wire to this server so far.
    fn traffic(&self) -> Traffic {
        held(&self.server).as_ref().map_or_else(Traffic::default, |(_, server)| server.traffic())
    }
}

fn what(step: Step) -> Happened {
    match step {
        Step::Push => Happened::Push,
        Step::Pull => Happened::Pull,
        Step::UploadBlob => Happened::Upload,
        Step::FetchBlob => Happened::Fetch,
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
