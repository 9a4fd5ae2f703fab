//! `cargo xtask bench sync`: what a sync of ten thousand notes costs. The measuring itself is in tests/benches/sync; this
//! builds the programs, optimised.

use std::process::ExitCode;

use crate::command;
use crate::place::Place;
use crate::setup::{self, Purpose};

/// Builds what is measured, and runs the bench.
pub fn run(place: &Place) -> anyhow::Result<ExitCode> {
    setup::run(place, Purpose::Build)?;
    let programs = ["build", "--release", "--package", "holdfast-cli", "--package", "holdfast-server", "--bins"];
    command::succeed(command::cargo(place).args(programs))?;
    // It takes the programs that lie beside it.
    command::succeed(command::cargo(place).args(["bench", "--package", "holdfast-tests", "--bench", "sync"]))?;
    Ok(ExitCode::SUCCESS)
}
