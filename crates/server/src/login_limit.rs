//! Slows down guessing: after ten failures in a minute a user name has to wait.

use std::collections::HashMap;

const WINDOW_MS: u64 = 60_000;
const MAX_FAILURES: usize = 10;
/// Above this many names, those whose window is over are forgotten.
const SWEEP_ABOVE: usize = 10_000;

/// Failures by folded user name, in memory: a restart forgives.
#[derive(Default)]
pub(crate) struct LoginLimit {
    failures: HashMap<String, Vec<u64>>,
}

impl LoginLimit {
    /// The seconds to wait, if this name has to.
    pub(crate) fn wait_s(&mut self, user: &str, now_ms: u64) -> Option<u32> {
        let failures = self.failures.get_mut(user)?;
        // What is of later was noted by a clock that was ahead.
        failures.retain(|at| now_ms < at.saturating_add(WINDOW_MS) && *at < now_ms.saturating_add(WINDOW_MS));
        let freed_by = failures.len().checked_sub(MAX_FAILURES)?;
        let free_at = failures[freed_by].saturating_add(WINDOW_MS);
        Some(free_at.saturating_sub(now_ms).div_ceil(1000).max(1) as u32)
    }

    pub(crate) fn failed(&mut self, user: &str, now_ms: u64) {
        if crate::planted("guesses-uncounted") {
            return;
        }
        if self.failures.len() > SWEEP_ABOVE {
            self.failures.retain(|_, all| all.iter().any(|at| now_ms < at.saturating_add(WINDOW_MS)));
        }
        self.failures.entry(user.to_owned()).or_default().push(now_ms);
    }

    pub(crate) fn succeeded(&mut self, user: &str) {
        self.failures.remove(user);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_eleventh_waits_until_the_first_is_a_minute_old() {
        let mut limit = LoginLimit::default();
        for n in 0..10 {
            assert_eq!(limit.wait_s("ada", 1000 + n), None);
            limit.failed("ada", 1000 + n);
        }
        assert_eq!(limit.wait_s("ada", 1010), Some(60));
        assert_eq!(limit.wait_s("bob", 1010), None);
        assert_eq!(limit.wait_s("ada", 60_999), Some(1));
        assert_eq!(limit.wait_s("ada", 61_000), None);
    }

    #[test]
    fn a_clock_that_was_ahead_locks_nobody_out() {
        let mut limit = LoginLimit::default();
        (0..10).for_each(|_| limit.failed("ada", 4_000_000_000_000));
        assert_eq!(limit.wait_s("ada", 1_800_000_000_000), None);
        // Back by less than the window: as if they were of now.
        (0..10).for_each(|_| limit.failed("ada", 60_000));
        assert_eq!(limit.wait_s("ada", 30_000), Some(90));
    }

    #[test]
    fn success_forgives() {
        let mut limit = LoginLimit::default();
        (0..10).for_each(|_| limit.failed("ada", 0));
        limit.succeeded("ada");
        assert_eq!(limit.wait_s("ada", 0), None);
    }
}
