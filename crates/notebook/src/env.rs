//! What a vault takes from outside: the clock and randomness.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use holdfast_crypto::{CryptoError, OsRng, Rng};

use crate::{NotebookError, Result};

type Fill = dyn Fn(&mut [u8]) -> Result<(), CryptoError> + Send + Sync;

/// What is simulated beside the clock and the randomness.
#[cfg(feature = "simulation")]
#[derive(Clone)]
pub struct Simulated {
    /// While true the program does as one of before the newest parts of the formats: see [`Env::is_older`].
    pub older: Arc<dyn Fn() -> bool + Send + Sync>,
    /// The database's pages are not encrypted: for worlds in which they are not what is looked at, since AES and SHA-512
    /// of each page are a fifth of all that such a world does.
    pub plain_pages: bool,
    /// So many notes may go at once without a question: worlds are small.
    pub few_notes: u64,
}

/// The clock and the randomness of a vault: everything random here (ids, keys, salts, jitter) is asked of it.
///
/// Tests replace the clock. Randomness is the operating system's; only a build with the feature `simulation`, which
/// no program has, can make an `Env` with another (`Env::simulated`).
#[derive(Clone)]
pub struct Env {
    now_ms: Arc<dyn Fn() -> u64 + Send + Sync>,
    fill: Arc<Fill>,
    pack_block: Arc<AtomicU64>,
    pack_waits_ms: u64,
    release_times: ReleaseTimes,
    history_day_ms: u64,
    history_waits_ms: u64,
    #[cfg(feature = "simulation")]
    simulated: Option<Simulated>,
}

/// History is packed in parts of so many places of the log. Devices agree on it without talking.
const PACK_BLOCK: u64 = holdfast_protocol::limits::MAX_PACK_ENTRIES as u64;

/// A device that was not heard of for so long does not keep history from being packed. (DESIGN.md, section 3.)
const ACTIVE_MS: u64 = 180 * 24 * 3_600_000;

const DAY_MS: u64 = 24 * 3_600_000;

/// When the bytes of files go that nothing names any more. Milliseconds, by the vault's own time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReleaseTimes {
    /// For so long nothing names a file before that is said.
    pub wait_ms: u64,
    /// From then on.
    pub grace_ms: u64,
    /// So much counts at most between two looks at the clock.
    pub step_ms: u64,
}

