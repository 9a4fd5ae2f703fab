//! What sync did since the vault was opened, in numbers. No names, and nothing of any note.

use std::time::Duration;

use holdfast_protocol::Traffic;
use holdfast_sync::{Event, Step};

/// Steps are counted by how long they took: up to each of these, in milliseconds, and over the last.
pub const LATENCY_MS: [u64; 8] = [10, 30, 100, 300, 1_000, 3_000, 10_000, 60_000];

/// The steps of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StepCount {
    pub done: u64,
    pub failed: u64,
    pub total_ms: u64,
    pub longest_ms: u64,
    /// By [`LATENCY_MS`].
    pub took: [u64; LATENCY_MS.len() + 1],
    pub traffic: Traffic,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SyncMetrics {
    pub pushes: StepCount,
    pub pulls: StepCount,
    pub uploads: StepCount,
    pub fetches: StepCount,
    /// Times that the server told of a change, and those of them that this device knew already.
    pub pokes: u64,
    pub pokes_known: u64,
    /// Streams of events that were opened, and that ended without being asked to.
    pub streams: u64,
    pub streams_broken: u64,
    pub local_changes: u64,
    /// Networks that came, and sleeps that ended.
    pub wakes: u64,
    /// The most that ever waited.
    pub longest_queue: u32,
}

impl SyncMetrics {
    pub(super) fn event(&mut self, event: Event) {
        match event {
            Event::Poke(_) => self.pokes += 1,
            Event::LocalChange => self.local_changes += 1,
            Event::NetworkUp => self.wakes += 1,
            Event::Live(true) => self.streams += 1,
            _ => {}
        }
    }

    pub(super) fn step(&mut self, step: Step, took: Duration, traffic: Traffic, ok: bool) {
        let count = match step {
            Step::Push => &mut self.pushes,
            Step::Pull => &mut self.pulls,
            Step::UploadBlob => &mut self.uploads,
            Step::FetchBlob => &mut self.fetches,
        };
        let took_ms = took.as_millis() as u64;
        if ok {
            count.done += 1;
        } else {
            count.failed += 1;
        }
        count.total_ms += took_ms;
        count.longest_ms = count.longest_ms.max(took_ms);
        count.took[LATENCY_MS.iter().filter(|ms| took_ms > **ms).count()] += 1;
        count.traffic += traffic;
    }
}
