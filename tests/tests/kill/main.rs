//! `kill -9` in the middle: of a save, of an import, of a sync on either end. What was acknowledged is there
//! afterwards, nothing is there twice, both computers agree, and the next sync is not refused.
//!
//! Acknowledged means that the answer was printed, or that the program ended by itself. `HOLDFAST_SEED` replays a run.
#![allow(clippy::unwrap_used)]

mod files;
mod saves;
mod syncs;
mod upgrades;

use std::fmt::Write as _;

use holdfast_testkit::TestRng;

/// The seed of the environment, or a new one; printed in any case.
fn seeded(what: &str) -> TestRng {
    let given = std::env::var("HOLDFAST_SEED").ok().and_then(|seed| seed.parse().ok());
    let now = || std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos() as u64;
    let seed = given.unwrap_or_else(now);
    println!("{what}: HOLDFAST_SEED={seed}");
    TestRng::new(seed)
}

/// Text that does not compress to nothing.
fn prose(rng: &mut TestRng, bytes: usize) -> String {
    let mut text = String::with_capacity(bytes + 32);
    while text.len() < bytes {
        write!(text, "{:016x} ", rng.next_u64()).unwrap();
        if rng.chance(12) {
            text.push('\n');
        }
    }
    text
}
