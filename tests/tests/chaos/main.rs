//! One seed of `cargo xtask chaos`, short. `HOLDFAST_SEED` chooses another.
#![allow(clippy::unwrap_used)]

use holdfast_tests::chaos::{Sizes, run};

/// Has each kind of bad luck: kills of both, wires that break, full disks, a server that is set back.
const SEED: u64 = 2;

#[test]
fn real_programs_keep_their_promises_in_bad_luck() {
    let seed = std::env::var("HOLDFAST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(SEED);
    let within = tempfile::tempdir().unwrap();
    let run = run(seed, Sizes { computers: 3, rounds: 6 }, within.path());
    println!("chaos: HOLDFAST_SEED={seed}\n{}", run.report);
    if let Err(violation) = run.outcome {
        panic!("{violation}; the folders are in {}", within.keep().display());
    }
    let met = run.report;
    assert!(met.kills > 0 && met.server_kills > 0 && met.copies > 0, "a seed without bad luck shows nothing: {met:?}");
}
