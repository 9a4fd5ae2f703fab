//! When to open the stream of pokes, and when to try again after it broke. Without I/O, as the engine.

use crate::Backoff;
use crate::backoff::{MAX_RETRY_AFTER_MS, MIN_DELAY_MS};

/// A stream that held so long was a good one: the next trouble is a new one.
const STEADY_MS: u64 = 30_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamEvent {
    /// Whether pokes are any use now: a server, a session, no pause.
    Wanted(bool),
    Opened,
    /// It could not be opened, or it broke; the server may have said how long to wait.
    Ended {
        retry_after_ms: Option<u64>,
    },
    /// A network appeared, the computer woke, or the server was just reached: a wait may end.
    Hurry,
    Tick,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamEffect {
    /// Open it, and report `Opened` or `Ended`.
    Open,
    /// Let go of it; nothing is to be reported.
    Close,
    WaitUntil(u64),
    /// Nothing to do until another event.
    Wait,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Unwanted,
    Opening,
    Open {
        since_ms: u64,
    },
    Broken {
        until_ms: u64,
        asked: bool,
    },
}

/// The stream of one account on one device.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stream {
    phase: Phase,
    backoff: Backoff,
    /// When it was last tried.
    began_ms: u64,
    clock_ms: u64,
}

impl Stream {
    pub fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Open { .. })
    }

    /// Takes an event and says what to do. `jitter` is uniformly random.
    pub fn handle(&mut self, event: StreamEvent, now_ms: u64, jitter: u64) -> StreamEffect {
        let by_ms = self.clock_ms.saturating_sub(now_ms);
        self.clock_ms = now_ms;
        self.began_ms = self.began_ms.saturating_sub(by_ms);
        match &mut self.phase {
            Phase::Open { since_ms: at } | Phase::Broken { until_ms: at, .. } => *at = at.saturating_sub(by_ms),
            Phase::Unwanted | Phase::Opening => {}
        }
        match (event, self.phase) {
            (StreamEvent::Wanted(false), Phase::Unwanted) => StreamEffect::Wait,
            (StreamEvent::Wanted(false), _) => {
                self.phase = Phase::Unwanted;
                self.backoff.reset();
                StreamEffect::Close
            }
            (StreamEvent::Wanted(true), Phase::Unwanted) => self.open(now_ms),
            (StreamEvent::Opened, Phase::Opening) => {
                self.phase = Phase::Open { since_ms: now_ms };
                StreamEffect::Wait
            }
            (StreamEvent::Ended { retry_after_ms }, Phase::Opening | Phase::Open { .. }) => {
                if let Phase::Open { since_ms } = self.phase
                    && now_ms >= since_ms + STEADY_MS
                {
                    self.backoff.reset();
                }
                let asked_ms = retry_after_ms.unwrap_or(0).min(MAX_RETRY_AFTER_MS);
                let jitter = if crate::planted("stream-each-second") { 0 } else { jitter };
                let until_ms = now_ms + self.backoff.fail(jitter).max(asked_ms);
                self.phase = Phase::Broken { until_ms, asked: asked_ms > 0 };
                StreamEffect::WaitUntil(until_ms)
            }
            // A network that flaps opens it once a second at most.
            (StreamEvent::Hurry, Phase::Broken { asked: false, until_ms }) => {
                let until_ms = until_ms.min(self.began_ms + MIN_DELAY_MS);
                self.phase = Phase::Broken { until_ms, asked: false };
                if until_ms <= now_ms { self.open(now_ms) } else { StreamEffect::WaitUntil(until_ms) }
            }
            (_, Phase::Broken { until_ms, .. }) if until_ms <= now_ms => self.open(now_ms),
            (_, Phase::Broken { until_ms, .. }) => StreamEffect::WaitUntil(until_ms),
            _ => StreamEffect::Wait,
        }
    }

    fn open(&mut self, now_ms: u64) -> StreamEffect {
        self.began_ms = now_ms;
        self.phase = Phase::Opening;
        StreamEffect::Open
    }
}
