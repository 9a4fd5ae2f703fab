//! Full jitter (Brooker, "Exponential Backoff and Jitter", AWS 2015), 1 s to 5 min, and a circuit breaker on it.

pub const MIN_DELAY_MS: u64 = 1_000;
pub const MAX_DELAY_MS: u64 = 5 * 60 * 1_000;
/// After so many failures in a row the circuit opens: nothing but time, a network or a person makes it try.
pub const OPEN_AFTER: u32 = 5;
/// The longest wait that a server may ask for: one that asks for a year is broken, not busy.
pub const MAX_RETRY_AFTER_MS: u64 = 60 * 60 * 1_000;

/// Counts failures in a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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

    /// What the failures so far make of the circuit, while no request is under way.
    pub fn circuit(self) -> Circuit {
        if self.failures >= OPEN_AFTER { Circuit::Open } else { Circuit::Closed }
    }
}

/// Whether requests flow. Protects a server that struggles from everybody's full work at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Circuit {
    /// They do.
    Closed,
    /// They do not: too many failed in a row.
    Open,
    /// One small request is under way, to see whether they may again.
    HalfOpen,
}
