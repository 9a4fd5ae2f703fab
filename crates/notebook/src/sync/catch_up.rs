//! How far a first sync or a long catch-up is, and how long the rest will take.

/// What is left of a pull that takes more than one page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CatchUp {
    /// The first sync of a joined vault: all of the log. Else what is new since this device was here.
    pub first: bool,
    /// Changes that were read, of how many.
    pub done: u64,
    pub total: u64,
    /// Milliseconds, from the pace so far; `None` where that is not known yet or is next to nothing.
    pub left_ms: Option<u64>,
}

/// So little is not worth a promise.
const LEAST_MS: u64 = 5_000;

/// Where and when a pull began. Times are the engine's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Began {
    pub first: bool,
    pub at: u64,
    pub now_ms: u64,
}

impl Began {
    /// After a page: this device has read up to `at`, and the log goes to `head`. `None` at the end of it.
    pub fn after(self, at: u64, head: u64, now_ms: u64) -> Option<CatchUp> {
        // A server that was set back in between begins anew.
        let (read, left) = (at.checked_sub(self.at)?, head.checked_sub(at).filter(|left| *left > 0)?);
        let start = if self.first { 0 } else { self.at };
        let left_ms = left_ms(read, left, now_ms.saturating_sub(self.now_ms));
        Some(CatchUp { first: self.first, done: at - start, total: head - start, left_ms })
    }
}

/// At the pace of what was read.
fn left_ms(read: u64, left: u64, took_ms: u64) -> Option<u64> {
    let left_ms = u128::from(left) * u128::from(took_ms) / u128::from(read.max(1));
    let known = read > 0 && took_ms > 0;
    u64::try_from(left_ms).ok().filter(|ms| known && *ms >= LEAST_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Began = Began { first: true, at: 0, now_ms: 10_000 };

    #[test]
    fn the_rest_takes_as_long_as_what_was_read_took() {
        let told = FIRST.after(250, 1_000, 20_000);
        assert_eq!(told, Some(CatchUp { first: true, done: 250, total: 1_000, left_ms: Some(30_000) }));
        // It goes on after a restart: the pace is that of this run, the count that of the whole log.
        let again = Began { at: 500, ..FIRST };
        let told = again.after(750, 1_000, 20_000);
        assert_eq!(told, Some(CatchUp { first: true, done: 750, total: 1_000, left_ms: Some(10_000) }));
        // A catch-up counts what is new.
        let later = Began { first: false, at: 40_000, now_ms: 0 };
        let told = later.after(41_000, 44_000, 60_000);
        assert_eq!(told, Some(CatchUp { first: false, done: 1_000, total: 4_000, left_ms: Some(180_000) }));
    }

    #[test]
    fn what_is_not_known_or_next_to_nothing_is_not_said() {
        let left = |began: Began, at, head, now| began.after(at, head, now).map(|c| c.left_ms);
        assert_eq!(left(FIRST, 0, 1_000, 20_000), Some(None), "nothing was read yet");
        assert_eq!(left(FIRST, 250, 1_000, 10_000), Some(None), "no time has passed");
        assert_eq!(left(FIRST, 500, 1_000, 14_999), Some(None), "under five seconds");
        assert_eq!(left(FIRST, 500, 1_000, 15_000), Some(Some(5_000)));
        assert_eq!(left(FIRST, 1_000, 1_000, 15_000), None, "at the end");
        assert_eq!(left(FIRST, 1_001, 1_000, 15_000), None);
        assert_eq!(left(Began { at: 900, ..FIRST }, 100, 1_000, 15_000), None, "the log was set back");
        // The clock that nobody sets does not run back; and nothing overflows.
        assert_eq!(left(FIRST, 1, u64::MAX, u64::MAX), Some(None));
    }
}
