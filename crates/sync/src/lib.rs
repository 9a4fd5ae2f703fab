//! The sync engine as a state machine without I/O: events in, effects out. Time and randomness are inputs.
//!
//! It decides *when* and *what next*; whoever drives it does the requests, the database and the sealing, and
//! reports back. So a table can test it, and a simulator can drive it through any order of events.
//!
//! **Invariant:** while something waits, the engine has an appointment, unless it is paused, signed out, or stopped.
//! **Invariant:** one step at a time.

/// Whether a deliberate bug shows here, for the simulator to find. Never in a program.
#[cfg(feature = "simulation")]
use holdfast_mutants::planted;
#[cfg(not(feature = "simulation"))]
const fn planted(_: &str) -> bool {
    false
}

mod backoff;
mod burst;
mod engine;
mod plan;
mod state;
mod stream;
mod wakeup;
mod watchdog;

pub use backoff::{Backoff, Circuit, MAX_DELAY_MS, MAX_RETRY_AFTER_MS, MIN_DELAY_MS, OPEN_AFTER};
pub use burst::{FIRST_QUIET_MS, QUIET_MS};
pub use engine::{Effect, Engine, Event, Failure, POLL_ACTIVE_MS, POLL_IDLE_MS, POLL_LIVE_MS, StepReport};
pub use plan::{Cycle, Facts, Position, Step, plan};
pub use state::{SyncState, state};
pub use stream::{Stream, StreamEffect, StreamEvent};
pub use wakeup::SleepWatch;
pub use watchdog::STUCK_AFTER_MS;
