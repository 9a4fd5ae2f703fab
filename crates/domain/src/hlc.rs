//! Hybrid logical clocks (Kulkarni et al., "Logical Physical Clocks", 2014). They order what is shown first
//! among equals; they never decide what is kept: causality is the revision graph.

use crate::DeviceId;

/// A clock does not follow a stamp further ahead of its own wall clock than this.
pub const MAX_AHEAD_MS: u64 = 5 * 60 * 1000;

/// A reading: wall-clock milliseconds since 1970 and a counter within them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hlc {
    pub ms: u64,
    pub counter: u32,
}

/// When and where a value was written. Ordered by (HLC, device), the same on every device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp {
    pub hlc: Hlc,
    pub device: DeviceId,
}

impl Stamp {
    /// Older than every stamp a device makes; what removed terms carry.
    pub const ZERO: Self = Self { hlc: Hlc { ms: 0, counter: 0 }, device: DeviceId([0; 16]) };
}

/// A device's clock. Time is an input: the caller passes the wall clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct Clock {
    last: Hlc,
}

impl Clock {
    /// Continues from the newest reading that was stored.
    pub fn resume(last: Hlc) -> Self {
        Self { last }
    }

    /// The newest reading given out or followed.
    pub fn last(&self) -> Hlc {
        self.last
    }

    /// A reading greater than every one before it, also when the wall clock stands still or was set back.
    pub fn tick(&mut self, wall_ms: u64) -> Hlc {
        self.last = if wall_ms > self.last.ms || wall_ms == self.last.ms && crate::planted("stamps-repeat") {
            Hlc { ms: wall_ms, counter: 0 }
        } else {
            match self.last.counter.checked_add(1) {
                Some(counter) => Hlc { ms: self.last.ms, counter },
                None => Hlc { ms: self.last.ms + 1, counter: 0 },
            }
        };
        self.last
    }

    /// Follows another device's reading, unless it is too far ahead of `wall_ms` to be believed.
    pub fn observe(&mut self, seen: Hlc, wall_ms: u64) {
        if seen > self.last
            && !crate::planted("hlc-not-observed")
            && (seen.ms <= wall_ms.saturating_add(MAX_AHEAD_MS) || crate::planted("far-future-followed"))
        {
            self.last = if crate::planted("counter-not-observed") { Hlc { counter: 0, ..seen } } else { seen };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readings_only_grow_even_when_the_clock_is_set_to_1970() {
        let mut clock = Clock::default();
        let mut before = clock.tick(1_000);
        for wall in [1_000, 0, 999, 1_001, 5] {
            let now = clock.tick(wall);
            assert!(now > before);
            before = now;
        }
    }

    #[test]
    fn a_stamp_from_the_far_future_is_not_followed() {
        let mut clock = Clock::default();
        clock.tick(1_000);
        clock.observe(Hlc { ms: 1_000 + MAX_AHEAD_MS + 1, counter: 0 }, 1_000);
        assert_eq!(clock.last().ms, 1_000);
        clock.observe(Hlc { ms: 1_000 + MAX_AHEAD_MS, counter: 7 }, 1_000);
        assert!(clock.tick(1_000) > Hlc { ms: 1_000 + MAX_AHEAD_MS, counter: 7 });
    }
}
