//! A clock that moves when it is told to.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use holdfast_notebook::Env;

/// Where test clocks start: milliseconds since 1970, in the year 2027.
pub const START_MS: u64 = 1_800_000_000_000;

/// Clones share one hand.
#[derive(Clone, Debug)]
pub struct TestClock {
    hand: Arc<AtomicU64>,
    /// What devices pack at once.
    packs: Arc<AtomicU64>,
}

impl Default for TestClock {
    fn default() -> Self {
        Self { hand: Arc::new(AtomicU64::new(START_MS)), packs: Arc::new(AtomicU64::new(u64::MAX)) }
    }
}

impl TestClock {
    pub fn now_ms(&self) -> u64 {
        self.hand.load(Ordering::SeqCst)
    }

    pub fn set(&self, ms: u64) {
        self.hand.store(ms, Ordering::SeqCst);
    }

    pub fn advance(&self, ms: u64) {
        self.hand.fetch_add(ms, Ordering::SeqCst);
    }

    /// The devices pack so many places of the log at once from now on; a power of two.
    pub fn pack_every(&self, places: u64) {
        self.packs.store(places, Ordering::SeqCst);
    }

    pub fn env(&self) -> Env {
        let clock = self.clone();
        Env::with_clock(move || clock.now_ms()).with_pack_block(self.packs.clone())
    }

    pub(crate) fn for_server(&self) -> holdfast_server::Clock {
        let clock = self.clone();
        Arc::new(move || clock.now_ms())
    }
}
