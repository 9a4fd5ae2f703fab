//! Many small causes, few requests: local changes wait for a moment of quiet, pokes keep a distance.

/// So long without another change, and what there is goes out.
pub const QUIET_MS: u64 = 40;
/// Changes that keep coming are held back at most so long; longer each time that they still come (an import).
const FIRST_BOUND_MS: u64 = 400;
const LAST_BOUND_MS: u64 = 30_000;

/// Local changes on their way to one push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Changes {
    /// When the burst began and when it goes out.
    burst: Option<(u64, u64)>,
    bound_ms: u64,
}

impl Default for Changes {
    fn default() -> Self {
        Self { burst: None, bound_ms: FIRST_BOUND_MS }
    }
}

impl Changes {
    pub(crate) fn one_more(&mut self, now_ms: u64) {
        let first_ms = self.burst.map_or(now_ms, |(first, _)| first);
        self.burst = Some((first_ms, (now_ms + QUIET_MS).min(first_ms + self.bound_ms)));
    }

    /// When they are to go out, if there are any.
    pub(crate) fn due_ms(&self) -> Option<u64> {
        self.burst.map(|(_, due)| due)
    }

    /// They go out now. A burst that was cut off by its bound makes the next bound longer; quiet ends that.
    pub(crate) fn go(&mut self) {
        let cut = self.burst.is_some_and(|(first, due)| due >= first + self.bound_ms);
        self.bound_ms = if cut { (self.bound_ms * 2).min(LAST_BOUND_MS) } else { FIRST_BOUND_MS };
        self.burst = None;
    }

    /// They went out with something else.
    pub(crate) fn forget(&mut self) {
        self.burst = None;
    }

    pub(crate) fn shift_back(&mut self, by_ms: u64) {
        self.burst = self.burst.map(|(first, due)| (first.saturating_sub(by_ms), due.saturating_sub(by_ms)));
    }
}

/// Cycles that begin because of a poke are at least so far apart.
const FIRST_GAP_MS: u64 = 200;
/// As far apart as polls, where pokes announce what then does not come.
const LAST_GAP_MS: u64 = 15_000;

/// How far apart pokes may cause requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct PokeGap {
    began_ms: Option<u64>,
    gap_ms: u64,
}

impl PokeGap {
    pub(crate) fn due_ms(&self, now_ms: u64) -> u64 {
        self.began_ms.map_or(now_ms, |began| now_ms.max(began + self.gap_ms))
    }

    pub(crate) fn began(&mut self, now_ms: u64) {
        self.began_ms = Some(now_ms);
    }

    /// What a cycle that a poke began has brought.
    pub(crate) fn brought(&mut self, anything: bool) {
        self.gap_ms = if anything { FIRST_GAP_MS } else { (self.gap_ms * 2).clamp(FIRST_GAP_MS, LAST_GAP_MS) };
    }

    pub(crate) fn shift_back(&mut self, by_ms: u64) {
        self.began_ms = self.began_ms.map(|began| began.saturating_sub(by_ms));
    }
}
