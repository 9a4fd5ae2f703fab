//! What a vault takes from outside: the clock, randomness, and this computer's name.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use holdfast_crypto::Rng;

use crate::{NotebookError, Result};

/// The clock and the randomness of a vault. Tests replace the clock; nobody replaces [`holdfast_crypto::OsRng`]
/// for keys.
#[derive(Clone)]
pub struct Env {
    now_ms: Arc<dyn Fn() -> u64 + Send + Sync>,
}

impl Env {
    /// The computer's own clock.
    pub fn system() -> Self {
        Self::with_clock(|| {
            // A clock before 1970 reads as 1970; the HLC does not go back with it.
            SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_millis() as u64)
        })
    }

    pub fn with_clock(now_ms: impl Fn() -> u64 + Send + Sync + 'static) -> Self {
        Self { now_ms: Arc::new(now_ms) }
    }

    /// Milliseconds since 1970.
    pub fn now_ms(&self) -> u64 {
        (self.now_ms)()
    }

    /// Fresh random bytes for an id.
    pub fn random<const N: usize>(&self) -> Result<[u8; N]> {
        let mut bytes = [0; N];
        holdfast_crypto::OsRng.fill(&mut bytes).map_err(NotebookError::from)?;
        Ok(bytes)
    }
}
