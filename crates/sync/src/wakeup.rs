//! Noticing that the computer slept.

/// Two clocks that are looked at together may drift so far apart.
const SLACK_MS: u64 = 15_000;

/// Compares a clock that stands still while the computer sleeps with one that does not.
#[derive(Clone, Copy, Debug, Default)]
pub struct SleepWatch {
    last: Option<(u64, u64)>,
}

impl SleepWatch {
    /// True where the wall clock has gone much further than the steady one since the last look: the computer slept,
    /// or its clock was set forward, for which a sync does no harm. Milliseconds both.
    pub fn has_slept(&mut self, steady_ms: u64, wall_ms: u64) -> bool {
        let last = self.last.replace((steady_ms, wall_ms));
        last.is_some_and(|(steady, wall)| {
            wall_ms.saturating_sub(wall) > steady_ms.saturating_sub(steady).saturating_add(SLACK_MS)
        })
    }
}
