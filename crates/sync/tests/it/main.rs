//! The engine without I/O: what it does next, given what is.
#![allow(clippy::unwrap_used)]

mod bursts;
mod files;
mod plan;
mod props;
mod stream;
mod table;
mod trouble;

use holdfast_sync::{Effect, Engine, Event, Facts, Position, StepReport};

/// A device with an account that has read the log up to 5.
fn facts() -> Facts {
    Facts { has_server: true, signed_in: true, log_known: true, read: at(5), ..Facts::default() }
}

fn at(seq: u64) -> Position {
    Position { log_epoch: 1, seq, link: [seq as u8; 32] }
}

const CAUGHT_UP: Event = Event::StepDone(StepReport { caught_up: true, moved: false, blob_skipped: false });
const MOVED: Event = Event::StepDone(StepReport { caught_up: true, moved: true, blob_skipped: false });

/// An engine whose first cycle has ended well at that time.
fn confirmed(now_ms: u64) -> Engine {
    let mut engine = Engine::default();
    assert!(matches!(engine.handle(Event::Wake, &facts(), now_ms, 0), Effect::Run(_)));
    assert!(matches!(engine.handle(CAUGHT_UP, &facts(), now_ms, 0), Effect::WaitUntil(_)));
    engine
}
