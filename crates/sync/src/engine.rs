//! The state machine.

use crate::{Backoff, Cycle, Facts, Step, plan};

/// While this device or another was active lately, ask this often.
const POLL_ACTIVE_MS: u64 = 15_000;
/// Otherwise the interval doubles up to this.
const POLL_IDLE_MS: u64 = 5 * 60 * 1_000;

/// Why a step failed, by what to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// This computer has no network: try when it comes back, and now and then.
    Offline,
    /// The server does not answer, or answers with a failure of its own.
    Unreachable,
    /// The server asked to wait.
    Busy { retry_after_ms: u64 },
    /// The session ended: nothing more until a person signs in.
    SignIn,
    /// A wrong key, a hostile or foreign server, a bug: no automatic retry until something changes.
    Stop,
}

/// What a step that worked reports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StepReport {
    /// The server confirmed that this device has everything in the log.
    pub caught_up: bool,
    /// Something came from or went to the server.
    pub moved: bool,
    /// A blob that the server does not have yet.
    pub blob_skipped: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Something calls for a sync at once: a commit, "Sync now", focus, wake, a server added.
    Wake,
    /// A network appeared: forget the backoff.
    NetworkUp,
    /// The time asked for in `Effect::WaitUntil` came.
    Tick,
    StepDone(StepReport),
    StepFailed(Failure),
    Pause(bool),
    SignedIn,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Do this and report `StepDone` or `StepFailed`.
    Run(Step),
    /// Nothing to do until then, milliseconds since 1970, or until another event.
    WaitUntil(u64),
    /// Nothing to do until another event.
    Wait,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Idle,
    Running,
}

/// The engine of one account on one device.
#[derive(Clone, Copy, Debug)]
pub struct Engine {
    phase: Phase,
    cycle: Cycle,
    /// A wake that came while a step ran: the cycle is gone through again.
    again: bool,
    paused: bool,
    failure: Option<Failure>,
    backoff: Backoff,
    next_at_ms: Option<u64>,
    poll_ms: u64,
    confirmed: bool,
}

impl Default for Engine {
    fn default() -> Self {
        Self {
            phase: Phase::Idle,
            cycle: Cycle::default(),
            again: false,
            paused: false,
            failure: None,
            backoff: Backoff::default(),
            next_at_ms: None,
            poll_ms: POLL_ACTIVE_MS,
            confirmed: false,
        }
    }
}

impl Engine {
    pub fn is_paused(&self) -> bool {
        self.paused
    }

    pub fn is_running(&self) -> bool {
        self.phase == Phase::Running
    }

    /// True from the end of a complete cycle until one fails.
    pub fn was_confirmed(&self) -> bool {
        self.confirmed
    }

    /// Blobs that the server did not have in this cycle: the next one to fetch comes after them.
    pub fn blobs_skipped(&self) -> u32 {
        self.cycle.blobs_down_skipped
    }

    /// What the last cycle ended on, while it is still so.
    pub fn failure(&self) -> Option<Failure> {
        self.failure
    }

    /// When it will try by itself, milliseconds since 1970.
    pub fn next_try_ms(&self) -> Option<u64> {
        self.next_at_ms
    }

    /// Takes an event and says what to do. `jitter` is uniformly random.
    pub fn handle(&mut self, event: Event, facts: &Facts, now_ms: u64, jitter: u64) -> Effect {
        match event {
            Event::Pause(paused) => {
                self.paused = paused;
                if paused {
                    self.next_at_ms = None;
                }
                return self.start(facts);
            }
            Event::NetworkUp | Event::SignedIn => {
                self.failure = None;
                self.backoff.reset();
                return self.start(facts);
            }
            Event::Wake => {
                self.poll_ms = POLL_ACTIVE_MS;
                return self.start(facts);
            }
            Event::Tick => {
                return match self.next_at_ms {
                    Some(at) if at > now_ms => Effect::WaitUntil(at),
                    _ => self.start(facts),
                };
            }
            Event::StepDone(report) => {
                self.failure = None;
                self.backoff.reset();
                self.cycle.caught_up |= report.caught_up;
                self.cycle.blobs_down_skipped += u32::from(report.blob_skipped);
                if report.moved {
                    self.poll_ms = POLL_ACTIVE_MS;
                }
            }
            Event::StepFailed(failure) => return self.fail(failure, now_ms, jitter),
        }
        if self.paused || !facts.signed_in {
            return self.rest(None);
        }
        if let Some(step) = plan(facts, &self.cycle) {
            return Effect::Run(step);
        }
        self.confirmed = true;
        if std::mem::take(&mut self.again) {
            self.phase = Phase::Idle;
            return self.start(facts);
        }
        let at = now_ms + self.poll_ms;
        self.poll_ms = (self.poll_ms * 2).min(POLL_IDLE_MS);
        self.rest(Some(at))
    }

    fn start(&mut self, facts: &Facts) -> Effect {
        if self.phase == Phase::Running {
            self.again = true;
            return Effect::Wait;
        }
        if self.paused || !facts.has_server || !facts.signed_in {
            return self.rest(None);
        }
        self.phase = Phase::Running;
        self.cycle = Cycle::default();
        self.again = false;
        self.next_at_ms = None;
        match plan(facts, &self.cycle) {
            Some(step) => Effect::Run(step),
            None => self.rest(None),
        }
    }

    fn fail(&mut self, failure: Failure, now_ms: u64, jitter: u64) -> Effect {
        self.failure = Some(failure);
        self.confirmed = false;
        let delay = match failure {
            Failure::SignIn | Failure::Stop => return self.rest(None),
            Failure::Offline | Failure::Unreachable => self.backoff.fail(jitter),
            Failure::Busy { retry_after_ms } => self.backoff.fail(jitter).max(retry_after_ms),
        };
        self.rest(Some(now_ms + delay))
    }

    fn rest(&mut self, until: Option<u64>) -> Effect {
        self.phase = Phase::Idle;
        self.again = false;
        self.next_at_ms = until;
        until.map_or(Effect::Wait, Effect::WaitUntil)
    }
}
