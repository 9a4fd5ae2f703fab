//! Ending a process as a power cut would, at a chosen moment.

use std::process::Child;
use std::time::{Duration, Instant};

use crate::programs::Done;

/// A process that does not come so far within this has another fault than ours.
const PATIENCE: Duration = Duration::from_mins(1);

/// Waits until `begun`, and so long after it; answers whether the process still ran then.
///
/// The delay is the moment that the seed chose, not a wait for something to happen.
pub fn reached(child: &mut Child, mut begun: impl FnMut() -> bool, delay: Duration) -> bool {
    let started = Instant::now();
    let mut at = None;
    loop {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        assert!(started.elapsed() < PATIENCE, "it neither began nor ended");
        if at.is_none() && begun() {
            at = Some(Instant::now());
        }
        if at.is_some_and(|at| at.elapsed() >= delay) {
            return true;
        }
        // As fine as a seed chooses moments, and leaves the processors to the programs.
        std::thread::sleep(Duration::from_micros(50));
    }
}

/// `kill -9`, and what it had printed until then.
pub fn kill(mut child: Child) -> Done {
    child.kill().unwrap();
    Done::new(child.wait_with_output().unwrap())
}
