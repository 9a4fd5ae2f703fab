//! Driving the engine: one cycle for the terminal, for ever for the window.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use holdfast_protocol::{SyncProtocol, Token, Traffic};
use holdfast_sync::{Effect, Engine, Event, Failure, Step, StepReport};
use tokio::sync::{Notify, watch};
use tracing::Instrument as _;

use super::account::{self, ServerAddress};
use super::activity::{self, Happened, Line};
use super::catch_up::{Began, CatchUp};
use super::failures::{failure, is_silence, is_the_lines};
use super::flags::{self, SyncFlags};
use super::later::Later;
use super::live::LOOK;
use super::login::{self, signed_out};
use super::metrics::SyncMetrics;
use super::on_demand::InHand;
use super::status::SyncStatus;
use super::{Connect, blobs, heal, meta, problem, pull, push};
use crate::{NotebookError, Result, Vault};

/// Typing becomes a revision after so long without a key, or so long in all.
const IDLE_MS: u64 = 5_000;
const LONGEST_MS: u64 = 60_000;
/// How often it is looked at, while anything is being typed.
const COMMIT_TICK: Duration = Duration::from_secs(1);
/// The engine's time and the clock's differ by more only where the clock was set, or the computer slept.
const CLOCKS_PART_MS: u64 = 60_000;

/// What one cycle did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CycleReport {
    pub pushed: u32,
    pub pulled: u32,
    /// Packs of older changes that were sent.
    pub packed: u32,
    /// Until everything could be read.
    pub readable_ms: u64,
    /// Until everything was indexed too.
    pub elapsed_ms: u64,
    /// Of the steps so far.
    pub traffic: Traffic,
    pub steps_ms: u64,
}

/// The sync of one open vault.
pub struct Syncer {
    vault: Arc<Vault>,
    connect: Connect,
    pub(super) flags: SyncFlags,
    engine: Mutex<Engine>,
    server: Mutex<Option<(ServerAddress, Arc<dyn SyncProtocol>)>>,
    /// What went wrong last, while it is still wrong.
    problem: Mutex<Option<Arc<NotebookError>>>,
    /// Why typing could not become revisions, while it is so.
    uncommitted: Mutex<Option<Arc<NotebookError>>>,
    /// It was noted down that nothing moves.
    stuck_noted: Mutex<bool>,
    /// Since when a pull goes on, and how far it is.
    reading: Mutex<Option<(Began, Option<CatchUp>)>>,
    pub(super) in_hand: InHand,
    later: Later,
    pub(super) metrics: Mutex<SyncMetrics>,
    /// Held by whoever exchanges something with the server that the rest depends on: one step at a time.
    pub(super) turn: tokio::sync::Mutex<()>,
    commands: Mutex<Vec<Event>>,
    ring: Notify,
    /// Whether pokes are any use now.
    pub(super) stream_wanted: watch::Sender<bool>,
    /// Rings where a stream that broke may be worth a try.
    pub(super) hurry: Notify,
    /// Counts up whenever the status may have changed.
    changed: watch::Sender<u64>,
    /// The engine's time: the clock as it was at the beginning, and what passed since by a clock that nobody sets.
    began: (u64, tokio::time::Instant),
}