impl Default for ReleaseTimes {
    fn default() -> Self {
        Self { wait_ms: DAY_MS, grace_ms: 30 * DAY_MS, step_ms: DAY_MS }
    }
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
        Self {
            now_ms: Arc::new(now_ms),
            fill: Arc::new(|bytes: &mut [u8]| OsRng.fill(bytes)),
            pack_block: block(),
            pack_waits_ms: ACTIVE_MS,
            release_times: ReleaseTimes::default(),
            history_day_ms: DAY_MS,
            history_waits_ms: ACTIVE_MS,
            #[cfg(feature = "simulation")]
            simulated: None,
        }
    }

    /// With randomness that can be repeated, which makes every key worthless: for the simulator.
    #[cfg(feature = "simulation")]
    pub fn simulated(
        now_ms: impl Fn() -> u64 + Send + Sync + 'static,
        fill: impl Fn(&mut [u8]) + Send + Sync + 'static,
        simulated: Simulated,
    ) -> Self {
        let fill = move |bytes: &mut [u8]| {
            fill(bytes);
            Ok(())
        };
        holdfast_crypto::kdf::simulated::begin();
        Self {
            now_ms: Arc::new(now_ms),
            fill: Arc::new(fill),
            pack_block: block(),
            pack_waits_ms: ACTIVE_MS,
            release_times: ReleaseTimes::default(),
            history_day_ms: DAY_MS,
            history_waits_ms: ACTIVE_MS,
            simulated: Some(simulated),
        }
    }

    /// For tests: history is packed in parts of so many places of the log, a power of two. May change later.
    #[doc(hidden)]
    #[must_use]
    pub fn with_pack_block(self, places: Arc<AtomicU64>) -> Self {
        Self { pack_block: places, ..self }
    }

    /// For the simulator: history is packed whoever has not read it yet, which is more than a device has to stand.
    #[cfg(feature = "simulation")]
    #[must_use]
    pub fn packs_without_waiting(self) -> Self {
        Self { pack_waits_ms: 0, ..self }
    }

    /// For the simulator, in which months pass in minutes.
    #[cfg(feature = "simulation")]
    #[must_use]
    pub fn with_release_times(self, release_times: ReleaseTimes) -> Self {
        Self { release_times, ..self }
    }

    /// For the simulator: what counts as a day where history is thinned, and for how long that waits for a device that says
    /// nothing.
    #[cfg(feature = "simulation")]
    #[must_use]
    pub fn with_history_times(self, history_day_ms: u64, history_waits_ms: u64) -> Self {
        Self { history_day_ms, history_waits_ms, ..self }
    }

    pub(crate) fn history_waits_ms(&self) -> u64 {
        self.history_waits_ms
    }

    /// A day, of the vault's own time, where history is thinned.
    pub(crate) fn history_day_ms(&self) -> u64 {
        self.history_day_ms
    }

    pub(crate) fn release_times(&self) -> ReleaseTimes {
        self.release_times
    }

    /// For how long history waits for a device that says nothing.
    pub(crate) fn pack_waits_ms(&self) -> u64 {
        self.pack_waits_ms
    }

    pub(crate) fn pack_block(&self) -> u64 {
        self.pack_block.load(Ordering::Relaxed).clamp(1, PACK_BLOCK)
    }

    /// True where the program is to do as an earlier one: the number of the merge before, whole seals, batches without
    /// what was added to them later. No program does.
    #[cfg(feature = "simulation")]
    pub(crate) fn is_older(&self) -> bool {
        self.simulated.as_ref().is_some_and(|simulated| (simulated.older)())
    }

    #[cfg(not(feature = "simulation"))]
    #[allow(clippy::unused_self)]
    pub(crate) const fn is_older(&self) -> bool {
        false
    }

    /// The number of the merges by which this program shows what it shows: a revision carries it.
    pub(crate) fn merge_algo(&self) -> u32 {
        holdfast_merge::ALGO - u32::from(self.is_older())
    }

    #[cfg(feature = "simulation")]
    pub(crate) fn plain_pages(&self) -> bool {
        self.simulated.as_ref().is_some_and(|simulated| simulated.plain_pages)
    }

    /// True where what writes also reads. Nothing goes on beside anything else in the simulator, and a connection for
    /// reading begins anew with every page after each write.
    #[cfg(feature = "simulation")]
    pub(crate) fn one_connection(&self) -> bool {
        self.plain_pages()
    }

    #[cfg(not(feature = "simulation"))]
    #[allow(clippy::unused_self)]
    pub(crate) const fn one_connection(&self) -> bool {
        false
    }

    /// So many notes may go at once without a question: `few`, but in the simulator.
    #[cfg(feature = "simulation")]
    pub(crate) fn few_notes(&self, few: u64) -> u64 {
        self.simulated.as_ref().map_or(few, |simulated| simulated.few_notes)
    }

    #[cfg(not(feature = "simulation"))]
    #[allow(clippy::unused_self)]
    pub(crate) const fn few_notes(&self, few: u64) -> u64 {
        few
    }

    /// Refuses a program that was built together with the simulator ("cargo build" of the whole workspace gives every crate
    /// its feature): it has small limits and small parts of files, and would write what others cannot read.
    #[cfg(feature = "simulation")]
    pub(crate) fn check_build(&self) -> crate::Result<()> {
        let why = "this program was built together with the simulator; build it by itself, with --package";
        if self.simulated.is_some() { Ok(()) } else { Err(crate::NotebookError::Invalid(why.into())) }
    }

    #[cfg(not(feature = "simulation"))]
    #[allow(clippy::unused_self, clippy::unnecessary_wraps)]
    pub(crate) const fn check_build(&self) -> crate::Result<()> {
        Ok(())
    }

    /// Milliseconds since 1970.
    pub fn now_ms(&self) -> u64 {
        (self.now_ms)()
    }

    /// Fresh random bytes for an id.
    pub fn random<const N: usize>(&self) -> Result<[u8; N]> {
        let mut bytes = [0; N];
        (self.fill)(&mut bytes).map_err(NotebookError::from)?;
        Ok(bytes)
    }

    /// For keys and seals.
    pub(crate) fn rng(&self) -> EnvRng<'_> {
        EnvRng(&*self.fill)
    }
}

fn block() -> Arc<AtomicU64> {
    Arc::new(AtomicU64::new(PACK_BLOCK))
}

/// An [`Env`]'s randomness, as the seals want it.
pub(crate) struct EnvRng<'a>(&'a Fill);

impl Rng for EnvRng<'_> {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), CryptoError> {
        (self.0)(bytes)
    }
}
