//! Full jitter (Brooker, "Exponential Backoff and Jitter", AWS 2015), 1 s to 5 min.

pub const MIN_DELAY_MS: u64 = 1_000;
pub const MAX_DELAY_MS: u64 = 5 * 60 * 1_000;

/// Counts failures in a row.
#[derive(Clone, Copy, Debug, Default)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    pub fn failures(self) -> u32 {
        self.failures
    }

    pub fn reset(&mut self) {
        self.failures = 0;
    }

    /// The delay after one more failure: uniform between the minimum and a ceiling that doubles. `jitter` is a
    /// random number over the whole range of `u64`.
    pub fn fail(&mut self, jitter: u64) -> u64 {
        let ceiling = MIN_DELAY_MS.saturating_mul(2_u64.saturating_pow(self.failures + 1)).min(MAX_DELAY_MS);
        self.failures = self.failures.saturating_add(1).min(32);
        MIN_DELAY_MS + jitter % (ceiling - MIN_DELAY_MS + 1)
    }
}
