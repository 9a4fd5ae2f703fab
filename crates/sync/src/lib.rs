//! The sync engine as a state machine without I/O: events in, effects out. Time and randomness are inputs.
//!
//! It decides *when* and *what next*; whoever drives it does the requests, the database and the sealing, and
//! reports back. So a table can test it, and a simulator can drive it through any order of events.

mod backoff;
mod engine;
mod plan;
mod state;

pub use backoff::{Backoff, MAX_DELAY_MS, MIN_DELAY_MS};
pub use engine::{Effect, Engine, Event, Failure, StepReport};
pub use plan::{Cycle, Facts, Step, plan};
pub use state::{SyncState, state};
