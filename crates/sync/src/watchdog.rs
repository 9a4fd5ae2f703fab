//! Notices a queue that does not move although nothing seems wrong.

use crate::{Facts, Step};

/// So long may something wait without anything having gone out. Longer than the largest batch takes on the slowest
/// line that a client has patience with, and than typing stays uncommitted.
pub const STUCK_AFTER_MS: u64 = 6 * 60 * 1_000;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Watchdog {
    /// What is sealed and not acknowledged, and since when it does not become less.
    out: u64,
    out_since_ms: Option<u64>,
    /// What is typed and not committed, likewise.
    working: u32,
    working_since_ms: Option<u64>,
}

impl Watchdog {
    /// Looks at what is. `running` is the step that is under way.
    pub(crate) fn look(&mut self, facts: &Facts, running: Option<Step>, now_ms: u64) {
        let out = u64::from(facts.outbox) + u64::from(facts.blobs_up) + u64::from(facts.batch_pending);
        // A large file takes its time, and the client itself gives up on one that does not go on.
        let out_moves = out < self.out || running == Some(Step::UploadBlob);
        let working_moves = facts.working < self.working || out > self.out;
        self.out_since_ms = since(self.out_since_ms, out > 0, out_moves, now_ms);
        self.working_since_ms = since(self.working_since_ms, facts.working > 0, working_moves, now_ms);
        (self.out, self.working) = (out, facts.working);
    }

    /// Something went out, or the computer slept: the count begins anew.
    pub(crate) fn begin_anew(&mut self, now_ms: u64) {
        self.out_since_ms = self.out_since_ms.map(|_| now_ms);
        self.working_since_ms = self.working_since_ms.map(|_| now_ms);
    }

    fn since_ms(&self) -> Option<u64> {
        self.out_since_ms.into_iter().chain(self.working_since_ms).min()
    }

    /// When it is time to look again.
    pub(crate) fn due_ms(&self) -> Option<u64> {
        self.since_ms().map(|since| since + STUCK_AFTER_MS)
    }

    /// Since when nothing has moved, if that is too long.
    pub(crate) fn stuck_since(&self, now_ms: u64) -> Option<u64> {
        self.since_ms().filter(|since| now_ms >= since + STUCK_AFTER_MS)
    }

    pub(crate) fn shift_back(&mut self, by_ms: u64) {
        self.out_since_ms = self.out_since_ms.map(|since| since.saturating_sub(by_ms));
        self.working_since_ms = self.working_since_ms.map(|since| since.saturating_sub(by_ms));
    }
}

fn since(before: Option<u64>, waits: bool, moves: bool, now_ms: u64) -> Option<u64> {
    match (waits, moves) {
        (false, _) => None,
        (true, true) => Some(now_ms),
        (true, false) => before.or(Some(now_ms)),
    }
}
