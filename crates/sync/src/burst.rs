//! Many small causes, few requests: local changes wait for a moment of quiet, pokes keep a distance.

/// So long without another change, and what there is goes out.
pub const QUIET_MS: u64 = 40;
/// As [`QUIET_MS`], for the first change after a while: it is most likely the only one.
pub const FIRST_QUIET_MS: u64 = 10;
/// Where changes keep coming just too late for each other, the quiet doubles up to this, and no further: somebody may
/// be looking at each of them on another computer, where it has to be within 300 ms.
const LAST_QUIET_MS: u64 = 160;
/// What comes so long after the last went out is not too late for it: it is a change of its own.
const A_WHILE_MS: u64 = 160;
/// Changes that keep coming are held back at most so long; longer each time that they still come (an import).
const FIRST_BOUND_MS: u64 = 400;
const LAST_BOUND_MS: u64 = 30_000;

// Units stand last in every name.
#[allow(clippy::struct_field_names)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Burst {
    began_ms: u64,
    /// What it waits for; it stays the same for all of it.
    quiet_ms: u64,
    /// When it goes out.
    due_ms: u64,
}

/// Local changes on their way to one push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Changes {
    burst: Option<Burst>,
    bound_ms: u64,
    /// When the last one went out, and what it had waited for.
    went: Option<(u64, u64)>,
}

impl Default for Changes {
    fn default() -> Self {
        Self { burst: None, bound_ms: FIRST_BOUND_MS, went: None }
    }
}

impl Changes {
    pub(crate) fn one_more(&mut self, now_ms: u64) {
        let mut burst = self.burst.unwrap_or_else(|| {
            let quiet_ms = match self.went {
                Some((at, quiet_ms)) if now_ms < at + A_WHILE_MS => (2 * quiet_ms).clamp(QUIET_MS, LAST_QUIET_MS),
                _ => FIRST_QUIET_MS,
            };
            Burst { began_ms: now_ms, quiet_ms, due_ms: now_ms }
        });
        burst.due_ms = (now_ms + burst.quiet_ms).min(burst.began_ms + self.bound_ms);
        self.burst = Some(burst);
    }

    /// When they are to go out, if there are any.
    pub(crate) fn due_ms(&self) -> Option<u64> {
        self.burst.map(|burst| burst.due_ms)
    }

    /// They go out now. A burst that was cut off by its bound makes the next bound longer; quiet ends that.
    pub(crate) fn go(&mut self, now_ms: u64) {
        if let Some(burst) = self.burst {
            self.went = Some((now_ms, burst.quiet_ms));
        }
        let cut = self.burst.is_some_and(|burst| burst.due_ms >= burst.began_ms + self.bound_ms);
        self.bound_ms = if cut { (self.bound_ms * 2).min(LAST_BOUND_MS) } else { FIRST_BOUND_MS };
        self.burst = None;
    }

    /// They went out with something else.
    pub(crate) fn forget(&mut self) {
        self.burst = None;
    }

    pub(crate) fn shift_back(&mut self, by_ms: u64) {
        self.burst = self.burst.map(|burst| Burst {
            began_ms: burst.began_ms.saturating_sub(by_ms),
            due_ms: burst.due_ms.saturating_sub(by_ms),
            ..burst
        });
        self.went = self.went.map(|(at, quiet)| (at.saturating_sub(by_ms), quiet));
    }
}

/// Cycles that begin because of a poke are at least so far apart.
const FIRST_GAP_MS: u64 = 100;
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
