//! `cargo xtask bench latency`: how long a change takes from one computer's outbox to another's window. The measuring
//! itself is in tests/benches/latency.rs; this builds the programs, optimised, and gives them a screen.

use std::process::ExitCode;

use crate::place::Place;

/// Builds what is measured, and runs the bench on a private screen.
pub fn run(place: &Place) -> anyhow::Result<ExitCode> {
    super::review::in_window(place, "latency")
}