pub(super) fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Syncer {
    pub fn new(vault: Arc<Vault>, connect: Connect) -> Result<Self> {
        let mut engine = Engine::default();
        let began = (vault.env().now_ms(), tokio::time::Instant::now());
        let (paused, flags) = vault.read(|r| Ok((r.get_u64(meta::PAUSED)? == Some(1), flags::load(r)?)))?;
        if paused {
            engine.handle(Event::Pause(true), &vault.sync_facts()?, began.0, 0);
        }
        // Nothing will be tried that would say so again.
        let removed = vault.last_sync_problem()?.filter(problem::is_removed);
        Ok(Self {
            vault,
            connect,
            flags,
            engine: Mutex::new(engine),
            server: Mutex::new(None),
            problem: Mutex::new(removed.map(Arc::new)),
            uncommitted: Mutex::new(None),
            stuck_noted: Mutex::new(false),
            reading: Mutex::new(None),
            in_hand: InHand::default(),
            later: Later::default(),
            metrics: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
            commands: Mutex::new(Vec::new()),
            ring: Notify::new(),
            stream_wanted: watch::channel(false).0,
            hurry: Notify::new(),
            changed: watch::channel(0).0,
            began,
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
        let mut status = self.vault.status_with(&held(&self.engine))?;
        // The engine's time and the clock's part where the computer slept or its clock was set.
        let (clock_ms, engine_ms) = (self.vault.env().now_ms(), self.now_ms());
        if clock_ms.abs_diff(engine_ms) > CLOCKS_PART_MS {
            status.next_try_ms = status.next_try_ms.map(|at| clock_ms + at.saturating_sub(engine_ms));
        }
        Ok(status)
    }

    /// What is wrong, while it is: the last failure, else typing that could not be committed, else a queue that does
    /// not move. A passphrase that the server does not know is beside that: [`Vault::passphrase_problem`].
    pub fn problem(&self) -> Option<Arc<NotebookError>> {
        let said = held(&self.problem).clone().or_else(|| held(&self.uncommitted).clone());
        said.or_else(|| self.stuck().map(Arc::new))
    }

    fn stuck(&self) -> Option<NotebookError> {
        let now_ms = self.now_ms();
        let since_ms = held(&self.engine).stuck_since(now_ms)?;
        Some(NotebookError::NothingMoves { minutes: (now_ms - since_ms) / 60_000 })
    }

    /// How far a first sync or a long catch-up is, while it goes on.
    pub fn catch_up(&self) -> Option<CatchUp> {
        held(&self.reading).and_then(|(_, told)| told)
    }

    /// What was done since this was made.
    pub fn metrics(&self) -> SyncMetrics {
        *held(&self.metrics)
    }

    /// Now, with everything typed.
    pub fn sync_now(&self) -> Result<()> {
        self.vault.commit_all()?;
        self.later.clear();
        self.send(Event::SyncNow);
        self.hurry.notify_one();
        Ok(())
    }

    /// The window came to the front.
    pub fn wake(&self) {
        self.send(Event::Wake);
    }

    pub fn signed_in(&self) {
        let ended = held(&self.problem).take_if(|problem| matches!(failure(problem), Failure::SignIn));
        if ended.is_some() {
            self.tell();
        }
        self.send(Event::SignedIn);
    }

    /// Kept across restarts.
    pub fn pause(&self, paused: bool) -> Result<()> {
        self.vault.transact(|t| Ok(t.tx.put_u64(meta::PAUSED, u64::from(paused))?))?;
        self.send(Event::Pause(paused));
        Ok(())
    }

    pub(super) fn send(&self, event: Event) {
        held(&self.commands).push(event);
        self.ring.notify_one();
    }

    /// The engine's time, milliseconds since 1970 by the clock that there was at the beginning.
    pub(super) fn now_ms(&self) -> u64 {
        self.began.0 + self.began.1.elapsed().as_millis() as u64
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
            return Err(self.vault.why_signed_out()?);
        }
        let started = Instant::now();
        self.later.clear();
        *held(&self.engine) = Engine::default();
        let mut effect = self.handle(Event::Wake)?;
        while let Effect::Run(step) = effect {
            effect = self.step(step, report).await?;
        }
        report.readable_ms = started.elapsed().as_millis() as u64;
        self.vault.index_all();
        report.elapsed_ms = started.elapsed().as_millis() as u64;
        match held(&self.problem).take() {
            None if held(&self.engine).was_confirmed() => Ok(()),
            // The server answered, and nothing came of it.
            None => Err(NotebookError::NothingMoves { minutes: 0 }),
            Some(problem) => Err(Arc::try_unwrap(problem).unwrap_or_else(|p| NotebookError::Internal(p.to_string()))),
        }
    }

    /// Commits what is typed and syncs, until `stop` rings.
    pub async fn run(&self, stop: &Notify) -> Result<()> {
        let drive = async {
            let mut first = Event::Wake;
            loop {
                // A database that could not be read once is no reason to end, which would be silent: it is said.
                let Err(error) = self.drive(first).await;
                tracing::warn!(%error, "sync begins anew");
                first = Event::StepFailed(failure(&error));
                *held(&self.problem) = Some(Arc::new(error));
                self.tell();
                tokio::time::sleep(LOOK).await;
            }
        };
        let listen = async {
            loop {
                let Err(error) = self.listen().await;
                tracing::warn!(%error, "listening begins anew");
                // Its stream is gone with it.
                self.send(Event::Live(false));
                tokio::time::sleep(LOOK).await;
            }
        };
        tokio::select! {
            biased;
            () = stop.notified() => Ok(()),
            () = drive => Ok(()),
            () = listen => Ok(()),
            () = self.watch_computer() => Ok(()),
        }
    }

    async fn drive(&self, first: Event) -> Result<Infallible> {
        let mut effect = self.handle(first)?;
        let mut report = CycleReport::default();
        // After a failure to index, the next sync tries again.
        let mut indexes = true;
        loop {
            effect = match effect {
                Effect::Run(step) => {
                    indexes = true;
                    // A file that is sent in many steps leaves no rest in which this would be done.
                    self.commit_idle();
                    self.step_and_hear(step, &mut report).await?
                }
                Effect::WaitUntil(at) => {
                    let due = Duration::from_millis(at.saturating_sub(self.now_ms()));
                    self.rest(due, &mut indexes).await?
                }
                Effect::Wait => self.rest(LOOK, &mut indexes).await?,
            };
            if held(&self.engine).was_confirmed() && !matches!(effect, Effect::Run(_)) {
                report = CycleReport::default();
            }
        }
    }

    /// Does a step, and lets the engine hear meanwhile what happens.
    async fn step_and_hear(&self, step: Step, report: &mut CycleReport) -> Result<Effect> {
        let mut step = std::pin::pin!(self.step(step, report));
        let mut look = tokio::time::interval_at(tokio::time::Instant::now() + LOOK, LOOK);
        loop {
            tokio::select! {
                biased;
                effect = &mut step => return effect,
                () = self.ring.notified() => {
                    self.hear()?;
                }
                () = self.vault.wake.notified() => {
                    self.handle(Event::LocalChange)?;
                }
                // Whatever else is heard: typing goes on for as long as a part of a file may take.
                _ = look.tick() => {
                    self.commit_idle();
                    self.handle(Event::Tick)?;
                }
            }
        }
    }

    /// Waits for something to do, at most so long.
    async fn rest(&self, due: Duration, indexes: &mut bool) -> Result<Effect> {
        let typing = self.vault.read(|r| Ok(r.working_count()?))? > 0;
        let look = if typing { COMMIT_TICK } else { LOOK };
        let mut over = std::pin::pin!(tokio::time::sleep(due.min(look)));
        let event = loop {
            let behind = *indexes && self.vault.index_behind()? > 0;
            tokio::select! {
                biased;
                () = self.ring.notified() => return self.hear(),
                () = self.vault.wake.notified() => break Event::LocalChange,
                () = &mut over => break Event::Tick,
                // A little at a time, when there is nothing else to do.
                () = tokio::task::yield_now(), if behind => {
                    if let Err(error) = self.vault.index_some() {
                        tracing::warn!(%error, "notes could not be indexed");
                        *indexes = false;
                    }
                }
            }
        };
        self.commit_idle();
        self.handle(event)
    }

    /// A failed commit (a full disk) keeps the typing where it is; the next look tries again, and the status says so.
    fn commit_idle(&self) {
        if crate::planted("typing-stays-typing") {
            return;
        }
        let failed = self.vault.commit_idle(IDLE_MS, LONGEST_MS).err();
        if let Some(error) = &failed {
            tracing::warn!(%error, "typing could not be committed");
        }
        let mut said = held(&self.uncommitted);
        if failed.is_some() || said.is_some() {
            *said = failed.map(Arc::new);
            drop(said);
            self.tell();
        }
    }

    /// All that was sent to the engine, until it has something to do.
    fn hear(&self) -> Result<Effect> {
        let mut queued = std::mem::take(&mut *held(&self.commands)).into_iter();
        let mut effect = Effect::WaitUntil(self.now_ms());
        for event in queued.by_ref() {
            effect = self.handle(event)?;
            if matches!(effect, Effect::Run(_)) {
                break;
            }
        }
        // The rest is heard while the step runs.
        let rest: Vec<Event> = queued.collect();
        if !rest.is_empty() {
            held(&self.commands).splice(0..0, rest);
            self.ring.notify_one();
        }
        Ok(effect)
    }

    fn tell(&self) {
        self.changed.send_modify(|n| *n += 1);
    }

    fn handle(&self, event: Event) -> Result<Effect> {
        let facts = self.vault.sync_facts()?;
        let jitter = u64::from_be_bytes(self.vault.env().random()?);
        let mut engine = held(&self.engine);
        let trouble = engine.failure().is_some();
        let effect = engine.handle(event, &facts, self.now_ms(), jitter);
        let over = trouble && engine.failure().is_none();
        let lost = engine.failure().is_some_and(|failure| !failure.passes());
        let wanted =
            self.flags.events && facts.has_server && facts.signed_in && facts.log_known && !lost && !engine.is_paused();
        drop(engine);
        {
            let mut metrics = held(&self.metrics);
            metrics.event(event);
            metrics.longest_queue = metrics.longest_queue.max(facts.waiting());
        }
        self.stream_wanted.send_if_modified(|known| std::mem::replace(known, wanted) != wanted);
        if over {
            self.hurry.notify_one();
        }
        self.note_stuck();
        // A look that changes nothing is nothing to tell.
        if event != Event::Tick || matches!(effect, Effect::Run(_)) {
            self.tell();
        }
        Ok(effect)
    }

    /// Once in the log, and to those who show the status, that nothing moves although nothing seems wrong.
    fn note_stuck(&self) {
        let stuck = self.stuck();
        let mut noted = held(&self.stuck_noted);
        if *noted == stuck.is_some() {
            return;
        }
        *noted = stuck.is_some();
        drop(noted);
        if let Some(error) = stuck {
            tracing::warn!(%error, "watchdog");
            let line = Line { problem: Some(&error), ..Line::new(Happened::Push, "") };
            if let Err(e) = self.vault.transact(|t| activity::write(t, &line)) {
                tracing::warn!(error = %e, "that nothing moves could not be noted down");
            }
        }
        self.tell();
    }

    /// Does one step and tells the engine. What it could not even note down (a full disk) is a failure like others:
    /// the sync in the background goes on.
    async fn step(&self, step: Step, report: &mut CycleReport) -> Result<Effect> {
        match self.try_step(step, report).await {
            Err(error) => {
                let failure = failure(&error);
                *held(&self.problem) = Some(Arc::new(error));
                self.handle(Event::StepFailed(failure))
            }
            Ok(effect) => Ok(effect),
        }
    }

    async fn try_step(&self, step: Step, report: &mut CycleReport) -> Result<Effect> {
        let (started, before) = (Instant::now(), self.traffic());
        let waiting = self.vault.sync_facts()?.waiting();
        let span = tracing::info_span!("sync", step = Happened::of(step).word(), waiting);
        let outcome = self.attempt(step, report).instrument(span).await;
        let duration_ms = started.elapsed().as_millis() as u64;
        let traffic = self.traffic().since(before);
        held(&self.metrics).step(step, started.elapsed(), traffic, outcome.is_ok());
        report.traffic += traffic;
        report.steps_ms += duration_ms;
        match outcome {
            Ok(done) => {
                *held(&self.problem) = None;
                let effect = self.handle(Event::StepDone(done))?;
                if !matches!(effect, Effect::Run(_)) {
                    *held(&self.reading) = None;
                    self.confirmed(report, report.steps_ms)?;
                }
                Ok(effect)
            }
            Err(error) => {
                let failure = failure(&error);
                if failure == Failure::SignIn {
                    signed_out(&self.vault)?;
                }
                tracing::info!(step = Happened::of(step).word(), error = %error, "sync failed");
                // On a full disk there is no room for the line either, and the sync has to go on.
                if let Err(e) = self.note_failure(step, duration_ms, traffic, &error) {
                    tracing::warn!(error = %e, "the failure could not be noted down");
                }
                if is_silence(&error) {
                    self.connect_anew();
                }
                *held(&self.problem) = Some(Arc::new(error));
                self.handle(Event::StepFailed(failure))
            }
        }
    }

    async fn attempt(&self, step: Step, report: &mut CycleReport) -> Result<StepReport> {
        let _turn = self.turn.lock().await;
        let (server, token) = self.session()?;
        self.settle(&*server, &token).await?;
        let skipped = held(&self.engine).blobs_skipped();
        match step {
            Step::Push => {
                let pushed = push::push(&self.vault, &*server, &token).await?;
                report.pushed += pushed.revisions;
                report.packed += pushed.packs;
                Ok(pushed.report)
            }
            Step::Pull => {
                let began = self.began_to_read()?;
                let pulled = pull::pull(&self.vault, &*server, &token).await?;
                // The page names the passphrase that the server has.
                self.settle(&*server, &token).await?;
                // A backup that cannot be made now is made before anything is accepted.
                if let Err(error) = self.vault.tripwire_snapshot() {
                    tracing::warn!(%error, "no backup before the decision yet");
                }
                report.pulled += pulled.revisions;
                report.pushed += pulled.sent_again;
                if pulled.report.caught_up {
                    blobs::ask_now_and_then(&self.vault, &*server, &token).await?;
                }
                *held(&self.reading) = Some((began, began.after(pulled.at, pulled.head, self.now_ms())));
                Ok(pulled.report)
            }
            Step::UploadBlob => blobs::upload(&self.vault, &*server, &token).await,
            Step::FetchBlob => {
                let in_hand = held(&self.in_hand).clone();
                blobs::fetch(&self.vault, &*server, &token, skipped, &in_hand, (&self.later, self.now_ms())).await
            }
        }
    }

    /// Sends what waits of a passphrase. If that alone fails nothing else stops: [`Vault::passphrase_problem`] says it.
    async fn settle(&self, server: &dyn SyncProtocol, token: &Token) -> Result<()> {
        match login::settle(&self.vault, server, token).await {
            Err(error) if !is_the_lines(&error) => {
                tracing::warn!(%error, "the new passphrase could not be sent");
                Ok(())
            }
            other => other,
        }
    }

    /// Of this pull, which may have several pages.
    fn began_to_read(&self) -> Result<Began> {
        if let Some((began, _)) = *held(&self.reading) {
            return Ok(began);
        }
        let now_ms = self.now_ms();
        self.vault.read(|r| {
            let first = r.get_u64(meta::CONFIRMED_MS)?.is_none();
            Ok(Began { first, at: r.cursor()?.map_or(0, |c| c.seq), now_ms })
        })
    }

    pub(super) fn session(&self) -> Result<(Arc<dyn SyncProtocol>, Token)> {
        let account = self.vault.read(account::load)?.ok_or(NotebookError::NoServer)?;
        let Some(token) = account.token else { return Err(self.vault.why_signed_out()?) };
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

    /// The next request makes a connection of its own.
    pub(super) fn connect_anew(&self) {
        held(&self.server).take();
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
            heal::is_over(t)?;
            if changes > 0 {
                t.tx.put_u64(meta::LAST_CHANGES, u64::from(changes))?;
                t.tx.put_u64(meta::LAST_DURATION_MS, duration_ms)?;
                let message = format!("{} sent, {} received", report.pushed, report.pulled);
                let traffic = report.traffic;
                activity::write(t, &Line { duration_ms, traffic, ..Line::new(Happened::Synced, message) })?;
            }
            Ok(())
        })?;
        self.tell();
        Ok(())
    }

    /// A line of the activity log, and what a program that starts later has to know.
    fn note_failure(&self, step: Step, duration_ms: u64, traffic: Traffic, error: &NotebookError) -> Result<()> {
        let line = Line { duration_ms, traffic, problem: Some(error), ..Line::new(Happened::of(step), "") };
        self.vault.transact(|t| {
            problem::keep(t.tx, error)?;
            heal::is_over(t)?;
            activity::write(t, &line)
        })
    }

    /// What went over the wire to this server so far.
    fn traffic(&self) -> Traffic {
        held(&self.server).as_ref().map_or_else(Traffic::default, |(_, server)| server.traffic())
    }
}
