//! Files that could not be had, and when each is asked for again: one that the server lost, or for which this disk has
//! no room, keeps neither the others nor the notes waiting.

use std::collections::BTreeMap;
use std::sync::Mutex;

use super::driver::held;

const FIRST_MS: u64 = 30_000;
const LONGEST_MS: u64 = 3_600_000;

/// By content. Kept while the program runs.
#[derive(Default)]
pub(super) struct Later(Mutex<BTreeMap<[u8; 32], Tried>>);

struct Tried {
    times: u32,
    again_ms: u64,
}

impl Later {
    /// True until it is time to ask for the file again. `now_ms` is the engine's time.
    pub fn has(&self, content: &[u8; 32], now_ms: u64) -> bool {
        held(&self.0).get(content).is_some_and(|tried| now_ms < tried.again_ms)
    }

    /// It could not be had: each time it waits twice as long as before, up to an hour.
    pub fn put(&self, content: [u8; 32], now_ms: u64) {
        let mut all = held(&self.0);
        let tried = all.entry(content).or_insert(Tried { times: 0, again_ms: 0 });
        tried.again_ms = now_ms + (FIRST_MS << tried.times.min(7)).min(LONGEST_MS);
        tried.times += 1;
    }

    /// Some of it came.
    pub fn forget(&self, content: &[u8; 32]) {
        held(&self.0).remove(content);
    }

    /// Somebody asks for everything, now.
    pub fn clear(&self) {
        held(&self.0).clear();
    }
}
