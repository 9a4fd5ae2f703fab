//! How a server is set up.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use holdfast_protocol::limits::{EVENTS_KEEP_ALIVE, REQUEST_TIMEOUT};
use holdfast_protocol::{LogAnswer, ProtocolError, PushOutcome};

use crate::ServerError;

/// Milliseconds since 1970.
pub type Clock = Arc<dyn Fn() -> u64 + Send + Sync>;

/// The machine's clock.
pub fn system_clock() -> Clock {
    Arc::new(|| SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64))
}

/// Gets what an honest server would answer.
type Hook<T> = Arc<dyn Fn(T) -> Result<T, ProtocolError> + Send + Sync>;

/// Makes a hostile server out of an honest one, for tests: each hook gets the honest answer and gives another,
/// or an error in its place (as when an answer is lost after the commit). No command line reaches it.
#[derive(Clone, Default)]
pub struct Tamper {
    pub push: Option<Hook<PushOutcome>>,
    pub log: Option<Hook<LogAnswer>>,
    pub blob: Option<Hook<Vec<u8>>>,
    /// The sealed keys, wherever they are handed out.
    pub keys: Option<Hook<Vec<u8>>>,
}

impl Tamper {
    pub(crate) fn apply<T>(hook: Option<&Hook<T>>, honest: T) -> Result<T, ProtocolError> {
        match hook {
            Some(hook) => hook(honest),
            None => Ok(honest),
        }
    }
}

type Fill = dyn Fn(&mut [u8]) -> Result<(), ServerError> + Send + Sync;

/// Where the server's tokens, salts and ids come from: the operating system. Only a build with the feature
/// `simulation`, which no program has, can make another (`Randomness::simulated`).
#[derive(Clone)]
pub struct Randomness(Arc<Fill>);

impl Default for Randomness {
    fn default() -> Self {
        Self(Arc::new(|bytes: &mut [u8]| getrandom::fill(bytes).map_err(|_| ServerError::Randomness)))
    }
}

impl Randomness {
    /// Randomness that can be repeated, which makes every token worthless: for the simulator.
    #[cfg(feature = "simulation")]
    pub fn simulated(fill: impl Fn(&mut [u8]) + Send + Sync + 'static) -> Self {
        Self(Arc::new(move |bytes: &mut [u8]| {
            fill(bytes);
            Ok(())
        }))
    }

    pub(crate) fn bytes<const N: usize>(&self) -> Result<[u8; N], ServerError> {
        let mut bytes = [0; N];
        (self.0)(&mut bytes)?;
        Ok(bytes)
    }
}

/// Where a [`Core`](crate::Core) waits for its disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Work {
    /// On Tokio's threads for what blocks: other requests go on meanwhile.
    #[default]
    OnThreads,
    /// Where it is asked, one request after the other: for the simulator, whose runs must be the same twice.
    InPlace,
}

/// What a [`Core`](crate::Core) takes from outside.
#[derive(Clone)]
pub struct CoreOptions {
    pub clock: Clock,
    /// The most bytes of bodies and blobs that one space may hold; no limit if absent.
    pub quota_bytes: Option<u64>,
    pub tamper: Tamper,
    pub randomness: Randomness,
    pub work: Work,
    pub releases: ReleaseTimes,
}

/// When blobs that nothing names any more go. Milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReleaseTimes {
    /// From the release on.
    pub grace_ms: u64,
    /// So much counts at most between two requests: a clock that jumps a year is a clock that was set.
    pub step_ms: u64,
    /// Who was not heard of for so long is not waited for.
    pub silent_ms: u64,
}

impl Default for ReleaseTimes {
    fn default() -> Self {
        const DAY_MS: u64 = 24 * 3_600_000;
        Self { grace_ms: 30 * DAY_MS, step_ms: DAY_MS, silent_ms: 180 * DAY_MS }
    }
}

impl Default for CoreOptions {
    fn default() -> Self {
        Self {
            clock: system_clock(),
            quota_bytes: None,
            tamper: Tamper::default(),
            randomness: Randomness::default(),
            work: Work::default(),
            releases: ReleaseTimes::default(),
        }
    }
}

#[derive(Clone)]
pub struct ServerConfig {
    /// Made if it is not there, for its owner only.
    pub data: PathBuf,
    /// `ADDR:PORT`; port 0 lets the system choose.
    pub listen: String,
    /// `https://host[:port]` as other computers reach it; by default made from the bound address.
    pub public_url: Option<String>,
    /// How long the join link of this start lets accounts be created.
    pub invite_ttl_s: u64,
    /// The data came from a backup: each log begins a new epoch before anything is served.
    pub restored: bool,
    /// How often a stream of events says that it is alive. Clients expect [`EVENTS_KEEP_ALIVE`].
    pub keep_alive: Duration,
    /// So long a new connection may take until its first request has come, and over HTTP/1 each next one. (Of HTTP/2 a
    /// connection may be idle between requests while it answers pings.)
    pub head_timeout: Duration,
    /// So long a request's body may take beside what its length takes on the slowest line. No shorter than clients wait,
    /// or what they send is thrown away just before its end.
    pub body_timeout: Duration,
    pub options: CoreOptions,
}

impl ServerConfig {
    /// Seven days.
    pub const INVITE_TTL_S: u64 = 7 * 24 * 3600;

    pub fn new(data: impl Into<PathBuf>, listen: impl Into<String>) -> Self {
        Self {
            data: data.into(),
            listen: listen.into(),
            public_url: None,
            invite_ttl_s: Self::INVITE_TTL_S,
            restored: false,
            keep_alive: EVENTS_KEEP_ALIVE,
            head_timeout: Duration::from_secs(30),
            body_timeout: REQUEST_TIMEOUT,
            options: CoreOptions::default(),
        }
    }
}
